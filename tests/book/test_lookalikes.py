"""Ids that look like others are told, each at its line; what is meant in other scripts is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import billpolicy as api
from tests.helpers.command_line import billpolicy


def told(*ids: str) -> list[str]:
    book = api.book_from({"accounts": [{"id": id, "currency": "EUR"} for id in ids]})
    found = api.check_book(None, book)
    assert {(one.code, one.severity) for one in found} <= {("id-lookalike", "warning")}
    return [one.message for one in found]


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("k\uff11", "account `k\uff11` looks like `k1`, and is another one"),  # a digit of full width
        ("\uff4b1", "account `\uff4b1` looks like `k1`, and is another one"),
        ("\U0001d4241", "account `\U0001d4241` looks like `k1`, and is another one"),  # a letter of mathematics
        ("k\u00b9", "account `k\u00b9` looks like `k1`, and is another one"),  # a superscript
    ],
)
def test_another_form_of_the_same_characters(id: str, message: str) -> None:
    assert told("k1", id) == told(id, "k1") == [message]


def test_a_space_that_does_not_break_is_another_form_of_a_space() -> None:
    assert told("k 1", "k\u00a01") == ["account `k\u00a01` looks like `k 1`, and is another one"]


def test_two_other_forms_of_one_that_is_not_there() -> None:
    assert told("k\uff11", "\uff4b1") == ["account `\uff4b1` looks like `k\uff11`, and is another one"]


@pytest.mark.parametrize(
    ("id", "stray"),
    [
        ("\u0430cme", "U+0430 CYRILLIC SMALL LETTER A"),
        ("acm\u0435-1", "U+0435 CYRILLIC SMALL LETTER IE"),
        ("ac\u03bfme", "U+03BF GREEK SMALL LETTER OMICRON"),
        ("x \u041ca\u0440\u0438\u044f", "U+0061 LATIN SMALL LETTER A"),  # one Latin letter in a Cyrillic name
    ],
)
def test_letters_of_two_alphabets_in_one_word(id: str, stray: str) -> None:
    assert told(id) == [f"account `{id}` has {stray} among letters of another alphabet"]


@pytest.mark.parametrize(
    "ids",
    [
        ("K1", "k1"),  # ids of Salesforce differ in capitals alone
        ("k1", "kl", "kI"),  # one alphabet
        ("M\u00fcller", "Muller"),
        ("\u041c\u0430\u0440\u0438\u044f", "Maria"),
        ("\u041c\u0430\u0440\u0438\u044f-DE", "\u03a9 Ohm"),  # each word in its own
        ("\u5c71\u7530ABC", "\u30ab\u30bf\u30ab\u30ca", "ABC\u682a\u5f0f\u4f1a\u793e", "\ud55c\uad6dLG"),
        ("caf\u00e9", "cafe"),
    ],
)
def test_what_is_meant_is_not_told(ids: tuple[str, ...]) -> None:
    assert told(*ids) == []


def test_what_a_whole_word_in_another_alphabet_looks_like_is_not_known() -> None:
    """`\u0441\u043e\u0440\u0430` in Cyrillic beside `copa` in Latin letters: docs/security-names.md says so."""
    assert told("copa", "\u0441\u043e\u0440\u0430") == []


def test_it_is_told_at_its_line_by_what_reads_a_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text(
        "accounts:\n- {id: k1, currency: EUR}\n- {id: k\uff11, currency: EUR}\n"
        "contacts:\n- {id: c, account: k1}\n- {id: \u0441, account: k1}\n- {id: c\u0441, account: k1}\n",
        encoding="utf-8",
    )
    Path("asked.json").write_text(
        json.dumps({"operations": [{"id": "o", "operation": "create_payment", "account": "k1", "amount": "1.00"}]})
    )
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    for command in (
        ("plan", "--policy", "standard", "--engine", "python", "--book", "book.yaml", "asked.json"),
        ("ledger", "import", "sqlite:///l.db", "book.yaml", "--policy", "standard"),
        ("ledger", "import", "sqlite:///l.db", "book.yaml"),
    ):
        ran = billpolicy(*command)
        printed = ran.out + ran.err
        assert ran.code == 0, printed
        assert "book.yaml:3:8: warning: account `k\uff11` looks like `k1`, and is another one [id-lookalike]" in printed
        assert "book.yaml:7:8: warning: contact `c\u0441` has U+0441 CYRILLIC SMALL LETTER ES among" in printed
        assert printed.count("[id-lookalike]") == 2
