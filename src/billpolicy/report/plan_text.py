"""A plan as text: what would be made, put where, and what is left; the same for a dry run and for posting."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from billpolicy.book.book import ZERO, Place
from billpolicy.book.changes import DraftPosted, Reversed
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import Application, CreditAdjustment, Document, Item, Numbered, Part, Refund
from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import BalanceChange, Plan, PlannedDocument, in_turn
from billpolicy.planning.requested import Requested, requested
from billpolicy.policy.model import DEFAULT_SET, ExceptionRule, Setting
from billpolicy.report.changes import in_plan
from billpolicy.report.closure import closure_text
from billpolicy.report.plan import Inheriting, inheriting
from billpolicy.report.texts import in_lines, level_origin, wrapped
from billpolicy.report.waiting import awaited_text

SPREAD = ("source_order", "document_order", "allocation")
"""What decides which money goes where, in this order."""


def plan_text(plan: Plan, versions: Versions, *, details: bool = False) -> str:
    """The whole plan, one block, with each step that follows and the rule behind it.

    Which rule decided an attribute is the explanation's; of those, only exceptions are named here. *details*: every
    line that a correction takes with those selected, also where they are many.
    """
    asked = f", asked by {plan.actor}" if plan.actor else ""
    lines = [f"{plan.id}: {plan.operation} on {plan.date}{asked}"]
    if plan.approved_by:
        lines.append(f"  approved by {', '.join(plan.approved_by)}")
    for one in (each for step in in_turn(plan) for each in step.awaited):
        lines += wrapped("  waits for ", awaited_text(one))
    lines += _own(plan, versions, details=details)
    lines += _follow_ups(plan, versions, "", details=details)
    return in_lines(lines)


def _follow_ups(plan: Plan, versions: Versions, above: str, *, details: bool) -> Iterator[str]:
    """The steps of a chain, numbered `1`, `1.1`, `2`, each with what it came after and by which rule."""
    for count, followed in enumerate(plan.follow_ups, start=1):
        step, place = followed.plan, f"{above}{count}"
        yield ""
        yield from wrapped(f"  {place}. ", f"{step.operation} on {step.date}, after {followed.after}")
        yield from wrapped(f"  {' ' * len(place)}  by ", f"{followed.rule}, {followed.position.place}")
        yield from _own(step, versions, details=details)
        yield from _follow_ups(step, versions, f"{place}.", details=details)


def _own(plan: Plan, versions: Versions, *, details: bool) -> list[str]:
    """What an operation itself does."""
    lines: list[str] = []
    if plan.closure is not None:
        lines += closure_text(plan.closure, details=details)
    drafts = {one.number: one.draft for one in plan.of(DraftPosted)}
    for planned in plan.documents:
        lines += _document(planned, versions.on(plan.date), drafts.get(planned.document.number))
    spread = sum(len(application.parts) for application in plan.applications) > 1
    several = plan.currency_by_currency
    for resolved in _decided(plan):
        lead = f"  in {resolved.facts['amount.currency']} by " if several else "  by "
        lines += _settings_by(resolved, versions.on(plan.date), requested(plan, resolved), lead, spread=spread)
    # What a negative invoice gives to a credit balance is all of it: the adjustment has said so.
    given = {p.document.number for p in plan.documents if isinstance(p.document, CreditAdjustment)}
    for application in plan.applications:
        if application.to not in given:
            lines += _application(application, f" {plan.currency_of(application)}" if several else "")
    gone = (one.number + (f" ({one.reason})" if one.reason else "") for one in plan.of(Reversed))
    lines += wrapped("  ~ reversed: ", ", ".join(gone))
    for text in in_plan(plan):
        lines += wrapped("  ~ ", text)
    lines += _balances(plan.balances)
    for change in inheriting(plan):
        lines += wrapped("  > ", taken_text(change))
    for note in plan.notes:
        lines += wrapped("  . ", note)
    for warning in plan.warnings:
        lines += wrapped("  ! ", f"{warning.message} [{warning.code}]")
    return lines


def taken_text(change: Inheriting) -> str:
    """Who takes another value, and from where: `12 subscriptions take ... from account acme: Net 60 (was Net 30)`."""
    what = "subscription" if change.who == "subscription" else "open document"
    who = f"1 {what}" if change.count == 1 else f"{change.count:,} {what}s"
    one = change.count == 1
    moved = f" from {change.before_from}" if change.before_from not in (None, change.after_from) else ""
    was = f"was {change.before}{moved}" if change.before else "had none"
    more = change.count - len(change.examples)
    some = ", ".join(change.examples) + (f" and {more:,} more" if more else "")
    if change.after is None:
        have = f"{'has' if one else 'have'} no `{change.attribute}` that can be used ({was})"
    else:
        take = f"{'takes' if one else 'take'} `{change.attribute}` from {change.after_from}"
        have = f"{take}: {change.after} ({was})"
    return f"from {change.since} on {who} {have}: {some}"


def _document(planned: PlannedDocument, resolver: Resolver, draft: str | None) -> Iterator[str]:
    document = planned.document
    if isinstance(document, CreditAdjustment):
        yield from _adjustment(document)
        return
    due = getattr(document, "due_date", None)
    yield (
        f"  + {'draft ' if document.status == 'draft' else ''}{KINDS[document.kind].words} {document.number}  "
        f"{document.amount} {document.currency}" + (f", due {due}" if due else "")
    )
    about = about_document(document, planned.resolved.date, draft)
    yield from wrapped("      ", ", ".join(f"{what} {value}" for what, value in about.items()))
    reason = getattr(document, "reason", None)
    if reason is not None:
        yield f"      {'reason':<16} {reason}"
    for resolution in planned.resolved.resolutions.values():
        attribute = resolver.policy.attributes.get(resolution.key)
        if resolution.level is not None and attribute is not None and document.kind in attribute.documents:
            yield from _inherited(resolution, planned, resolver)
    if draft is not None:
        for name, value in sorted(document.attributes.items()):
            yield from wrapped(f"      {name:<16} ", f"{value}  (as on the draft)")
    if isinstance(document, Document):
        billed = document.bill_run is not None
        if billed:
            yield from wrapped(f"      {'taxes':<16} ", ", ".join(taxes_of(document)))
        for item in document.items:
            yield from wrapped("      ", _item(item, billed=billed))
    elif isinstance(document, Refund):
        for part in document.parts:
            yield f"      {place_in(part.item, part.tax)}  {part.amount}"


def about_document(document: Numbered, day: datetime.date | None, draft: str | None) -> dict[str, str]:
    """What there is to say of a document beside its amount and its items, by label. `day`: that of its operation, which
    is not told again; `draft`: what it was until it is posted."""
    told = {
        "account": document.account,
        "dated": None if document.date == day else document.date,
        "draft": draft,
        "from": getattr(document, "source", None),
        "of": getattr(document, "of", None),
        "reference": getattr(document, "reference", None),
        "priority": getattr(document, "priority", None),
        "expires on": getattr(document, "expires_on", None),
    }
    return {what: str(value) for what, value in told.items() if value is not None}


def _adjustment(adjustment: CreditAdjustment) -> Iterator[str]:
    """A change of a credit balance: how much from which day on, and why."""
    amount = f"{adjustment.amount} {adjustment.currency}"
    yield f"  + credit {adjustment.type} {adjustment.number}  {amount} on {adjustment.date}"
    word = "from" if adjustment.type == "increase" else "for"
    about = f", {word} {adjustment.document}" if adjustment.document else ""
    reason = f", reason {adjustment.reason}" if adjustment.reason else ""
    yield from wrapped("      ", f"account {adjustment.account}{about}{reason}")


def _inherited(resolution: Resolution, planned: PlannedDocument, resolver: Resolver) -> list[str]:
    """The value of an attribute and where it is from, with what a reader of the document would wonder about."""
    resolved, document = planned.resolved, planned.document
    notes = [level_origin(resolved, resolution.key, resolution.level)] if resolution.level else []
    if isinstance(resolver.rule(resolved.operation, resolution.key, resolution.rule), ExceptionRule):
        notes.append(f"by {resolution.rule}")
    if resolution.key == "sequence_set":
        series = resolver.policy.sequence_sets[str(resolution.value)].series
        if planned.draw.kind not in series:
            notes.append(f"numbers no {planned.draw.kind}s, so {DEFAULT_SET} does: {planned.draw.prefix}")
    elif resolution.key not in document.attributes:
        notes.append("not stored")
    return wrapped(f"      {resolution.key:<16} ", f"{resolution.value}  ({'; '.join(notes)})")


def _item(item: Item, *, billed: bool) -> str:
    """An item, with what it has of each charge that it combines; of a bill run also its subscription and its days."""
    name = f", {item.name}" if item.name else ""
    if billed and item.subscription:
        days = f", {item.service_start} to {item.service_end}" if item.service_start else ""
        name += f", {item.subscription}{days}"
    taxes = "".join(f" {'-' if tax.amount < 0 else '+'} {abs(tax.amount)} {tax.name or 'tax'}" for tax in item.taxes)
    charges = ", ".join(f"{one.subscribed_charge} {one.amount}" for one in item.combines)
    return f"item {item.id}{name}  {item.amount}{taxes}" + (f" ({charges})" if charges else "")


def taxes_of(document: Document) -> Iterator[str]:
    """Each tax of a bill over all of its items: `VAT 19% of DE: 38.00`."""
    totals: dict[str, Decimal] = {}
    for tax in (tax for item in document.items for tax in item.taxes):
        rate = "" if tax.rate is None else f" {(tax.rate * 100).normalize():f}%"
        whose = f" of {tax.jurisdiction}" if tax.jurisdiction else ""
        name = f"{tax.name or tax.id}{rate}{whose}"
        totals[name] = totals.get(name, ZERO) + tax.amount
    return (f"{name}: {total}" for name, total in sorted(totals.items()))


def _decided(plan: Plan) -> Iterable[Resolved]:
    """Everything that was decided, each once: several documents may share it."""
    documents = dict.fromkeys(plan.reasons.values())
    return (*(plan.resolved[place] for place in documents), *plan.decisions)


def _settings_by(
    resolved: Resolved, resolver: Resolver, asked_for: Mapping[str, Requested], lead: str, *, spread: bool
) -> Iterator[str]:
    """The settings that an exception decided, and the rules by which money was spread where there was a choice: those
    of the policy, or the amounts and items that the request names."""
    rules: dict[str, list[str]] = {}
    for key in (*SPREAD, *(key for key in sorted(resolved.resolutions) if key not in SPREAD)):
        resolution = resolved.resolutions.get(key)
        asked = asked_for.get(key)
        if asked is not None and not asked.on:
            if spread and key in SPREAD:
                rules.setdefault("", []).append(asked.value)
        elif resolution is not None and resolution.level is None:
            by = resolver.rule(resolved.operation, key, resolution.rule)
            exception = f" ({by.id})" if isinstance(by, ExceptionRule) else ""
            if exception or (spread and key in SPREAD):
                but = f" but for what is named of {', '.join(asked.on)}" if asked is not None else ""
                rules.setdefault(exception, []).append(f"{key} {Setting(resolution.value)}{but}")
    for exception, decided in sorted(rules.items()):
        yield from wrapped(lead, ", ".join(decided) + exception)


def _application(application: Application, currency: str) -> Iterator[str]:
    """Money put somewhere, or taken back; item by item unless it is all on one. `currency`: where there are several."""
    back = application.amount < 0
    amount, put = f"{abs(application.amount)}{currency}", "back from" if back else "on"
    yield f"  {'<' if back else '='} {amount} of {application.from_} {put} {application.to}, {application.date}"
    at: dict[Place, list[Part]] = {}
    for part in application.parts:
        at.setdefault(Place(part.item, part.tax), []).append(part)
    if back or len(application.parts) > 1:
        for place, parts in at.items():
            yield from wrapped("      ", f"{place_in(place.item, place.tax)}  {put_text(parts, -1 if back else 1)}")


def put_text(parts: list[Part], sign: int) -> str:
    """What is put on one place; of a credit memo, with the items of the memo that it comes from."""
    from_ = [f"from {place_in(part.source_item, part.source_tax)}" if part.source_item else "" for part in parts]
    total = sum(part.amount for part in parts) * sign
    if len(parts) == 1:
        return f"{total}  {from_[0]}".rstrip()
    each = (f"{part.amount * sign} {of}".rstrip() for part, of in zip(parts, from_, strict=True))
    return f"{total} = {' + '.join(each)}"


def place_in(item: str, tax: str | None) -> str:
    """Where money is on a document: an item, or a tax of it."""
    return f"item {item}" + (f", tax {tax}" if tax else "")


def _balances(balances: tuple[BalanceChange, ...]) -> Iterator[str]:
    for change in balances:
        word = KINDS[change.kind].open_word if change.kind in KINDS else "credit balance"
        stays_zero = change.before == change.after == 0
        if word is not None and not stays_zero:
            before = f"{change.before} -> " if change.before is not None else ""
            yield f"  {word} of {change.number}: {before}{change.after} {change.currency}"
