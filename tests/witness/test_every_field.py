"""Every operation and every field that conditions can ask about is shown by some witness, or stands in `CANNOT` with
the reason why no book shows it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.fields import changes_of
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldSpec
from billpolicy.witness.scenes import SCENES
from billpolicy.witness.witness import witness
from tests.helpers.scenes import layered

DAY = datetime.date(2026, 3, 1)
LATER = (DAY + datetime.timedelta(100)).toordinal()
DATES = (DAY.toordinal(), (DAY - datetime.timedelta(100)).toordinal(), LATER, None)
CENT, YEN, NOTHING, BELOW = (1, "EUR"), (99999, "JPY"), (0, "EUR"), (-5000, "USD")
Value = Fact | tuple[int, str] | None

PAGE = """
roles: {clerk: [ines, ana], lead: [maria]}
fields:
  account.segment: {type: choice, values: [enterprise, business]}
  account.vip: {type: boolean}
  account.since: {type: date}
  account.limit: {type: money}
  account.seats: {type: integer}
  account.notice: {type: days}
  subscription.code: {type: text}
  subscription.vip: {type: boolean}
"""
"""A field of every type."""

EVERY = frozenset(SCENES)
DRAFTS = frozenset(("post_draft", "cancel_draft"))
CORRECTIONS = frozenset(("credit_only", "credit_rebill"))
REVERSALS = frozenset(("reverse_invoice", "reverse_credit_memo"))
MEMOS = frozenset(("credit_memo_from_invoice", "debit_memo_from_invoice"))
ON_INVOICE = MEMOS | CORRECTIONS | {"write_off_invoice", "reverse_invoice", "transfer_negative_invoice"}
ON_MEMO = frozenset(("reverse_credit_memo", "undo_write_off", "apply_credit_memo", "unapply_credit_memo"))
ON_PAYMENT = frozenset(("apply_payment", "unapply_payment", "transfer_payment", "reverse_payment"))
ON_SUBSCRIPTION = frozenset(name for name in EVERY if "subscription" in name or "cancellation" in name) | {
    "bill_run",
    "add_subscribed_charge",
    "change_subscribed_charge",
    "end_subscribed_charge",
}
DATED = frozenset(name for name, spec in VOCABULARY.items() if any(field.name == "from" for field in spec.fields))


class Cannot(NamedTuple):
    """These values of these fields, in these operations, and why."""

    operations: frozenset[str]
    fields: tuple[str, ...]
    values: tuple[Value, ...]
    why: str


def documents(kind: str) -> tuple[str, ...]:
    always = ("number", "date", "currency", "amount", "balance", "balance_is", "settled", "type")
    return tuple(f"{kind}.{name}" for name in always)


REFUND, OF_BALANCE = frozenset(("create_refund",)), frozenset(("refund_credit_balance",))
WRITE_OFF, TRANSFER = frozenset(("write_off_invoice",)), frozenset(("transfer_negative_invoice",))
UNDO, WRITE_OFF_DEBIT = frozenset(("undo_write_off",)), frozenset(("write_off_debit_memo",))
CANNOT = (
    Cannot(EVERY, ("account.id", "account.currency"), (None,), "every account has them"),
    Cannot(EVERY, ("amount", "partial", "type", "from", "back_dated"), (None,), "the operation always says it"),
    Cannot(EVERY - DRAFTS, ("amount",), (BELOW,), "no such operation is of less than nothing"),
    Cannot(EVERY - DRAFTS - REVERSALS - CORRECTIONS, ("amount",), (NOTHING,), "nor of nothing"),
    Cannot(ON_INVOICE, documents("invoice"), (None,), "it is on an invoice, which has them"),
    Cannot(WRITE_OFF_DEBIT, documents("debit_memo"), (None,), "it is on a debit memo, which has them"),
    Cannot(ON_MEMO, documents("credit_memo"), (None,), "it is on a credit memo, which has them"),
    Cannot(ON_PAYMENT, documents("payment"), (None,), "it is on a payment, which has them"),
    Cannot(
        ON_INVOICE - CORRECTIONS, ("days_since.invoice",), (-3, None), "it is on an invoice, and not dated before it"
    ),
    Cannot(CORRECTIONS, ("days_since.invoice",), (-3, None), "it is on an invoice, and not dated before it"),
    Cannot(WRITE_OFF_DEBIT, ("days_since.debit_memo",), (-3, None), "nor before the debit memo"),
    Cannot(ON_MEMO, ("days_since.credit_memo",), (-3, None), "nor before the credit memo"),
    Cannot(ON_PAYMENT, ("days_since.payment",), (-3, None), "nor before the payment"),
    Cannot(ON_INVOICE, ("invoice.date",), (LATER,), "it is not dated before the invoice"),
    Cannot(WRITE_OFF_DEBIT, ("debit_memo.date",), (LATER,), "nor before the debit memo"),
    Cannot(ON_MEMO, ("credit_memo.date",), (LATER,), "nor before the credit memo"),
    Cannot(ON_PAYMENT, ("payment.date",), (LATER,), "nor before the payment"),
    # A refund is of a payment or of a credit memo.
    Cannot(REFUND, ("refund.of", "refund.paid", "refund.type"), (None,), "a refund is of something, and of a type"),
    Cannot(OF_BALANCE, ("refund.type", "refund.came_from"), (None,), "a refund is of a type, and of some credit"),
    Cannot(OF_BALANCE, ("days_since.increase",), (-3, None), "credit is there before it is paid back"),
    Cannot(frozenset(("create_payment",)), ("payment.type",), (None,), "a payment is of a type"),
    Cannot(
        REFUND, ("credit_memo.date", "credit_memo.amount", "credit_memo.balance"), (LATER, NOTHING, BELOW), "as above"
    ),
    Cannot(REFUND, ("payment.amount",), (NOTHING, BELOW), "a payment is above zero"),
    Cannot(REFUND, ("payment.balance",), (BELOW,), "a payment is above zero"),
    Cannot(
        REFUND, ("credit_memo.balance_is", "payment.balance_is"), ("below_zero",), "what is paid back is above zero"
    ),
    Cannot(REFUND, ("credit_memo.balance_is",), ("zero",), "there is something to pay back"),
    Cannot(REFUND, ("days_since.credit_memo",), (-3,), "it is not dated before the memo"),
    # What is open, and how much there is.
    Cannot(WRITE_OFF, ("invoice.amount", "invoice.balance"), (NOTHING, BELOW), "only what is owed is written off"),
    Cannot(WRITE_OFF, ("invoice.balance_is",), ("below_zero", "zero"), "only what is owed is written off"),
    Cannot(WRITE_OFF, ("invoice.settled",), ("all",), "only what is owed is written off"),
    Cannot(
        WRITE_OFF_DEBIT,
        ("debit_memo.amount", "debit_memo.balance"),
        (NOTHING, BELOW),
        "only what is open is written off",
    ),
    Cannot(WRITE_OFF_DEBIT, ("debit_memo.balance_is",), ("below_zero", "zero"), "only what is open is written off"),
    Cannot(REVERSALS & {"reverse_invoice"}, ("invoice.amount", "invoice.balance"), (BELOW,), "no memo is below zero"),
    Cannot(REVERSALS & {"reverse_invoice"}, ("invoice.balance_is",), ("below_zero",), "no memo is below zero"),
    Cannot(REVERSALS & {"reverse_invoice"}, ("invoice.settled",), ("part", "all"), "what was used is not reversed"),
    Cannot(TRANSFER, ("invoice.amount", "invoice.balance"), (CENT, YEN, NOTHING), "only a negative one is transferred"),
    Cannot(TRANSFER, ("invoice.balance_is",), ("zero", "above_zero"), "only a negative one is transferred"),
    Cannot(TRANSFER, ("invoice.settled",), ("part", "all"), "an invoice is transferred once and whole"),
    Cannot(
        UNDO, ("invoice.amount", "invoice.balance", "debit_memo.balance"), (BELOW,), "what was written off was owed"
    ),
    Cannot(UNDO, ("invoice.amount", "debit_memo.amount"), (NOTHING, BELOW), "what was written off was owed"),
    Cannot(UNDO, ("invoice.balance_is", "debit_memo.balance_is"), ("below_zero",), "what was written off was owed"),
    Cannot(UNDO, ("invoice.settled",), ("nothing",), "the write-off has settled some of it"),
    Cannot(UNDO, ("credit_memo.balance",), (CENT, YEN), "the memo of a write-off is all applied"),
    Cannot(UNDO, ("credit_memo.balance_is",), ("above_zero",), "the memo of a write-off is all applied"),
    Cannot(ON_MEMO, ("credit_memo.amount", "credit_memo.balance"), (BELOW,), "a memo that is used is above zero"),
    Cannot(ON_MEMO, ("credit_memo.balance_is",), ("below_zero",), "a memo that is used is above zero"),
    Cannot(ON_MEMO - REVERSALS, ("credit_memo.amount",), (NOTHING,), "a memo that is used is above zero"),
    Cannot(ON_PAYMENT, ("payment.amount",), (NOTHING, BELOW), "a payment is above zero"),
    Cannot(ON_PAYMENT, ("payment.balance",), (BELOW,), "a payment is above zero"),
    Cannot(ON_PAYMENT, ("payment.balance_is",), ("below_zero",), "a payment is above zero"),
    Cannot(
        frozenset(("apply_credit_memo", "apply_payment", "transfer_payment")),
        ("credit_memo.balance", "payment.balance", "credit_memo.balance_is", "payment.balance_is"),
        (NOTHING, "zero"),
        "only what is unapplied is applied",
    ),
    Cannot(
        frozenset(("create_refund", "refund_credit_balance")), ("reference_is",), ("reversed",), "no refund is reversed"
    ),
    # Subscriptions.
    Cannot(ON_SUBSCRIPTION, ("subscription.id", "subscription.status"), (None,), "it is about one subscription"),
    Cannot(
        frozenset(("cancel_subscription", "create_subscription", "renew_subscription")),
        ("subscription.status",),
        ("canceled",),
        "it is done to one that goes on",
    ),
    Cannot(
        frozenset(("change_cancellation", "undo_cancellation")),
        ("subscription.status",),
        ("active",),
        "it is done to one that is canceled",
    ),
    Cannot(frozenset(("renew_subscription",)), ("changes.term_end",), (False,), "a renewal changes the term"),
    Cannot(
        frozenset(("renew_subscription",)), ("changes.code", "changes.vip"), (True,), "a renewal takes no custom values"
    ),
)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return layered(tmp_path_factory.mktemp("policy"), PAGE)


def fields_of(operation: str, policy: Policy) -> Iterator[FieldSpec]:
    """All but the date of the operation, which every witness has as it is asked for."""
    spec = VOCABULARY[operation]
    scopes = {field.name.partition(".")[0] for field in spec.fields if "." in field.name}
    yield from (field for field in spec.fields if field.name != "date")
    yield from changes_of(spec.changes, policy.attributes, policy.fields)
    own = (name for name in policy.fields if not name.startswith("changes."))
    yield from (policy.fields[name] for name in own if name.partition(".")[0] in scopes)


def values_of(field: FieldSpec, policy: Policy) -> tuple[Value, ...]:
    """Some values of the field, and unset."""
    if field.codes:
        codes = policy.reason_codes.get(field.codes, ("clerk", "lead"))
        return (*codes, None)
    some: dict[str, tuple[Value, ...]] = {
        "text": ("some text",),
        "country": ("DE", "AT"),
        "currency": ("EUR", "USD"),
        "choice": field.choices,
        "boolean": (True, False),
        "integer": (7, 0),
        "date": DATES[:-1],
        "days": (30, 1, 0, -3),
        "money": (CENT, YEN, NOTHING, BELOW),
    }
    return (*some[field.type], None)


def facts_of(field: FieldSpec, value: Value) -> dict[str, Fact | None]:
    if field.type != "money":
        assert not isinstance(value, tuple)
        return {field.name: value}
    minor, currency = value if isinstance(value, tuple) else (None, None)
    return {field.name: minor, f"{field.name}.currency": currency}


def why_not(operation: str, field: FieldSpec, value: Value) -> str | None:
    if value is None and field.name.startswith("changes."):
        return "it is changed or it is not"
    for one in CANNOT:
        same = any(value == other and type(value) is type(other) for other in one.values)
        if operation in one.operations and field.name in one.fields and same:
            return one.why
    return None


def test_every_operation_has_a_scene() -> None:
    assert set(SCENES) == set(VOCABULARY)


@pytest.mark.parametrize("operation", VOCABULARY)
def test_every_value_of_every_field(operation: str, policy: Policy) -> None:
    wrong = []
    for field in fields_of(operation, policy):
        for value in values_of(field, policy):
            shown = witness([policy], operation, facts_of(field, value), date=DAY) is not None
            if shown is (why_not(operation, field, value) is not None):
                wrong.append((field.name, value, shown))
    assert not wrong, wrong
