"""Large books that were read before: where their records stand, kept so that not all of them have to be read again.

What is kept of a file, under the digest of its text, is that all checks passed and where each record stands: names,
places and which record names which other one, and no amount. It counts only if the file is that very text, to the byte,
and if this very program has kept it, in a file that nobody else could have written, whole. Every record is read from
the file itself, when it is asked for, as strictly as ever. One that does not bear its name has the file read as if
nothing was kept, and so has whoever goes over all of many or asks for many one by one. So an entry that is damaged,
foreign or of another program is none; only who can write as the user could make one that hides a record, and could as
well change the book.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from billpolicy import __version__
from billpolicy.book.book import Book
from billpolicy.book.decoded import Decoded
from billpolicy.book.exact import exact_application, exact_charge_period, exact_document, exact_usage
from billpolicy.book.kinds import SECTIONS
from billpolicy.book.model import Application, BookFile
from billpolicy.source.cache import folder, program, read_own, write_own
from billpolicy.source.codec import CodecError, decode_packed, encode_packed
from billpolicy.source.quick.file import Entries, Places
from billpolicy.source.quick.sections import Place
from billpolicy.source.quick.unsure import Unsure

MIN_BYTES = 256 * 1024
"""Smaller books are read as fast as what is kept of them."""
MAX_FOLDER = 128 * 1024 * 1024
"""Bytes of all that is kept of books: what was not used for longest goes first."""
MOST_SINGLE = 500
"""Records of a book, or a tenth of it, that are read one by one."""
_MAX_ENTRY = 64 * 1024 * 1024
_READ_BY = ("book", "countries", "diagnostics", "source")
"""The rooms that reading and checking a book stands on."""
_SEAL = hashlib.sha256().digest_size
_NAMED = {"accounts": "id", "contacts": "id", "subscriptions": "id", "charges": "id", "usage": "id"} | {
    "charge_periods": "id",
    "void_numbers": "number",
    **dict.fromkeys(SECTIONS, "number"),
}
"""Section -> the field that names its records."""
_LISTS = ("numbers_of", "numbers_on", "subscriptions_of", "usage_of", "charge_periods_of", "undated")
"""The indexes of a book that list names."""
_OF_DOCUMENTS = ("refunds_of", "created_from", "credit_of")
"""Those that list documents, which are kept as their numbers."""


@dataclass(frozen=True, slots=True)
class _Index:
    """What is kept of a book."""

    by: str
    """The program that read and checked it."""
    of: str
    """The digest of the text, and its form."""
    places: Places
    names: dict[str, list[str]]
    """Section -> the names of its records, as they stand."""
    moved_from: dict[str, tuple[int, ...]]
    """Number of a source -> which of the applications in their section are its own."""
    moved_to: dict[str, tuple[int, ...]]
    lists: dict[str, dict[str, tuple[str, ...]]]
    """Index of the book -> key -> names."""
    referenced: list[tuple[str, str, tuple[str, ...]]]
    counters: dict[str, int]


def digest_of(raw: bytes, file: str) -> str | None:
    """Under what a book is kept; None of one that is too small, or where nothing is kept."""
    if len(raw) < MIN_BYTES or folder() is None:
        return None
    return f"{hashlib.sha256(raw).hexdigest()}-{'json' if file.endswith('.json') else 'yaml'}"


def keep(digest: str, file: BookFile, places: Places, book: Book) -> None:
    """Keep a book that was read and that all checks passed. Where it cannot be kept, nothing happens."""
    entry = _entry(digest)
    if entry is None:
        return
    moved_from: dict[str, list[int]] = defaultdict(list)
    moved_to: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(file.applications):
        moved_from[one.from_].append(place)
        moved_to[one.to].append(place)
    lists = {name: dict(getattr(book, name).items()) for name in _LISTS}
    for name in _OF_DOCUMENTS:
        lists[name] = {key: tuple([one.number for one in documents]) for key, documents in getattr(book, name).items()}
    index = _Index(
        by=program(__version__, _READ_BY),
        of=digest,
        places=places,
        names={section: [getattr(one, field) for one in getattr(file, section)] for section, field in _NAMED.items()},
        moved_from={number: tuple(made) for number, made in moved_from.items()},
        moved_to={number: tuple(made) for number, made in moved_to.items()},
        lists=lists,
        referenced=[(account, name, numbers) for (account, name), numbers in book.referenced.items()],
        counters=dict(book.counters),
    )
    packed = encode_packed(index)
    write_own(entry, hashlib.sha256(packed).digest() + packed)
    _throw_away(entry.parent)


def kept_book(digest: str, text: str, file: str, whole: Callable[[], Book]) -> Book | None:
    """The book of this text, if it is kept; its records are read when they are asked for. `whole` reads all of it."""
    entry = _entry(digest)
    found = None if entry is None else read_own(entry, _MAX_ENTRY)
    if entry is None or found is None or hashlib.sha256(packed := found[_SEAL:]).digest() != found[:_SEAL]:
        return None
    try:
        index = decode_packed(_Index, packed)
    except CodecError:
        return None
    if index.of != digest or index.by != program(__version__, _READ_BY):
        return None
    with suppress(OSError):
        entry.touch()  # it was used just now
    try:
        return _Records(index, Entries(BookFile, text, file), whole).book
    except (Unsure, LookupError, ValueError):  # it does not hold together
        return None


class _Records:
    """The records of a book that is kept."""

    def __init__(self, index: _Index, entries: Entries, whole: Callable[[], Book]) -> None:
        self._index, self._entries, self._read_all = index, entries, whole
        self._applications: dict[int, Application] = {}
        self._left = max(MOST_SINGLE, sum(map(len, index.places.values())) // 10)
        """How many more records are read by themselves: to read all at once is faster than to read many so."""

    @cached_property
    def _whole(self) -> Book:
        return self._read_all()

    @cached_property
    def book(self) -> Book:
        """All of it, but of its documents and other records none is read yet."""
        index, lists = self._index, self._index.lists
        referenced = {(account, name): numbers for account, name, numbers in index.referenced}
        found: dict[str, Any] = {
            section: self._named(section, section) for section in _NAMED if section not in SECTIONS
        }
        found["numbered"] = self._named("numbered", *SECTIONS)
        found["applications_from"] = self._mapping("applications_from", index.moved_from, self._moved)
        found["applications_to"] = self._mapping("applications_to", index.moved_to, self._moved)
        found["referenced"] = referenced
        found |= {name: lists[name] for name in _LISTS}
        found |= {name: self._mapping(name, lists[name], self._documents) for name in _OF_DOCUMENTS}
        periods = (self._entries.read("accounting_periods", place) for place in self._at("accounting_periods"))
        found["periods"] = tuple(sorted(periods, key=lambda period: period.from_))
        return Book(**found, counters=index.counters)

    def _mapping(self, name: str, places: Mapping[Any, Any], make: Callable[[Any, Any], Any]) -> Mapping[Any, Any]:
        return Decoded(places, make, lambda: getattr(self._whole, name))

    def _named(self, index: str, *sections: str) -> Mapping[Any, Any]:
        names, at = self._index.names, self._at
        places = {
            name: (section, place)
            for section in sections
            for name, place in zip(names[section], at(section), strict=True)
        }
        return self._mapping(index, places, self._record)

    def _at(self, section: str) -> list[Place]:
        return self._index.places.get(section, [])

    def _record(self, name: str, at: tuple[str, Place]) -> Any:
        section, place = at
        found = self._entry(section, place)
        if getattr(found, _NAMED[section]) != name:
            raise Unsure
        if section in SECTIONS:
            return exact_document(found, self.book.numbered)
        if section == "usage":
            return exact_usage(found, self.book.numbered)
        return exact_charge_period(found) if section == "charge_periods" else found

    def _entry(self, section: str, place: Place) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Unsure
        return self._entries.read(section, place)

    def _documents(self, _: str, numbers: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(map(self.book.numbered.__getitem__, numbers))

    def _moved(self, number: str, places: tuple[int, ...]) -> tuple[Application, ...]:
        moved = tuple(map(self._application, places))
        if any(number not in (one.from_, one.to) for one in moved):
            raise Unsure
        return moved

    def _application(self, index: int) -> Application:
        if index not in self._applications:
            found = self._entry("applications", self._at("applications")[index])
            self._applications[index] = exact_application(found, self.book.numbered, self._times)
        return self._applications[index]

    def _times(self, number: str) -> int:
        return len(self._index.moved_to[number])


def _entry(digest: str) -> Path | None:
    root = folder()
    return None if root is None else root / "books" / digest


def _throw_away(kept: Path) -> None:
    """What was not used for longest, so that the folder stays as small as it may be."""
    with suppress(OSError):
        found = sorted(((one.stat().st_mtime_ns, one.stat().st_size, one) for one in kept.iterdir()), reverse=True)
        size = 0
        for _, bytes_, one in found:
            size += bytes_
            if size > MAX_FOLDER:
                one.unlink()
