"""`credit_rebill`: lines of an invoice are credited, their charge periods reopened, and billed again. docs/domain.md 7.

With what is asked for come its related lines, and every later period that was billed following it. The credit memos
take what is left of all of them, the newest time first; a bill run then bills the reopened periods, as they were billed
or as they are corrected, with its own attributes. What was paid of the lines goes where the policy says.

Where the policy says `correction_style: difference`, there are no such memos: the bill run gives the lines back beside
those that bill their time again (`operations/corrections/difference.py`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace

from billpolicy.book.model import Attributes, ChargePeriod, CreditMemo, Invoice, Numbered
from billpolicy.book.needs import Needs
from billpolicy.operations.apply_credit_memo import ApplyCreditMemo
from billpolicy.operations.bill_run import BillRun
from billpolicy.operations.billing.billed_usage import free_usage
from billpolicy.operations.corrections.difference import changes, open_of_corrected
from billpolicy.operations.corrections.selection import Selected, Unwind, selected
from billpolicy.operations.corrections.terms import Correction, Current, corrected
from billpolicy.operations.corrections.unwinding import (
    Credit,
    credit,
    periods_of,
    refunds,
    taken,
    tell,
    with_memos,
)
from billpolicy.operations.shared.recording import put_on_record
from billpolicy.operations.shared.steps import own_step
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.closure import Closed, closure
from billpolicy.planning.operation import Operation, Step
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import DocumentAmount
from billpolicy.source.record import record

_DAY = datetime.timedelta(days=1)


@record
class CreditRebill(Unwind):
    """Credit these lines of an invoice, by the ids of its items, and bill their time again; without `lines`, every one
    that bills time. `attributes` are those of the invoice that bills it again."""

    correct: tuple[Correction, ...] = ()
    """What is different this time; what is not said is as it was billed."""
    current: tuple[Current, ...] = ()
    """What is taken from master data of now instead."""

    def asked_for(self) -> Attributes:
        """Nothing of its own memos: what is named is for the bill run."""
        return {}


def _plan(planning: Planning, request: CreditRebill) -> Iterator[Step]:
    asked = selected(planning, request)
    closed = closure(planning.book, asked.lines, later=True)
    _refuse_excluded(planning, closed)
    those = taken(planning, asked, closed)
    periods = corrected(planning, asked.invoice, periods_of(those), request.correct, request.current)
    planning.stop_if_refused()
    tell(planning, closed, those, reopens=True)
    only_the_difference = asked.resolved.text("correction_style") == "difference"
    credits = [] if only_the_difference else credit(planning, asked, those)
    reopened = list(with_memos(planning, periods, credits, "reopened"))
    put_on_record(planning, reopened)
    free_usage(planning, [(one.invoice, {line.line.item for line in one.lines}) for one in those])
    if only_the_difference:
        return _difference(planning, request, asked, reopened)
    return _restated(planning, request, asked, credits, reopened)


def _refuse_excluded(planning: Planning, closed: Closed) -> None:
    """Zone Billing, credit/rebill: a charge that was excluded would have to be rated again, and no line shows it."""
    for one in closed.excluded:
        what = f"`{one.period.charge}` of subscription `{one.period.subscription}` from {one.period.from_}"
        why = one.period.status.replace("excluded_", "").replace("_", " ")
        message = f"{what} was excluded from billing ({why}); {line_name(*one.by)} cannot be billed again without it"
        hint = "credit it with `credit_only`, and bill what is right with `debit_memo_from_charge`"
        planning.problem("excluded-charge", message, "invoice", hint=hint)


def _restated(
    planning: Planning, request: CreditRebill, asked: Selected, credits: Sequence[Credit], reopened: list[ChargePeriod]
) -> Iterator[Step]:
    """The bill run over what was reopened; then what was paid of it."""
    nothing = "nothing is billed again: the reopened periods come to nothing"
    yield own_step(
        planning,
        _bill(planning, request, reopened),
        _opened(reopened),
        "correction_style",
        asked.resolved,
        {"nothing-due": nothing},
    )
    yield from _paid(planning, credits, _billed(planning))


def _difference(
    planning: Planning, request: CreditRebill, asked: Selected, reopened: list[ChargePeriod]
) -> Iterator[Step]:
    """The bill run, which gives the lines back itself, so that it is posted whatever others are; a credit memo that it
    makes is put on what is open of those lines, and what is left of it goes where what was paid of them does."""
    bill = replace(
        _bill(planning, request, reopened), bill_as="posted", reason=asked.reason or asked.resolved.text("reason_code")
    )
    yield own_step(planning, bill, _opened(reopened), "correction_style", asked.resolved)
    documents = [planning.book.numbered[number] for number in _billed(planning)]
    made = [one for one in documents if isinstance(one, Invoice | CreditMemo)]
    if documents and not changes(planning.book, made):
        message = "nothing is different: what is billed again is what was billed, and what is left of that"
        hint = "say under `correct` or `current` what is different"
        planning.problem("nothing-changes", message, "invoice", hint=hint)
    planning.stop_if_refused()
    memos = [one for one in made if isinstance(one, CreditMemo)]
    for memo in memos:
        apply = open_of_corrected(planning.book, memo)
        if apply:
            step = _apply(planning, memo, apply, "correction_style", planning.date)
            yield own_step(planning, step, f"{memo.number} was posted", "correction_style", asked.resolved)
    yield from _paid(
        planning, [Credit(memo, asked.invoice, asked.resolved) for memo in memos], [one.number for one in made]
    )


def _bill(planning: Planning, request: CreditRebill, reopened: list[ChargePeriod]) -> BillRun:
    return BillRun(
        id=f"{request.id}/rebill",
        operation="bill_run",
        date=planning.date,
        subscriptions=tuple(sorted({one.subscription for one in reopened})),
        # Also time that was billed in advance is billed again now.
        target_date=max(planning.date, *(one.until - _DAY for one in reopened)),
        reopened_only=True,
        attributes=request.attributes,
    )


def _opened(reopened: list[ChargePeriod]) -> str:
    return f"{len(reopened)} charge {'period was' if len(reopened) == 1 else 'periods were'} reopened"


def _billed(planning: Planning) -> list[str]:
    """The documents of the bill run."""
    return [planned.document.number for step in planning.follow_ups for planned in step.plan.documents]


def _paid(planning: Planning, credits: Sequence[Credit], billed: Sequence[str]) -> Iterator[Step]:
    yield from refunds(planning, credits)
    for one in credits:
        if one.resolved.text("paid_credit") == "apply_to_rebill":
            yield from _applied(planning, one, billed)


def _applied(planning: Planning, one: Credit, billed: Sequence[str]) -> Iterator[Step]:
    """What is unapplied of a memo, put on the invoices that bill its time again."""
    book = planning.book
    memo = book.numbered[one.memo.number]
    new = [invoice for invoice in map(book.numbered.__getitem__, billed) if isinstance(invoice, Invoice)]
    drafts = [invoice.number for invoice in new if invoice.status == "draft"]
    unapplied = book.balance(memo)
    if unapplied <= 0:
        return
    if drafts:
        planning.note(f"{unapplied} {memo.currency} of {memo.number} stays unapplied, since {drafts[0]} is a draft")
        return
    owing = [invoice.number for invoice in new if invoice.status == "posted" and book.balance(invoice) > 0]
    if owing:
        day = max(memo.date, planning.today)
        apply = _apply(planning, memo, [DocumentAmount(document=number) for number in owing], "paid_credit", day)
        yield own_step(planning, apply, f"{memo.number} was posted", "paid_credit", one.resolved)


def _apply(
    planning: Planning, memo: Numbered, apply: Sequence[DocumentAmount], key: str, day: datetime.date
) -> ApplyCreditMemo:
    return ApplyCreditMemo(
        id=f"{planning.request.id}/credit_rebill.{key}/{memo.number}",
        operation="apply_credit_memo",
        date=day,
        credit_memo=memo.number,
        apply=tuple(apply),
    )


OPERATION = Operation(
    "credit_rebill",
    CreditRebill,
    needs=lambda request: Needs(
        numbers=frozenset({request.invoice}),
        open_of_owner=frozenset({request.invoice}),
        billed_time=True,
        billed_usage=True,
        unbilled_usage=True,
    ),
    plan=_plan,
)
