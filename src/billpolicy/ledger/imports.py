"""What was imported, held against the links of the imports that brought it.

Of what is imported there is no journal. Imports are numbered, every row says which one brought it, and the link of that
one holds the digest of its rows as they came: so a later link stands for nothing but what came later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from billpolicy.ledger import schema
from billpolicy.ledger.chain import Content, Link, extend
from billpolicy.ledger.statements import Connection, Row
from billpolicy.ledger.structure import Breach
from billpolicy.ledger.tables import Column, Table, Type
from billpolicy.source.codec import CodecError, canonical, decode

BROUGHT = (
    (schema.accounts, "created_by IS NULL"),
    (schema.contacts, "created_by IS NULL"),
    (schema.charges, "created_by IS NULL"),
    (schema.subscriptions, "created_by IS NULL"),
    (schema.subscribed_charges, "created_by IS NULL"),
    (schema.accounting_periods, "created_by IS NULL"),
    (schema.held, "posted_by IS NULL"),
    (schema.void_numbers, "number IS NOT NULL"),
    (schema.documents, "operation IS NULL"),
    (schema.applications, "operation IS NULL"),
    (schema.usage, "operation IS NULL"),
    (schema.charge_periods, "imported IS NOT NULL"),
)
"""Tables whose rows say which import brought them, and which rows those are. Parts came with their whole."""
_AS_IMPORTED = {
    "documents.status": "coalesce(imported_status, status)",
    "documents.reversed": "coalesce(imported_reversed, reversed)",
    "documents.reversed_reason": "CASE WHEN coalesce(imported_reversed, reversed) THEN reversed_reason END",
    "documents.posted_as": "CASE WHEN imported_status IS NULL THEN posted_as ELSE imported_posted_as END",
    "subscriptions.canceled_on": "imported_canceled_on",
    "subscribed_charges.charged_through": "imported_through",
    "usage.billed_by": "imported_billed_by",
    "usage.amount_minor": "imported_amount_minor",
    "usage.drawn_minor": "imported_drawn_minor",
    "usage.drawn_from": "imported_drawn_from",
}
"""What operations change of imported rows, as it was imported; what else they change is held against the journal."""
_COUNTERS = "SELECT prefix, kind, imported, source FROM counters WHERE imported <> 0"
_LAST = "SELECT what FROM chain WHERE kind = 'import' ORDER BY id DESC LIMIT 1"
_HIGHEST = " UNION ALL ".join(f"SELECT max(import_id) AS id FROM {table.name}" for table, _ in BROUGHT)
_NONE = -1
"""Stands for the number of an import where there can be none."""


class ImportTold(NamedTuple):
    """What the link of an import tells beside the digest of the rows that it brought."""

    number: int
    """1, 2, 3, ...; of the first link of a chain: that of the last import there was, 0 for none. It stands for all."""
    raised: tuple[str, ...]
    """The records of before that it went on with, as `Book.revisions` names them."""
    counters: dict[str, tuple[str, int, str | None]]
    """Prefix -> kind, highest number that was imported, and source, of each counter that it moved."""


def begin(connection: Connection) -> None:
    """Link everything that was imported by now, as the first link of imports that a chain has."""
    ((number,),) = connection.rows(f"SELECT coalesce(max(id), 0) FROM ({_HIGHEST}) AS every_import")
    told = ImportTold(number, (), _counters(connection))
    extend(connection, [Link("import", canonical(told), _contents(connection, number)[number])])


def next_number(connection: Connection) -> int:
    """The number of the next import. Raises `CodecError` where the chain does not tell it any more."""
    ((what,),) = connection.rows(_LAST)
    return decode(ImportTold, what).number + 1


def link_import(connection: Connection, number: int, raised: Collection[str], before: Mapping[str, int]) -> None:
    """Link an import that went on with these records of before; `before`: the counters as far as they were imported. An
    import that changed nothing has no link."""
    moved = {prefix: told for prefix, told in _counters(connection).items() if told[1] != before.get(prefix, 0)}
    brought = _contents(connection, number, after=number - 1)
    if brought or raised or moved:
        told = ImportTold(number, tuple(sorted(raised)), moved)
        extend(connection, [Link("import", canonical(told), brought[number])])


def _counters(connection: Connection) -> dict[str, tuple[str, int, str | None]]:
    return {prefix: (kind, imported, source) for prefix, kind, imported, source in connection.rows(_COUNTERS)}


def _contents(connection: Connection, first: int, after: int = _NONE) -> defaultdict[int, str]:
    """Import -> the digest of all that it brought, as it came; of those after one. The first of them and all before it
    are one. What brought nothing has the digest of nothing."""
    found: defaultdict[int, Content] = defaultdict(Content)
    own = ((table, None) for table, _ in BROUGHT)
    for table, part in chain(own, ((one.table, one) for one in schema.PARTS)):
        for number, *row in connection.each(_select(table, part), after=after):
            import_id = max(number, first) if isinstance(number, int) else _NONE
            found[import_id].add((table.name, *row))
    nothing = Content().digest
    return defaultdict(lambda: nothing, {number: content.digest for number, content in found.items()})


def _select(table: Table, part: schema.PartOf | None) -> str:
    """The query of the rows of a table that were imported, each behind the number of its import; of parts that of their
    whole."""
    changes = schema.CHANGES.get(table.name, ())
    told = ", ".join(
        _as_imported(table, one)
        for one in table.columns
        if one.name != "import_id" and (one.name not in changes or f"{table.name}.{one.name}" in _AS_IMPORTED)
    )
    brought_by, joined = table.name, table.name
    if part is not None:
        brought_by = part.whole.name
        joined = f"{table.name} JOIN {brought_by} ON {brought_by}.{part.key} = {table.name}.{part.column}"
    number = f"{brought_by}.import_id"
    return f"SELECT {number}, {told} FROM {joined} WHERE {number} > :after ORDER BY {schema.key_of(table)}"


def _as_imported(table: Table, column: Column) -> str:
    """The SQL of a column as it was imported. What is true or false is a number: some databases know nothing else."""
    name = f"{table.name}.{column.name}"
    sql = _AS_IMPORTED.get(name, name)
    if column.type is Type.BOOLEAN:
        return f"CASE WHEN {sql} IS NULL THEN NULL WHEN {sql} THEN 1 ELSE 0 END"
    return sql


class Imports:
    """The links of imports of one chain, and what they say of the rows."""

    def __init__(self) -> None:
        self.raised: Counter[str] = Counter()
        """Record, named as in `Book.revisions` -> how many imports went on with it since the chain began."""
        self._first = self._last = _NONE
        self._contents: dict[int, str] = {}
        self._counters: dict[str, tuple[str, int, str | None]] = {}
        self._broken: list[Breach] = []

    def add(self, link: int, what: str, content: str) -> None:
        """Take the next link, by its number in the chain."""
        try:
            told = decode(ImportTold, what)
        except (CodecError, TypeError):
            self._broken.append(("chain-broken", f"what link {link} of the chain says of an import cannot be read"))
            return
        if self._contents and told.number != self._last + 1:
            self._broken.append(("chain-broken", f"the import of link {link} does not follow on the one before it"))
        if not self._contents:
            self._first = told.number
        self._last = told.number
        self._contents[told.number] = content
        self.raised.update(told.raised)
        for prefix, (kind, counter, source) in told.counters.items():
            was = self._counters.get(prefix, (kind, 0, source))
            if (kind, source) != (was[0], was[2]) or counter < was[1]:
                message = f"the import of link {link} sets the counter of prefix `{prefix}` to what it cannot become"
                self._broken.append(("chain-broken", message))
            self._counters[prefix] = kind, counter, source

    def breaches(self, connection: Connection) -> Iterator[Breach]:
        """What is not as the links say."""
        yield from self._broken
        found = _contents(connection, self._first)
        for number in sorted({*found, *self._contents}):
            if number not in self._contents:
                yield "imported-differs", f"rows say that they came with an import that there never was{_no(number)}"
            elif found[number] != self._contents[number]:
                yield "imported-differs", f"what was imported{self._with(number)} is not what it was"
        yield from _differing(self._counters, connection.rows(_COUNTERS))

    def _with(self, number: int) -> str:
        return f" with import no. {number}" if number > self._first else ""


def _no(number: int) -> str:
    return "" if number == _NONE else f", no. {number}"


def _differing(expected: Mapping[str, tuple[str, int, str | None]], found: Iterable[Row]) -> Iterator[Breach]:
    """Counters that do not begin where imports have set them."""
    counters = {prefix: tuple(told) for prefix, *told in found}
    for prefix in sorted({*expected, *counters}, key=str):
        if expected.get(prefix) != counters.get(prefix):
            yield "imported-differs", f"the counter of prefix `{prefix}` does not begin where an import has set it"
