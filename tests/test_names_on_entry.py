"""What something is known by, in every file and from every program: one gate, and one spelling of the same name."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import billpolicy as api
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.operations_file import load_operations, operation_from
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import request_data
from billpolicy.policy.language import PolicyFile
from billpolicy.source.quick.file import read_quickly
from billpolicy.source.record import written_name
from billpolicy.source.scalars import read_free_text, read_line, read_prose
from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import dump
from tests.helpers.paths import STANDARD
from tests.helpers.tools import needs_package

APART, TOGETHER = "caf\u0065\u0301", "caf\u00e9"
"""One word: with its accent as a character of its own (NFD), and without (NFC). Unicode Standard Annex 15."""
HIDDEN = {"zero width": "k\u200b1", "reversed": "k\u202e1", "escape": "k\x1b1", "space": "k1 ", "filler": "k1\u3164"}
BOOK: dict[str, Any] = {
    "accounts": [{"id": TOGETHER, "currency": "EUR", "attributes": {"bill_to_contact": TOGETHER}}],
    "contacts": [{"id": TOGETHER, "account": TOGETHER}],
    "invoices": [
        {
            "number": TOGETHER,
            "account": TOGETHER,
            "date": "2026-01-01",
            "currency": "EUR",
            "items": [{"id": TOGETHER, "amount": "10.00"}],
        }
    ],
}
ASKED = {"id": TOGETHER, "operation": "write_off_invoice", "date": "2026-01-02", "invoice": TOGETHER, "actor": TOGETHER}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def changed(data: Any, texts: dict[str, str]) -> Any:
    """The data with other texts, each time in turn: the first stands apart, the next together."""
    if isinstance(data, dict):
        return {changed(key, texts): changed(value, texts) for key, value in data.items()}
    if isinstance(data, list):
        return [changed(one, texts) for one in data]
    return texts.get(data, data)


def apart(data: Any) -> Any:
    return changed(data, {TOGETHER: APART})


# -- which fields only people read ---------------------------------------------------------------------------------


def fields_read_by(reader: object, kind: Any, path: str = "") -> Iterator[str]:
    """The paths of the fields of a record, down to the innermost, that are read so."""
    if typing.get_origin(kind) is typing.Annotated:
        if getattr(typing.get_args(kind)[1], "read", None) is reader:
            yield path
    elif dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        for field in dataclasses.fields(kind):
            yield from fields_read_by(reader, hints[field.name], f"{path}.{written_name(field.name)}")
    else:
        for number, inside in enumerate(typing.get_args(kind)):
            key = typing.get_origin(kind) is dict and number == 0
            yield from fields_read_by(reader, inside, f"{path}[key]" if key else path)


def test_what_may_have_what_nobody_sees_is_read_by_people_alone() -> None:
    """Whatever else is a text, in books, operations and policies, is under the gate; a new field is so by itself."""
    kinds = [BookFile, PolicyFile, *(operation.request for operation in OPERATIONS.values())]
    free = {path.rpartition(".")[2] for kind in kinds for path in fields_read_by(read_free_text, kind)}
    assert free == {"name", "custom", "value"}
    prose = {path.rpartition(".")[2] for kind in kinds for path in fields_read_by(read_prose, kind)}
    assert prose == {"comment", "because", "description", "reason"}  # `reason` of a void number
    files = {path.rpartition(".")[2] for kind in kinds for path in fields_read_by(read_line, kind)}
    assert files == {"extends"}
    assert set(fields_read_by(read_free_text, PolicyFile)) == set()


# -- what is refused ----------------------------------------------------------------------------------------------


def refused_by_dicts(book: Any, asked: Any) -> list[str]:
    found = []
    for read, data in ((api.book_from, book), (operation_from, asked)):
        try:
            read(data)
        except Refused as refused:
            found += [f"{one.position}" for one in refused.diagnostics]
    return found


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN)
def test_names_that_are_not_what_they_look_like_are_refused_each_at_its_place(name: str) -> None:
    book, asked = changed(BOOK, {TOGETHER: name}), changed(ASKED, {TOGETHER: name})
    places = [
        "book.accounts[0].id",
        "book.accounts[0].attributes.bill_to_contact",
        "book.contacts[0].id",
        "book.contacts[0].account",
        "book.invoices[0].number",
        "book.invoices[0].account",
        "book.invoices[0].items[0].id",
        "operation.id",
        "operation.actor",
        "operation.invoice",
    ]
    assert sorted(refused_by_dicts(book, asked)) == sorted(places)
    for ending, write in (("json", json.dumps), ("yaml", lambda data: json.dumps(data, ensure_ascii=True))):
        Path(f"book.{ending}").write_text(write(book))
        Path(f"asked.{ending}").write_text(write({"operations": [asked]}))
        for load, file, count in ((api.load_book, "book", 7), (load_operations, "asked", 3)):
            with pytest.raises(Refused) as refused:
                load(f"{file}.{ending}")
            assert [one.code for one in refused.value.diagnostics] == ["value-wrong"] * count


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN)
def test_names_in_a_policy(name: str) -> None:
    rules = {
        "policy": name,
        "extends": str(STANDARD),
        "effective": {"from": "2026-01-01"},
        "roles": {"lead": [name]},
        "fields": {"account.segment": {"type": "choice", "values": [name]}},
        "exceptions": [
            {
                "id": name,
                "operations": ["write_off_invoice"],
                "when": {"account.plan": name},
                "then": {"sequence_set": [name]},
                "overrides": [name],
            }
        ],
        "sequence_sets": {name: {"invoice": {"prefix": name}}},
    }
    Path("policy.json").write_text(json.dumps(rules))
    with pytest.raises(Refused) as refused:
        api.load_policy("policy.json")
    assert len([one for one in refused.value.diagnostics if one.code == "value-wrong"]) >= 6


@pytest.mark.parametrize("name", [*HIDDEN.values(), "k1\nk2", ""], ids=[*HIDDEN, "lines", "empty"])
def test_who_posts_waits_approves_and_withdraws(name: str) -> None:
    policy, ledger = api.load_policy(STANDARD), api.create_ledger("sqlite:///l.db")
    ledger.import_book(api.book_from(BOOK))
    Path("usage.csv").write_text("id,subscription,charge,date,quantity\nu,s,c,2026-01-01,1\n")
    before, usage = dump(ledger), api.load_usage("usage.csv")
    steps = (
        lambda: api.post(policy, ledger, ASKED, who=name),
        lambda: list(api.post_all(policy, ledger, [ASKED], who=name)),
        lambda: api.wait(policy, ledger, ASKED, who=name),
        lambda: api.approve(policy, ledger, TOGETHER, actor=name),
        lambda: api.withdraw(ledger, TOGETHER, who=name),
        lambda: api.usage_operations(ledger, usage, name),
    )
    for step in steps:
        with pytest.raises(ValueError, match="must name the person who"):
            step()
    assert dump(ledger) == before


@pytest.mark.parametrize("text", ["a\x1b]0;t\x07", "a\u202eb", "a\x9b31m"])
def test_what_is_remembered_of_an_approval(text: str) -> None:
    policy, ledger = api.load_policy(STANDARD), api.create_ledger("sqlite:///l.db")
    with pytest.raises(ValueError, match="`comment` cannot be kept: a text without control characters is wanted"):
        api.approve(policy, ledger, "x", actor="ines", comment=text)
    with pytest.raises(ValueError, match="`why` cannot be kept: a text without control characters is wanted"):
        api.withdraw(ledger, "x", who="ines", why=text)


# -- one spelling of the same name ---------------------------------------------------------------------------------


def read_everywhere(book: Any, asked: Any) -> Iterator[tuple[str, api.Book, Any]]:
    """The same from dicts and from files, with their letters and with escapes; quickly where that is sure, and not."""
    yield "dicts", api.book_from(book), operation_from(asked)
    for ending in ("json", "yaml"):
        for ascii in (True, False):
            Path(f"book.{ending}").write_text(json.dumps(book, ensure_ascii=ascii))
            Path(f"asked.{ending}").write_text(json.dumps({"operations": [asked]}, ensure_ascii=ascii))
            yield (
                f"{ending}, {'escapes' if ascii else 'letters'}",
                api.load_book(f"book.{ending}"),
                load_operations(f"asked.{ending}")[0],
            )


def test_a_name_is_one_however_its_accents_are_written() -> None:
    plain_book, plain_asked = api.book_from(BOOK), operation_from(ASKED)
    for how, book, asked in read_everywhere(apart(BOOK), apart(ASKED)):
        assert book == plain_book, how
        assert request_data(asked.request) == request_data(plain_asked.request), how
        assert (asked.request.id, asked.request.actor) == (TOGETHER, TOGETHER), how


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_so_it_is_in_large_files(ending: str, ascii: bool) -> None:
    """They are read without positions (`source/quick`)."""
    text = json.dumps(
        apart({**BOOK, "accounts": [BOOK["accounts"][0] | {"custom": {TOGETHER: "x"}}]}), ensure_ascii=ascii
    )
    read = read_quickly(BookFile, text, f"book.{ending}")
    assert read.accounts[0].id == read.contacts[0].account == read.invoices[0].items[0].id == TOGETHER
    assert read.accounts[0].custom == {TOGETHER: "x"}


@pytest.mark.parametrize("ending", ["json", "yaml"])
@pytest.mark.parametrize("key", ["custom", "attributes"])
def test_one_key_in_two_spellings_stands_there_twice(ending: str, key: str) -> None:
    book = {"accounts": [{"id": "a", "currency": "EUR", key: {APART: "x", TOGETHER: "y"}}]}
    Path(f"book.{ending}").write_text(json.dumps(book, ensure_ascii=False))
    for given in (Path(f"book.{ending}"), book):
        with pytest.raises(Refused) as refused:
            api.load_book(given) if isinstance(given, Path) else api.book_from(given)
        assert [one.code for one in refused.value.diagnostics] == ["yaml-duplicate-key"]


def test_two_accounts_of_one_name_in_two_spellings_are_one_too_many() -> None:
    with pytest.raises(Refused) as refused:
        api.book_from({"accounts": [{"id": APART, "currency": "EUR"}, {"id": TOGETHER, "currency": "EUR"}]})
    assert [one.code for one in refused.value.diagnostics] == ["id-repeated"]


def test_rules_and_books_meet_whatever_their_spelling() -> None:
    rules = {
        "policy": "own",
        "extends": str(STANDARD),
        "effective": {"from": "2026-01-01"},
        "fields": {"account.segment": {"type": "text"}},
        "exceptions": [
            {
                "id": TOGETHER,
                "operations": ["write_off_invoice"],
                "when": {"account.segment": TOGETHER, "account.name": TOGETHER},
                "then": {"reason_code": "Ad hoc credit"},
            }
        ],
    }
    account = BOOK["accounts"][0] | {"name": TOGETHER, "custom": {"segment": TOGETHER}}
    decided = set()
    for policy in (rules, apart(rules)):
        for book in (BOOK | {"accounts": [account]}, apart(BOOK | {"accounts": [account]})):
            for asked in (ASKED, apart(ASKED)):
                for name, data in (("policy", policy), ("book", book), ("asked", {"operations": [asked]})):
                    Path(f"{name}.json").write_text(json.dumps(data, ensure_ascii=False))
                ran = billpolicy(
                    *("explain", "--policy", "policy.json", "--book", "book.json", "asked.json", "--engine", "python"),
                    *("--format", "json"),
                )
                assert ran.code == 0, ran.out
                (reason,) = (
                    one for one in json.loads(ran.out)["explanations"][0]["decisions"] if one["key"] == "reason_code"
                )
                decided.add((reason["value"], reason["rule"]["id"]))
    assert decided == {("Ad hoc credit", TOGETHER)}


def test_what_is_typed_is_found_whatever_its_spelling() -> None:
    Path("book.json").write_text(json.dumps(BOOK))
    Path("asked.json").write_text(json.dumps({"operations": [apart(ASKED)]}))
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", "book.json").code == 0
    on = ("--policy", STANDARD, "--ledger", "sqlite:///l.db", "--engine", "python")
    assert "1 posted" in billpolicy("post", *on, "asked.json", "--actor", APART).out
    typed = ("write_off_invoice", f"id={APART}", f"invoice={APART}", "date=2026-01-02")
    assert "1 had been posted before" in billpolicy("post", *on, *typed).out
    shown = billpolicy("ledger", "show", "sqlite:///l.db", APART)
    assert (shown.code, TOGETHER in shown.out, APART in shown.out) == (0, True, False)


def test_tables() -> None:
    Path("accounts.csv").write_text(f"{APART};W\u00e4hrung\n{APART};EUR\n", encoding="utf-8")
    Path("contacts.csv").write_text(f"Id;Account\nk1;{TOGETHER}\n", encoding="utf-8")
    Path("mapping.yaml").write_text(
        "delimiter: semicolon\ntables:\n"
        f"- {{file: accounts.csv, record: accounts, columns: {{{TOGETHER}: id, Wa\u0308hrung: currency}}}}\n"
        "- {file: contacts.csv, record: contacts, columns: {Id: id, Account: account}}\n",
        encoding="utf-8",
    )
    book = api.load_tables(["accounts.csv", "contacts.csv"], "mapping.yaml").book
    assert list(book.accounts) == [one.account for one in book.contacts.values()] == [TOGETHER]


TABLE = "tables: [{file: %s, record: accounts, columns: {Id: id, Currency: currency}}]\n"


@pytest.mark.parametrize("name", [HIDDEN["zero width"], HIDDEN["reversed"], HIDDEN["filler"]])
@pytest.mark.parametrize("file", ["t.csv", "t.xlsx"])
def test_names_in_a_table_are_refused_each_at_its_cell(file: str, name: str) -> None:
    if file == "t.xlsx":
        needs_package("openpyxl")
        from openpyxl import Workbook  # type: ignore[import-untyped]

        book = Workbook()
        for row in (("Id", "Currency"), ("k1", "EUR"), (name, "EUR")):
            book.active.append(row)
        book.save(file)
    else:
        Path(file).write_text(f"Id,Currency\nk1,EUR\n{name},EUR\n", encoding="utf-8")
    Path("mapping.yaml").write_text(TABLE % file)
    with pytest.raises(Refused) as refused:
        api.load_tables([file], "mapping.yaml")
    (found,) = refused.value.diagnostics
    assert found.position is not None
    assert (found.position.line, found.position.column) == (3, 1)


def test_a_cell_of_a_table_has_no_space_around_it() -> None:
    Path("t.csv").write_text("Id,Currency\n k1 ,EUR\n", encoding="utf-8")
    Path("mapping.yaml").write_text(TABLE % "t.csv")
    assert list(api.load_tables(["t.csv"], "mapping.yaml").book.accounts) == ["k1"]


@pytest.mark.parametrize("name", [name for name in HIDDEN.values() if "\x1b" not in name])
@pytest.mark.parametrize("column", ["id", "subscription", "charge"])
def test_names_in_a_file_of_usage(column: str, name: str) -> None:
    row = {"id": "u1", "subscription": "s", "charge": "c", "date": "2026-01-01", "quantity": "1"} | {column: name}
    Path("usage.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        api.load_usage("usage.csv")
    (found,) = refused.value.diagnostics
    assert "this text " in found.message or "a text of one line" in found.message
    assert found.position is not None
    assert found.position.line == 2
