"""What subscriptions are billed: each rated by its own decisions, and grouped into documents.

docs/domain.md 1.2 rows 1 and 2, 1.5, 5.3 and 6.2. `bill_run` makes the documents.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from billpolicy.billing.due import Due, what_is_due, without_start
from billpolicy.billing.limits import has_limits, not_known, with_limits
from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Line, Rules, rate
from billpolicy.billing.usage import Used, rate_usage, what_was_used
from billpolicy.book.book import Book
from billpolicy.book.changes import subscription_name
from billpolicy.book.model import Account, Subscription, UsageRecord
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.shared.exclusion import with_exclusions
from billpolicy.periods.billed_lines import billed_lines, left_of_lines
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning


class Bill(NamedTuple):
    """What one subscription is billed and credited, also what is left out of documents, and how that was decided."""

    subscription: Subscription
    account: Account
    resolved: Resolved
    lines: tuple[Line, ...]

    @property
    def currency(self) -> str:
        return self.subscription.currency or self.account.currency


def bills_of(
    planning: Planning, subscriptions: Iterable[Subscription], target: datetime.date, reason: str | None = None
) -> list[Bill]:
    """The bills of those subscriptions that have something due on the target date, by account and id.

    The values of subscriptions and accounts are those of the day that `values_of` says; by the standard policy those of
    now, also for periods long past (docs/domain.md 1.2 row 1). Periods begin on the bill day that held at their time.
    Raises `Refused` with what is wrong in any of them.
    """
    wanted = sorted(map(planning.as_held, subscriptions), key=lambda each: (each.account, each.id))
    due = [(subscription, *_due(planning, subscription, target)) for subscription in wanted]
    planning.stop_if_refused()
    problems: list[Diagnostic] = []
    bills = []
    for subscription, found, used in due:
        if found or used:
            try:
                bills.append(_bill(planning, subscription, found, used, reason))
            except Refused as refused:
                problems += refused.diagnostics
    if problems:
        raise Refused(problems)
    return [bill for bill in bills if bill.lines]


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


def usage_of(book: Book, subscription: str) -> list[UsageRecord]:
    """The usage records of a subscription."""
    return [book.usage[id] for id in book.usage_of.get(subscription, ())]


def may_be_due(book: Book, subscription: Subscription, day: datetime.date) -> bool:
    """Whether a bill run finds days or usage of this subscription to bill or to credit; they may be rated at nothing.

    Where the calendar ends, the bill run says so itself.
    """
    try:
        used = what_was_used(subscription, usage_of(book, subscription.id), day)
        return bool(what_is_due(subscription, day) or used)
    except (OverflowError, ValueError):
        return True


def _due(
    planning: Planning, subscription: Subscription, target: datetime.date
) -> tuple[tuple[Due, ...], tuple[Used, ...]]:
    for charge in without_start(subscription):
        message = (
            f"charge `{charge.id}` of subscription `{subscription.id}` has a rate, but nothing says when it starts"
        )
        hint = "give the charge or its subscription a `start` in the book"
        planning.problem("start-missing", message, hint=hint)
    try:
        used = what_was_used(subscription, usage_of(planning.book, subscription.id), target)
        return what_is_due(subscription, target), used
    except (OverflowError, ValueError):
        message = f"billing subscription `{subscription.id}` through {target} goes past the last day of the calendar"
        planning.problem("date-too-late", message, hint="check the target date, and the dates of the subscription")
        return (), ()


def _bill(
    planning: Planning, subscription: Subscription, due: tuple[Due, ...], used: tuple[Used, ...], reason: str | None
) -> Bill:
    account = planning.account(subscription.account)
    planning.rely_on(subscription_name(subscription.id))
    resolved = resolve(planning, account, subscriptions=[subscription], reason=reason)
    bill = Bill(subscription, account, resolved, ())
    rules = _rules(resolved)
    lines = [line for one in due if one.charge.bills == "rate" for line in rate(one, rules, bill.currency)]
    lines += [rate_usage(one, rules, bill.currency) for one in used]
    if has_limits(subscription):
        before, left = billed_lines(planning.book, subscription), left_of_lines(planning.book, bill.currency)
        for limit, other in not_known(due, before, subscription):
            message = (
                f"the {limit.bills} `{limit.id}` of `{subscription.id}` counts nothing of `{other.id}`, which is "
                f"charged through {other.charged_through}: no line of the book tells at what"
            )
            planning.warn("limit-unknown", message)
        lines = with_limits(due, lines, before, left, subscription, rules, bill.currency)
    return bill._replace(lines=tuple(with_exclusions(lines, resolved)))


def _rules(resolved: Resolved) -> Rules:
    values: dict[str, Any] = {name: found.value for name, found in resolved.resolutions.items()}
    counting = Counting(**{name: values[name] for name in Counting._fields})
    return Rules(counting, **{name: values[name] for name in Rules._fields if name != "counting"})
