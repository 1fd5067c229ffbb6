"""What either option of a correction does to charges and their periods, side by side, before anything happens.

Both come from plans on the same book: of the option that was asked for, and of the other one in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import ZERO
from billpolicy.book.changes import PeriodsRecorded
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import ChargePeriod, CreditMemo, Invoice, PeriodStatus
from billpolicy.periods.charge_periods import parts_by_charge
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.posting.posting import Outcome
from billpolicy.report.closure import LineName
from billpolicy.report.results import Finding, findings, told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date


@record
class BilledAgain:
    """A line of the bill run that bills the time of another line again."""

    line: LineName
    amount: Amount
    """Without tax, less what was given back before and is carried."""
    tax: Amount


@record
class OnLine:
    """What an option does to a line."""

    credited: Amount | None = None
    """What is left of it and credited, with its tax; nothing where nothing is left."""
    memo: LineName | None = None
    """The line of the credit memo over it."""
    became: tuple[PeriodStatus, ...]
    """What becomes of its charge periods, each status once; nothing of a discount that is no charge, and of a line that
    is left out."""
    billed_again: tuple[BilledAgain, ...] = ()
    left_out: str | None = None
    """Why nothing is done to it."""


@record
class EffectLine:
    """A line of an invoice, as it is now and as either option leaves it."""

    line: LineName
    subscription: str | None = None
    charges: tuple[str, ...] = ()
    """Of the subscription; several where the line combines them."""
    from_: Date | None = None
    until: Date | None = None
    currency: Currency
    billed: Amount
    """What it was billed at, with its tax."""
    credit_only: OnLine | None = None
    """Without it the option does not take the line, or is refused; so with the other one."""
    credit_rebill: OnLine | None = None


@record
class Option:
    """An option as a whole."""

    refused: tuple[Finding, ...] = ()
    """Why it cannot be done."""
    owes: dict[str, Amount]
    """Currency -> how much more is open of what the account owes, less what is unapplied and its credit balance."""


@record
class Effect:
    """What either option of a correction does to charges and their periods."""

    operation_id: str
    asked: str
    """The option that was asked for: `credit_only` or `credit_rebill`."""
    date: Date
    lines: tuple[EffectLine, ...]
    """Every line that either option takes or leaves out, first those of `credit_only`, as they are processed."""
    credit_only: Option
    credit_rebill: Option


def effect_of(outcome: Outcome) -> Effect | None:
    """The effect of both options of a correction; None where neither can be done, or nothing is to be compared."""
    if outcome.instead is None:
        return None
    asked = str(outcome.job.request["operation"])
    only, rebill = (outcome, outcome.instead) if asked == "credit_only" else (outcome.instead, outcome)
    plan = rebill.plan or only.plan
    if plan is None:
        return None
    of_only, of_rebill = _Planned(only.plan), _Planned(rebill.plan)
    every = of_only.lines | of_rebill.lines
    return Effect(
        operation_id=outcome.job.id,
        asked=asked,
        date=plan.date,
        lines=tuple(
            told(
                EffectLine,
                one,
                line=told(LineName, one.line),
                credit_only=of_only.on(one.line),
                credit_rebill=of_rebill.on(one.line),
            )
            for one in every.values()
        ),
        credit_only=Option(refused=findings(only.problems), owes=of_only.owes()),
        credit_rebill=Option(refused=findings(rebill.problems), owes=of_rebill.owes()),
    )


class _Planned:
    """The plan of an option with all that follows it; nothing of one that is refused."""

    def __init__(self, plan: Plan | None) -> None:
        self._steps = [] if plan is None else list(in_turn(plan))
        closure = None if plan is None else plan.closure
        self.lines = {} if closure is None else {one.line: one for one in closure.lines}
        issued = [planned.document for step in self._steps for planned in step.documents]
        self._invoices = {one.number: one for one in issued if isinstance(one, Invoice)}
        self._memos = {
            BilledLine(memo.source or "", item.source_item or ""): BilledLine(memo.number, item.id)
            for memo in (planned.document for step in self._steps[:1] for planned in step.documents)
            if isinstance(memo, CreditMemo)
            for item in memo.items
        }
        recorded = (change for step in self._steps for change in step.of(PeriodsRecorded))
        self._periods = {period.id: period for change in recorded for period in change.periods}
        """As they are on record after all steps."""

    def on(self, line: BilledLine) -> OnLine | None:
        """What it does to a line."""
        found = self.lines.get(line)
        if found is None:
            return None
        if found.left_out is not None:
            return OnLine(became=(), left_out=found.left_out)
        periods = [one for one in self._periods.values() if (one.document, one.item) == line]
        memo = self._memos.get(line)
        return OnLine(
            credited=found.amount,
            memo=None if memo is None else told(LineName, memo),
            became=tuple(dict.fromkeys(one.status for one in periods)),
            billed_again=tuple(self._billed_again(periods)),
        )

    def _billed_again(self, periods: Iterable[ChargePeriod]) -> Iterator[BilledAgain]:
        amounts: dict[BilledLine, tuple[Decimal, Decimal]] = {}
        for one in periods:
            invoice = self._invoices.get(one.rebilled_by or "")
            if invoice is not None and one.rebilled_item is not None:
                line = BilledLine(invoice.number, one.rebilled_item)
                before, own = amounts.get(line, (ZERO, ZERO)), _billed(invoice, one)
                amounts[line] = before[0] + own[0], before[1] + own[1]
        for line, (amount, tax) in amounts.items():
            yield BilledAgain(line=told(LineName, line), amount=amount, tax=tax)

    def owes(self) -> dict[str, Decimal]:
        """Currency -> how much more the account owes, with what is unapplied and its credit balance taken off."""
        found: dict[str, Decimal] = {}
        for change in (change for step in self._steps for change in step.balances):
            is_owed = change.kind in KINDS and KINDS[change.kind].is_owed
            is_given = change.kind == "credit_balance" or KINDS[change.kind].is_source
            more = change.after - (change.before or ZERO)
            if is_owed or is_given:
                found[change.currency] = found.get(change.currency, ZERO) + (more if is_owed else -more)
        return dict(sorted(found.items()))


def _billed(invoice: Invoice, period: ChargePeriod) -> tuple[Decimal, Decimal]:
    """What the line of an invoice that bills a period again has of its charge, without tax, and the tax; less what is
    carried, which is a discount of no charge on the line."""
    (item,) = (one for one in invoice.items if one.id == period.rebilled_item)
    carried = [one for one in invoice.items if one.discounts == item.id and one.subscribed_charge is None]
    place = [one.subscribed_charge for one in item.by_charge].index(period.charge)
    off = sum((one.amount for one in carried), ZERO)
    tax = sum((each.amount for one in (item, *carried) for each in one.taxes), ZERO)
    part_off, part_tax = (parts_by_charge(item, amount, invoice.currency)[place] for amount in (off, tax))
    return item.by_charge[place].amount + part_off, part_tax
