"""Whoever changes the file of a ledger by hand is found: by the chain, the journal and the tables together, and where
all three were made anew, by a head that was kept elsewhere."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.chain import Content, Link, extend
from billpolicy.ledger.imports import ImportTold
from billpolicy.ledger.sqlite.database import DIALECT
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.posting.stats import KeptHead
from billpolicy.source.codec import canonical
from tests.helpers.books import book_from
from tests.helpers.ledgers import guards_down
from tests.helpers.tampering import (
    ATTACKS,
    SCHEMA_ATTACKS,
    add_an_import,
    attack,
    begin_at_the_end,
    edits,
    fill,
    fill_for_attacks,
    link_again,
    make_chain_anew,
    strange_edits,
    write_head,
)

SEED = 20261127


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, KeptHead]:
    """A ledger that was attacked by nobody yet, and its head."""
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    with create_ledger(f"sqlite:///{path}") as ledger:
        fill_for_attacks(ledger)
        assert ledger.check() == []
        with ledger.reading() as reader:
            return path, KeptHead(reader.head().digest, reader.head().numbers)


@pytest.fixture
def copy(whole: tuple[Path, KeptHead], tmp_path: Path) -> Path:
    return Path(shutil.copy(whole[0], tmp_path / "copy.db"))


def found(path: Path, head: KeptHead | None = None) -> list[str]:
    """The codes of what the check tells, or of the refusal to open such a file."""
    try:
        with open_ledger(f"sqlite:///{path}") as ledger:
            return [one.code for one in ledger.check(head)]
    except Refused as refused:
        return [one.code for one in refused.diagnostics]


def change(path: Path, statement: str) -> None:
    """Change something by hand."""
    with closing(sqlite3.connect(path)) as connection:
        with guards_down(connection):
            assert connection.execute(statement).rowcount > 0
        connection.commit()


@pytest.mark.parametrize("table", ["audit", "waiting", "approvals", "withdrawals"])
def test_another_request_than_that_by_which_it_was_done_is_found(copy: Path, table: str) -> None:
    change(copy, f"UPDATE {table} SET request_id = 'another'")
    assert set(found(copy)) == {"chain-differs"}


@pytest.mark.parametrize("name", [*ATTACKS, *SCHEMA_ATTACKS])
def test_an_attack_is_found(copy: Path, name: str) -> None:
    attack(copy, name)
    assert (found(copy) == []) == (name == "the last operation cut off, its counter set back")


@pytest.mark.parametrize("name", [*ATTACKS, *SCHEMA_ATTACKS])
def test_with_a_head_that_was_kept_it_is_found_also_where_the_chain_was_made_anew(
    whole: tuple[Path, KeptHead], copy: Path, name: str
) -> None:
    attack(copy, name)
    if name not in SCHEMA_ATTACKS:
        make_chain_anew(copy)
    assert found(copy, whole[1])


def test_the_chain_does_not_begin_anew_where_the_tables_are_no_others(copy: Path) -> None:
    attack(copy, "another person")
    begin_at_the_end(copy)
    assert "chain-broken" in found(copy)


@pytest.mark.parametrize("count", [-1, 10**30])
def test_a_chain_that_began_with_what_nothing_can_hold_is_found(copy: Path, count: int) -> None:
    change(copy, f"""UPDATE chain SET what = replace(what, '"operation":0', '"operation":{count}') WHERE id = 1""")
    assert found(copy) == ["chain-broken", "chain-broken"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counters SET imported = 'x' WHERE prefix = 'CM'",
        "UPDATE counters SET imported = x'00ff' WHERE prefix = 'CM'",
        "UPDATE counters SET prefix = x'00ff' WHERE prefix = 'CM'",
        "UPDATE documents SET prefix = x'00ff' WHERE number = 'P-00000004'",
        "UPDATE contacts SET id = x'00ff' WHERE created_by IS NOT NULL",
    ],
)
def test_what_is_of_another_type_than_its_column_is_found(copy: Path, statement: str) -> None:
    """SQLite keeps any value in any column."""
    change(copy, statement)
    assert "record-unreadable" in found(copy)


@pytest.mark.parametrize("number", [-1, 0, 2**62, "'x'"])
def test_what_was_posted_names_no_import(copy: Path, number: object) -> None:
    change(copy, f"UPDATE applications SET import_id = {number} WHERE operation = 'last'")
    assert "row-odd" in found(copy)


def test_a_second_link_hides_nothing(copy: Path) -> None:
    """The link of a row that was changed, made once more at the end."""
    attack(copy, "a policy that allows more")
    link_again(copy)
    assert "chain-broken" in found(copy)


def test_a_digest_that_is_written_into_the_chain_is_no_head(copy: Path) -> None:
    head = KeptHead("f" * 64)
    write_head(copy, head.digest)
    with open_ledger(f"sqlite:///{copy}") as ledger, ledger.reading() as reader:
        assert [one.code for one in reader.unknown_head(head)] == ["head-unknown"]


CHEAPER = "an imported invoice a cent cheaper, and its line"


def test_an_import_does_not_take_over_what_was_changed(copy: Path) -> None:
    attack(copy, CHEAPER)
    with open_ledger(f"sqlite:///{copy}") as ledger:
        ledger.import_book(book_from("accounts: [{id: other, currency: USD}]"))
    assert "imported-differs" in found(copy)


@pytest.mark.parametrize("number", [None, 1, 2, 0])
def test_the_link_of_an_import_that_never_was_hides_nothing(copy: Path, number: int | None) -> None:
    """Neither over the rows as they are now, nor where they are said to have come with it; the one import has no. 1."""
    attack(copy, CHEAPER)
    add_an_import(copy, number)
    assert set(found(copy)) & {"imported-differs", "chain-broken"}
    change(copy, "UPDATE documents SET import_id = 3 WHERE number = 'INV00000001'")
    add_an_import(copy, 3)
    assert set(found(copy)) & {"imported-differs", "chain-broken"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET import_id = NULL WHERE number = 'INV00000001'",
        "UPDATE documents SET import_id = -1 WHERE number = 'INV00000001'",
        "UPDATE documents SET import_id = 1 WHERE operation = 'last'",
        "UPDATE documents SET import_id = 'x' WHERE number = 'INV00000001'",
        "UPDATE usage SET import_id = 7 WHERE id = 'u2'",
        "UPDATE counters SET imported = imported - 1 WHERE prefix = 'INV'",
    ],
)
def test_which_import_brought_a_row_and_where_counters_began_is_held(copy: Path, statement: str) -> None:
    change(copy, statement)
    assert set(found(copy)) & {"imported-differs", "row-odd"}


def test_an_import_that_sets_a_counter_back_is_found(copy: Path) -> None:
    """The sample has INV00000001 to INV00000005; the link of an import says 3."""
    told = canonical(ImportTold(2, (), {"INV": ("invoice", 3, None)}))
    with closing(sqlite3.connect(copy)) as connection:
        extend(Connection(connection, DIALECT), [Link("import", told, Content().digest)])
        connection.commit()
    change(copy, "UPDATE counters SET imported = 3 WHERE prefix = 'INV'")
    assert "chain-broken" in found(copy)


def test_imports_one_after_the_other_each_have_their_link(tmp_path: Path) -> None:
    with create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        for accounts in ("{id: a, currency: USD}", "{id: a, currency: USD}, {id: b, currency: USD}"):
            for _ in range(2):  # the second time there is nothing new, and no link
                ledger.import_book(book_from(f"accounts: [{accounts}]"))
        with ledger.reading() as reader:
            links = reader.connection.rows("SELECT what FROM chain WHERE kind = 'import' ORDER BY id")
            brought = reader.connection.rows("SELECT id, import_id FROM accounts ORDER BY id")
        assert [what for (what,) in links] == ["[0,[],{}]", "[1,[],{}]", "[2,[],{}]"]
        assert brought == [("a", 1), ("b", 2)]
        assert ledger.check() == []


def test_a_cut_ledger_tells_the_number_that_was_issued_by_then(whole: tuple[Path, KeptHead], copy: Path) -> None:
    attack(copy, "the last operation cut off, its counter set back")
    with open_ledger(f"sqlite:///{copy}") as ledger:
        (problem,) = ledger.check(whole[1])
    assert problem.code == "head-unknown"
    assert "P-00000005 was issued by then, and is not here" in problem.message


def test_a_ledger_that_goes_on_knows_every_head_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    heads = []
    with create_ledger(f"sqlite:///{path}") as ledger:
        for filled in range(2):
            if filled:
                fill(ledger)
            with ledger.reading() as reader:
                heads.append(KeptHead(reader.head().digest))
        assert heads[0] != heads[1]
        assert [ledger.check(head) for head in heads] == [[], []]


def test_a_changed_cell_is_found_whichever_it_is(whole: tuple[Path, KeptHead], tmp_path: Path) -> None:
    """One cell of each column of each table, of half of them to something strange; `scripts/attack_ledger.py` tries
    every cell, both ways."""
    chance = random.Random(SEED)
    every = [*edits(whole[0], chance), *strange_edits(whole[0], chance)]
    chance.shuffle(every)
    unseen, tried = [], 0
    for place, edit in enumerate({(one.table, one.column): one for one in every}.values()):
        path = tmp_path / f"{place}.db"
        shutil.copy(whole[0], path)
        try:
            edit.done_to(path)
        except sqlite3.IntegrityError:
            continue  # the tables themselves do not let it
        tried += 1
        if not found(path):
            unseen.append(edit)
        path.unlink()
    assert unseen == []
    assert tried > 150


BYTES = {
    "documents": "UPDATE documents SET comment = x'c22b5e' WHERE number = 'P-00000001' AND comment = 'wire'",
    "policies": "UPDATE policies SET name = x'69c99e' WHERE name = 'acme'",
    "approvals": "UPDATE approvals SET comment = x'b1e69d' WHERE comment = 'seen'",
    "waiting": "UPDATE waiting SET who = x'ae8a2d' WHERE who = 'root'",
}


@pytest.mark.parametrize("statement", BYTES.values(), ids=BYTES)
def test_bytes_are_not_the_text_that_they_are_written_as(copy: Path, statement: str) -> None:
    """In JSON bytes are base64, which may be the very text that stood there."""
    change(copy, statement)
    assert set(found(copy)) & {"imported-differs", "chain-differs"}


def test_a_link_of_nothing_is_found(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        extend(Connection(connection, DIALECT), [Link("more", "x", "y")])  # type: ignore[arg-type]
        connection.commit()
    assert found(copy) == ["chain-broken"]


@pytest.mark.parametrize("scope", ["account", "contact", "subscription", "charge", "accounting_period", "more"])
def test_values_of_what_is_not_there_are_found(copy: Path, scope: str) -> None:
    """What comes under that name later would hold them."""
    change(copy, f"INSERT INTO held VALUES ('{scope}', 'later', 0, 'name', 'x', NULL, 'last', 'last', NULL)")
    assert "orphan" in found(copy)


def test_a_counter_of_no_number_is_found(copy: Path, tmp_path: Path) -> None:
    """It would bind its prefix to a kind. One that stands at 0 is of the number 0 that was imported."""
    change(copy, "INSERT INTO counters VALUES ('X-', 'refund', 0, 0, NULL)")
    assert found(copy) == ["number-gap"]
    with create_ledger(f"sqlite:///{tmp_path / 'zero.db'}") as ledger:
        invoice = "{number: INV00000000, account: a, currency: USD, date: 2026-01-01, items: [{id: i, amount: 5}]}"
        ledger.import_book(book_from(f"accounts: [{{id: a, currency: USD}}]\ninvoices: [{invoice}]"))
        assert ledger.check() == []


def test_a_counter_that_is_no_number_is_told(copy: Path) -> None:
    change(copy, "UPDATE counters SET imported = '' WHERE prefix = 'INV'")
    assert set(found(copy)) == {"imported-differs", "record-unreadable"}


@pytest.mark.parametrize("number", ["INV00000003", "INV00000005", "CM00000004"])
def test_a_document_says_which_operation_changed_it_last(copy: Path, number: str) -> None:
    change(copy, f"UPDATE documents SET changed_by = NULL WHERE number = '{number}'")
    assert found(copy) == ["operation-differs"]


DEEP = '{"a":' * 100_000
DAMAGES = {
    "a nested request": f"UPDATE operations SET request = '{DEEP}' WHERE id = 'last'",
    "a nested plan": f"UPDATE operations SET plan = '{DEEP}' WHERE id = 'last'",
    "more than adds up": "UPDATE items SET amount_minor = 9223372036854775807 WHERE document = 'INV00000006'",
    "taxes": "UPDATE taxes SET amount_minor = 9223372036854775807",
    "parts": "UPDATE application_parts SET amount_minor = 9223372036854775807",
    "usage": "UPDATE usage SET amount_minor = 9223372036854775807 WHERE billed_by IS NOT NULL",
    "a counter": "UPDATE counters SET prefix = x'00' WHERE prefix = 'CBA-'",
    "the beginning": "UPDATE chain SET what = replace(what, '0', '-1') WHERE id = 1",
}


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_what_cannot_even_be_asked_is_told(copy: Path, statement: str) -> None:
    change(copy, statement)
    assert found(copy)
