"""What subscriptions are billed: each rated by its own decisions, and grouped into documents.

docs/domain.md 1.2 rows 1 and 2, 1.5, 5.3 and 6.2. `bill_run` makes the documents.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from billpolicy.billing.again import Reopened, rate_again, with_tax_and_carried, without_service
from billpolicy.billing.due import Due, what_is_due, without_start
from billpolicy.billing.limits import has_limits, not_known, with_limits
from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Line, Rules, rate
from billpolicy.billing.usage import Used, rate_usage, what_was_used
from billpolicy.book.book import Book
from billpolicy.book.changes import subscription_name
from billpolicy.book.model import Account, Invoice, Subscription
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.billing.credited_time import CreditedTime
from billpolicy.operations.billing.exclusion import with_exclusions
from billpolicy.operations.billing.prepaid import draw_prepaid
from billpolicy.operations.corrections.difference import returned_lines
from billpolicy.periods.billed_lines import billed_lines, left_of_lines
from billpolicy.periods.reopened import any_due, is_due, reopened_of
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning


class Bill(NamedTuple):
    """What one subscription is billed and credited, also what is left out of documents, and how that was decided."""

    subscription: Subscription
    account: Account
    resolved: Resolved
    lines: tuple[Line, ...]
    again: tuple[Reopened, ...] = ()
    """What is billed again, and what of that is not billed any more."""

    @property
    def currency(self) -> str:
        if self.again:
            return self.again[0].period.currency
        return self.subscription.currency or self.account.currency


def bills_of(
    planning: Planning,
    subscriptions: Iterable[Subscription],
    target: datetime.date,
    reason: str | None = None,
    *,
    reopened_only: bool = False,
) -> list[Bill]:
    """The bills of those subscriptions that have something due on the target date, by account and id.

    What is billed again is a bill of its own for each invoice that billed it before, in front of what is new: that
    invoice may have other values. `reopened_only`: nothing but these, of whatever day of service.

    The values of subscriptions and accounts are those of the day that `values_of` says; by the standard policy those of
    now, also for periods long past (docs/domain.md 1.2 row 1). Periods begin on the bill day that held at their time.
    Raises `Refused` with what is wrong in any of them.
    """
    wanted = sorted(map(planning.as_held, subscriptions), key=lambda each: (each.account, each.id))
    due = [_due(planning, subscription, target, reopened_only=reopened_only) for subscription in wanted]
    planning.stop_if_refused()
    credited = CreditedTime(planning, [one.subscription for one in due if any(each.credit for each in one.due)])
    problems: list[Diagnostic] = []
    bills: list[Bill] = []
    for one in due:
        try:
            bills += _bills(planning, one, target, reason, credited)
        except Refused as refused:
            problems += refused.diagnostics
    for problem in (*problems, *credited.refused):
        planning.add(problem)
    planning.stop_if_refused()
    return [bill for bill in _with_lines_given_back(planning, bills) if bill.lines or bill.again]


def _with_lines_given_back(planning: Planning, bills: Sequence[Bill]) -> Iterator[Bill]:
    """Each bill with what gives the lines before it back, of what no memo has."""
    returned = returned_lines(planning.book, ((bill.lines, bill.again) for bill in bills))
    for bill, lines in zip(bills, returned, strict=True):
        yield bill._replace(lines=(*bill.lines, *lines))


def grouped(planning: Planning, bills: Iterable[Bill], asked: Mapping[str, str | None]) -> list[list[Bill]]:
    """The bills that go on documents together: of the same account and currency, with the same values.

    What counts is the value that takes effect: a subscription without a bill-to contact goes with one that names the
    account's (docs/domain.md 1.5). `asked`: settings that the request says itself.
    """
    splitting = sorted(name for name, found in planning.policy.attributes.items() if found.splits_invoices)
    groups: dict[tuple[object, ...], list[Bill]] = {}
    for bill in bills:
        values = bill.resolved.resolutions
        key = (
            bill.account.id,
            bill.currency,
            bill.subscription.id if bill.subscription.invoice_separately else None,
            *(asked.get(setting) or bill.resolved.text(setting) for setting in _OF_DOCUMENTS),
            *(values[name].value for name in splitting),
        )
        groups.setdefault(key, []).append(bill)
    return list(groups.values())


_OF_DOCUMENTS = ("bill_as", "negative_totals", "reason_code", "tax_rounding")
"""The settings that are of a document, not of a charge on it."""


def may_be_due(book: Book, subscription: Subscription, day: datetime.date) -> bool:
    """Whether a bill run finds days or usage of this subscription to bill, to bill again or to credit; they may be
    rated at nothing.

    Where the calendar ends, the bill run says so itself.
    """
    try:
        used = what_was_used(subscription, book.usage_records(subscription.id), day)
        return bool(what_is_due(subscription, day) or used or any_due(book, subscription, day))
    except (OverflowError, ValueError):
        return True


class _Due(NamedTuple):
    """What a bill run finds of a subscription."""

    subscription: Subscription
    due: tuple[Due, ...] = ()
    used: tuple[Used, ...] = ()
    reopened: tuple[Reopened, ...] = ()
    """Whether they are due or not."""


def _due(planning: Planning, subscription: Subscription, target: datetime.date, *, reopened_only: bool) -> _Due:
    reopened = reopened_of(planning.book, subscription)
    if reopened_only:
        return _Due(subscription, reopened=reopened)
    for charge in without_start(subscription):
        message = (
            f"charge `{charge.id}` of subscription `{subscription.id}` has a rate, but nothing says when it starts"
        )
        hint = "give the charge or its subscription a `start` in the book"
        planning.problem("start-missing", message, hint=hint)
    try:
        again = {record.id for one in reopened for record in one.new}
        records = [one for one in planning.book.usage_records(subscription.id) if one.id not in again]
        used = what_was_used(subscription, records, target)
        return _Due(subscription, what_is_due(subscription, target), used, reopened)
    except (OverflowError, ValueError):
        message = f"billing subscription `{subscription.id}` through {target} goes past the last day of the calendar"
        planning.problem("date-too-late", message, hint="check the target date, and the dates of the subscription")
        return _Due(subscription)


def _bills(
    planning: Planning, one: _Due, target: datetime.date, reason: str | None, credited: CreditedTime
) -> list[Bill]:
    """What is billed again, by the number of the invoice that billed it before; then what is new."""
    subscription, due, used, reopened = one
    new = _decided(planning, subscription, None, reason) if due or used else None
    lines: list[Line] = []
    if new is not None:
        rules = _rules(new.resolved)
        due, reopened = without_service(due, reopened, rules)
        by_rate = [each for each in due if each.charge.bills == "rate"]
        credits = credited.lines([each for each in by_rate if each.credit], rules, new.currency, new.resolved)
        lines += [
            line
            for each in by_rate
            for line in (credits[each.charge.id] if each.credit else rate(each, rules, new.currency))
        ]
        lines += [rate_usage(each, rules, new.currency) for each in used]
    by_invoice: dict[str, list[Reopened]] = defaultdict(list)
    for each in reopened:
        if is_due(each, target) or each.until < each.period.until:
            by_invoice[each.period.document or ""].append(each)
    again = {
        document: _again(planning, subscription, of, target, reason) for document, of in sorted(by_invoice.items())
    }
    if new is None and not again:
        return []
    first = new or next(iter(again.values()))
    lines = [*(line for bill in again.values() for line in bill.lines), *lines]
    lines = draw_prepaid(planning, subscription, lines, first.resolved, first.currency)
    by_bill: dict[str | None, list[Line]] = defaultdict(list)
    for line in _with_limits(planning, due, lines, first):
        by_bill[None if line.again is None else line.again.document or ""].append(line)
    bills = [
        bill._replace(lines=tuple(with_tax_and_carried(by_bill[number], bill.again))) for number, bill in again.items()
    ]
    if by_bill[None]:
        new = new or _decided(planning, subscription, None, reason)
        bills.append(new._replace(lines=tuple(with_exclusions(by_bill[None], new.resolved))))
    return bills


def _again(
    planning: Planning, subscription: Subscription, reopened: list[Reopened], target: datetime.date, reason: str | None
) -> Bill:
    """What one invoice had billed, billed again; without tax, and what is carried."""
    before = reopened[0].before
    bill = _decided(planning, subscription, before and before.invoice, reason)
    rules = _rules(bill.resolved)
    lines = [line for one in reopened if is_due(one, target) for line in rate_again(one, rules)]
    return bill._replace(lines=tuple(lines), again=tuple(reopened))


def _decided(planning: Planning, subscription: Subscription, before: Invoice | None, reason: str | None) -> Bill:
    """How a subscription is billed; *before*: the invoice that had billed what is billed again."""
    account = planning.account(subscription.account if before is None else before.account)
    planning.rely_on(subscription_name(subscription.id))
    if before is not None:
        planning.rely_on(before.number)
    documents = () if before is None else (before,)
    return Bill(
        subscription, account, resolve(planning, account, *documents, subscriptions=[subscription], reason=reason), ()
    )


def _with_limits(planning: Planning, due: tuple[Due, ...], lines: list[Line], bill: Bill) -> list[Line]:
    """The lines of a subscription, with what its minimums and maximums bill beside them."""
    subscription, currency = bill.subscription, bill.currency
    if not has_limits(subscription):
        return lines
    before = billed_lines(planning.book, subscription)
    left = left_of_lines(planning.book, before, currency)
    for limit, other in not_known(due, before, subscription):
        message = (
            f"the {limit.bills} `{limit.id}` of `{subscription.id}` counts nothing of `{other.id}`, which is "
            f"charged through {other.charged_through}: no line of the book tells at what"
        )
        planning.warn("limit-unknown", message)
    return with_limits(due, lines, before, left, subscription, _rules(bill.resolved), currency)


def _rules(resolved: Resolved) -> Rules:
    values: dict[str, Any] = {name: found.value for name, found in resolved.resolutions.items()}
    counting = Counting(**{name: values[name] for name in Counting._fields})
    return Rules(counting, **{name: values[name] for name in Rules._fields if name != "counting"})
