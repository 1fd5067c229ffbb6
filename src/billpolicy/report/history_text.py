"""The history of a line as text: what happened, step by step, and how its lines stand now."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

from billpolicy.billing.rating import BilledLine
from billpolicy.book.model import ChargePeriod, Invoice
from billpolicy.diagnostics.visible import visible
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.trail import Step, StepKind, TracedLine, Trail
from billpolicy.posting.history import History
from billpolicy.report.changes import STATUS, charge_text, terms_text
from billpolicy.report.columns import width
from billpolicy.report.history import tax_of
from billpolicy.report.texts import in_lines, wrapped

WORDS: dict[StepKind, str] = {
    "billed": "billed",
    "excluded": "excluded from billing",
    "credited": "credited",
    "written_off": "written off",
    "reversed": "reversed",
    "debited": "debited",
    "taken_back": "taken back",
    "reopened": "reopened",
    "billed_again": "billed again",
}
"""What happened, in a word or two."""
_INDENT = " " * 14
_DAY = datetime.timedelta(days=1)


def history_text(history: History) -> str:
    """Each trail, its steps in order, and what is left of its lines now."""
    lines = [f"history of {history.asked}"]
    for trail in history.trails:
        lines.append("")
        before = None
        for step in trail.steps:
            lines += _step(step, trail)
            if step.operation is None or step.operation != before:  # an operation is told with its first step
                lines += wrapped(_INDENT, _who(step, history))
            before = step.operation
        lines += ["", *_now(trail)] if len(trail.steps) > 1 else []
    return in_lines(lines)


def _step(step: Step, trail: Trail) -> Iterator[str]:
    lines = {one.line: one for one in trail.lines}
    by, of = (None if line is None else lines.get(line) for line in (step.by, step.of))
    money = "" if by is None else f"{by.item.amount} {by.document.currency}"
    told = f"  {step.date}  {_sentence(step)}"
    room = width() - len(told)
    if not money:
        yield told
    elif len(money) + 2 <= room:
        yield f"{told}{money:>{room}}"
    else:
        yield from (told, f"{money:>{width()}}")
    yield from wrapped(_INDENT, "; ".join(_details(step, by, of)))


def _sentence(step: Step) -> str:
    """`INV00000001/1 billed`, `INV00000001/1 credited by CM00000001/1`, `S-1/seats billed again by INV00000003/1`."""
    by = f" by {name_of(step.by)}" if step.by is not None else ""
    if step.period is not None:
        return f"{charge_text(step.period)} {WORDS[step.what]}{by}"
    if step.of is not None:
        return f"{name_of(step.of)} {WORDS[step.what]}{by}"
    assert step.by is not None
    return f"{name_of(step.by)} {WORDS[step.what]}"


def _details(step: Step, by: TracedLine | None, of: TracedLine | None) -> Iterator[str]:
    """What is to be known of a step, of a memo only what its line has not told."""
    if by is None:
        assert step.period is not None
        yield _days(step.period)
        why = STATUS[step.period.status].removeprefix(f"{WORDS[step.what]}, ")
        yield f"to be billed {terms_text(step.period)}" if step.what == "reopened" else why
        return
    item, document = by.item, by.document
    if item.name and (of is None or item.name != of.item.name):
        yield item.name
    days = item.service_start, item.service_end
    if item.service_start is not None and (of is None or days != (of.item.service_start, of.item.service_end)):
        yield f"{item.service_start} to {item.service_end or '?'}"
    if isinstance(document, Invoice) and item.quantity is not None and item.unit_price is not None:
        yield f"{item.quantity} x {item.unit_price}"
    if item.taxes:
        yield f"plus {tax_of(by)} tax"
    if not isinstance(document, Invoice) and document.reason is not None:
        yield f"reason {document.reason}"
    if document.status != "posted":
        yield f"a {document.status}"


def _who(step: Step, history: History) -> str:
    """Who did it, when, and why; nothing of a book, which does not know."""
    if history.done is None:
        return ""
    done = history.done.get(step.operation or "")
    if done is None:
        return "imported"
    audit = done.audit
    people = f"{audit.who}" + (f", approved by {', '.join(audit.approved_by)}" if audit.approved_by else "")
    why = f": {audit.why}" if audit.why else ""
    return visible(f"{done.operation} {audit.operation} by {people}, {audit.at:%Y-%m-%d %H:%M} UTC{why}")


def _now(trail: Trail) -> Iterator[str]:
    """How the lines stand: amount, what is left, and what became of their charge periods."""
    currency = trail.lines[0].document.currency
    yield f"  {'now':<26} {currency + ' amount':>12} {'left':>10}"
    for one in trail.lines:
        left = "" if one.left is None else one.left
        yield f"  {name_of(one.line):<26} {one.item.amount:>12} {left:>10}  {', '.join(state_of(one))}".rstrip()


def became_text(history: History, document: str) -> Iterator[str]:
    """What became of each line of a document, of which something did: `1  locked; credited by CM00000001/1; ...`."""
    for trail in history.trails:
        for traced in trail.lines:
            told = list(_became(trail, traced)) if traced.line.document == document else []
            if told:
                yield from wrapped(f"    {traced.line.item:<4} ", "; ".join(told))


def _became(trail: Trail, traced: TracedLine) -> Iterator[str]:
    if traced.locked:
        yield "locked"
    by: dict[str, list[str]] = defaultdict(list)
    for step in trail.steps:
        if step.of == traced.line and step.by is not None:
            by[f"{WORDS[step.what]} by"].append(name_of(step.by))
        elif step.of == traced.line and step.period is not None:
            by[WORDS[step.what]].append(f"{charge_text(step.period)} {_days(step.period)}")
        elif step.by == traced.line and step.period is not None:
            by["bills again"].append(step.period.id)
        elif step.by == traced.line and step.of is not None and traced.item.source is not None:
            by["gives back days of"].append(name_of(step.of))
        elif step.by is not None and step.period is not None and traced.line in _lines_of(step.period):
            by[f"{WORDS[step.what]} by"].append(name_of(step.by))
    yield from (f"{words} {', '.join(names)}" for words, names in by.items())


def _lines_of(period: ChargePeriod) -> tuple[tuple[str | None, str | None], ...]:
    """The line that billed a charge period, and the one that unwound it."""
    return (period.document, period.item), (period.memo, period.memo_item)


def on_record_text(periods: Iterable[ChargePeriod]) -> Iterator[str]:
    """The charge periods that are on record, by charge and status: how many, and from which day to which."""
    for (charge, status), group in groupby(periods, key=lambda one: (charge_text(one), one.status)):
        every = list(group)
        yield f"{charge}: {len(every):,} {STATUS[status]}, {every[0].from_} to {every[-1].until - _DAY}"


def _days(period: ChargePeriod) -> str:
    return f"{period.from_} to {period.until - _DAY}"


def state_of(traced: TracedLine) -> Iterator[str]:
    """What is to be known of a line: `locked`, `billed again`."""
    document = traced.document
    if document.status != "posted":
        yield document.status
    if document.reversed_:
        yield "reversed"
    if traced.locked:
        yield "locked"
    yield from dict.fromkeys(STATUS[one.status] for one in traced.periods if one.status != "billed")


def name_of(line: BilledLine) -> str:
    """A line as it is named."""
    return line_name(*line)
