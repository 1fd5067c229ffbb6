"""What `import-csv` answers: how many rows made how many records."""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.source.record import record


@record
class ImportedTable:
    """A table that was read."""

    file: str
    record: str
    """The section of the book that its records are in."""
    rows: int
    records: int


@record
class ImportedTables:
    """What came of tables: a book, or with `--propose` a mapping."""

    tables: tuple[ImportedTable, ...] = ()
    into: str | None = None
    """The file or the ledger that has it now; without it, nothing was written."""
    added: Mapping[str, int] | None = None
    """Of a ledger: section of the book -> how many are new there."""
    known: Mapping[str, int] | None = None
    """Of a ledger: how many were there before."""
    mapping: str | None = None
    """The text of the mapping that is proposed."""
