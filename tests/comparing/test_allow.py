"""What a change may change: exact by regions, closed by names."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.comparing.allow import hold, load_allowed
from billpolicy.comparing.difference import diff
from billpolicy.comparing.propose import proposed
from billpolicy.diagnostics.diagnostic import Diagnostic
from tests.comparing.test_changes import DISPUTES
from tests.helpers.refusals import refused
from tests.helpers.scenes import policy

NEW = DISPUTES.replace("[subscription, invoice, account]", "[account]")
ALLOWED = """
allow:
  - operations: [credit_memo_from_invoice]
    decisions: [bill_to_contact]
    when: {reason: Charge Dispute, amount: {at_least: 1000.00 EUR}}
    because: FIN-1
"""


def found(allowed: str, folder: Path, old: str = DISPUTES, new: str = NEW) -> list[Diagnostic]:
    file = folder / "allow.yaml"
    file.write_text(allowed.lstrip("\n"), encoding="utf-8")
    difference = diff(policy(old), policy(new))
    return hold(difference, load_allowed(file, difference.old, difference.new)).findings


def test_just_what_is_allowed(tmp_path: Path) -> None:
    assert found(ALLOWED, tmp_path) == []


def test_what_is_beyond_is_told_exactly(tmp_path: Path) -> None:
    (one,) = found(ALLOWED.replace("1000.00", "1500.00"), tmp_path)
    assert one.code == "change-not-allowed"
    assert one.message == (
        "`credit_memo_from_invoice`: the bill-to contact is from the account, and was from the subscription, else the "
        "invoice, else the account; where `amount` is 1000.00 EUR to 1499.99 EUR and `reason` is Charge Dispute"
    )
    assert one.position is not None
    assert one.position.line == NEW.splitlines().index("  - id: disputes") + 4  # below three lines of the head


def test_several_allowances_cover_together(tmp_path: Path) -> None:
    halves = ALLOWED.replace("1000.00 EUR}", "1000.00 EUR, below: 3000.00 EUR}")
    rest = ALLOWED.replace("1000.00", "3000.00").replace("allow:\n", "").lstrip("\n")
    assert found(halves + rest, tmp_path) == []


def test_an_allowance_that_nothing_needs_is_told(tmp_path: Path) -> None:
    other = "  - {operations: [write_off_invoice], decisions: [reason_code], because: FIN-9}\n"
    (one,) = found(ALLOWED + other, tmp_path)
    assert (one.code, one.severity) == ("allowance-unused", "warning")
    assert one.position is not None
    assert one.position.line == 6


def test_what_is_declared_is_allowed_by_its_name(tmp_path: Path) -> None:
    new = "payment_terms: {Net 14: {net: 14}}\n"
    (one,) = found("allow: []", tmp_path, "", new)
    assert (one.code, one.message) == ("change-not-allowed", "`Net 14` is added in `payment_terms`")
    assert found("allow: [{declares: {payment_terms: [Net 14]}, because: FIN-2}]", tmp_path, "", new) == []


def test_only_what_the_change_says_is_its_reason() -> None:
    """The base rule decides where the exception is narrowed, and says why it stands there, not why this may change."""
    narrower = DISPUTES.replace("1000.00", "2500.00")
    assert "    because: say why this may change\n" in proposed(diff(policy(DISPUTES), policy(narrower)))
    again = "operations: {credit_memo_from_invoice: {bill_to_contact: {from: [account], because: FIN-8}}}\n"
    assert '    because: "FIN-8"\n' in proposed(diff(policy(DISPUTES), policy(again + DISPUTES)))
    every = "every_operation: {permission: {is: approval, because: FIN-3}}\n"
    assert '    because: "FIN-3"\n' in proposed(diff(policy(DISPUTES), policy(every + DISPUTES)))


@pytest.mark.parametrize(
    ("wrong", "code", "hint"),
    [
        (("credit_memo_from_invoice", "credit_memo_from_invoise"), "operation-unknown", "credit_memo_from_invoice"),
        (("decisions: [bill_to_contact]", "decisions: [bil_to_contact]"), "decision-unknown", "bill_to_contact"),
        (("reason:", "reson:"), "field-unknown", "reason"),
        (("Charge Dispute", "Charge Disput"), "condition-wrong", None),
        (("decisions:", "decision:"), "key-unknown", "decisions"),
        (("    decisions: [bill_to_contact]\n", ""), "allowance-empty", None),
        (
            ("    because: FIN-1\n", "    declares: {payment_term: [Net 14]}\n    because: x\n"),
            "section-unknown",
            "payment_terms",
        ),
        (("decisions:", "after: [invoice_postd]\n    decisions:"), "event-unknown", "invoice_posted"),
    ],
)
def test_names_are_closed(wrong: tuple[str, str], code: str, hint: str | None, tmp_path: Path) -> None:
    diagnostics = refused(lambda: found(ALLOWED.replace(*wrong), tmp_path)).diagnostics
    assert code in [one.code for one in diagnostics]
    one = next(one for one in diagnostics if one.code == code)
    assert one.position is not None
    assert one.position.line > 0
    if hint is not None:
        assert f"`{hint}`" in str(one.hint)


CHANGES = [
    NEW,
    DISPUTES.replace("1000.00", "2500.00"),
    DISPUTES.replace("amount: {at_least: 1000.00 EUR}", "account.country: {none_of: [DE, AT]}"),
    DISPUTES.replace("amount: {at_least: 1000.00 EUR}", "subscription.plan: {is: unset}"),
    DISPUTES + "    effective: {from: 2026-03-01, until: 2026-07-01}\n",
    DISPUTES + "payment_terms: {Net 14: {net: 14}, 'no': {net: 3}}\ndefaults: {payment_term: 'no'}\n",
    DISPUTES + "follow_ups: [{id: x, after: invoice_posted, when: {invoice.balance_is: below_zero}, "
    "then: transfer_negative_invoice}]",
    "fields: {account.vip: {type: boolean}}\n" + DISPUTES.replace("reason: Charge Dispute", "account.vip: true"),
    "fields: {account.notice: {type: days}}\n"
    + DISPUTES.replace("reason: Charge Dispute", "account.notice: {within: 30 days}"),
    "every_operation: {permission: approval}\n",
]


@pytest.mark.parametrize("new", CHANGES)
def test_what_is_proposed_allows_all_of_the_change_and_nothing_in_it_is_unused(new: str, tmp_path: Path) -> None:
    text = proposed(diff(policy(DISPUTES), policy(new)))
    assert found("allow: []", tmp_path, DISPUTES, new) != []
    assert found(text, tmp_path, DISPUTES, new) == []


@pytest.mark.parametrize("new", CHANGES[:5])
def test_what_is_proposed_allows_nothing_but_the_change(new: str, tmp_path: Path) -> None:
    """It does not cover the bill-to contact of other facts: that of every other memo may not change with it."""
    text = proposed(diff(policy(DISPUTES), policy(new)))
    more = new + "operations: {credit_memo_from_invoice: {bill_to_contact: [account, invoice]}}\n"
    assert {one.code for one in found(text, tmp_path, DISPUTES, more)} >= {"change-not-allowed"}
