"""How each kind of change is told: to programs, in a plan, and by a ledger. A new kind is its entry in `TOLD`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

from billpolicy.book import changes
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    ChargePeriod,
    Contact,
    MasterRecord,
    Part,
    PeriodStatus,
    SubscribedCharge,
    Subscription,
    UsageRecord,
)
from billpolicy.diagnostics.sentences import counted
from billpolicy.periods.charge_periods import line_name
from billpolicy.planning.plan import Plan
from billpolicy.report.results import told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date


@record
class ApplicationReport:
    """Money of one document put on another; below zero, taken back."""

    from_: str
    to: str
    date: Date
    amount: Amount
    currency: Currency
    parts: tuple[Part, ...] = ()


@record
class Issued:
    """A document comes into the book; it stands in full among the documents."""

    change: Literal[
        "invoice_issued",
        "credit_memo_issued",
        "debit_memo_issued",
        "payment_issued",
        "refund_issued",
        "credit_adjustment_issued",
    ]
    number: str


@record
class Applied:
    """Money is put on a document, or taken back."""

    change: Literal["applied"]
    application: ApplicationReport


@record
class Reversed:
    """A document is flagged as reversed; it stays posted."""

    change: Literal["reversed"]
    number: str
    reason: str | None = None
    """Of a payment; of another document, the one that takes its money back has it."""


@record
class DraftPosted:
    """A draft becomes a posted document, which is issued beside this."""

    change: Literal["draft_posted"]
    draft: str
    number: str


@record
class DraftCanceled:
    """A draft is canceled; it keeps its number and is never posted."""

    change: Literal["draft_canceled"]
    draft: str


@record
class SubscriptionCanceled:
    """A subscription is canceled, or its cancellation moved or taken back."""

    change: Literal["subscription_canceled"]
    subscription: str
    day: Date | None = None
    """The first one without service; without it, the cancellation is taken back."""
    before: Date | None = None
    """What it was until then; without it, the subscription was not canceled."""


@record
class ChargedThrough:
    """A subscribed charge has been billed up to another day; the date is the first one that is not billed."""

    change: Literal["charged_through"]
    subscription: str
    charge: str
    before: Date | None = None
    """Without it, it had never been billed."""
    after: Date


@record
class Created:
    """A record of master data comes into the book."""

    change: Literal[
        "account_created", "contact_created", "subscription_created", "charge_created", "accounting_period_created"
    ]
    record: Account | Contact | Subscription | Charge | AccountingPeriod


@record
class Given:
    """A record of master data holds another value, from a day on."""

    change: Literal["given"]
    scope: Literal["account", "contact", "subscription", "charge", "accounting_period"]
    id: str
    field: str
    """`name`, `attributes.payment_term`, `charges.seats.until`, ..."""
    value: str | None = None
    """As text; without it, none."""
    before: str | None = None
    """What it held on that day until now."""
    since: Date | None = None
    """The first day on which it holds."""


@record
class ChargeAdded:
    """A subscription has one more charge."""

    change: Literal["charge_added"]
    subscription: str
    charge: SubscribedCharge


@record
class UsageRecorded:
    """Usage comes into the book."""

    change: Literal["usage_recorded"]
    records: tuple[UsageRecord, ...]


@record
class BilledUsageReport:
    """A usage record and what it is billed at; without an amount it is billed no more."""

    id: str
    amount: Amount | None = None
    drawn: Amount | None = None
    """What was drawn from a prepaid charge instead."""
    drawn_from: str | None = None
    """From which of its charge periods first."""


@record
class UsageBilled:
    """Usage records of a charge are billed by a document; without `after` by none, and will be billed again."""

    change: Literal["usage_billed"]
    subscription: str
    charge: str
    before: str | None = None
    """The document that billed them before."""
    after: str | None = None
    records: tuple[BilledUsageReport, ...]


@record
class PeriodsRecorded:
    """Charge periods of a subscription are put on record as they are from now on."""

    change: Literal["periods_recorded"]
    subscription: str
    periods: tuple[ChargePeriod, ...]


ChangeReport = (
    Issued
    | Applied
    | Reversed
    | DraftPosted
    | DraftCanceled
    | SubscriptionCanceled
    | ChargedThrough
    | Created
    | Given
    | ChargeAdded
    | UsageRecorded
    | UsageBilled
    | PeriodsRecorded
)


def _service(one: SubscriptionCanceled) -> str:
    """From when on there is no service, and what it was before."""
    until = "not canceled any more" if one.day is None else f"no service from {one.day} on"
    return until + (f" (was {one.before})" if one.before else "")


class Told(NamedTuple):
    """How a kind of change is told that is no document and no money."""

    record: type[ChangeReport]
    """To programs: with the fields that it has."""
    in_ledger: Callable[[Any], str]
    """By `ledger show`, of what has happened."""
    in_plan: Callable[[Any], str] | None = None
    """In a plan; None where other lines of it say so."""


def _named(record: MasterRecord) -> str:
    scope = changes.SCOPES[type(record)].replace("_", " ")
    return f"{scope} {changes.master_id(record)}"


def _created(record: MasterRecord) -> str:
    return f"{_named(record)} created"


_WORDS = {"retired_on": "retired from", "until": "ends before", "term_end": "term ends before"}
_WAS_NOT = {"retired_on": "was not retired", "until": "had no end", "term_end": "had no end"}


def _given_to(one: Given) -> str:
    if one.scope == "subscription" and one.field.startswith("charges."):
        return f"{one.id}/{one.field.removeprefix('charges.').rpartition('.')[0]}"
    return f"{one.scope.replace('_', ' ')} {one.id}"


def _held(one: Given) -> str:
    name = one.field.rpartition(".")[2]
    # What is a day itself needs no day from which on it is that.
    since = None if name in ("until", "retired_on", "term_end") else one.since
    return f"{_given_to(one)}: {_WORDS.get(name, name)} {one.value or 'none'}{_from(since)}"


def given_text(record: MasterRecord) -> Iterator[str]:
    """All values that a record was given from a day on, in the order in which that came, each with its operation."""
    scope: Any = changes.SCOPES[type(record)]
    id = changes.master_id(record)
    for held in record.history:
        if held.since is not None:
            by = f", by `{held.operation}`" if held.operation else ""
            given = Given(change="given", scope=scope, id=id, field=held.field, value=held.value, since=held.since)
            yield _held(given) + by


def _was(one: Given) -> str:
    if one.before is None:
        return _WAS_NOT.get(one.field.rpartition(".")[2], "was none")
    return f"was {one.before}"


def _from(day: datetime.date | None) -> str:
    return "" if day is None else f" from {day} on"


def _recorded(one: UsageRecorded) -> str:
    days = [record.date for record in one.records]
    subscriptions = len({record.subscription for record in one.records})
    of = f"{counted(len(one.records), 'usage record')} of {counted(subscriptions, 'subscription')}"
    return f"{of}, {min(days)}" + (f" to {max(days)}" if min(days) < max(days) else "")


def _billed(one: UsageBilled) -> str:
    records = f"{one.subscription}/{one.charge}: {counted(len(one.records), 'usage record')}"
    if one.after is None:
        return f"{records} not billed by {one.before} any more"
    return f"{records} billed by {one.after}" + (f" (was {one.before})" if one.before else "")


STATUS: dict[PeriodStatus, str] = {
    "billed": "billed",
    "excluded_zero_amount": "excluded from billing, zero amount",
    "excluded_zero_quantity": "excluded from billing, zero quantity",
    "credited": "credited only",
    "reopened": "to be billed again",
    "rebilled": "billed again",
}
"""What became of a charge period."""


def _alike(one: PeriodsRecorded) -> Iterator[PeriodsRecorded]:
    """The charge periods of a change in parts: of one charge, with one status and the same terms, the oldest first."""

    def key(period: ChargePeriod) -> tuple[Any, ...]:
        return period.charge, period.status, *(str(term) for term in _terms(period))

    in_order = sorted(one.periods, key=lambda period: (*key(period), period.from_))
    groups = [tuple(group) for _, group in groupby(in_order, key=key)]
    for periods in sorted(groups, key=lambda group: (group[0].charge, group[0].from_)):
        yield replace(one, periods=periods)


def _terms(period: ChargePeriod) -> tuple[Any, ...]:
    """At what a charge period is billed again, where that is still to come."""
    return (period.quantity, period.rate, period.tax_code) if period.status == "reopened" else ()


def _periods(one: PeriodsRecorded) -> str:
    """Charge periods that are alike: `S-1/seats: 2026-01-01 to 2026-01-31 reopened, ...`."""
    first, last = one.periods[0], one.periods[-1]
    count = f"{counted(len(one.periods), 'charge period')}, " if len(one.periods) > 1 else ""
    return f"{charge_text(first)}: {count}{first.from_} to {last.until - _DAY} {_became(one.periods)}"


def _became(periods: Sequence[ChargePeriod]) -> str:
    billed = _lines((one.document, one.item) for one in periods)
    status = periods[0].status
    if status == "reopened":
        return f"reopened, to be billed {terms_text(periods[0])}" + (f" (billed by {billed})" if billed else "")
    if status == "credited":
        memos = _lines((one.memo, one.memo_item) for one in periods)
        return "credited" + (f" by {memos}" if memos else "") + (f", billed by {billed}" if billed else "")
    if status == "rebilled":
        again = _lines((one.rebilled_by, one.rebilled_item) for one in periods)
        return f"billed again by {again}" + (f" (was {billed})" if billed else "")
    return STATUS[status] + (f" by {billed}" if billed else "")


def terms_text(period: ChargePeriod) -> str:
    """At what a reopened charge period is billed: `at 10 x 11.00`; where nothing is said, as its charge says then."""
    if period.quantity is None and period.rate is None:
        terms = "as its charge says then"
    else:
        quantity = "its quantity then" if period.quantity is None else period.quantity
        terms = f"at {quantity} x {'its rate then' if period.rate is None else period.rate}"
    return terms + (f", taxed as {period.tax_code}" if period.tax_code else "")


def charge_text(period: ChargePeriod) -> str:
    """The charge that a charge period is of: `S-1/seats`."""
    return f"{period.subscription}/{period.charge}"


def _lines(lines: Iterable[tuple[str | None, str | None]]) -> str:
    """A few lines by their names, and how many more there are."""
    names = list(dict.fromkeys(line_name(number, item) for number, item in lines if number and item))
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


_FEW = 3
_DAY = datetime.timedelta(days=1)


TOLD: dict[type, Told] = {
    changes.SubscriptionCanceled: Told(
        SubscriptionCanceled,
        lambda one: f"subscription {one.subscription}: {_service(one)}",
        lambda one: f"subscription {one.subscription} {'canceled, ' if one.day else ''}{_service(one)}",
    ),
    changes.DraftPosted: Told(DraftPosted, lambda one: f"draft {one.draft}: posted as {one.number}"),
    changes.DraftCanceled: Told(
        DraftCanceled,
        lambda one: f"draft {one.draft}: canceled",
        lambda one: f"draft {one.draft} canceled",
    ),
    changes.ChargedThrough: Told(
        ChargedThrough,
        lambda one: f"{one.subscription}/{one.charge}: charged through {one.after}",
        lambda one: (
            f"{one.subscription}/{one.charge} charged through {one.after} "
            f"({f'was {one.before}' if one.before else 'never billed before'})"
        ),
    ),
    changes.UsageRecorded: Told(UsageRecorded, _recorded, _recorded),
    changes.UsageBilled: Told(UsageBilled, _billed, _billed),
    changes.PeriodsRecorded: Told(PeriodsRecorded, _periods, _periods),
    changes.Reversed: Told(
        Reversed, lambda one: f"{one.number}: reversed" + (f", reason {one.reason}" if one.reason else "")
    ),
    changes.Created: Told(Created, lambda one: f"{_named(one.record)}: created", lambda one: _created(one.record)),
    changes.ChargeAdded: Told(
        ChargeAdded,
        lambda one: f"{one.subscription}/{one.charge.id}: added",
        lambda one: f"{one.subscription}/{one.charge.id} added{_from(one.charge.start)}",
    ),
    changes.Given: Told(
        Given,
        _held,
        lambda one: f"{_held(one)} ({_was(one)})",
    ),
}
"""In the order in which a plan and a ledger tell them."""


def in_plan(plan: Plan) -> Iterator[str]:
    """What an operation changes that is no document and no money, in words."""
    every = _worded(plan)
    for words in TOLD.values():
        if words.in_plan is not None:
            yield from map(words.in_plan, _of(every, words.record))


def in_ledger(plan: Plan) -> Iterator[str]:
    """What an operation has changed that is no document and no money, in words."""
    every = _worded(plan)
    for words in TOLD.values():
        yield from map(words.in_ledger, _of(every, words.record))


def in_full(every: Sequence[ChangeReport]) -> Iterator[str]:
    """What changes that is no document and no money, in words, with what there was before."""
    for words in TOLD.values():
        yield from map(words.in_plan or words.in_ledger, _of(every, words.record))


def _worded(plan: Plan) -> list[ChangeReport]:
    """Its changes that have words of their own."""
    return [change_report(one, plan) for one in plan.changes if type(one) in TOLD]


def _of(every: Iterable[ChangeReport], kind: type[ChangeReport]) -> Iterator[ChangeReport]:
    """The changes of one kind, as far as one sentence each can tell them."""
    for one in every:
        if isinstance(one, kind):
            yield from _alike(one) if isinstance(one, PeriodsRecorded) else (one,)


def application_report(application: Application, currency: str) -> ApplicationReport:
    """An application with its currency, which is that of both its documents."""
    return told(ApplicationReport, application, currency=currency)


def change_report(change: changes.Change, plan: Plan) -> ChangeReport:
    """A change of a plan for programs."""
    name: Any = changes.change_name(change)
    if isinstance(change, changes.Issued):
        return Issued(change=name, number=change.document.number)
    if isinstance(change, changes.Applied):
        made = change.application
        return Applied(change=name, application=application_report(made, plan.currency_of(made)))
    if isinstance(change, changes.Given):
        held = change.held
        return told(Given, change, change=name, field=held.field, value=held.value, since=held.since)
    return told(TOLD[type(change)].record, change, change=name)
