"""A plan as a page to keep or to send on: what is made, where money is put and by which rule, and what changes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import Place
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import CreditAdjustment, Document, Item, Refund
from billpolicy.book.model import Part as Share
from billpolicy.periods.charge_periods import line_name
from billpolicy.planning.closure import RULES_IN_WORDS
from billpolicy.policy.model import Setting
from billpolicy.report import changes
from billpolicy.report.changes import ApplicationReport, in_full
from billpolicy.report.closure import ClosureReport
from billpolicy.report.html.charts.allocation import allocation_chart, allocations_of
from billpolicy.report.html.charts.follow_ups import follow_ups_graph, steps_of
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.page import page
from billpolicy.report.html.pieces import LINE, Part, finding, listed, place, refused, section, sections, table, terms
from billpolicy.report.html.writing import AS_DATA, Writing
from billpolicy.report.limits import LimitReport
from billpolicy.report.plan import Balance, Decided, DocumentReport, PlanningReport, PlanReport
from billpolicy.report.plan_text import SPREAD, about_document, place_in, taken_text, taxes_of
from billpolicy.report.results import Total
from billpolicy.report.texts import origin

_FEW = 3
"""Documents that are named in the list of operations."""
_DAY = datetime.timedelta(days=1)


def plan_html(report: PlanningReport, outcome: str) -> str:
    """What `plan` answers. `outcome`: what it all came to, in one line."""
    before = f"Posted before, and not planned again: {', '.join(report.posted_before)}."
    body = (
        el("h1", "What would be posted"),
        el("p", outcome[:1].upper() + outcome[1:], "."),
        *([el("p", before)] if report.posted_before else ()),
        sections(plan_parts(report)),
    )
    return page("What would be posted", joined(body, LINE), styles=("charts.css",))


class _Way(NamedTuple):
    """How a plan is told on a page."""

    writing: Writing
    level: int
    """Of the headings of its parts."""
    anchor: str
    """With which the ids of its steps begin."""


def plan_parts(report: PlanningReport, writing: Writing = AS_DATA, level: int = 3, anchor: str = "step") -> list[Part]:
    """What would be done, and what is refused, operation by operation. `level`: of the headings within a part;
    `anchor`: with which the ids on the page begin, where it shows other plans, too."""
    ways = (_Way(writing, level, f"{anchor}-{at}") for at, _ in enumerate(report.plans, start=1))
    stops = [Part("The policy stops this batch", joined(map(finding, report.batch_limits), LINE))]
    return [
        *(stops if report.batch_limits else ()),
        *map(refused, report.refused),
        *([Part("In all", _totals(report.totals, writing))] if report.totals else ()),
        *(
            _plan(one, [used for used in report.limits if used.operation == one.id], way)
            for way, one in zip(ways, report.plans, strict=True)
        ),
    ]


def _totals(totals: Iterable[Total], writing: Writing) -> Html:
    """Of a batch of which not each operation is told: what each kind of operation adds up to."""
    columns = ("operation", "planned", "followed others", "posted before", "refused", "amount")
    rows = (
        (
            el("code", one.operation),
            *(f"{count:,}" if count else "" for count in (one.done, one.followed, one.before, one.refused)),
            joined((writing.amount(amount, currency) for currency, amount in one.amounts.items()), Html("<br>")),
        )
        for one in totals
    )
    return table(columns, rows, numbers=columns[1:])


def _plan(one: PlanReport, limits: Sequence[LimitReport], way: _Way) -> Part:
    """An operation, and below it the steps that follow it, numbered `1`, `1.1`, `2`."""
    policy = joined((one.policy, " ", el("code", one.policy_digest[:12]), f", engine {one.engine}"))
    about = {
        "asked by": one.actor or "",
        "approved by": ", ".join(one.approved_by),
        "comment": one.comment or "",
        "policy": policy,
    }
    # A single step is told by what stands below.
    drawn = follow_ups_graph(one, way.anchor) if len(list(steps_of(one))) > 1 else ""
    content = (terms(about), *_own(one, way), *_used(limits, way), drawn, *_steps(one, "", way))
    made = [f"{_kind(each)} {each.number} {each.amount} {each.currency}" for each in _made(one)]
    brief = ", ".join(made[:_FEW]) + (f" and {len(made) - _FEW:,} more" if len(made) > _FEW else "")
    return Part(f"{one.id}: {one.operation} on {one.date}", joined((each for each in content if each), LINE), brief)


def _made(one: PlanReport) -> Iterator[DocumentReport]:
    """The documents of an operation and of all that follows it."""
    yield from one.documents
    for step in one.steps:
        yield from _made(step.plan)


def _steps(one: PlanReport, above: str, way: _Way) -> Iterator[Html]:
    for count, step in enumerate(one.steps, start=1):
        number = f"{above}{count}"
        told = {
            "by": joined((step.rule.id, ", ", place(step.rule))),
            "because": said(step.rule.because or ""),
        }
        title = f"{number}. {step.plan.operation} on {step.plan.date}, after {step.after}"
        content = (
            terms(told),
            *_own(step.plan, way._replace(level=way.level + 1)),
            *_steps(step.plan, f"{number}.", way),
        )
        yield section(way.level, title, content, f"{way.anchor}-{number}", class_="step")


def _own(one: PlanReport, way: _Way) -> Iterator[Html]:
    """What an operation itself does."""
    drafts = {each.number: each.draft for each in one.changes if isinstance(each, changes.DraftPosted)}
    made = (_document(each, one.date, drafts.get(each.number), way) for each in one.documents)
    # What a negative invoice gives to a credit balance is all of it: the adjustment has said so.
    given = {each.number for each in one.documents if isinstance(each.record, CreditAdjustment)}
    put = [each.application for each in one.changes if isinstance(each, changes.Applied)]
    put = [each for each in put if each.to not in given]
    parts = {
        "Lines that are taken": () if one.closure is None else _closure(one.closure, way.writing),
        "What is made": made,
        "Where money is put": (*_applied(put, way.writing), *_spread(one, way.writing)),
        "Settings that decide it": _settings(one, spread=sum(len(each.parts) for each in put) > 1),
        "What is open before and after": _balances(one.balances, way.writing),
        "What else changes": (listed(in_full(one.changes)),),
        "Who takes another value": (listed(map(taken_text, one.inheriting)),),
        "What to know": (*map(finding, one.warnings), listed(one.notes)),
    }
    for title, content in parts.items():
        told = [each for each in content if each]
        if told:
            yield section(way.level, title, told)


def _closure(closure: ClosureReport, writing: Writing) -> Iterator[Html]:
    """Which lines are taken with those that were selected, where any are, or are left out."""
    if not any(one.rule or one.left_out for one in closure.lines):
        return
    rows = (
        (
            line_name(one.document, one.item),
            " + ".join(one.charges),
            joined((writing.day(one.from_), " to ", writing.day(one.until - _DAY))) if one.from_ and one.until else "",
            "" if one.left_out else writing.amount(one.amount, one.currency),
            said(f"left out: {one.left_out}") if one.left_out else RULES_IN_WORDS[one.rule] if one.rule else "selected",
            line_name(one.by.document, one.by.item) if one.by else "",
        )
        for one in closure.lines
    )
    columns = ("line", "charge", "days", "credited", "why", "by line")
    yield table(columns, rows, caption=f"Closure {closure.digest[:12]}", numbers=("credited",))


def _document(one: DocumentReport, day: datetime.date, draft: str | None, way: _Way) -> Html:
    """A document to come: where each value is from, and its items."""
    document = one.record
    about = {
        **({"due": way.writing.day(due)} if (due := getattr(document, "due_date", None)) else {}),
        **about_document(document, None if isinstance(document, CreditAdjustment) else day, draft),
        "document": getattr(document, "document", None) or "",
        "reason": getattr(document, "reason", None) or "",
    }
    amount = el("span", way.writing.amount(one.amount, one.currency), class_="now")
    heading = el(f"h{way.level + 1}", f"{_kind(one)} {one.number}: ", amount)
    return el("article", heading, terms(about), *_items(one, way.writing), *_inherited(one, draft), class_="card")


def _kind(one: DocumentReport) -> str:
    document = one.record
    if isinstance(document, CreditAdjustment):
        return f"credit {document.type}"
    return ("draft " if document.status == "draft" else "") + KINDS[one.kind].words


def _inherited(one: DocumentReport, draft: str | None) -> Iterator[Html]:
    """The attributes, with the level that each is from and the exception that says so."""
    stored = getattr(one.record, "attributes", {})
    decided = [each for each in one.decisions.decided if each.level is not None] if one.decisions else []
    exceptions = one.decisions.exceptions if one.decisions else ()
    rows: list[tuple[str, ...]] = [
        (
            el("code", each.key),
            str(each.value),
            said(origin(each.label or "", each.since, each.given_by)),
            each.rule if each.rule in exceptions else "",
            "" if each.key in stored else "not stored",
        )
        for each in decided
    ]
    if draft is not None:
        rows += [(el("code", key), value, "as on the draft", "", "") for key, value in sorted(stored.items())]
    if rows:
        yield table(("attribute", "value", "from", "by exception", "note"), rows)


def _items(one: DocumentReport, writing: Writing) -> Iterator[Html]:
    document = one.record
    if isinstance(document, Document):
        columns = ("item", "what", "days", "amount", "tax", "charges")
        rows = (_item(item, document.currency, writing) for item in document.items)
        yield table(columns, rows, numbers=("amount", "tax"))
        if document.bill_run is not None:
            yield listed(f"tax in all: {tax}" for tax in taxes_of(document))
    elif isinstance(document, Refund) and document.parts:
        parts = (
            (place_in(part.item, part.tax), writing.amount(part.amount, document.currency)) for part in document.parts
        )
        yield table(("out of", "amount"), parts, numbers=("amount",))


def _item(item: Item, currency: str, writing: Writing) -> tuple[str, ...]:
    return (
        item.id,
        ", ".join(filter(None, (item.name, item.subscription))),
        joined((writing.day(item.service_start), " to ", writing.day(item.service_end))) if item.service_start else "",
        writing.amount(item.amount, currency),
        joined(
            (joined((writing.amount(tax.amount, currency), f" {tax.name or 'tax'}")) for tax in item.taxes),
            Html("<br>"),
        ),
        joined(
            (joined((f"{one.subscribed_charge} ", writing.amount(one.amount, currency))) for one in item.combines), ", "
        ),
    )


def _applied(applied: Sequence[ApplicationReport], writing: Writing) -> Iterator[Html]:
    """Money put on documents or taken back, and on which of their items."""
    rows = []
    for one in applied:
        back = one.amount < 0
        shares: dict[Place, list[Share]] = {}
        for share in one.parts:
            shares.setdefault(Place(share.item, share.tax), []).append(share)
        told = (
            joined((f"{place_in(at.item, at.tax)}: ", _put(each, -1 if back else 1, writing)))
            for at, each in shares.items()
        )
        rows.append(
            (
                f"{one.from_} {'back from' if back else 'on'} {one.to}",
                writing.day(one.date),
                writing.amount(abs(one.amount), one.currency),
                joined(told, Html("<br>")),
            )
        )
    if rows:
        yield table(("money", "date", "amount", "on items"), rows, numbers=("amount",))


def _put(parts: Sequence[Share], sign: int, writing: Writing) -> Html:
    """What is put on one place; of a credit memo, with the items of the memo that it comes from."""
    each = [
        joined(
            (
                writing.number(part.amount * sign),
                f" from {place_in(part.source_item, part.source_tax)}" if part.source_item else "",
            )
        )
        for part in parts
    ]
    if len(parts) == 1:
        return each[0]
    total = sum((part.amount for part in parts), Decimal(0)) * sign
    return joined((writing.number(total), " = ", joined(each, " + ")))


def _spread(one: PlanReport, writing: Writing) -> Iterator[Html]:
    """Money that goes to several documents, as bars: of one, the balances say the same."""
    for allocation in allocations_of(one):
        if len(allocation.shares) > 1:
            yield allocation_chart(allocation, writing)


def _settings(one: PlanReport, *, spread: bool) -> Iterator[Html]:
    """Those that an exception decided, and where money had a choice those by which it was spread."""
    every = [*(each.decisions for each in one.documents if each.decisions), *one.decisions]
    several = len({each.facts.get("amount") for each in every}) > 1
    found = {
        (
            each.facts.get("amount", "") if several else "",
            decided.key,
            str(Setting(decided.value)),
            _instead(decided),
            decided.rule if decided.rule in each.exceptions else "",
        ): None
        for each in every
        for decided in sorted(each.decided, key=lambda one: (one.key not in SPREAD, one.key))
        if decided.level is None and (decided.rule in each.exceptions or (spread and decided.key in SPREAD))
    }
    rows = ((el("code", key), value, note, rule or "base rule", of) for of, key, value, note, rule in found)
    if found:
        yield table(("setting", "value", "note", "by", "of"), rows)


def _instead(one: Decided) -> str:
    if one.except_on:
        return f"but for what is named of {', '.join(one.except_on)}"
    return "" if one.instead_of is None else f"as requested, instead of {Setting(one.instead_of)}"


def _balances(balances: Iterable[Balance], writing: Writing) -> Iterator[Html]:
    rows = []
    for one in balances:
        word = KINDS[one.kind].open_word if one.kind in KINDS else "credit balance"
        if word is not None and not one.before == one.after == 0:
            before = "new" if one.before is None else writing.amount(one.before, one.currency)
            rows.append((one.number, word, before, writing.amount(one.after, one.currency)))
    if rows:
        yield table(("document", "what", "before", "after"), rows, numbers=("before", "after"))


def _used(limits: Sequence[LimitReport], way: _Way) -> Iterator[Html]:
    """What an operation uses of limits over time."""
    rows = (
        (
            one.limit,
            one.whose or "all together",
            joined(("on ", way.writing.day(one.first))) if one.until - one.first == _DAY else f"in {one.first:%Y-%m}",
            *(way.writing.amount(amount, one.currency or "operations") for amount in (one.before, one.after, one.most)),
        )
        for one in limits
    )
    if limits:
        columns = ("limit", "for", "days", "used before", "used then", "at most")
        yield section(way.level, "What it uses of limits", [table(columns, rows, numbers=columns[3:])])
