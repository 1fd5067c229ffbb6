"""Credited and billed again with unchanged data, nothing has moved; and nothing is unwound twice. docs/domain.md 7."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import ZERO, Book
from billpolicy.book.identities import broken
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.money import from_minor
from billpolicy.operations.credit_rebill import CreditRebill
from billpolicy.planning.plan import in_turn, left_by
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import book_from
from tests.helpers.properties import examples
from tests.helpers.scenes import refused, run
from tests.helpers.walks import Walk, hold, walk

MONTHS = ("jan", "feb", "mar")
CHARGES = ("id: seats, item: crm, rate: 1.00", "id: off, rate: -1.00, discounts: seats", "id: phone, rate: 1.00")
Total = dict[tuple[str, str], Decimal]


def asked_for(book: Book) -> Total:
    """Account and kind of amount (`net`, or a tax) -> what its documents ask for, less what they give, drafts among
    them."""
    found: Total = defaultdict(Decimal)
    for document in book.numbered.values():
        if not isinstance(document, Invoice | DebitMemo | CreditMemo) or document.status == "canceled":
            continue
        if document.posted_as is not None:
            continue
        sign = -1 if isinstance(document, CreditMemo) else 1
        for item in document.items:
            found[document.account, f"{document.currency} net"] += sign * item.amount
            for tax in item.taxes:
                found[document.account, f"{document.currency} {tax.name or tax.id}"] += sign * tax.amount
    return {key: amount for key, amount in found.items() if amount}


def owed(book: Book) -> Total:
    """Account and currency -> its balances added up."""
    found: Total = defaultdict(Decimal)
    for document in book.numbered.values():
        if document.status == "posted":
            sign = -1 if document.kind in ("credit_memo", "payment") else 1
            found[document.account, document.currency] += sign * book.balance(document)
    return {key: amount for key, amount in found.items() if amount}


class History(NamedTuple):
    """An invoice for each month, and what was done to them before."""

    book: Book
    invoices: int


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Seats, maybe with a discount, and phones; odd amounts and taxes that no rate gives; goodwill, write-offs and
    payments of any of it."""
    count = draw(st.integers(1, 3))
    cents = st.integers(1, 99999)
    made = []
    for n, month in enumerate(MONTHS[:count], start=1):
        seats, phone = draw(cents), draw(cents)
        tax = draw(st.integers(0, seats // 3 + 1))
        lines = [_line("seats", seats, tax, month, "1")]
        if draw(st.booleans()):
            off, less_tax = draw(st.integers(1, seats)), draw(st.integers(0, tax))
            lines.append(_line("off", -off, -less_tax, month, "2", ", discounts: '1'"))
        lines.append(_line("phone", phone, draw(st.integers(0, phone // 3 + 1)), month, "3"))
        made.append(invoice(f"I{n}", month, *lines))
    book = book_from(billed(*made, charges=CHARGES))
    for n in range(draw(st.integers(0, 4))):
        number = f"I{draw(st.integers(1, count))}"
        name = draw(st.sampled_from(("credit_memo_from_invoice", "write_off_invoice", "create_payment")))
        amount = from_minor(draw(st.integers(1, 60000)), "EUR")
        item = draw(st.sampled_from("13"))
        fields = {
            "credit_memo_from_invoice": f"invoice: {number}\nitems: [{{item: '{item}', amount: {amount}}}]",
            "write_off_invoice": f"invoice: {number}\namount: {amount}",
            "create_payment": f"account: a\namount: {amount}\napply: [{{document: {number}, amount: {amount}}}]",
        }
        text = f"id: before-{n}\noperation: {name}\ndate: 2026-04-01\n{fields[name]}"
        (found,) = run(book, text)
        if found.plan is not None:
            book = left_by(found.plan, book)
    return History(book, count)


def _line(charge: str, minor: int, tax: int, month: str, id: str, more: str = "") -> str:
    return line(charge, str(from_minor(minor, "EUR")), month, id=id, tax=str(from_minor(tax, "EUR")), more=more)


@examples(60)
@given(histories(), st.data())
def test_unchanged_nothing_moves_on_any_account_nor_in_any_tax(history: History, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, history.invoices))
    lines = data.draw(st.sampled_from(("", "lines: ['1']", "lines: ['3']")))
    text = f"operation: credit_rebill\ndate: 2026-04-10\ninvoice: I{number}\n{lines}"
    (found,) = run(history.book, text)
    if found.plan is None:
        assert [one.code for one in found.problems] == ["credited-in-full"]
        return
    after = left_by(found.plan, history.book)
    assert asked_for(after) == asked_for(history.book)
    assert owed(after) == owed(history.book)
    assert not list(broken(after))


DIFFERENCE = "operations: {credit_rebill: {correction_style: {is: difference, because: FIN-1}}}"
CORRECTED = st.sampled_from(("rate: 0.50", "rate: 0.99", "rate: 1.00", "rate: 1.07", "quantity: 0", "quantity: 3"))


@examples(80)
@given(histories(), st.data())
def test_only_the_difference_comes_to_what_restating_does(history: History, data: st.DataObject) -> None:
    """On each account and in each tax, and so do all balances; where it is refused, restating moves nothing."""
    number = data.draw(st.integers(1, history.invoices))
    item = data.draw(st.sampled_from("13"))
    correct = data.draw(CORRECTED)
    text = f"operation: credit_rebill\ndate: 2026-04-10\ninvoice: I{number}\ncorrect: [{{line: '{item}', {correct}}}]"
    (restated,) = run(history.book, text)
    (found,) = run(history.book, text, policy=DIFFERENCE)
    if restated.plan is None:
        assert [one.code for one in found.problems] == [one.code for one in restated.problems]
        return
    other = left_by(restated.plan, history.book)
    if found.plan is None:
        assert [one.code for one in found.problems] == ["nothing-changes"]
        assert asked_for(other) == asked_for(history.book)
        return
    after = left_by(found.plan, history.book)
    assert asked_for(after) == asked_for(other)
    assert owed(after) == owed(other)
    assert not list(broken(after))
    statuses = {id: (one.status, one.rate, one.quantity) for id, one in after.charge_periods.items()}
    assert statuses == {id: (one.status, one.rate, one.quantity) for id, one in other.charge_periods.items()}
    assert all(one.document.amount >= 0 for one in found.plan.follow_ups[0].plan.documents)
    again = text.replace("operation:", "id: again\noperation:")
    assert refused(after, again, policy=DIFFERENCE) == ["unwound-already"]


@examples(40)
@given(histories(), st.data())
def test_a_line_is_unwound_once_and_what_it_had_left_is_what_is_credited(history: History, data: st.DataObject) -> None:
    """Whatever was given before: with the memo, no more is given of the invoice than it amounts to."""
    name = data.draw(st.sampled_from(("credit_only", "credit_rebill")))
    text = f"operation: {name}\ndate: 2026-04-10\ninvoice: I1"
    (found,) = run(history.book, text)
    if found.plan is None:
        return
    after = left_by(found.plan, history.book)
    for source in (one for one in history.book.numbered.values() if isinstance(one, Invoice)):
        given = sum((memo.amount for memo in after.created_from.get(source.number, ())), ZERO)
        assert given <= source.amount
    for again in ("credit_only", "credit_rebill"):
        why = refused(after, f"id: again\noperation: {again}\ndate: 2026-04-10\ninvoice: I1")
        # What a discount takes off in full is no line to credit, so that it stays as it is.
        assert why == ["unwound-already"] or (name, why) == ("credit_only", ["nothing-to-credit"])


UNWINDING = (
    *("bill_run", "bill_run", "bill_run", "credit_memo_from_invoice", "write_off_invoice", "undo_write_off"),
    *("create_payment", "apply_credits", "credit_only", "credit_rebill", "credit_rebill", "post_draft", "cancel_draft"),
    *("cancel_subscription", "reverse_invoice", "reverse_credit_memo"),
)


def test_on_walks_a_rebill_without_a_correction_moves_nothing() -> None:
    """Of accounts that others than it have nothing to do with: a policy may let anything follow."""

    def holds(found: Walk) -> None:
        for each in found.steps:
            request = each.asked.request
            if each.plan is None or not isinstance(request, CreditRebill) or request.correct or request.current:
                continue
            follows = [one for one in in_turn(each.plan) if one.id not in (request.id, f"{request.id}/rebill")]
            assert asked_for(each.after) == asked_for(each.before) or any(one.documents for one in follows)

    hold(holds, (walk(seed, kinds=UNWINDING) for seed in range(300)))
