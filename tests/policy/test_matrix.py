"""`billpolicy matrix` shows the follow-ups below the table, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD

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
    below = shown.partition("<h2>Follow-ups</h2>")[2]
    for said in ("negative-invoices-become-credit", "invoice_posted", "leave_out", "&lt;FIN-300&gt;"):
        assert said in below
    assert shown.endswith("</table></html>\n")


def test_as_json(policy: Path) -> None:
    (found,) = json.loads(billpolicy("matrix", policy, "--format", "json").out)["follow_ups"]
    assert found == {
        "rule": {"id": "negative-invoices-become-credit", "file": str(policy), "line": 6, "because": "<FIN-300>"},
        "after": "invoice_posted",
        "when": ["`invoice.balance_is` is below_zero"],
        "then": "transfer_negative_invoice",
        "if_refused": "leave_out",
        "in_force": {"from": "2026-07-01"},
    }
