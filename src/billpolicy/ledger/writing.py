"""Writing what operations made and changed.

What came is inserted: documents, applications, master data and its values, usage. What else operations changed is told
by the books before and after: a document, subscription or usage record that is another one now is written as it is now,
whatever kind of change that was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    Applied,
    ChargeAdded,
    Created,
    Given,
    Issued,
    PeriodsRecorded,
    UsageBilled,
    UsageRecorded,
    master_name,
    master_record,
    scope_of,
    subscription_name,
)
from billpolicy.book.history import as_it_came, given_since
from billpolicy.book.model import (
    Attributes,
    Custom,
    Document,
    Numbered,
    Payment,
    Subscription,
)
from billpolicy.ledger import journal, rows, schema
from billpolicy.ledger.chain import Link, extend
from billpolicy.ledger.ends import Ends, ask_ends
from billpolicy.ledger.inserting import (
    Filed,
    Put,
    add_charges,
    add_given,
    add_master,
    billed_as,
    count_on,
    insert_master,
    period_row,
    raise_revisions,
    write_applications,
    write_charge_periods,
    write_documents,
    write_usage,
)
from billpolicy.ledger.policies import ask_known, keep_policies
from billpolicy.ledger.statements import Connection, Row
from billpolicy.ledger.tables import Table
from billpolicy.planning.plan import Plan
from billpolicy.posting.store import Entry, PolicyText

_CHANGE_DOCUMENT = """
UPDATE documents SET revision = revision + 1, status = :status, reversed = :reversed,
    reversed_reason = :reversed_reason, posted_as = :posted_as, changed_by = :changed_by
WHERE number = :number
"""
_CHANGE_SUBSCRIPTION = "UPDATE subscriptions SET revision = revision + 1, canceled_on = :canceled_on WHERE id = :id"
_CHANGE_CHARGE = """
UPDATE subscribed_charges SET charged_through = :charged_through WHERE subscription = :subscription AND id = :id
"""
_FREE_USAGE = """
UPDATE usage SET billed_by = NULL, amount_minor = NULL, drawn_minor = NULL, drawn_from = NULL WHERE id = :id
"""
_BILL_USAGE = """
UPDATE usage SET billed_by = :billed_by, amount_minor = :amount_minor, drawn_minor = :drawn_minor,
    drawn_from = :drawn_from
WHERE id = :id
"""
_OF_PERIOD = schema.CHANGES["charge_periods"]
_CHANGE_PERIOD = f"UPDATE charge_periods SET {', '.join(f'{name} = :{name}' for name in _OF_PERIOD)} WHERE id = :id"


def write_entries(
    connection: Connection, entries: Sequence[Entry], before: Book, after: Book, policies: Collection[PolicyText]
) -> None:
    """Write operations with all that they make and change: `Writer.write`."""
    changed_by = {
        name: plan.id
        for plan, _, _ in entries
        for change in plan.changes
        if not isinstance(change, (Issued, Applied, PeriodsRecorded))
        for name in change.touched()
    }
    with connection.at_once():
        ends_asked, known_asked = ask_ends(connection), ask_known(connection, policies)
    ends = ends_asked()
    with connection.together():
        kept = keep_policies(connection, policies, known_asked)
        _write(connection, entries, before, after, kept, ends, changed_by)


def _write(
    connection: Connection,
    entries: Sequence[Entry],
    before: Book,
    after: Book,
    policies: Mapping[str, str],
    ends: Ends,
    changed_by: Mapping[str, str],
) -> None:
    contents = journal.write_operations(connection, entries, ends.audit)
    _link(connection, entries, contents, policies, ends)
    _write_posted_master(connection, [plan for plan, _, _ in entries], before, after)
    sources = {change.draw.prefix: change.draw.source for plan, _, _ in entries for change in plan.of(Issued)}
    count_on(connection, after.counters, after.prefixes, before.counters, sources)
    write_documents(
        connection,
        [
            Filed(after.numbered[number], change.draw, plan.id, after.revisions.get(number, 0), changed_by.get(number))
            for plan, _, _ in entries
            for change in plan.of(Issued)
            for number in [change.document.number]
        ],
        ends.documents,
    )
    write_applications(
        connection,
        [
            Put(made, after.numbered[made.from_].currency, plan.id)
            for plan, _, _ in entries
            for made in plan.applications
        ],
        ends.applications,
    )
    times = Counter(name for plan, _, _ in entries for name in plan.touched)
    _write_changed(connection, times, changed_by, before, after)
    _write_usage(connection, entries, before, after)
    _write_charge_periods(connection, entries, before, after)


def _link(
    connection: Connection, entries: Sequence[Entry], contents: Sequence[str], policies: Mapping[str, str], ends: Ends
) -> None:
    """Link operations, each policy before the first that was posted by it: however many are written together, the chain
    is the same. The contents of operations are in their order, those of new policies by digest."""
    first: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first.setdefault(entry.plan.policy_digest, place)
    links = [(first.get(digest, -1), Link("policy", digest, content)) for digest, content in policies.items()]
    links += [
        (place, Link("operation", entry.plan.id, content))
        for place, (entry, content) in enumerate(zip(entries, contents, strict=True))
    ]
    extend(connection, (link for _, link in sorted(links, key=lambda one: one[0])), (ends.chain, ends.digest))


def _write_usage(connection: Connection, entries: Sequence[Entry], before: Book, after: Book) -> None:
    """Insert what is recorded, and write what of the others is billed by another document now, or by none any more."""
    recorded = {one.id: None for plan, _, _ in entries for made in plan.of(UsageRecorded) for one in made.records}
    billed = {one.id: None for plan, _, _ in entries for made in plan.of(UsageBilled) for one in made.records}
    write_usage(connection, [after.usage[id] for id in recorded], after)
    freed, taken = [], []
    for id in billed:
        if id in recorded:
            continue
        was, now = before.usage[id], after.usage[id]
        written = replace(was, billed_by=now.billed_by, amount=now.amount, drawn=now.drawn, drawn_from=now.drawn_from)
        _can_change(written, now, id)
        if was.billed_by is not None:
            freed.append((id,))  # a guard lets nothing be billed by two documents, not even one after the other
        if now.billed_by is not None:
            taken.append((*billed_as(now, after), id))
    connection.run(_FREE_USAGE, freed)
    connection.run(_BILL_USAGE, taken)


def _write_charge_periods(connection: Connection, entries: Sequence[Entry], before: Book, after: Book) -> None:
    """Insert what is on record now and was not before, and write what stands otherwise."""
    named = {one.id: None for plan, _, _ in entries for made in plan.of(PeriodsRecorded) for one in made.periods}
    write_charge_periods(connection, [after.charge_periods[id] for id in named if id not in before.charge_periods])
    changed = []
    for id in named:
        was, now = before.charge_periods.get(id), after.charge_periods[id]
        if was is not None and was != now:
            line = {name: getattr(was, name) for name in ("subscription", "charge", "document", "item", "currency")}
            _can_change(replace(now, **line), now, id)
            row = dict(zip(schema.charge_periods.names, period_row(now), strict=True))
            changed.append((*(row[name] for name in _OF_PERIOD), id))
    connection.run(_CHANGE_PERIOD, changed)


def _write_posted_master(connection: Connection, plans: Sequence[Plan], before: Book, after: Book) -> None:
    """Insert what operations created, added and gave."""
    values: dict[Table, list[Row]] = defaultdict(list)
    created = {master_name(one.record) for plan in plans for one in plan.of(Created)}
    for name in created:
        add_master(values, master_record(after, *scope_of(name)), after.revisions.get(name, 0))
    for id in dict.fromkeys(one.subscription for plan in plans for one in plan.of(ChargeAdded)):
        if subscription_name(id) not in created:
            add_charges(values, as_it_came(after.subscriptions[id]), len(before.subscriptions[id].charges))
    given = dict.fromkeys((one.scope, one.id) for plan in plans for one in plan.of(Given))
    for scope, id in given:
        if f"{scope}:{id}" not in created:
            known = len(given_since(master_record(before, scope, id)))
            add_given(values, master_record(after, scope, id), known)
    insert_master(connection, values)


def _write_changed(
    connection: Connection, times: Mapping[str, int], changed_by: Mapping[str, str], before: Book, after: Book
) -> None:
    """Raise the revision of what stood before as often as it was changed, and write what is another record now."""
    documents, subscriptions, raised = [], [], []
    charges: list[Row] = []
    for name, count in times.items():
        scope, id = scope_of(name)
        if scope == "subscription":
            was_subscribed, now = before.subscriptions.get(id), after.subscriptions[id]
            if was_subscribed is None:
                continue  # as of a document: it was created by one of these operations
            if was_subscribed is not now:
                _check_kept(was_subscribed, now)
                charges += _moved(was_subscribed, now)
                subscriptions.append((rows.day_text(now.canceled_on), id))
                count -= 1
        elif scope == "account":
            if id not in before.accounts:
                continue
        elif name in before.numbered:
            was, document = before.numbered[name], after.numbered[name]
            if document is not was:
                documents.append((*_changed(was, document), changed_by.get(name), name))
                count -= 1
        else:
            continue  # it was made by one of these operations, and is written as it is after all of them
        raised += [name] * count
    raise_revisions(connection, raised)
    connection.run(_CHANGE_DOCUMENT, documents)
    connection.run(_CHANGE_SUBSCRIPTION, subscriptions)
    connection.run(_CHANGE_CHARGE, charges)


def _check_kept(known: Subscription, now: Subscription) -> None:
    """What was given to a subscription, or added to it, stands in rows of its own; of itself little changes."""
    came, before = _holding(as_it_came(now)), _holding(as_it_came(known))
    _can_change(replace(before, canceled_on=came.canceled_on, charges=came.charges), came, now.id)
    for one, was in zip(came.charges, before.charges, strict=False):
        _can_change(replace(was, charged_through=one.charged_through), one, one.id)


def _holding(record: Subscription) -> Subscription:
    """Without the attributes and custom values that it says it does not hold: what holds none came without one."""
    attributes: Attributes = {name: value for name, value in record.attributes.items() if value is not None}
    custom: Custom = {name: value for name, value in record.custom.items() if value is not None}
    return replace(record, attributes=attributes, custom=custom)


def _changed(was: Numbered, now: Numbered) -> Row:
    """What a document says now, of the columns that operations change."""
    written: Numbered
    if isinstance(now, Payment):
        assert isinstance(was, Payment)
        written = replace(was, reversed_=now.reversed_, reversed_reason=now.reversed_reason)
        row: Row = (now.status, now.reversed_, now.reversed_reason, None)
    else:
        assert isinstance(was, Document)
        assert isinstance(now, Document)
        written = replace(was, status=now.status, reversed_=now.reversed_, posted_as=now.posted_as)
        row = (now.status, now.reversed_, None, now.posted_as)
    _can_change(written, now, now.number)
    return row


def _moved(known: Subscription, now: Subscription) -> Iterator[Row]:
    """Charges that are charged through another day. What was added behind them is inserted as it is now."""
    for one, was in zip(now.charges, known.charges, strict=False):
        if one.charged_through != was.charged_through:
            yield (rows.day_text(one.charged_through), now.id, one.id)


def _can_change(written: object, now: object, name: str) -> None:
    """A change of a field that no statement here writes is a bug: the ledger would not keep it."""
    if written != now:
        raise ValueError(f"a ledger cannot keep what was changed of {name}: {now}")
