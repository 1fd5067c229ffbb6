"""`create_refund`: money paid back out of what is unapplied of a payment or credit memo.

docs/domain.md 1.2 rows 13 and 14, 9.2.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from billpolicy.allocation.allocate import spread
from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import CreditMemo, Part, Payment, Refund, SourceDocument, Subscription
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.references import references_of, repeated
from billpolicy.operations.shared.refunded import refunded
from billpolicy.operations.shared.what_is_open import in_force, is_expired, refuse_expired
from billpolicy.operations.shared.writing_off import refuse_write_off
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import About, Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Reference, Text


@record
class CreateRefund(Request):
    """A refund `of` a payment or credit memo, by its number."""

    of: Text
    amount: Amount
    reason: Text | None = None
    type: Literal["external", "electronic"] = "external"
    reference: Reference | None = None
    """What others know it by, such as the bank."""

    def done_to(self) -> str | None:
        """The payment or credit memo."""
        return self.of


def _plan(planning: Planning, request: CreateRefund) -> None:
    source = planning.posted_either(Payment, CreditMemo, request.of, "of")
    refuse_write_off(planning, source, "refunded", "of")
    planning.check_date(source)
    refuse_expired(planning, source, "refunded", "of")
    reason = checked_reason(planning, request.reason, "refund")
    amount = positive(planning, request.amount, source.currency, "amount")
    unapplied = planning.book.balance(source)
    if amount > unapplied:
        message = f"{amount} is more than the {unapplied} that is unapplied of {source.number}"
        planning.problem("over-refunded", message, "amount", hint="unapply some of it first, or refund less")

    account = planning.account(source.account, "of")
    money = Money(amount, source.currency)
    again = repeated(planning, account, Refund, request.type, money, request.reference)
    about = refunded(planning.book, source)
    for memo in about.memos:
        planning.rely_on(memo.number)
    objects = about.objects(planning.book)
    resolved = resolve(
        planning,
        account,
        *objects["payment"],
        *objects["credit_memo"],
        *objects["invoice"],
        subscriptions=objects["subscription"],
        behind=(*about.payments, *about.documents),
        amount=money,
        reason=reason,
        more={**again.facts, **about.facts(planning.book, amount, request.type, planning.date)},
    )
    again.check(planning, resolved)
    put = (
        spread(resolved.text("allocation"), amount, source, planning.book.open_places(source))
        if isinstance(source, CreditMemo)
        else {}
    )
    draft = Refund(
        number="",
        account=account.id,
        date=planning.date,
        currency=source.currency,
        amount=amount,
        of=source.number,
        type=request.type,
        reference=request.reference,
        reason=reason or resolved.text("reason_code"),
        parts=tuple(Part(item=place.item, tax=place.tax, amount=part) for place, part in put.items()),
        comment=request.comment,
    )
    issue(planning, draft, resolved)
    planning.touch(source.number)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After a payment or credit memo is posted: all that is unapplied of it. After a subscription is canceled: what its
    final bill has credited and found no invoice to go to. Not dated before these, nor before today; what is expired
    by then is left alone."""
    book, subject = planning.book, event.subject
    if isinstance(subject, Subscription):
        made = [planned.document.number for step in planning.follow_ups for planned in step.plan.documents]
    else:
        made = [subject.number]
    for number in made:
        source = book.numbered[number]
        if isinstance(source, Payment) or (isinstance(source, CreditMemo) and not source.write_off):
            unapplied = book.balance(source) if in_force(source) else ZERO
            day = max(source.date, event.date, planning.today)
            if unapplied > 0 and not is_expired(source, day):
                yield CreateRefund(id="", operation="create_refund", date=day, of=number, amount=unapplied)


def _about(book: Book, request: CreateRefund, day: datetime.date) -> About:
    source = book.numbered[request.of]
    assert isinstance(source, SourceDocument)
    found = refunded(book, source)
    return About(found.objects(book), found.facts(book, request.amount, request.type, day))


OPERATION = Operation(
    "create_refund",
    CreateRefund,
    needs=lambda request: Needs(
        numbers=frozenset({request.of}),
        references_of_owner=references_of(request.of, request.reference),
        put_on_by=frozenset({request.of}),
        billed_time=True,  # what credit memos have paid back that correct the same invoices
    ),
    plan=_plan,
    follow=_follow,
    about=_about,
)
