"""What people met as they tried it, message by message: each is one sentence that says what to write instead."""

from __future__ import annotations

import itertools

import pytest

from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.diagnostics.meaning import opposite
from billpolicy.operations.registry import OPERATIONS
from billpolicy.policy.language import OPERATORS

# -- did you mean: by meaning as well as by letters ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("writeoff", "`write_off_invoice`"),
        ("write-off", "`write_off_invoice`"),
        ("WriteOffInvoice", "`write_off_invoice`"),
        ("undo_writeoff", "`undo_write_off`"),
        ("payment", "`create_payment` or `apply_payment`"),
        ("payments", "`create_payment` or `apply_payment`"),
        ("refund", "`create_refund` or `refund_credit_balance`"),
        ("credit note", "`credit_memo_from_invoice` or `credit_memo_from_charge`"),
        ("memo_from_invoice", "`debit_memo_from_invoice` or `credit_memo_from_invoice`"),
        ("delete", "`reverse_invoice`, `reverse_credit_memo` or `reverse_payment`"),
        ("delete_invoice", "`reverse_invoice`"),
        ("void_payment", "`reverse_payment`"),
        ("create_customer", "`create_account`"),
        ("cancel", "`cancel_subscription`"),
        ("aply_payment", "`apply_payment`"),
        ("unaply_payment", "`unapply_payment`"),
    ],
)
def test_an_operation_is_suggested_by_its_meaning(word: str, meant: str) -> None:
    assert did_you_mean(word, OPERATIONS) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        (">=", OPERATORS, None),
        ("gte", OPERATORS, "at_least"),
        ("more_than", OPERATORS, "above"),
        ("not_in", OPERATORS, "none_of"),
        ("customers", ["accounts", "contacts"], "accounts"),
        ("credit_notes", ["credit_memos", "debit_memos"], "credit_memos"),
        ("unapply", ["apply"], None),
        ("debit_memo", ["credit_memo"], None),
        ("increase", ["decrease"], None),
    ],
)
def test_a_word_is_suggested_by_its_meaning_and_never_its_opposite(
    word: str, known: list[str], meant: str | None
) -> None:
    hint = did_you_mean(word, known) or ""
    assert hint.startswith("did you mean") == (meant is not None)
    assert meant is None or hint == f"did you mean `{meant}`?"


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_slip_of_the_pen_leads_to_the_opposite(name: str) -> None:
    """A letter left out, or two changed about: the same operation, or none, but never what undoes it."""
    slips = {name[:at] + name[at + 1 :] for at in range(len(name))}
    slips |= {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)}
    for slip in sorted(slips - set(OPERATIONS)):
        hint = did_you_mean(slip, OPERATIONS) or ""
        assert hint in ("", f"did you mean `{name}`?"), slip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("write_off_invoice", "undo_write_off"),
        ("apply_payment", "unapply_payment"),
        ("debit_memo_from_charge", "credit_memo_from_charge"),
        ("create_payment", "reverse_payment"),
        ("close_accounting_period", "reopen_accounting_period"),
        ("create_contact", "retire_contact"),
    ],
)
def test_what_undoes_is_the_opposite_and_nothing_is_that_of_itself(one: str, other: str) -> None:
    assert all(opposite(a, b) == (a != b) for a, b in itertools.product((one, other), repeat=2))
