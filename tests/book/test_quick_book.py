"""A large book is read without positions. What it says is the same, and what is wrong with it as well."""

from __future__ import annotations

import contextlib
import gc
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from billpolicy.book import load
from billpolicy.book.book import Book
from billpolicy.book.check import Context, problems
from billpolicy.book.load import load_book, quick_book
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Refused, refuse_errors
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.read import read_carefully
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import parse_text
from billpolicy.source.write import to_json
from tests.helpers.mutations import SHAPES, VALUES, data, mutations, written
from tests.helpers.paths import ROOT

BOOKS = sorted(ROOT.glob("examples/*/book.yaml"))


def in_json(node: Any) -> str:
    """The data as a JSON file: what can stand there without quotes does."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {in_json(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(in_json, node)) + "]"
    if isinstance(node, Plain):
        try:
            json.loads(node)
        except ValueError:
            return json.dumps(str(node))
        return str(node)
    return json.dumps(node)


def careful_book(text: str, file: str) -> Book:
    """As the careful reading makes it."""
    tree = parse_text(text, file)
    context = Context(read_carefully(BookFile, tree), tree)
    refuse_errors(problems(context))
    return context.book


def never(*_: object) -> None:
    raise AssertionError("this book was read a second time")


@pytest.mark.parametrize("path", BOOKS, ids=[path.parent.name for path in BOOKS])
def test_a_book_that_is_right_is_read_once(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    careful = to_json(careful_book(text, "book.yaml"))
    file = tmp_path / "book.json"
    file.write_text(in_json(parse_text(text, "book.yaml").data), encoding="utf-8")
    monkeypatch.setattr(load, "book_of", never)
    assert [to_json(replace(load_book(each), file=None)) for each in (path, file)] == [careful, careful]


@pytest.mark.parametrize(("file", "write"), [("book.yaml", written), ("book.json", in_json)])
def test_a_mutated_book_is_accepted_by_both_readings_or_by_neither(file: str, write: Any) -> None:
    outcomes = set()
    # Every fifth: over all nodes, each change comes up many times, as five does not divide their number.
    for node in islice(mutations(data("book.yaml"), *SHAPES, *VALUES), 0, None, 5):
        text = write(node)
        try:
            careful = careful_book(text, file)
        except Refused:
            with pytest.raises(Unsure):
                quick_book(text, file)
            outcomes.add("refused")
            continue
        assert to_json(quick_book(text, file)) == to_json(careful)
        outcomes.add("accepted")
    assert outcomes == {"accepted", "refused"}


def test_what_is_wrong_with_a_json_book_is_told_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    file.write_text('{"accounts": [\n  {"id": "a", "currency": "USD"},\n  {"id": "a", "currency": "XX"}]}')
    with pytest.raises(Refused) as refused:
        load_book(file)
    assert [(str(d.position), d.code) for d in refused.value.diagnostics] == [(f"{file}:3:27", "value-wrong")]
    file.write_text('{"accounts": [\n  {"id": "a", "currency": "USD"},\n  {"id": "a", "currency": "EUR"}]}')
    with pytest.raises(Refused) as refused:
        load_book(file)
    assert [(str(d.position), d.code) for d in refused.value.diagnostics] == [(f"{file}:3:10", "id-repeated")]


@pytest.mark.parametrize("text", ["accounts: [{id: a, currency: USD}]", "accounts: [{id: a}]"])
def test_the_collector_goes_on_after_a_book_was_loaded(text: str, tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(text)
    assert gc.isenabled()
    with contextlib.suppress(Refused):
        load_book(file)
    assert gc.isenabled()
