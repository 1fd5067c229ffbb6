"""`billpolicy matrix` shows the follow-ups below the table in every format, and what differs from what is extended."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.repository import with_policies

TEXT = f"""
policy: acme
extends: {STANDARD}
effective: {{from: 2026-01-01}}
follow_ups:
  - id: negative-invoices-become-credit
    after: invoice_posted
    when: {{invoice.balance_is: below_zero}}
    then: transfer_negative_invoice
    if_refused: leave_out
    effective: {{from: 2026-07-01}}
    because: <FIN-300>
  - {{id: write-off-on-cancellation, then: nothing}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_as_text(policy: Path) -> None:
    shown = billpolicy("matrix", policy).out.replace(str(policy), "policy.yaml")
    assert "write-off-on-cancellation" not in shown
    assert (
        """
negative-invoices-become-credit
    policy.yaml:6
    after    invoice_posted
    when     `invoice.balance_is` is below_zero
    then     transfer_negative_invoice
    refused  left out, with a warning
    in force from 2026-07-01
    because  <FIN-300>
"""
        in shown
    )


def test_as_markdown(policy: Path) -> None:
    shown = billpolicy("matrix", policy, "--format", "markdown").out.replace(str(policy), "policy.yaml")
    assert shown.endswith(
        "**negative-invoices-become-credit** (`policy.yaml:6`): after `invoice_posted`, when `invoice.balance_is` is "
        "below_zero, then `transfer_negative_invoice`. If it is refused, it is left out. In force from 2026-07-01. "
        "Because: \\<FIN-300>\n"
    )


def test_as_html(policy: Path) -> None:
    shown = billpolicy("matrix", policy, "--format", "html").out
    below = shown.partition("Follow-ups</h2>")[2].partition("</section>")[0]
    for said in ("negative-invoices-become-credit", "invoice_posted", "left out, with a warning", "&lt;FIN-300&gt;"):
        assert said in below
    assert shown.endswith("</body></html>\n")


def test_as_json(policy: Path) -> None:
    (found,) = json.loads(billpolicy("matrix", policy, "--format", "json").out)["follow_ups"]
    assert found == {
        "rule": {"id": "negative-invoices-become-credit", "file": str(policy), "line": 6, "because": "<FIN-300>"},
        "after": "invoice_posted",
        "when": ["`invoice.balance_is` is below_zero"],
        "then": "transfer_negative_invoice",
        "if_refused": "leave_out",
        "in_force": {"from": "2026-07-01"},
        "differs": "added",
    }


DIFFERENT = f"""
policy: acme
extends: {STANDARD}
effective: {{from: 2026-01-01}}
operations:
  write_off_invoice:
    bill_to_contact: {{from: [account], because: FIN-1}}
    item_limit: 5
exceptions:
  - {{id: ours, operations: [reverse_invoice], when: {{account.country: DE}}, then: {{bill_to_contact: [account]}}}}
payment_terms: {{Net 7: {{net: 7}}}}
"""


def test_what_differs_from_the_policy_that_it_extends(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(DIFFERENT, encoding="utf-8")
    told = json.loads(billpolicy("matrix", file, "--format", "json").out)
    assert told["base"] == "standard"
    rows = {row["operation"]: row for row in told["operations"]}
    contact = rows["write_off_invoice"]["attributes"]["bill_to_contact"]
    assert (contact["chain"], contact["before"]) == (["account"], ["invoice", "account"])
    assert contact["rule"] == {
        "id": "write_off_invoice.bill_to_contact",
        "file": str(file),
        "line": 7,
        "because": "FIN-1",
    }
    limit = rows["write_off_invoice"]["settings"]["item_limit"]
    assert (limit["value"], limit["before"]) == (5, 2000)
    others = [cell for row in rows.values() for cell in (*row["attributes"].values(), *row["settings"].values())]
    assert [cell["rule"]["id"] for cell in others if "before" in cell] == [contact["rule"]["id"], limit["rule"]["id"]]
    assert [one["rule"]["id"] for one in told["exceptions"] if "differs" in one] == ["ours"]
    assert [one["name"] for one in told["declared"] if "differs" in one] == ["Net 7"]


def test_nothing_differs_where_nothing_is_extended() -> None:
    told = json.loads(billpolicy("matrix", STANDARD, "--format", "json").out)
    assert "base" not in told
    rules = [*told["exceptions"], *told["follow_ups"], *told["declared"]]
    assert rules
    assert not [one for one in rules if "differs" in one]


@pytest.mark.parametrize("read_from", ["a revision", "standard input", "standard input with a name", "the disk"])
@pytest.mark.parametrize("extends", ["../standard", "standard"])
def test_what_differs_is_the_same_wherever_the_policy_is_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_from: str, extends: str
) -> None:
    """`extends: ../standard` is a folder of the repository, `extends: standard` what comes with billpolicy."""
    repository = with_policies(tmp_path / "repository")
    text = DIFFERENT.replace(f"extends: {STANDARD}", f"extends: {extends}")
    repository.write("policies/acme/policy.yaml", text)
    repository.commit()
    monkeypatch.chdir(repository.root / "policies" / "acme")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    place = {
        "a revision": ("HEAD:policies/acme",),
        "standard input": ("-",),
        "standard input with a name": ("-", "--stdin-filename", "policy.yaml"),
        "the disk": ("policy.yaml",),
    }[read_from]
    told = json.loads(billpolicy("matrix", *place, "--format", "json").out)
    assert told["base"] == "standard"
    cells = [cell for row in told["operations"] for cell in (*row["attributes"].values(), *row["settings"].values())]
    assert [cell["rule"]["id"] for cell in cells if "before" in cell] == [
        "write_off_invoice.bill_to_contact",
        "write_off_invoice.item_limit",
    ]
    rules = [*told["exceptions"], *told["follow_ups"]]
    assert [(one["rule"]["id"], one["differs"]) for one in rules if "differs" in one] == [("ours", "added")]
    assert [(one["name"], one["differs"]) for one in told["declared"] if "differs" in one] == [("Net 7", "added")]
