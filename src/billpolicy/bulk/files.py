"""Files of rows, Parquet or CSV, decided batch by batch: whatever their length, what is held in memory is not more.

While one batch is decided the next is read and the one before written, each by a thread of its own.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from billpolicy.bulk.arguments import expect_to_decide
from billpolicy.bulk.csv_cells import Unread, read_cells
from billpolicy.bulk.tables import MOST_ROWS, Bulk, plain, sized
from billpolicy.bulk.tally import Tally
from billpolicy.bulk.types import in_texts, is_text
from billpolicy.deciding.columns import fields_of
from billpolicy.deciding.rows import DATE
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, type_of
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.spreadsheets import harmless
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Vocabulary

_BLOCK = 1 << 24
"""Bytes of a CSV file that become a batch."""
_PLAIN = "^[0-9A-Za-z][ -~]*$"
"""A text that anybody shows as it is."""
_NOT_UTF8 = re.compile(r"In CSV column #(?P<column>[0-9]+): .*invalid UTF8")
_SHORT = re.compile(r"CSV parse error: (?:Row #[0-9]+: )?Expected (?P<wanted>[0-9]+) columns, got (?P<found>[0-9]+): ")
Watch = Callable[[int, int | None], object]
"""Is told how many rows are done, and of how many, where that is known."""


_Read = TypeVar("_Read")


class _Writer(Protocol):
    def write_batch(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


class _Data(NamedTuple):
    """A file that is read."""

    schema: pa.Schema
    rows: int | None
    """How many, where the file says so."""
    batches: Iterator[tuple[pa.RecordBatch, Unread]]


def resolve_file(
    policy: Versions,
    operation: str | Sequence[str],
    data: Path,
    into: BinaryIO,
    *,
    format: str,
    unset: Collection[str] = (),
    keep: Collection[str] = (),
    watch: Watch | None = None,
    vocabulary: Vocabulary = VOCABULARY,
) -> Tally:
    """Decide each row of a file, `.parquet` or `.csv`, and write what is decided: see `resolve_table`.

    `into`: a stream of bytes. `format`: in which it is written, `parquet` or `csv`. Texts of a CSV file are read as
    columns mean them: amounts as exact decimals, days as YYYY-MM-DD, and nothing in a cell is no value. Gives what was
    counted. Raises `Refused` where the file cannot be read, or its columns are not what the policy asks for.
    """
    expect_to_decide(policy, operation, unset, keep)
    expect(data, Path, "`data` must be a Path")
    if not hasattr(into, "write"):
        raise TypeError(f"`into` must be a stream of bytes that can be written, not {type_of(into)}")
    expect(format, str, "`format` must be a text")
    expect(vocabulary, Mapping, "`vocabulary` must be that of operations")
    if format not in ("parquet", "csv"):
        raise ValueError(f"there is no format {format!r}; there is parquet, csv")
    with _reading(data):
        read = _csv(data, policy, vocabulary) if table_kind(data) == "csv" else _parquet(data)
    bulk = _bulk(data, policy, operation, read.schema, unset=unset, keep=keep, vocabulary=vocabulary)
    writer = _writer(into, bulk.schema, format)
    with ThreadPoolExecutor(1) as reads, ThreadPoolExecutor(1) as writes:
        written: Future[None] | None = None
        for batch, unread in _ahead(data, read.batches, reads):
            decided = bulk.decide(batch, unread)
            if written is not None:
                written.result()
            written = writes.submit(writer.write_batch, decided)
            if watch is not None:
                watch(bulk.tally.rows, read.rows)
        if written is not None:
            written.result()
    writer.close()
    return bulk.tally


def table_kind(path: Path) -> str:
    """Whether a file is `parquet` or `csv`, by its name. Raises `Refused` for any other."""
    expect(path, Path, "`path` must be a Path")
    kind = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}.get(path.suffix.casefold())
    if kind is None:
        message = "the name of this file does not say that it is Parquet or CSV"
        raise _refused("file-kind", message, path, "call it `.parquet` or `.csv`")
    return kind


def _bulk(path: Path, policy: Versions, operation: str | Sequence[str], schema: pa.Schema, **options: Any) -> Bulk:
    """Raises `Refused`, where it is the columns with the file that has them."""
    try:
        return Bulk(policy, operation, schema, **options)
    except Refused as refused:
        raise Refused(
            problem._replace(position=Position(str(path))) if problem.code.startswith("row-column") else problem
            for problem in refused.diagnostics
        ) from None


def _ahead(data: Path, batches: Iterator[_Read], pool: ThreadPoolExecutor) -> Iterator[_Read]:
    """The batches of a file, of which the next is read while one is worked on."""

    def following() -> _Read | None:
        with _reading(data):
            return next(batches, None)

    coming = pool.submit(following)
    while (batch := coming.result()) is not None:
        coming = pool.submit(following)
        yield batch


def _parquet(path: Path) -> _Data:
    texts = [field.name for field in parquet.read_schema(path) if is_text(field.type)]
    file = parquet.ParquetFile(path, read_dictionary=texts)
    batches = sized(file.iter_batches(batch_size=MOST_ROWS))
    return _Data(file.schema_arrow, file.metadata.num_rows, ((batch, {}) for batch in batches))


def _csv(path: Path, policy: Versions, vocabulary: Vocabulary) -> _Data:
    lines = csv.ParseOptions(newlines_in_values=True)
    skipping = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda row: "skip")
    names = csv.open_csv(path, parse_options=skipping).schema.names
    _check_separator(path, names)
    known = (field for one in policy.policies for spec in vocabulary.values() for field in fields_of(one, spec))
    types = in_texts(known)
    texts = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    batches = sized(_texts(path, names, lines, texts))
    return _Data(schema, None, (read_cells(batch, schema) for batch in batches))


def _texts(
    path: Path, names: Sequence[str], lines: csv.ParseOptions, converting: csv.ConvertOptions
) -> Iterator[pa.RecordBatch]:
    """The cells of a CSV file as they stand there."""
    try:
        yield from csv.open_csv(path, csv.ReadOptions(block_size=_BLOCK), lines, converting)
    except pa.ArrowInvalid as error:
        raise _unreadable(error, path, names) from None


def _check_separator(path: Path, names: Sequence[str]) -> None:
    """Raises `Refused` where the names of all columns stand in one, as spreadsheets of some countries write them."""
    for separator, told in ((";", "`;`"), ("\t", "tabs"), ("|", "`|`")):
        if DATE in (part.strip('" ') for name in names for part in name.split(separator)) and DATE not in names:
            message = f"the columns of this file are separated by {told}, and not by commas"
            raise _refused(
                "file-unreadable", message, path, "save it with commas between the columns, and a decimal point"
            )


def _writer(into: BinaryIO, schema: pa.Schema, format: str) -> _Writer:
    if format == "csv":
        return _Csv(into, schema)
    made: _Writer = parquet.ParquetWriter(into, schema, compression="zstd")
    return made


class _Csv:
    """Writes batches as CSV, which knows of no dictionaries, and which spreadsheets open."""

    def __init__(self, into: BinaryIO, schema: pa.Schema) -> None:
        self._schema = plain(schema)
        headed = pa.schema([field.with_name(harmless(field.name)) for field in self._schema])
        self._writer = csv.CSVWriter(into, headed, write_options=csv.WriteOptions(quoting_style="needed"))
        self._headed = headed

    def write_batch(self, batch: pa.RecordBatch) -> None:
        texts = [_harmless(column).cast(field.type) for column, field in zip(batch.columns, self._schema, strict=True)]
        self._writer.write_batch(pa.RecordBatch.from_arrays(texts, schema=self._headed))

    def close(self) -> None:
        self._writer.close()


def _harmless(column: pa.Array) -> pa.Array:
    """A column whose texts no spreadsheet takes for formulas, as in every file of CSV that is written."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _harmless(column.dictionary))
    if not is_text(column.type) or pc.all(pc.match_substring_regex(column, _PLAIN)).as_py() is not False:
        return column
    each = column.dictionary_encode()
    words = pa.array([None if word is None else harmless(word) for word in each.dictionary.to_pylist()], column.type)
    return pa.DictionaryArray.from_arrays(each.indices, words)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What Arrow cannot read is told as a refusal."""
    try:
        yield
    except FileNotFoundError:
        raise _refused("file-missing", "there is no such file", path, "check the path") from None
    except pa.ArrowInvalid as error:
        said = str(error).splitlines()[0].strip().rstrip(".")
        hint = "write it again with what it came from"
        raise _refused("file-unreadable", f"this file cannot be read: {said}", path, hint) from None
    except UnicodeDecodeError:  # of the names of columns, which Arrow reads without asking
        message = "the names of the columns are not in UTF-8"
        raise _refused("file-unreadable", message, path, "save it as UTF-8") from None


def _unreadable(error: Exception, path: Path, names: Sequence[str]) -> Exception:
    """What is wrong with a CSV file as a whole, where it is known."""
    if found := _NOT_UTF8.match(str(error)):
        message = f"the column `{names[int(found['column'])]}` has a text that is not in UTF-8"
        return _refused("file-unreadable", message, path, "save it as UTF-8")
    if found := _SHORT.match(str(error)):
        row = _uneven(path)
        message = f"row {row:,} has {counted(int(found['found']), 'cell')}, and there are {found['wanted']} columns"
        return _refused("file-unreadable", message, path, "a cell with a comma, or with a line break, needs quotes")
    return error


def _uneven(path: Path) -> int:
    """The first row of a CSV file, from 1, that has not as many cells as there are columns. It is read once more, by
    one thread: Arrow counts rows only then."""
    rows: list[int] = []

    def note(row: csv.InvalidRow) -> str:
        rows.append(row.number - 1)  # of which the heading is one
        return "skip"

    lines = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note)
    reading = csv.ReadOptions(block_size=_BLOCK, use_threads=False)
    for _ in csv.open_csv(path, reading, lines, csv.ConvertOptions(check_utf8=False)):
        if rows:
            break
    return rows[0]


def _refused(code: Code, message: str, path: Path, hint: str) -> Refused:
    return Refused([Diagnostic(code, message, Position(str(path)), hint)])
