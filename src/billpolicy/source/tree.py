"""Strict YAML (and so JSON) as plain data that remembers where each value stands.

Scalars keep the text as written: `NO`, `on`, `12:30` and `010` are themselves, and the type of the field they fill
decides what they mean. Only `null`, `~` and nothing are null. Anchors, aliases, tags, duplicate keys, a second
document, deep nesting and oversized files are refused. docs/policy-language.md rule 9.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.limit import MAX_PROBLEMS, stop_at_limit
from billpolicy.source.composed import composed
from billpolicy.source.files import DISK, Files
from billpolicy.source.lines import BREAK, place_after
from billpolicy.source.mended import split_by_commas
from billpolicy.source.plain_file import NotPlainError
from billpolicy.source.scalars import Plain
from billpolicy.source.syntax import in_words

MAX_DEPTH = 32
MAX_KEY = 255
"""Characters of a key."""
MAX_VALUES = 100_000
"""Keys of one mapping, and single values of one list: a book has more records than that, but no record so many."""
_MEGABYTE = 1024 * 1024
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SURROGATE_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PAIR_LONGER = len("\\ud83d\\ude00") - 1
LoaderOfYaml: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Look = Callable[["Tree"], object]
"""Raises `Refused` for what is wrong with the data of a file."""

Mark = tuple[int, int, int, int]
"""The 1-based line and column of the first character, and those behind the last one."""


class Block(dict[str, Any]):
    """A mapping, with the mark of itself, of each key and of each value."""

    __slots__ = ("keys_at", "mark", "values_at")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.keys_at: dict[str, Mark] = {}
        self.values_at: dict[str, Mark] = {}


class Items(list[Any]):
    """A sequence, with the mark of itself and of each item."""

    __slots__ = ("items_at", "mark")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.items_at: list[Mark] = []


class Tree:
    """The data of one file, and the position of every path in it."""

    def __init__(self, file: str, data: Any, digest: str = "") -> None:
        self.file = file
        self.data = data
        self.digest = digest
        """SHA-256 of the bytes that were read; empty for text that came from no file."""

    def at(self, *path: str | int, key: bool = False) -> Position:
        """Where the value at `path` stands (or its key); the nearest known ancestor if the path goes nowhere.

        Steps that are not in the data are passed over, as pydantic puts names of its own into a location.
        """
        node, mark = self.data, getattr(self.data, "mark", (1, 1, 0, 0))
        for step in path:
            if isinstance(node, Block) and isinstance(step, str) and step in node:
                mark = node.keys_at[step] if key else node.values_at[step]
                node = node[step]
            elif isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node):
                mark = node.items_at[step]
                node = node[step]
        return Position(self.file, *mark)

    def entry(self, around: tuple[str | int, ...], *keys: str) -> str:
        """How an entry of the mapping at `around` is written, as hints show it: `invoice: ...`."""
        *outer, last = keys
        return "".join(f"{key}: {{" for key in outer) + f"{last}: ..." + "}" * len(outer)


def parse(path: Path, *, max_megabytes: int, files: Files = DISK, look: Look | None = None) -> Tree:
    """Read one YAML or JSON file. Raises `Refused` with everything that is wrong with its form.

    `look` is what will read the data. Of a long file it is shown the beginning before the rest is parsed: where that is
    wrong all over, the rest is so too, and would take far more memory than the file.
    """
    return parse_raw(raw_of(path, max_megabytes, files), files.shown(path), look)


def parse_raw(raw: bytes, name: str, look: Look | None = None) -> Tree:
    """The same of the bytes of a file; `name`: what positions carry."""
    tree = parse_text(text_in(raw, name), name, look)
    tree.digest = hashlib.sha256(raw).hexdigest()
    return tree


def text_of(path: Path, *, max_megabytes: int) -> str:
    """The text of a file. Raises `Refused` if it cannot be read or is no text."""
    return text_in(raw_of(path, max_megabytes, DISK), str(path))


def parse_text(text: str, file: str, look: Look | None = None) -> Tree:
    """Read YAML or JSON text; `file` is the name that positions carry. Raises `Refused`."""
    what = next((what for end, what in _SUFFIXES if file.casefold().endswith(end)), None)
    if what is not None:
        raise _other_program(what, file)
    if file.endswith(".json"):
        # A tab is white space in JSON but not in YAML; inside a JSON string neither may stand literally.
        written = text.replace("\t", " ")
        text = joined_surrogates(written)
        builder = _Builder(file, _joins(written) if text != written else None)
    else:
        builder = _Builder(file)
    next_look = MAX_VALUES
    try:
        for event in yaml.parse(text, Loader=LoaderOfYaml):
            builder.take(event)
            if builder.problems:
                stop_at_limit(builder.problems, Position(file))
            if look is not None and builder.values >= next_look:
                builder.show(look)
                next_look *= 2
    except yaml.MarkedYAMLError as error:
        mark, message, hint = in_words(error, text)
        position = Position(file, *mark) if mark else Position(file)
        builder.problems.append(Diagnostic("yaml-syntax", message, position, hint))
    except yaml.reader.ReaderError as error:
        character = error.character if isinstance(error.character, str) else chr(error.character)
        line, column = place_after(text.partition(character)[0])
        position = Position(file, line, column, line, column + 1)
        message = f"the character U+{ord(character):04X} may not stand in a file"
        hint = "remove it; the file may be damaged or not be text at all"
        builder.problems.append(Diagnostic("yaml-character", message, position, hint))
    if not builder.problems and builder.root in (None, _NOTHING):
        hint = "it may be cut off, or be the wrong file"
        builder.problems.append(Diagnostic("file-empty", "this file is empty", Position(file), hint))
    if builder.problems:
        raise Refused(builder.problems)
    return Tree(file, builder.root)


def raw_of(path: Path, max_megabytes: int, files: Files) -> bytes:
    """The bytes of a file. Raises `Refused` if it cannot be read."""
    name, most = files.shown(path), max_megabytes * _MEGABYTE
    try:
        # What is on the disk is too large before any of it is read.
        too_large = files is DISK and path.is_file() and path.stat().st_size > most
        raw = b"" if too_large else files.read(path, most + 1)
    except FileNotFoundError:
        raise _refuse("file-missing", "there is no such file", name, "check the path") from None
    except IsADirectoryError:
        raise _refuse("file-is-folder", "this is a folder; a file is wanted here", name, "name a file in it") from None
    except NotPlainError:
        message = "this is a pipe, a device or a socket; a plain file is wanted here"
        raise _refuse("file-not-plain", message, name, "write what it gives into a file, and name that") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "check the path and who may read it"
        raise _refuse("file-unreadable", f"this file cannot be read: {reason}", name, hint) from None
    if too_large or len(raw) > most:
        message = f"this file is larger than {max_megabytes} MB, the most that is read here"
        raise _refuse("file-too-large", message, name, "split it into several files")
    return raw


def text_in(raw: bytes, name: str) -> str:
    """The text that the bytes of a file are; `name`: what positions carry. Raises `Refused` if they are none."""
    what = next((what for start, what in _PROGRAMS if raw.startswith(start)), None)
    if what is not None:
        raise _other_program(what, name)
    marked = len(BOM_UTF8) if raw.startswith(BOM_UTF8) else 0
    try:
        return str(memoryview(raw)[marked:], "utf-8")
    except UnicodeDecodeError as error:
        wrong = marked + error.start
        line, column = place_after(raw[marked:wrong].decode())
        position = Position(name, line, column, line, column + 1)
        message = f"this file is not UTF-8 text (byte {wrong + 1})"
        hint = "save it as UTF-8"
        raise Refused([Diagnostic("file-encoding", message, position, hint)]) from None


_PROGRAMS = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP file"),
    (b"\xd0\xcf\x11\xe0", "a file of an older Excel"),
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
)
"""How files of other programs begin."""
_SUFFIXES = ((".csv", "a CSV file"), (".tsv", "a CSV file"), (".toml", "a file of settings"))


def _other_program(what: str, name: str) -> Refused:
    """The refusal of a table, a workbook or whatever else is neither YAML nor JSON."""
    hint = (
        "books, operations and policies are YAML or JSON; `billpolicy import-csv` makes a book of tables, as CSV or "
        "Excel, and `billpolicy ledger usage` records usage"
    )
    return _refuse("file-kind", f"this is {what}; YAML or JSON is wanted here", name, hint)


def _refuse(code: Code, message: str, file: str, hint: str | None = None) -> Refused:
    return Refused([Diagnostic(code, message, Position(file), hint)])


def joined_surrogates(text: str) -> str:
    """JSON text with each character that is written as two escapes written as itself."""
    # Of a text without escapes one look for a single character is enough, which is much faster.
    return _SURROGATE_PAIR.sub(_joined, text) if "\\" in text and "\\u" in text else text


def _joined(match: re.Match[str]) -> str:
    pair = bytes.fromhex(match[2]) + bytes.fromhex(match[3])
    return match[1] + pair.decode("utf-16-be")


def _joins(written: str) -> dict[int, list[int]]:
    """Line -> the columns, in what is parsed, behind characters that are written as two escapes."""
    joins: dict[int, list[int]] = {}
    for number, line in enumerate(BREAK.split(written), start=1):
        for count, match in enumerate(_SURROGATE_PAIR.finditer(line)):
            joins.setdefault(number, []).append(match.end() - _PAIR_LONGER * (count + 1))
    return joins


_NOTHING = object()


class _Builder:
    """Builds the data from parser events: no recursion, so nesting can be bounded before it hurts."""

    def __init__(self, file: str, joins: Mapping[int, list[int]] | None = None) -> None:
        self.file = file
        self._joins = joins
        self.problems: list[Diagnostic] = []
        self.root: Any = _NOTHING
        self._open: list[Block | Items] = []
        self._keys: list[tuple[str, Mark] | None] = []
        self.values = 0
        """How many there are so far: scalars, lists and mappings, and keys."""
        self._single: list[int] = []
        """Of each open list, how many of its items are single values."""
        self._documents = 0
        self._end = (1, 1)
        """Behind the last value so far: a mapping by indentation ends there, not where the next thing begins."""

    def take(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        mark = (start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        if self._joins:
            mark = (*self._as_written(mark[0], mark[1]), *self._as_written(mark[2], mark[3]))
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_decoration(event, mark)
            self._add(self._scalar(event), mark)
            self._end = mark[2:]
        elif isinstance(event, yaml.AliasEvent):
            message = f"the alias `*{event.anchor}` cannot be used here"
            self._problem("yaml-alias", message, mark, "write the value out where it is needed")
            self._add(None, mark)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._refuse_decoration(event, mark)
            self._start(Block(mark) if isinstance(event, yaml.MappingStartEvent) else Items(mark), mark)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            if end.index > start.index:  # a bracket closes it
                self._end = mark[2:]
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents == 2:
                hint = "keep one document in each file"
                self._problem("yaml-documents", "a second document starts here", mark, hint)

    def show(self, look: Look) -> None:
        """Show what was read so far. Raises `Refused` if so much is wrong with it that no more has to be read."""
        try:
            look(Tree(self.file, self.root))
        except Refused as refused:
            # What is still open may just have been about to say what is missing.
            begun = [(self.file, *node.mark[:2]) for node in self._open]
            certain = [
                one
                for one in refused.diagnostics
                if one.code != "key-missing"
                or one.position is None
                or (one.position.file, one.position.line, one.position.column) not in begun
            ]
            if len(certain) >= MAX_PROBLEMS:
                raise Refused(certain) from None

    def _as_written(self, line: int, column: int) -> tuple[int, int]:
        """A place of what is parsed in the file, where a character may be written as two escapes."""
        joins = (self._joins or {}).get(line, ())
        return line, column + _PAIR_LONGER * bisect_left(joins, column)

    def _scalar(self, event: Any) -> Any:
        if event.style is not None and event.style != "":
            return str(event.value)
        return None if event.value in NULLS else Plain(event.value)

    def _start(self, node: Block | Items, mark: Mark) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._problem(
                "yaml-depth", f"this is nested more than {MAX_DEPTH} levels deep", mark, "no file needs so many levels"
            )
            raise Refused(self.problems)
        self._add(node, mark)
        self._open.append(node)
        self._keys.append(None)
        self._single.append(0)

    def _close(self) -> None:
        """The innermost mapping or list ends: now it is known how far it reaches."""
        node = self._open.pop()
        self._keys.pop()
        self._single.pop()
        node.mark = node.mark[:2] + self._end
        self._commas(node)
        if not self._open:
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items_at[-1] = node.mark
        elif parent and parent[last := next(reversed(parent))] is node:
            parent.values_at[last] = node.mark

    def _commas(self, node: Block | Items) -> None:
        """Amounts that a decimal comma, or one between thousands, has cut in pieces: `{above: 500,00 EUR}`."""
        if isinstance(node, Items) or None not in node.values():
            return
        pieces = [
            (key, True) if node.values_at[key][:2] == node.values_at[key][2:] else (str(value), False)
            for key, value in node.items()
        ]
        keys = list(node)
        for start, end, meant in split_by_commas(pieces):
            mark = (*node.values_at[keys[start]][:2], *node.keys_at[keys[end - 1]][2:])
            written = ",".join(text for text, _ in pieces[start:end])
            self._problem("amount-comma", f"the comma in `{written}` ends a value here", mark, f"write `{meant}`")

    def _add(self, value: Any, mark: Mark) -> None:
        self.values += 1
        if not self._open:
            if self._documents <= 1:
                self.root = value
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.append(value)
            parent.items_at.append(mark)
            if not isinstance(value, Block | Items):
                self._single[-1] += 1
                self._stop_if_many(self._single[-1], "this list has more than {:,} single values", mark)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = (self._key_text(value, mark), mark)
            return
        self._keys[-1] = None
        name, key_mark = key
        if name in parent:
            first = parent.keys_at[name][0]
            hint = "keep one of the two"
            self._problem("yaml-duplicate-key", f"`{name}` stands here twice (first on line {first})", key_mark, hint)
            return
        parent[name] = value
        parent.keys_at[name] = key_mark
        parent.values_at[name] = mark
        self._stop_if_many(len(parent), "this mapping has more than {:,} keys", key_mark)

    def _stop_if_many(self, count: int, message: str, mark: Mark) -> None:
        if count > MAX_VALUES:
            hint = "no file needs so many; is it the right file?"
            self._problem("yaml-many", message.format(MAX_VALUES), mark, hint)
            raise Refused(self.problems)

    def _key_text(self, value: Any, mark: Mark) -> str:
        if isinstance(value, str):
            if len(value) > MAX_KEY:
                message = f"this key is longer than {MAX_KEY} characters"
                self._problem("yaml-key", message, mark, "is the colon in the right place?")
            return composed(value)
        if value is None:
            return "null"
        self._problem("yaml-key", "a key must be a single word or text", mark, "put the value after a colon")
        return f"key at {mark}"

    def _refuse_decoration(self, event: Any, mark: Mark) -> None:
        if event.anchor is not None:
            self._problem("yaml-anchor", f"the anchor `&{event.anchor}` cannot be used here", mark, "remove it")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._problem("yaml-tag", f"the tag `{tag}` cannot be used here", mark, "remove it")

    def _problem(self, code: Code, message: str, mark: Mark, hint: str) -> None:
        self.problems.append(Diagnostic(code, message, Position(self.file, *mark), hint))
