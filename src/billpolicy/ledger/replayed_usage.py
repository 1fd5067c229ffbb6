"""Usage by the journal, held against its table: who recorded each record, which document bills it, and at what.

A ledger has more usage than anything else, so what is right is not remembered: only what looks different by then, and
of each document how many records it bills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from billpolicy.book.changes import UsageBilled, UsageRecorded
from billpolicy.book.model import UsageRecord
from billpolicy.diagnostics.codes import Code
from billpolicy.ledger.journal import Recorded
from billpolicy.ledger.reading import usage_of
from billpolicy.ledger.statements import Connection
from billpolicy.money import from_minor
from billpolicy.source.codec import CodecError

_Breach = tuple[Code, str]
_Billed = tuple[str | None, Decimal | None, Decimal | None, str | None]
"""By which document, and at what; what was drawn, and from which charge period."""
_UNBILLED: _Billed = (None, None, None, None)
_RECORDED_BY = "SELECT operation, count(*) FROM usage WHERE operation IN {keys} GROUP BY operation"
_BILLED_BY = "SELECT billed_by, count(*) FROM usage WHERE billed_by IS NOT NULL GROUP BY billed_by"
_IMPORTED = "SELECT imported_billed_by, count(*) FROM usage WHERE imported_billed_by IS NOT NULL GROUP BY 1"
_OTHER_IMPORTED = """
SELECT u.id, d.currency, u.imported_billed_by, u.imported_amount_minor, u.imported_drawn_minor, u.imported_drawn_from
FROM usage u JOIN documents d ON d.number = u.imported_billed_by
WHERE u.billed_by IS NULL OR u.billed_by <> u.imported_billed_by OR u.amount_minor <> u.imported_amount_minor
OR coalesce(u.drawn_minor, 0) <> coalesce(u.imported_drawn_minor, 0)
OR coalesce(u.drawn_from, '') <> coalesce(u.imported_drawn_from, '')
"""


class ReplayedUsage:
    """What the journal has said of usage so far."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._differing: dict[str, _Billed] = {}
        """Records that the table has otherwise by then, as the journal has them."""
        self._billed: Counter[str] = Counter(dict(connection.rows(_IMPORTED)))
        """Document -> how many records it bills."""
        for id, currency, number, amount, drawn, drawn_from in connection.rows(_OTHER_IMPORTED):
            try:
                drawn = None if drawn is None else from_minor(drawn, currency)
                self._differing[id] = number, from_minor(amount, currency), drawn, drawn_from
            except (ArithmeticError, TypeError, ValueError):
                raise CodecError("a row of `usage` cannot be read any more") from None

    def held(self, operations: Sequence[Recorded]) -> Iterator[_Breach]:
        """What of these operations is not as the table has it; what may still become right is kept."""
        changes = [(each.id, change) for each in operations for change in each.changes or ()]
        recorded = {one.id: one for _, change in changes if isinstance(change, UsageRecorded) for one in change.records}
        billed = [change for _, change in changes if isinstance(change, UsageBilled)]
        named = {*recorded, *(one.id for change in billed for one in change.records)}
        found = {one.id: one for one in usage_of(self._connection, "id", named)}
        yield from self._recorded(recorded, found)
        yield from self._counted(operations)
        for id in recorded:
            self._now(found.get(id), id, _UNBILLED)
        for change in billed:
            if change.before is not None:
                self._billed[change.before] -= len(change.records)
            if change.after is not None:
                self._billed[change.after] += len(change.records)
            for one in change.records:
                self._now(found.get(one.id), one.id, (change.after, one.amount, one.drawn, one.drawn_from))

    def at_the_end(self) -> Iterator[_Breach]:
        """What of the table is not as the journal leaves it."""
        for id, (number, amount, drawn, drawn_from) in sorted(self._differing.items()):
            by = f"billed by {number} at {amount}" if number else "not billed"
            by += f", {drawn} of it drawn from {drawn_from}," if drawn_from else ""
            yield "journal-differs", f"usage `{id}` is {by} by the journal, but not in its table"
        found: Counter[str] = Counter(dict(self._connection.rows(_BILLED_BY)))
        for number in sorted(found.keys() | self._billed.keys()):
            if found[number] != self._billed[number]:
                message = f"{number} bills {found[number]} usage records, but {self._billed[number]} by the journal"
                yield "journal-differs", message

    def _now(self, found: UsageRecord | None, id: str, billed: _Billed) -> None:
        if found is not None and (found.billed_by, found.amount, found.drawn, found.drawn_from) == billed:
            self._differing.pop(id, None)
        elif found is not None:
            self._differing[id] = billed

    def _recorded(self, recorded: dict[str, UsageRecord], found: dict[str, UsageRecord]) -> Iterator[_Breach]:
        for id, one in recorded.items():
            if id not in found:
                yield "operation-differs", f"usage `{id}` is in the journal, but not there any more"
            elif replace(found[id], billed_by=None, amount=None, drawn=None, drawn_from=None) != one:
                yield "journal-differs", f"usage `{id}` is not as operation `{one.operation}` recorded it"

    def _counted(self, operations: Iterable[Recorded]) -> Iterator[_Breach]:
        in_table: dict[str, int] = dict(self._connection.rows(_RECORDED_BY, [each.id for each in operations]))
        for each in operations:
            of_it = [change for change in each.changes or () if isinstance(change, UsageRecorded)]
            count = sum(len(change.records) for change in of_it)
            if in_table.get(each.id, 0) > count:
                message = f"operation `{each.id}` recorded {count} usage records, but {in_table[each.id]} say so"
                yield "operation-differs", message
