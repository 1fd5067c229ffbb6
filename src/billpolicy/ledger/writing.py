"""Writing records, set-based: many rows with each statement. Shared by posting and importing.

What came is inserted: documents, applications, master data and its values, usage. What else operations changed is told
by the books before and after: a document, subscription or usage record that is another one now is written as it is now,
whatever kind of change that was. Parts are written before their whole, because a whole is closed from the moment it
stands (see the guards).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Table

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
    Account,
    Application,
    Attributes,
    Charge,
    ChargePeriod,
    Contact,
    Custom,
    Document,
    MasterRecord,
    Numbered,
    Payment,
    Refund,
    Reversible,
    Subscription,
    UsageRecord,
    VoidNumber,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.ledger import journal, rows, schema
from billpolicy.ledger.chain import Link, extend
from billpolicy.ledger.ends import Ends, ask_ends
from billpolicy.ledger.policies import ask_known, keep_policies
from billpolicy.ledger.statements import Connection, Row, last_id
from billpolicy.planning.plan import Plan
from billpolicy.posting.store import Entry, PolicyText
from billpolicy.source.codec import encode

_RAISE = {
    scope: f"UPDATE {table.name} SET revision = revision + 1 WHERE {key} IN {{keys}}"
    for scope, table, key in (
        ("document", schema.documents, "number"),
        ("account", schema.accounts, "id"),
        ("subscription", schema.subscriptions, "id"),
    )
}
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


class Filed(NamedTuple):
    """A document to be written; `draw` and `operation` are None for what is imported, `import_id` for what is not."""

    document: Numbered
    draw: NumberDraw | None = None
    operation: str | None = None
    revision: int = 0
    changed_by: str | None = None
    """The last operation that changed the record itself; None for none."""
    import_id: int | None = None


class Put(NamedTuple):
    """An application to be written; `operation` is None for what is imported, `import_id` for what is not."""

    application: Application
    currency: str
    operation: str | None = None
    import_id: int | None = None


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


def write_usage(
    connection: Connection, records: Iterable[UsageRecord], book: Book, import_id: int | None = None
) -> None:
    """Insert usage records; the book has the documents that bill them. `import_id`: the import that brought them."""
    values = []
    for one in records:
        currency = "" if one.billed_by is None else book.numbered[one.billed_by].currency
        was = billed_as(one, book) if import_id is not None else (None,) * len(rows.IMPORTED_USAGE)
        as_imported = dict(zip(rows.IMPORTED_USAGE, was, strict=True))
        values.append(rows.USAGE.row(one, currency, import_id=import_id, **as_imported))
    connection.insert(schema.usage, values)


def billed_as(record: UsageRecord, book: Book) -> Row:
    """Which document bills it, at what, and what was drawn and of what, as the columns have it."""
    if record.billed_by is None:
        return None, None, None, None
    currency = book.numbered[record.billed_by].currency
    amounts = (None if amount is None else rows.minor_of(amount, currency) for amount in (record.amount, record.drawn))
    billed, drawn = amounts
    return record.billed_by, billed, drawn, record.drawn_from


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
            row = dict(zip(schema.charge_periods.columns.keys(), _period_row(now), strict=True))
            changed.append((*(row[name] for name in _OF_PERIOD), id))
    connection.run(_CHANGE_PERIOD, changed)


def write_charge_periods(connection: Connection, periods: Iterable[ChargePeriod], import_id: int | None = None) -> None:
    """Insert charge periods. `import_id`: the import that brought them."""
    connection.insert(schema.charge_periods, [_period_row(one, import_id) for one in periods])


def _period_row(period: ChargePeriod, import_id: int | None = None) -> Row:
    imported = None if import_id is None else encode(period)
    return rows.CHARGE_PERIODS.row(period, period.currency, imported=imported, import_id=import_id)


def write_void_numbers(connection: Connection, void_numbers: Iterable[VoidNumber], import_id: int) -> None:
    """Insert numbers that no document has, which an import brought."""
    connection.insert(schema.void_numbers, [rows.VOID_NUMBERS.row(one, import_id=import_id) for one in void_numbers])


def count_on(
    connection: Connection,
    last: Mapping[str, int],
    kinds: Mapping[str, str],
    before: Mapping[str, int],
    sources: Mapping[str, str | None],
    *,
    imported: bool = False,
) -> None:
    """Let the counters of these prefixes stand at their last numbers, where they did not `before`. `sources`: whose
    numbers those of them continue that are of no series."""
    moved = {prefix: counter for prefix, counter in last.items() if before.get(prefix) != counter}
    new = [prefix for prefix in moved if prefix not in before]
    connection.insert(
        schema.counters,
        [
            (prefix, kinds[prefix], moved[prefix] if imported else 0, moved[prefix], sources.get(prefix))
            for prefix in new
        ],
    )
    known = [(moved[prefix], prefix) for prefix in moved if prefix in before]
    if imported:
        connection.run(_COUNT_IMPORTED, [(counter, counter, prefix) for counter, prefix in known])
    else:
        connection.run(_COUNT_DRAWN, known)


def import_master(connection: Connection, records: Iterable[MasterRecord], import_id: int) -> None:
    """Insert records of master data of a book: as they came, and what was given to them since."""
    values: dict[Table, list[Row]] = defaultdict(list)
    for record in records:
        _add_master(values, record, 0, import_id)
    _insert_master(connection, values)


def _write_posted_master(connection: Connection, plans: Sequence[Plan], before: Book, after: Book) -> None:
    """Insert what operations created, added and gave."""
    values: dict[Table, list[Row]] = defaultdict(list)
    created = {master_name(one.record) for plan in plans for one in plan.of(Created)}
    for name in created:
        _add_master(values, master_record(after, *scope_of(name)), after.revisions.get(name, 0))
    for id in dict.fromkeys(one.subscription for plan in plans for one in plan.of(ChargeAdded)):
        if subscription_name(id) not in created:
            _add_charges(values, as_it_came(after.subscriptions[id]), len(before.subscriptions[id].charges))
    given = dict.fromkeys((one.scope, one.id) for plan in plans for one in plan.of(Given))
    for scope, id in given:
        if f"{scope}:{id}" not in created:
            known = len(given_since(master_record(before, scope, id)))
            _add_given(values, master_record(after, scope, id), known)
    _insert_master(connection, values)


_MASTER = (
    schema.accounts,
    schema.contacts,
    schema.charges,
    schema.subscriptions,
    schema.subscribed_charges,
    schema.accounting_periods,
    schema.held,
)
"""In an order in which each row finds those that it names."""


def _insert_master(connection: Connection, values: Mapping[Table, list[Row]]) -> None:
    for table in _MASTER:
        connection.insert(table, values.get(table, []))


def _add_master(
    values: dict[Table, list[Row]], record: MasterRecord, revision: int, import_id: int | None = None
) -> None:
    """Rows of a new record; `revision`: how often operations of the same transaction have changed it since it came."""
    came: Any = as_it_came(record)
    if isinstance(came, Account):
        values[schema.accounts].append(rows.ACCOUNTS.row(came, revision=revision, import_id=import_id))
    elif isinstance(came, Contact):
        values[schema.contacts].append(rows.CONTACTS.row(came, import_id=import_id))
    elif isinstance(came, Charge):
        values[schema.charges].append(rows.CHARGES.row(came, import_id=import_id))
    elif isinstance(came, Subscription):
        canceled = None if import_id is None else rows.day_text(came.canceled_on)
        row = rows.SUBSCRIPTIONS.row(came, imported_canceled_on=canceled, revision=revision, import_id=import_id)
        values[schema.subscriptions].append(row)
        _add_charges(values, came, 0, import_id)
    else:
        values[schema.accounting_periods].append(rows.PERIODS.row(came, import_id=import_id))
    _add_given(values, record, 0, import_id)


def _add_charges(values: dict[Table, list[Row]], came: Subscription, first: int, import_id: int | None = None) -> None:
    for position, charge in enumerate(came.charges[first:], first):
        through = None if import_id is None else rows.day_text(charge.charged_through)
        row = rows.SUBSCRIBED_CHARGES.row(
            charge, subscription=came.id, position=position, imported_through=through, import_id=import_id
        )
        values[schema.subscribed_charges].append(row)


def _add_given(values: dict[Table, list[Row]], record: MasterRecord, first: int, import_id: int | None = None) -> None:
    scope, id = scope_of(master_name(record))
    for position, held in enumerate(given_since(record)[first:], first):
        by = held.operation if import_id is None else None
        row = rows.HELD.row(held, scope=scope, id=id, position=position, posted_by=by, import_id=import_id)
        values[schema.held].append(row)


_COUNT_DRAWN = "UPDATE counters SET last = :last WHERE prefix = :prefix"
_COUNT_IMPORTED = "UPDATE counters SET imported = :imported, last = :last WHERE prefix = :prefix"


def write_documents(connection: Connection, filed: Iterable[Filed], last: int | None = None) -> None:
    """Insert documents with all their items. `last`: the id of the last that there is, where that is known."""
    values: dict[Table, list[Row]] = defaultdict(list)
    if last is None:
        last = last_id(connection, schema.documents)
    for id, (document, draw, operation, revision, changed_by, import_id) in enumerate(filed, last + 1):
        amount = rows.minor_of(document.amount, document.currency)
        if isinstance(document, Document):
            _add_items(values, document)
        elif isinstance(document, Refund):
            values[schema.refund_parts] += [
                rows.REFUND_PARTS.row(part, document.currency, refund=document.number, position=position)
                for position, part in enumerate(document.parts)
            ]
        imported = document if operation is None and isinstance(document, Reversible) else None
        row = rows.document_row(
            document,
            amount,
            id=id,
            prefix=draw and draw.prefix,
            start=draw and draw.start,
            counter=draw and draw.counter,
            operation=operation,
            revision=revision,
            imported_status=imported and imported.status,
            imported_reversed=imported and imported.reversed_,
            imported_posted_as=imported and getattr(imported, "posted_as", None),
            changed_by=changed_by,
            import_id=import_id,
        )
        values[schema.documents].append(row)
    for table in _DOCUMENTS:
        connection.insert(table, values[table])


_DOCUMENTS = (
    schema.items,
    schema.taxes,
    schema.combined,
    schema.refund_parts,
    schema.documents,
    schema.billed,
)
"""The tables that documents stand in; parts before their whole."""


def _add_items(values: dict[Table, list[Row]], document: Document) -> None:
    number, currency = document.number, document.currency
    for position, item in enumerate(document.items):
        values[schema.items].append(rows.ITEMS.row(item, currency, document=number, position=position))
        for place, tax in enumerate(item.taxes):
            row = rows.TAXES.row(tax, currency, document=number, item=item.id, position=place)
            values[schema.taxes].append(row)
        for place, share in enumerate(item.combines):
            row = rows.COMBINED.row(share, currency, document=number, item=item.id, position=place)
            values[schema.combined].append(row)
    # Which subscriptions a document bills or gives days of back, as far as anybody asks: of invoices, of what a bill
    # run made, and of credit memos that were made from no document.
    gives_back = document.kind == "credit_memo" and document.related is None
    if document.kind == "invoice" or document.bill_run is not None or gives_back:
        day = document.date.isoformat()
        values[schema.billed] += [
            (name, day, number, document.kind, document.bill_run) for name in document.subscriptions
        ]


def write_applications(connection: Connection, applied: Sequence[Put], last: int | None = None) -> None:
    """Insert applications with all their parts. `last`: the id of the last that there is, where that is known."""
    if not applied:
        return
    if last is None:
        last = last_id(connection, schema.applications)
    parts, wholes = [], []
    for key, (made, currency, operation, import_id) in enumerate(applied, last + 1):
        row = rows.APPLICATIONS.row(made, currency, id=key, currency=currency, operation=operation, import_id=import_id)
        wholes.append(row)
        parts += [
            rows.APPLICATION_PARTS.row(part, currency, application=key, position=position)
            for position, part in enumerate(made.parts)
        ]
    connection.insert(schema.application_parts, parts)
    connection.insert(schema.applications, wholes)


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


def raise_revisions(connection: Connection, names: Iterable[str]) -> None:
    """Raise the revision of documents, of `account:ID` and of `subscription:ID` by one, as often as each is named."""
    seen: Counter[str] = Counter()
    rounds: dict[tuple[int, str], list[str]] = defaultdict(list)
    for name in names:
        scope, id = scope_of(name)
        rounds[seen[name], scope].append(id)
        seen[name] += 1
    for (_, scope), ids in rounds.items():  # a guard lets a revision go up by one
        connection.run(_RAISE[scope], [(connection.dialect.keys(ids),)])
