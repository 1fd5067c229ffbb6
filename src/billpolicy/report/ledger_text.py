"""What `billpolicy ledger show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from billpolicy.book.book import Place
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    Application,
    CreditAdjustment,
    Document,
    MasterRecord,
    Numbered,
    Payment,
    Refund,
    Subscription,
)
from billpolicy.diagnostics.visible import visible
from billpolicy.planning.plan import Plan
from billpolicy.posting.shown import ShownAccount, ShownDocument, ShownOperation, ShownRun
from billpolicy.posting.store import Audit
from billpolicy.report.changes import given_text, in_ledger
from billpolicy.report.history_text import became_text, on_record_text
from billpolicy.report.in_effect import InEffect, in_effect
from billpolicy.report.texts import in_lines, origin, wrapped


def document_text(shown: ShownDocument) -> str:
    """A document: its fields, items with what is open, the money on both sides, and where it came from."""
    document = shown.document
    posted_as = getattr(document, "posted_as", None)
    state = f"posted as {posted_as}" if posted_as else document.status
    state += ", reversed" if getattr(document, "reversed_", False) else ""
    kind = KINDS[document.kind]
    is_open = kind.open_word and document.status == "posted"
    lines = [f"{kind.words} {document.number}, {state}"]
    fields = [
        ("account", document.account),
        ("date", document.date),
        ("due", _due(document)),
        ("amount", f"{document.amount} {document.currency}"),
        (kind.open_word, f"{shown.balance} {document.currency}" if is_open else None),
        ("from", getattr(document, "source", None)),
        ("of", (document.of or "the credit balance") if isinstance(document, Refund) else None),
        ("type", document.type if isinstance(document, CreditAdjustment) else None),
        (_word(document), getattr(document, "document", None)),
        ("reason", getattr(document, "reason", None)),
        ("reversed for", getattr(document, "reversed_reason", None)),
        ("reference", getattr(document, "reference", None)),
        ("write-off", "no money: only `undo_write_off` undoes it" if getattr(document, "write_off", False) else None),
        ("priority", getattr(document, "priority", None)),
        ("expires on", getattr(document, "expires_on", None)),
        ("auto apply", None if getattr(document, "auto_apply", True) else "no: only where it is named"),
        ("comment", document.comment),
    ]
    lines += [f"  {name:<16} {value}" for name, value in fields if value is not None]
    for attribute in in_effect(shown):
        lines += wrapped(f"  {attribute.key:<16} ", _attribute(attribute))
    if isinstance(document, Document):
        open_at = {Place(one.item, one.tax): one.open for one in shown.open_places}
        lines += ["", *_items(document, open_at)]
    if shown.history is not None:
        lines += ["", "  what became of its items", *became_text(shown.history, document.number)]
    lines += _section("applied to", (_application(a, a.to, shown.kinds) for a in shown.applications_from))
    lines += _section("applied from", (_application(a, a.from_, shown.kinds) for a in shown.applications_to))
    lines += _section("refunds", (f"{r.date}  {r.amount:>12}  {r.number}" for r in shown.refunds))
    lines += _section("created from it", (f"{d.date}  {d.amount:>12}  {d.number}" for d in shown.created))
    history = [shown.operation.audit] if shown.operation else []
    entries = [
        f"{a.at:%Y-%m-%d %H:%M} UTC  {a.operation} {_people(a)}" + (f": {visible(a.why)}" if a.why else "")
        for a in (*history, *shown.changed_by)
    ]
    lines += _section("history", entries if shown.operation else ["imported", *entries])
    return in_lines(lines)


def _due(document: Numbered) -> str | None:
    """When it is due, and the payment term that this was worked out from where nobody had said it."""
    due, term = getattr(document, "due_date", None), getattr(document, "due_date_from", None)
    return None if due is None else f"{due}, from {term}" if term else str(due)


def _word(document: Numbered) -> str:
    """How a change of a credit balance names its document."""
    return "from" if getattr(document, "type", None) == "increase" else "for"


def _application(application: Application, other: str, kinds: Mapping[str, str]) -> str:
    kind = KINDS[kinds[other]].words
    what = ", transferred" if kinds[application.to] == Payment.kind else ""
    back = ", taken back" if application.amount < 0 else ""
    return f"{application.date}  {application.amount:>12}  {kind} {other}{what}{back}"


def _people(audit: Audit) -> str:
    return visible(f"by {audit.who}" + (f", approved by {', '.join(audit.approved_by)}" if audit.approved_by else ""))


def _attribute(found: InEffect) -> str:
    """The value that takes effect, and where it is from by which rule."""
    if found.label is None:
        return found.value or "none"
    label = found.label if found.level else f"as on {found.label}"
    if found.binding == "live":
        whose = f"{label}'s" if found.level == "account" else label
        label = f"{whose}, live" if found.value else f"live, and {label} holds none now"
    notes = [origin(label, found.since, found.given_by)]
    if found.binding == "numbered":
        notes.append("not stored")
    if found.when_posted:
        notes.append(f"{found.when_posted} when it was posted")
    if found.rule:
        notes.append(f"by {found.rule}")
    return f"{found.value or 'none'}  ({'; '.join(notes)})"


def _items(document: Document, open_places: Mapping[Place, Decimal]) -> Iterator[str]:
    """Each item with its days, where it bills any: months of one charge are told apart by them."""
    has_days = any(item.service_start for item in document.items)
    room = 26 if has_days else 32
    yield f"  {'item':<{room}} {'amount':>12} {'open':>12}" + ("  days" if has_days else "")
    for item in document.items:
        name = f"{item.id} {item.name or ''}"[:room]
        days = f"  {item.service_start} to {item.service_end or '?'}" if item.service_start else ""
        yield f"  {name:<{room}} {item.amount:>12} {open_places[Place(item.id)]:>12}{days}"
        for one in item.combines:
            name = f"  of it {one.subscribed_charge}"[:room]
            yield f"  {name:<{room}} {one.amount:>12}"
        for tax in item.taxes:
            name = f"  + {tax.name or tax.id}"[:room]
            yield f"  {name:<{room}} {tax.amount:>12} {open_places[Place(item.id, tax.id)]:>12}"


def _section(title: str, rows: Iterable[str]) -> list[str]:
    found = [f"    {row}" for row in rows]
    return ["", f"  {title}", *found] if found else []


def account_text(shown: ShownAccount) -> str:
    """An account: what documents inherit from it, its balances by currency, and its documents with what is open of
    each."""
    account = shown.account
    named = f", {account.name}" if account.name else ""
    lines = [f"account {account.id}{named}, {account.currency}"]
    lines += [f"  {name:<16} {value}" for name, value in sorted(account.attributes.items()) if value is not None]
    lines += _section("contacts", (f"{c.id}" + (f", {c.name}" if c.name else "") for c in shown.contacts))
    lines += _section("subscriptions", (row for one in shown.subscriptions for row in _subscription(one)))
    lines += _section("charge periods on record", on_record_text(shown.charge_periods))
    records: tuple[MasterRecord, ...] = (account, *shown.contacts, *shown.subscriptions)
    given = (text for one in records for text in given_text(one))
    told = [line for text in given for line in wrapped("    ~ ", text)]
    lines += ["", "  values from a day on", *told] if told else []
    lines += _section(f"{'balances':<6} {'open':>15} {'unapplied':>15} {'credit balance':>15}", _balances(shown))
    lines += _section(
        "documents",
        (
            f"{d.date}  {KINDS[d.kind].words:<11} {d.number:<18} {d.amount:>11} {d.currency}" + _state(shown, d)
            for d in shown.documents
            if not isinstance(d, CreditAdjustment)
        ),
    )
    for currency, balance in shown.credit.items():
        changes = (one for one in shown.adjustments if one.currency == currency)
        lines += _section(f"credit balance {balance} {currency}", map(_change, changes))
    return in_lines(lines)


def _balances(shown: ShownAccount) -> Iterator[str]:
    """A line for each currency: nothing is added up across them (docs/domain.md 9.5)."""
    for currency, left in shown.open.items():
        credit = shown.credit.get(currency, "")
        yield f"{currency:<6} {left:>15} {shown.unapplied[currency]:>15} {credit:>15}".rstrip()


def _money(plan: Plan, made: Application) -> str:
    """An amount, in its currency where there are several."""
    return f"{abs(made.amount)}" + (f" {plan.currency_of(made)}" if plan.currency_by_currency else "")


def run_text(shown: ShownRun) -> str:
    """A bill run that was done in parts: how many documents of each kind, from which number to which, and their sum."""
    lines = [f"bill run {shown.id}, an operation for each account: {shown.id}/ACCOUNT"]
    for one in shown.totals:
        numbers = dict.fromkeys((one.numbers[0], one.numbers[-1]))
        words = KINDS[one.kind].words + ("s" if len(one.numbers) > 1 else "")
        lines.append(f"  {len(one.numbers):,} {words}, {one.status}: {one.amount:,} {one.currency}")
        lines.append(f"      {' to '.join(numbers)}")
    return in_lines(lines)


def _steps(plan: Plan, above: str) -> Iterator[str]:
    """What followed an operation, numbered as in a plan, each with the id by which it is shown."""
    for count, followed in enumerate(plan.follow_ups, start=1):
        yield f"{above}{count}. {followed.plan.operation} on {followed.plan.date}"
        yield f"   {followed.plan.id}"
        yield from _steps(followed.plan, f"{above}{count}.")


def _state(shown: ShownAccount, document: Numbered) -> str:
    """What is open of a posted document; of another, what became of it."""
    if document.status != "posted":
        posted_as = getattr(document, "posted_as", None)
        return f"  {document.status}" + (f", posted as {posted_as}" if posted_as else "")
    word = KINDS[document.kind].open_word
    gone = ", reversed" if getattr(document, "reversed_", False) else ""
    return f"  {word} {shown.balances[document.number]}{gone}" if word else ""


def _subscription(subscription: Subscription) -> Iterator[str]:
    """A subscription, and what bill runs go on with: at what each charge is billed, and through which day it is."""
    plan = f", {subscription.plan}" if subscription.plan else ""
    canceled = subscription.canceled_on
    yield subscription.id + plan + (f", canceled: no service from {canceled} on" if canceled else "")
    for charge in subscription.charges:
        told = []
        if charge.rate is not None:
            told.append(f"{'usage' if charge.usage else charge.quantity} x {charge.rate}")
        if charge.charged_through is not None:
            told.append(f"charged through {charge.charged_through}")
        if charge.until is not None:
            told.append(f"ends before {charge.until}")
        yield f"  {charge.id:<16} {', '.join(told)}".rstrip()


def _change(adjustment: CreditAdjustment) -> str:
    amount = f"{'+' if adjustment.type == 'increase' else '-'}{adjustment.amount}"
    about = f"  {_word(adjustment)} {adjustment.document}" if adjustment.document else ""
    return f"{adjustment.date}  {adjustment.number:<33} {amount:>12}{about}"


def operation_text(shown: ShownOperation) -> str:
    """An operation: who posted it when, why, by which policy, and what it made."""
    plan, audit = shown.plan, shown.audit
    lines = [
        f"operation {plan.id}: {plan.operation} on {plan.date}",
        f"  posted by        {visible(audit.who)} at {audit.at:%Y-%m-%d %H:%M} UTC",
        *([f"  approved by      {visible(', '.join(audit.approved_by))}"] if audit.approved_by else []),
        *([f"  because          {visible(audit.why)}"] if audit.why else []),
        *([f"  request          {visible(audit.request)}"] if audit.request else []),
        f"  policy           {plan.policy} ({plan.policy_digest[:12]}), engine {plan.engine}",
    ]
    if shown.caused_by is not None:
        cause = shown.caused_by
        lines.append(f"  follows          {cause.operation}, after {cause.after}")
        lines.append(f"  by               {cause.rule}, {cause.position.place}")
    lines += _section(
        "made",
        (
            f"{KINDS[p.document.kind].words} {p.document.number}  {p.document.amount} {p.document.currency}"
            for p in plan.documents
        ),
    )
    lines += _section("changed", in_ledger(plan))
    put = [a for a in plan.applications if a.amount >= 0]
    back = [a for a in plan.applications if a.amount < 0]
    lines += _section("applied", (f"{_money(plan, a)} of {a.from_} on {a.to}, {a.date}" for a in put))
    lines += _section("taken back", (f"{_money(plan, a)} of {a.from_} from {a.to}, {a.date}" for a in back))
    lines += _section("followed by", _steps(plan, ""))
    return in_lines(lines)
