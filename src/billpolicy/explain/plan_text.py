"""A plan as text: what would be made, put where, and what is left; the same for a dry run and for posting."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from billpolicy.book.book import Place
from billpolicy.book.model import Application, Document, Item, Part, Refund
from billpolicy.plan import BalanceChange, Plan, PlannedDocument
from billpolicy.policy.checks import DEFAULT_SET
from billpolicy.policy.model import ExceptionRule
from billpolicy.resolve import Resolution, Resolved, Resolver
from billpolicy.versions import Versions

WIDTH = 80
_SPREAD = ("source_order", "document_order", "allocation")
"""What decides which money goes where, in this order."""


def plan_text(plan: Plan, versions: Versions) -> str:
    """The whole plan, one block. Which rule decided is the explanation's; here only exceptions are named."""
    asked = f", asked by {plan.actor}" if plan.actor else ""
    lines = [f"{plan.id}: {plan.operation} on {plan.date}{asked}"]
    if plan.approved_by:
        lines.append(f"  approved by {plan.approved_by}")
    for planned in plan.documents:
        lines += _document(planned, versions.on(plan.date))
    for resolved in plan.decisions:
        lines += _spread_by(resolved, versions.on(plan.date))
    for application in plan.applications:
        lines += _application(application)
    if plan.reversed_:
        lines += _wrapped("  ~ reversed: ", ", ".join(plan.reversed_))
    lines += [
        f"  ~ {move.subscription}/{move.charge} charged through {move.after} (was {move.before})"
        for move in plan.charged_through
    ]
    lines += _balances(plan.balances)
    for warning in plan.warnings:
        lines += _wrapped("  ! ", warning.message)
    return "\n".join(lines) + "\n"


def _document(planned: PlannedDocument, resolver: Resolver) -> Iterator[str]:
    document = planned.document
    due = getattr(document, "due_date", None)
    yield (
        f"  + {document.kind.replace('_', ' ')} {document.number}  {document.amount} {document.currency}"
        + (f", due {due}" if due else "")
    )
    about = (
        ("account", document.account),
        ("from", getattr(document, "source", None)),
        ("of", getattr(document, "of", None)),
    )
    yield from _wrapped("      ", ", ".join(f"{what} {value}" for what, value in about if value is not None))
    reason = getattr(document, "reason", None)
    if reason is not None:
        yield f"      {'reason':<16} {reason}"
    for resolution in planned.resolved.resolutions.values():
        if resolution.level is not None:
            yield from _inherited(resolution, planned, resolver)
    if isinstance(document, Document):
        for item in document.items:
            yield from _wrapped("      ", _item(item))
    elif isinstance(document, Refund):
        for part in document.parts:
            yield f"      {_place(part.item, part.tax)}  {part.amount}"


def _inherited(resolution: Resolution, planned: PlannedDocument, resolver: Resolver) -> list[str]:
    """The value of an attribute and where it is from, with what a reader of the document would wonder about."""
    resolved, document = planned.resolved, planned.document
    notes = [resolved.levels[resolution.level].label] if resolution.level else []
    if isinstance(resolver.rule(resolved.operation, resolution.key, resolution.rule), ExceptionRule):
        notes.append(f"by {resolution.rule}")
    if resolution.key == "sequence_set":
        series = resolver.policy.sequence_sets[str(resolution.value)].series
        if planned.draw.kind not in series:
            notes.append(f"numbers no {planned.draw.kind}s, so {DEFAULT_SET} does: {planned.draw.prefix}")
    elif resolution.key not in document.attributes:
        notes.append("not stored")
    return _wrapped(f"      {resolution.key:<16} ", f"{resolution.value}  ({'; '.join(notes)})")


def _item(item: Item) -> str:
    name = f", {item.name}" if item.name else ""
    taxes = "".join(f" {'-' if tax.amount < 0 else '+'} {abs(tax.amount)} {tax.name or 'tax'}" for tax in item.taxes)
    return f"item {item.id}{name}  {item.amount}{taxes}"


def _spread_by(resolved: Resolved, resolver: Resolver) -> Iterator[str]:
    """The rules by which money was spread, and whatever else an exception decided: one line for each exception."""
    rules: dict[str, list[str]] = {}
    for key in (*_SPREAD, *(key for key in sorted(resolved.resolutions) if key not in _SPREAD)):
        resolution = resolved.resolutions.get(key)
        if resolution is not None:
            by = resolver.rule(resolved.operation, key, resolution.rule)
            exception = f" ({by.id})" if isinstance(by, ExceptionRule) else ""
            value = str(resolution.value).lower() if isinstance(resolution.value, bool) else resolution.value
            if exception or key in _SPREAD:
                rules.setdefault(exception, []).append(f"{key} {value}")
    for exception, decided in sorted(rules.items()):
        yield from _wrapped("  by ", ", ".join(decided) + exception)


def _application(application: Application) -> Iterator[str]:
    """Money put somewhere, or taken back; item by item unless it is all on one."""
    back = application.amount < 0
    amount, put = abs(application.amount), "back from" if back else "on"
    yield f"  {'<' if back else '='} {amount} of {application.from_} {put} {application.to}, {application.date}"
    at: dict[Place, list[Part]] = {}
    for part in application.parts:
        at.setdefault(Place(part.item, part.tax), []).append(part)
    if back or len(application.parts) > 1:
        for place, parts in at.items():
            yield from _wrapped("      ", f"{_place(place.item, place.tax)}  {_put(parts, -1 if back else 1)}")


def _put(parts: list[Part], sign: int) -> str:
    """What is put on one place; of a credit memo, with the items of the memo that it comes from."""
    from_ = [f"from {_place(part.source_item, part.source_tax)}" if part.source_item else "" for part in parts]
    total = sum(part.amount for part in parts) * sign
    if len(parts) == 1:
        return f"{total}  {from_[0]}".rstrip()
    each = (f"{part.amount * sign} {of}".rstrip() for part, of in zip(parts, from_, strict=True))
    return f"{total} = {' + '.join(each)}"


def _place(item: str, tax: str | None) -> str:
    return f"item {item}" + (f", tax {tax}" if tax else "")


def _balances(balances: tuple[BalanceChange, ...]) -> Iterator[str]:
    named = {"invoice": "balance", "debit_memo": "balance", "credit_memo": "unapplied", "payment": "unapplied"}
    for change in balances:
        if change.kind in named:
            before = f"{change.before} -> " if change.before is not None else ""
            yield f"  {named[change.kind]} of {change.number}: {before}{change.after} {change.currency}"


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
