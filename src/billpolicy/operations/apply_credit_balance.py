"""`apply_credit_balance`: the credit balance of an account is used on its open invoices and debit memos.

Each document that gets something has a decrease of its own, dated not before it, and on no date more is used than is
there. docs/domain.md 2.7, 6.1 and 6.3.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from billpolicy.allocation.model import Source
from billpolicy.book.book import ZERO
from billpolicy.book.model import Account, CreditAdjustment, Invoice, OwedDocument, Payment
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.billed_time import corrected_by
from billpolicy.operations.shared.currencies import check_currency, currency_of
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.settling import (
    all_have_amounts,
    allocated,
    check_account,
    check_enough,
    check_limits,
    named_in_all,
    named_or_open,
    note_corrected,
    nothing_open,
    rules_of,
    tell_due_dates,
    with_corrected,
)
from billpolicy.operations.shared.targets import Named, OpenTargets, open_targets
from billpolicy.operations.shared.what_is_open import check_usable
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import DocumentAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Text


@record
class ApplyCreditBalance(Request):
    """Without `amount`, all that can be used. Without `apply`, all open documents of the account."""

    account: Text
    amount: Amount | None = None
    currency: Currency | None = None
    """By default that of the documents that are named, else the account's."""
    apply: tuple[DocumentAmount, ...] = ()
    negative_invoice: Text | None = None
    """Where the money came from: what that corrects comes first if the policy says so (`corrected_first`)."""
    reason: Text | None = None


def _plan(planning: Planning, request: ApplyCreditBalance) -> None:
    account = planning.account(request.account, "account")
    named = [*(wanted.document for wanted in request.apply), *filter(None, (request.negative_invoice,))]
    currency = currency_of(planning, account, request.currency, named, "the credit balance that is used")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "credit_balance")
    corrected = _corrected(planning, account, currency, request)
    targets = named_or_open(planning, account, currency, request.apply)
    amount = _amount(planning, account, currency, request, targets)
    if request.apply and all(planning.book.balance(target.document) <= 0 for target in targets):
        message = "nothing is open on the documents that are named"
        planning.problem("nothing-open", message, "apply", hint="name others, or leave `apply` out")
    elif not targets:
        message = nothing_open(planning, account, currency)
        hint = f"name one in `apply`: rules take only what is dated {planning.date} or before and has not opted out"
        planning.problem("nothing-open", message, "account", hint=hint)

    resolved = resolve(planning, account, amount=Money(amount, currency), reason=reason)
    first = corrected if resolved.resolutions["corrected_first"].value else {}
    tell_due_dates(planning, targets, amount - named_in_all(targets), resolved)
    note_corrected(planning, request.negative_invoice or "", targets, first, rules_of(planning, currency, resolved))
    targets = with_corrected(targets, first)
    for day, those in _in_turn(planning, targets):
        amount -= _use(planning, request, account, resolved, day, currency, those, amount)
    check_limits(planning, len(request.apply), resolved)


def _use(
    planning: Planning,
    request: ApplyCreditBalance,
    account: Account,
    resolved: Resolved,
    day: datetime.date,
    currency: str,
    targets: Sequence[Named],
    amount: Decimal,
) -> Decimal:
    """Put up to `amount` on these documents on a day, and give back how much that was."""
    source = Source.of_credit(planning.book, account.id, currency, day)
    most = min(amount, source.unapplied)
    if most <= 0:
        return ZERO
    allocation = allocated(planning, source, targets, most, rules_of(planning, currency, resolved))
    for applied in allocation.applied:
        decrease = adjust(
            planning,
            account,
            applied.amount,
            resolved,
            type="decrease",
            reason=request.reason,
            currency=currency,
            date=day,
            document=applied.document,
        )
        planning.apply(decrease, planning.book.numbered[applied.document], day, applied.parts)
    return most - allocation.left


def _in_turn(planning: Planning, targets: Sequence[Named]) -> Iterator[tuple[datetime.date, Sequence[Named]]]:
    """Documents that come at the same time: the named amounts first, what is corrected before others, by date."""
    if isinstance(targets, OpenTargets):  # none of them is later than the operation
        if those := targets.those_of(targets.corrected):
            yield planning.date, those
        if others := replace(targets, left_out=targets.corrected):
            yield planning.date, others
        return

    def turn(target: Named) -> tuple[bool, bool, datetime.date]:
        return target.amount is None, not target.corrected, _day(planning, target)

    for (_, _, day), alike in groupby(sorted(targets, key=turn), turn):
        yield day, list(alike)


def _day(planning: Planning, target: Named) -> datetime.date:
    """When credit balance is used on a document: on the date of the operation, but not before the document."""
    return max(planning.date, target.date)


def _amount(
    planning: Planning, account: Account, currency: str, request: ApplyCreditBalance, targets: Sequence[Named]
) -> Decimal:
    """How much is to be used; it is there on the days on which it is used."""
    named, last = ZERO, planning.date
    for target in sorted(targets if request.apply else (), key=lambda target: _day(planning, target)):
        day = _day(planning, target)
        if day > last:
            planning.check_open(day, "apply")
            last = day
        if target.amount is not None:
            named += target.amount
            check_usable(planning, account, currency, day, named, "apply", target.position, "amount")
    if request.amount is not None:
        amount = positive(planning, request.amount, currency, "amount")
        check_usable(planning, account, currency, last, amount, "amount")
        check_enough(planning, named, amount, "the credit balance is to be used")
        return amount
    if all_have_amounts(request.apply):
        return named
    return check_usable(planning, account, currency, last, None, "account")


def _corrected(
    planning: Planning, account: Account, currency: str, request: ApplyCreditBalance
) -> Mapping[str, Decimal]:
    if request.negative_invoice is None:
        return {}
    negative = planning.posted(Invoice, request.negative_invoice, "negative_invoice")
    check_account(planning, negative, account, "an invoice", "negative_invoice")
    check_currency(planning, negative, currency, "negative_invoice")
    if negative.amount >= 0:
        message = f"{negative.number} amounts to {negative.amount} {negative.currency}, which is not below zero"
        hint = "name the negative invoice that the money came from, or leave this out"
        planning.problem("not-negative", message, "negative_invoice", hint=hint)
    return corrected_by(planning.book, negative)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After a document was posted: on that document. After the other events: on what the account has open.

    Not dated before what it follows, nor before today.
    """
    subject, book = event.subject, planning.book
    apply: tuple[DocumentAmount, ...] = ()
    negative = None
    if isinstance(subject, CreditAdjustment):
        day = max(subject.date, planning.today)
        source = book.numbered.get(subject.document or "")
        negative = source.number if isinstance(source, Invoice) else None
        is_open = bool(open_targets(book, subject.account, subject.currency, day))
    elif isinstance(subject, Payment):
        day = max(event.date, planning.today)
        is_open = bool(open_targets(book, subject.account, subject.currency, day))
    elif isinstance(subject, OwedDocument):
        day = max(subject.date, planning.today)
        apply = (DocumentAmount(document=subject.number),)
        is_open = subject.auto_apply and book.balance(subject) > 0
    else:
        return
    if is_open and book.credit_usable(subject.account, subject.currency, day) > 0:
        yield ApplyCreditBalance(
            id="",
            operation="apply_credit_balance",
            date=day,
            account=subject.account,
            currency=subject.currency,
            apply=apply,
            negative_invoice=negative,
        )


OPERATION = Operation(
    "apply_credit_balance",
    ApplyCreditBalance,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        numbers=frozenset({*(wanted.document for wanted in request.apply), *filter(None, (request.negative_invoice,))}),
        open_of=frozenset({request.account}),
    ),
    plan=_plan,
    follow=_follow,
)
