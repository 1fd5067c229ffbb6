"""What `ledger history` tells to programs: the trails of lines, each step with who did it, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billpolicy.billing.rating import BilledLine
from billpolicy.book.model import ChargePeriod
from billpolicy.periods.trail import Step, StepKind, TracedLine
from billpolicy.posting.history import Done, History
from billpolicy.posting.store import Audit
from billpolicy.report.closure import LineName
from billpolicy.report.plan import Kind
from billpolicy.report.results import told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date


@record
class HistoryLine:
    """A line of a trail, as it stands now."""

    line: LineName
    kind: Kind
    status: str
    reversed_: bool
    """Whether its document is."""
    date: Date
    name: str | None = None
    amount: Amount
    """Without tax."""
    tax: Amount
    currency: Currency
    left: Amount | None = None
    """Of a line of an invoice: what is not given back of it, without tax, with its discounts."""
    locked: bool
    """Whether a correction has processed it: its document is not undone any more, and it takes no other memo."""
    charge_periods: tuple[ChargePeriod, ...] = ()
    """Those that it billed, as they are now."""


@record
class HistoryStep:
    """One thing that happened."""

    what: StepKind
    date: Date
    """Of the document by which it happened."""
    of: LineName | None = None
    """The line to which it happened; without it, it happened to `charge_period`, or it begins the trail."""
    by: LineName | None = None
    """The line by which it happened; without it, `charge_period` is what came of it."""
    charge_period: ChargePeriod | None = None
    """The one that was excluded, reopened or billed again, as it is now."""
    operation: str | None = None
    """What did it, like `credit_memo_from_invoice`; without it, it was imported, or a book has it."""
    audit: Audit | None = None
    """The id of that operation, and who posted it when and why."""


@record
class HistoryTrail:
    """All that hangs together with a line."""

    lines: tuple[HistoryLine, ...]
    """In the order in which they came."""
    steps: tuple[HistoryStep, ...]
    """As they were posted; what was imported comes first, by date."""


@record
class HistoryReport:
    """What `ledger history` answers."""

    asked: str
    trails: tuple[HistoryTrail, ...]
    """Several where a document was asked for; each once."""


def history_report(history: History) -> HistoryReport:
    """The history of a line for programs."""
    return HistoryReport(asked=history.asked, trails=trail_reports(history))


def trail_reports(history: History) -> tuple[HistoryTrail, ...]:
    """Its trails alone."""
    return tuple(
        HistoryTrail(
            lines=tuple(map(_line, one.lines)), steps=tuple(_step(step, history.done or {}) for step in one.steps)
        )
        for one in history.trails
    )


def _line(traced: TracedLine) -> HistoryLine:
    document = traced.document
    return HistoryLine(
        line=told(LineName, traced.line),
        kind=document.kind,  # type: ignore[arg-type]
        status=document.status,
        reversed_=document.reversed_,
        date=document.date,
        name=traced.item.name,
        amount=traced.item.amount,
        tax=tax_of(traced),
        currency=document.currency,
        left=traced.left,
        locked=traced.locked,
        charge_periods=traced.periods,
    )


def tax_of(traced: TracedLine) -> Decimal:
    """The taxes of a line, added up."""
    return sum((tax.amount for tax in traced.item.taxes), traced.item.amount * 0)


def _step(step: Step, every: Mapping[str, Done]) -> HistoryStep:
    done = every.get(step.operation or "")
    return HistoryStep(
        what=step.what,
        date=step.date,
        of=_name(step.of),
        by=_name(step.by),
        charge_period=step.period,
        operation=None if done is None else done.operation,
        audit=None if done is None else done.audit,
    )


def _name(line: BilledLine | None) -> LineName | None:
    return None if line is None else told(LineName, line)
