"""Whoever changes the file of a ledger by hand is found: by the chain, the journal and the tables together, and where
all three were made anew, by a head that was kept elsewhere."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.posting.stats import KeptHead
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy
from tests.helpers.refusals import codes, refused
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


def test_a_second_link_hides_nothing(copy: Path) -> None:
    """The link of a row that was changed, made once more at the end."""
    attack(copy, "a policy that allows more")
    link_again(copy)
    assert "chain-broken" in found(copy)


def test_a_digest_that_is_written_into_the_chain_is_no_head(copy: Path) -> None:
    head = KeptHead("f" * 64)
    write_head(copy, head.digest)
    with open_ledger(f"sqlite:///{copy}") as ledger, ledger.reading() as reader:
        assert [one.code for one in reader.not_from(head)] == ["head-unknown"]


def test_an_import_does_not_take_over_what_was_changed(copy: Path) -> None:
    attack(copy, "an imported invoice a cent cheaper, and its line")
    with open_ledger(f"sqlite:///{copy}") as ledger:
        refusal = refused(lambda: ledger.import_book(book_from("accounts: [{id: other, currency: USD}]")))
    assert codes(refusal) == ["imported-differs"]
    assert "imported-differs" in found(copy)


def test_an_import_since_the_head_is_told(whole: tuple[Path, KeptHead], copy: Path) -> None:
    """Whoever changes what was imported and links it anew is seen by that alone."""
    head = str(whole[1].digest)
    ran = billpolicy("ledger", "check", f"sqlite:///{copy}", "--head", head)
    assert "imported-since" not in ran.out + ran.err
    attack(copy, "an imported invoice a cent cheaper, and its line")
    add_an_import(copy)
    assert found(copy, whole[1]) == []
    ran = billpolicy("ledger", "check", f"sqlite:///{copy}", "--head", head)
    assert "1 import came since the head that was kept" in ran.out + ran.err


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
    """One cell of each column of each table; `scripts/attack_ledger.py` tries every cell."""
    chance = random.Random(SEED)
    every = list(edits(whole[0], chance))
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
