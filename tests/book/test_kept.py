"""A book that was read before is the same one: only where its records stand is kept, and nothing of that trusted."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from billpolicy.book import decoded, kept, load
from billpolicy.book.book import Book
from billpolicy.book.load import load_book
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.tree import parse_text
from tests.book.test_quick_book import BOOKS, careful_book, in_json, never

SWITCH = "BILLPOLICY_CACHE"
SMALL = """accounts: [{id: A1, currency: EUR}]
invoices:
- {number: I1, account: A1, date: 2026-01-31, currency: EUR, items: [{id: "1", amount: 10.00}]}
- number: I2
  account: A1
  date: 2026-01-31
  currency: EUR
  items:
    - {id: "1", amount: 10.00}
payments:
- {number: P1, account: A1, date: 2026-02-01, currency: EUR, amount: 10.00}
applications:
- {from: P1, to: I1, date: 2026-02-01, amount: 10.00}
"""


@pytest.fixture(name="cache", autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where books are kept, small ones too."""
    monkeypatch.setenv(SWITCH, str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "MIN_BYTES", 0)
    return tmp_path / "cache" / "books"


@pytest.fixture(name="reads")
def _reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file of every book that is read as a whole."""
    files: list[str] = []
    read = load.quick_book

    def noted(text: str, file: str, digest: str | None = None) -> Book:
        files.append(file)
        return read(text, file, digest)

    monkeypatch.setattr(load, "quick_book", noted)
    return files


def small(tmp_path: Path, text: str = SMALL, name: str = "book.yaml") -> Path:
    """A book in a file."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def one_by_one(found: Any) -> Any:
    """A mapping of a book, each of its values asked for by its key."""
    return [(key, found[key]) for key in found] if isinstance(found, Mapping) else found


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("path", BOOKS, ids=[path.parent.name for path in BOOKS])
def test_a_kept_book_is_the_same(path: Path, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    careful = careful_book(text, "book.yaml")
    file = small(tmp_path, text if form == "yaml" else in_json(parse_text(text, "book.yaml").data), f"book.{form}")
    load_book(file)
    with monkeypatch.context() as patched:
        patched.setattr(load, "quick_book", never)
        again = load_book(file)
        for field in dataclasses.fields(Book):
            if field.name not in ("file", "digest"):
                wanted, found = getattr(careful, field.name), getattr(again, field.name)
                assert one_by_one(found) == one_by_one(wanted), field.name
    monkeypatch.setattr(decoded, "FEW", 0)
    assert again == careful
    assert pickle.loads(pickle.dumps(again)) == careful


def test_what_is_asked_for_is_read_and_nothing_else(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small(tmp_path)
    load_book(path)
    del reads[:]
    book = load_book(path)
    assert list(book.numbered) == ["I1", "I2", "P1"]
    assert "I2" in book.numbered
    assert book.numbered["I1"].number == "I1"
    (application,) = book.applications_to["I1"]
    assert application is book.applications_from["P1"][0]
    assert [part.item for part in application.parts] == ["1"]
    assert len(list(book.numbered.values())) == 3  # all of few
    assert reads == []
    monkeypatch.setattr(decoded, "FEW", 2)
    assert len(list(book.numbered.values())) == 3
    assert reads == [str(path)]


def test_who_asks_for_many_one_by_one_has_the_whole_book_read(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_SINGLE", 2)
    path = small(tmp_path)
    right = load_book(path)
    del reads[:]
    book = load_book(path)
    counts = []
    for number in ("I1", "I2", "I1", "P1"):
        assert book.numbered[number] == right.numbered[number]
        counts.append(len(reads))
    assert book.applications_from["P1"] == right.applications_from["P1"]
    assert [*counts, len(reads)] == [0, 0, 0, 1, 1]


def test_a_book_is_kept_by_what_stands_in_it(tmp_path: Path, cache: Path, reads: list[str]) -> None:
    path = small(tmp_path)
    load_book(path)
    load_book(small(tmp_path, name="other.yaml"))
    assert len(reads) == 1
    load_book(small(tmp_path, SMALL.replace("2026-02-01", "2026-02-02")))
    assert len(reads) == 2
    load_book(path.rename(tmp_path / "book.yml"))
    assert len(reads) == 2
    assert {one.stat().st_mode & 0o077 for one in (cache, *cache.iterdir())} == {0}


def test_what_is_kept_has_no_amount(tmp_path: Path, cache: Path) -> None:
    load_book(small(tmp_path, SMALL.replace("10.00", "31415.92")))
    (entry,) = cache.iterdir()
    assert b"I1" in entry.read_bytes()
    assert b"31415" not in entry.read_bytes()


def test_a_book_with_a_mistake_is_not_kept(tmp_path: Path, cache: Path) -> None:
    for _ in range(2):
        with pytest.raises(Refused):
            load_book(small(tmp_path, SMALL.replace("to: I1", "to: I9")))
    assert not cache.exists()


def test_a_small_book_is_not_kept(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MIN_BYTES", len(SMALL) + 1)
    assert load_book(small(tmp_path)).digest is None
    assert not cache.exists()


def test_it_can_be_switched_off(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    load_book(small(tmp_path))
    assert not cache.exists()


def test_another_program_reads_anew(tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    load_book(small(tmp_path))
    monkeypatch.setattr(kept, "__version__", "0.0.1")
    load_book(small(tmp_path))
    load_book(small(tmp_path))
    assert len(reads) == 2


def sealed(packed: bytes) -> bytes:
    """As an entry is written."""
    return hashlib.sha256(packed).digest() + packed


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no entry",
        b"\0" * 5000,
        sealed(b""),
        sealed(b"[]"),
        sealed(msgspec.msgpack.encode({"by": 1})),
        sealed(b"\x91" * 100_000),
        sealed(b"cos\nsystem\n(S'touch was-run'\ntR."),
    ],
)
def test_an_entry_that_is_damaged_or_hostile_is_no_entry(
    broken: bytes, tmp_path: Path, cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = small(tmp_path)
    load_book(path)
    (entry,) = cache.iterdir()
    entry.write_bytes(broken)
    assert load_book(path).numbered["I2"].number == "I2"
    assert len(reads) == 2
    assert not (tmp_path / "was-run").exists()


def test_an_entry_of_which_one_byte_has_changed_is_no_entry(tmp_path: Path, cache: Path, reads: list[str]) -> None:
    path = small(tmp_path)
    load_book(path)
    (entry,) = cache.iterdir()
    whole = bytearray(entry.read_bytes())
    whole[-3] ^= 1
    entry.write_bytes(whole)
    load_book(path)
    assert len(reads) == 2


def test_the_entry_of_another_book_is_no_entry(tmp_path: Path, cache: Path, reads: list[str]) -> None:
    first, second = small(tmp_path), small(tmp_path, SMALL.replace("I2", "I3"), "second.yaml")
    load_book(first)
    (entry,) = cache.iterdir()
    load_book(second)
    (other,) = set(cache.iterdir()) - {entry}
    other.write_bytes(entry.read_bytes())
    assert list(load_book(second).numbered) == ["I1", "I3", "P1"]
    assert len(reads) == 3


@pytest.mark.parametrize("section", ["invoices", "applications"])
def test_a_record_that_stands_elsewhere_than_is_said_is_read_with_the_whole_book(
    section: str, tmp_path: Path, cache: Path, reads: list[str]
) -> None:
    """As an entry would say that somebody has forged."""
    path = small(tmp_path)
    right = load_book(path)
    (entry,) = cache.iterdir()
    index = msgspec.msgpack.decode(entry.read_bytes()[32:])
    index["places"][section] = index["places"]["invoices"][::-1][: len(index["places"][section])]
    entry.write_bytes(sealed(msgspec.msgpack.encode(index)))
    forged = load_book(path)
    assert len(reads) == 1
    assert forged.numbered["I1"] == right.numbered["I1"]
    assert forged.applications_to["I1"] == right.applications_to["I1"]
    assert len(reads) == 2


@pytest.mark.parametrize(
    ("part", "value"),
    [("names", {}), ("places", {}), ("lists", {}), ("moved_from", {"P1": [7]}), ("moved_to", {"I1": [-9]})],
)
def test_an_entry_that_does_not_hold_together_is_none(
    part: str, value: object, tmp_path: Path, cache: Path, reads: list[str]
) -> None:
    path = small(tmp_path)
    right = load_book(path)
    (entry,) = cache.iterdir()
    index = msgspec.msgpack.decode(entry.read_bytes()[32:])
    entry.write_bytes(sealed(msgspec.msgpack.encode({**index, part: value})))
    forged = load_book(path)
    assert forged.applications_from["P1"] == right.applications_from["P1"]
    assert forged.applications_to["I1"] == right.applications_to["I1"]
    assert len(reads) == 2


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no such rights")
@pytest.mark.parametrize("mode", [0o020, 0o002])
@pytest.mark.parametrize("of_folder", [False, True])
def test_what_others_could_have_written_is_not_trusted(
    mode: int, of_folder: bool, tmp_path: Path, cache: Path, reads: list[str]
) -> None:
    path = small(tmp_path)
    load_book(path)
    (entry,) = cache.iterdir()
    (cache if of_folder else entry).chmod(0o700 | mode)
    load_book(path)
    assert len(reads) == 2


def test_what_was_not_used_for_longest_is_thrown_away(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [SMALL.replace("I2", f"I2{n}") for n in range(3)]
    load_book(small(tmp_path, texts[0]))
    (first,) = cache.iterdir()
    monkeypatch.setattr(kept, "MAX_FOLDER", first.stat().st_size * 2 + 50)
    load_book(small(tmp_path, texts[1]))
    (second,) = set(cache.iterdir()) - {first}
    for age, entry in enumerate((first, second)):
        os.utime(entry, (1_000_000 - age, 1_000_000 - age))  # the second is older
    load_book(small(tmp_path, texts[1]))  # and is used now
    load_book(small(tmp_path, texts[2]))
    assert second in set(cache.iterdir())
    assert first not in set(cache.iterdir())
    assert len(list(cache.iterdir())) == 2


def test_a_book_that_has_changed_is_not_the_one_that_was_read(tmp_path: Path) -> None:
    book = load_book(small(tmp_path))
    assert book.digest is not None
    assert book.with_changed(["I1"]).digest is None
    assert book.with_records([]).digest == book.digest
