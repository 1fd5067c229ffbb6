"""A plan as text: what would be made, put where, and what is left; the same for a dry run and for posting."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billpolicy.book.model import Application, Document, Refund
from billpolicy.plan import BalanceChange, Plan, PlannedDocument
from billpolicy.resolve import Resolver
from billpolicy.versions import Versions


def plan_text(plan: Plan, versions: Versions) -> str:
    """The whole plan, one block."""
    lines = [f"{plan.id}: {plan.operation} on {plan.date}" + (f", asked by {plan.actor}" if plan.actor else "")]
    for planned in plan.documents:
        lines += _document(planned, versions.on(plan.date))
    for application in plan.applications:
        lines += _application(application, plan)
    lines += [f"  ~ {number} is reversed" for number in plan.reversed_]
    lines += [
        f"  ~ {move.subscription}/{move.charge} charged through {move.after} (was {move.before})"
        for move in plan.charged_through
    ]
    lines += _balances(plan.balances)
    lines += [f"  ! {warning.message}" for warning in plan.warnings]
    return "\n".join(lines) + "\n"


def _document(planned: PlannedDocument, resolver: Resolver) -> Iterator[str]:
    document = planned.document
    yield f"  + {document.kind.replace('_', ' ')} {document.number}  {document.amount} {document.currency}" + "".join(
        f", {what} {value}"
        for what, value in (
            ("account", document.account),
            ("from", getattr(document, "source", None)),
            ("of", getattr(document, "of", None)),
            ("reason", getattr(document, "reason", None)),
            ("due", getattr(document, "due_date", None)),
        )
        if value is not None
    )
    inherited = [r for r in planned.resolved.resolutions.values() if r.level is not None]
    for resolution in inherited:
        rule = resolver.rule(planned.resolved.operation, resolution.key, resolution.rule)
        label = planned.resolved.levels[resolution.level].label if resolution.level else ""
        stored = "" if resolution.key in document.attributes else ", not stored"
        where = f"{rule.position.file}:{rule.position.line}"
        yield f"      {resolution.key:<16} {resolution.value}  ({label}{stored}; {where})"
    if isinstance(document, Document):
        for item in document.items:
            name = f" {item.name}" if item.name else ""
            taxes = "".join(f" + {tax.amount} {tax.name or 'tax'}" for tax in item.taxes)
            yield f"      {item.id:>3}{name}  {item.amount}{taxes}"
    elif isinstance(document, Refund):
        for part in document.parts:
            yield f"      {_place(part.item, part.tax)}  {part.amount}"


def _application(application: Application, plan: Plan) -> Iterator[str]:
    yield f"  = {application.amount} of {application.from_} on {application.to}, {application.date}"
    if len(application.parts) > 1:
        for part in application.parts:
            yield f"      {_place(part.item, part.tax)}  {part.amount}"


def _place(item: str, tax: str | None) -> str:
    return f"item {item}" + (f", tax {tax}" if tax else "")


def _balances(balances: tuple[BalanceChange, ...]) -> Iterator[str]:
    named = {"invoice": "balance", "debit_memo": "balance", "credit_memo": "unapplied", "payment": "unapplied"}
    for change in balances:
        what = named.get(change.kind)
        if what is None:
            continue
        before = f"{change.before} -> " if change.before is not None else ""
        if change.before is not None or change.after != Decimal(0) or change.kind != "refund":
            yield f"  {what} of {change.number}: {before}{change.after} {change.currency}"
