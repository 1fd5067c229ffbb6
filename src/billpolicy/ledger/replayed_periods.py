"""Charge periods by the journal, held against their table: what was imported, and what operations made of it since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billpolicy.book.changes import PeriodsRecorded
from billpolicy.book.model import ChargePeriod
from billpolicy.diagnostics.codes import Code
from billpolicy.ledger.journal import Recorded
from billpolicy.ledger.reading import charge_periods_by_id, imported_charge_periods
from billpolicy.ledger.statements import Connection
from billpolicy.source.differences import differences, in_words
from billpolicy.source.write import plain_data

_Breach = tuple[Code, str]
_RECORDED = "SELECT id FROM charge_periods WHERE imported IS NULL"


class ReplayedPeriods:
    """What the import and the journal have said of charge periods so far."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._differing: dict[str, ChargePeriod] = {}
        """Those that the table has otherwise by then, as the journal leaves them."""
        self._told: set[str] = set()
        """Those that operations put on record."""
        imported = imported_charge_periods(connection)
        found = charge_periods_by_id(connection, imported)
        for id, one in imported.items():
            self._now(found.get(id), one)

    def held(self, operations: Sequence[Recorded]) -> None:
        """Hold what these operations recorded against the table: it may still become right."""
        changes = [change for each in operations for change in each.changes or ()]
        recorded = [one for change in changes if isinstance(change, PeriodsRecorded) for one in change.periods]
        found = charge_periods_by_id(self._connection, {one.id for one in recorded})
        for one in recorded:
            self._told.add(one.id)
            self._now(found.get(one.id), one)

    def at_the_end(self) -> Iterator[_Breach]:
        """What of the table is not as the journal leaves it."""
        found = charge_periods_by_id(self._connection, self._differing)
        for id, one in sorted(self._differing.items()):
            what = f"charge period `{id}`"
            if id not in found:
                yield "operation-differs", f"{what} is in the journal, but not there any more"
                continue
            for difference in differences(plain_data(one), plain_data(found[id])):
                was, now = in_words(difference.known), in_words(difference.given)
                yield "journal-differs", f"`{difference.path}` of {what} is {now}, but {was} by the journal"
        for (id,) in self._connection.rows(_RECORDED):
            if id not in self._told:
                yield "journal-differs", f"charge period `{id}` is not in the journal, nor was it imported"

    def _now(self, found: ChargePeriod | None, told: ChargePeriod) -> None:
        if found == told:
            self._differing.pop(told.id, None)
        else:
            self._differing[told.id] = told
