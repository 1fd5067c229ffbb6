"""Killed at a statement, or before, in or after anything that is done to the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from billpolicy.ledger.store import create_ledger
from tests.faults.places import folder_of, place_at
from tests.faults.sampling import outlived, tried
from tests.faults.scenarios import SCENARIOS
from tests.faults.seen import NO_LEDGER, Seen, seen
from tests.helpers.ledgers import by_hand

KINDS = {
    "killed before a statement",
    "killed before a write",
    "killed in the middle of a write",
    "killed after a write",
    "killed before a sync",
    "killed after a sync",
    "killed before a truncate",
    "killed after a truncate",
    "killed before a delete",
    "killed after a delete",
    "killed before the making of a file",
    "killed after the making of a file",
    "killed before the naming of a file",
    "killed after the naming of a file",
}


def test_a_sample_of_the_points(ledger_url: str) -> None:
    """A ledger on a server has files only where it is backed up or restored."""
    drawn = "6" if ledger_url.startswith("sqlite:") else "2"
    tally = outlived("points", "kills", "--kinds", drawn, "--each", "1", "--url", ledger_url)
    assert tally.rows.keys() <= KINDS
    assert len(tally.rows) > 1


def test_nothing_is_asked_of_a_ledger_after_it_was_made(ledger_url: str) -> None:
    """What failed then would be told as if nothing had been made."""
    with place_at(ledger_url) as place:
        url, looking = place.fresh(), False
        found: list[Seen | str] = []

        def each() -> None:
            nonlocal looking
            if not looking:
                looking = True
                found.append(seen(url))
                looking = False

        with place.statements(each), create_ledger(url):
            pass
        assert found == ["no ledger"] * len(found) != []
        assert isinstance(seen(url), Seen)


def test_a_ledger_that_is_no_transaction_is_noticed() -> None:
    tally = tried("points", "kills", "--each", "4", "--only", "a chain", "--broken", "statement-by-statement")
    assert any("[audit-missing]" in problem or "[operation-differs]" in problem for problem in tally.problems)


def test_a_backup_that_has_its_name_too_early_is_noticed() -> None:
    tally = tried("points", "kills", "--each", "1", "--only", "backup", "--broken", "copied-in-place")
    assert tally.problems


@pytest.mark.parametrize("name", ["backup", "backup of an older ledger"])
def test_a_copy_under_a_name_of_its_own_that_is_not_whole_is_noticed(name: str, tmp_path: Path) -> None:
    (scenario,) = (one for one in SCENARIOS if one.name == name)
    with place_at(f"sqlite:///{tmp_path}") as place:
        url = place.fresh()
        scenario.make(url)
        left = folder_of(url) / ".billpolicy-left"
        shutil.copy(url.removeprefix("sqlite:///"), left)
        assert scenario.look(url) == NO_LEDGER  # of a backup: the copy that is left is whole
        by_hand(left, "DELETE FROM counters")
        with pytest.raises(AssertionError):
            scenario.look(url)
