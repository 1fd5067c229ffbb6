"""The soak, for some seconds, and the table that it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billpolicy.ledger.store import create_ledger
from scripts.soak_ledger import Found, Part, main
from tests.faults.places import place_at
from tests.faults.sampling import SEED
from tests.faults.scenarios import credit, post, stock
from tests.faults.soak import Ledger, Soak, at_the_end, looked_at
from tests.faults.tally import Struck, Tally, struck_of, table
from tests.helpers.tools import needs


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_some_seconds(ledger_url: str) -> None:
    """A connection that the server has ended may tell so as it is thrown away; what counts here is the ledger."""
    needs("cc")
    tally = Tally()
    with place_at(ledger_url) as place:
        tally.add(Soak(place, int(SEED), 3).run())
    assert tally.problems == [], f"with FAULTS_SEED={SEED}"
    assert tally.rows["soak: a whole ledger of eight posters"].whole == 1
    assert tally.times >= 8 + 1


def test_what_is_not_there_is_noticed(ledger_url: str) -> None:
    with place_at(ledger_url) as place:
        url = place.fresh()
        with create_ledger(url) as ledger:
            ledger.import_book(stock())
            post(ledger, credit(1))
        told = {"credit-1": ["CM00000001"]}
        assert looked_at(Ledger(url, told), "a fault", "here") == Struck("a fault", True)
        assert at_the_end(Ledger(url, told)).problem is None
        for other in ({"credit-2": ["CM00000001"]}, {"credit-1": ["CM00000002"]}):
            struck = looked_at(Ledger(url, told | other), "a fault", "here")
            assert struck == Struck("a fault", True, lost=1, problem="here: 1 are lost")
            assert "has other numbers" in str(at_the_end(Ledger(url, told | other)).problem)


def test_nothing_but_a_refusal_tells_of_a_lost_connection() -> None:
    """Python prints what a library warns of where nobody takes it: what psycopg says of a pipeline that is gone."""
    warn = (
        "import logging, billpolicy.ledger.postgresql; logging.getLogger('psycopg').warning('the connection is lost')"
    )
    ran = subprocess.run([sys.executable, "-c", warn], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")


STRUCK = (
    Struck("killed", True),
    Struck("the disk is full", True, refused=True),
    Struck("killed", False, problem="at 3"),
    Struck("killed", True, lost=2, doubled=1, problem="at 4"),
)


def test_counts() -> None:
    tally = Tally()
    tally.add(STRUCK[:2])
    other = Tally()
    other.add(STRUCK[2:])
    tally.join(other)
    assert tally.problems == ["killed: at 3", "killed: at 4"]
    assert tally.total.refused == 1
    assert table({"SQLite": tally, "PostgreSQL": other}).splitlines() == [
        "| fault | SQLite | PostgreSQL | ledger not whole | acknowledged and lost | done twice |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| killed | 3 | 2 | 2 | 4 | 2 |",
        "| the disk is full | 1 | – | 0 | 0 | 0 |",
        "| all | 4 | 2 | 2 | 4 | 2 |",
    ]


@pytest.mark.parametrize("struck", STRUCK)
def test_a_line_is_read_as_it_was_written(struck: Struck) -> None:
    assert struck_of(struck.line()) == struck


@pytest.mark.parametrize(("found", "code"), [(STRUCK[:2], 0), (STRUCK, 1)], ids=["all is well", "not all is"])
def test_the_table_is_written(
    found: tuple[Struck, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And any problem fails the command. What was done is not done again."""
    tally, runs = Tally(), []
    tally.add(found)
    page = tmp_path / "security.md"

    def run(_: Found) -> tuple[Struck, ...]:
        runs.append(1)
        return found

    monkeypatch.setattr("scripts.soak_ledger._parts", lambda _: iter([Part("sqlite", "all", run)]))
    monkeypatch.setattr("scripts.soak_ledger.PAGE", page)
    expected = table({"SQLite": tally, "PostgreSQL": Tally()})
    for _ in range(2):
        page.write_text("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n", encoding="utf-8")
        assert main(["--seed", "17", "--folder", str(tmp_path / "kept")]) == code
        before, _, rest = page.read_text(encoding="utf-8").partition("<!-- faults -->\n")
        about, _, after = rest.partition(f"\n\n{expected}\n<!-- /faults -->")
        assert (before, after) == ("before\n", "\nafter\n")
        assert "seed 17: each point in each scenario." in " ".join(about.split())
        assert capsys.readouterr().out.splitlines() == [
            *expected.splitlines(),
            *(f"sqlite: {problem}" for problem in tally.problems),
        ]
    assert len(runs) == 1


def test_what_is_kept_is_told_without_trying_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parts = [Part("sqlite", name, lambda _: STRUCK[:2]) for name in ("one", "other")]
    page, kept = tmp_path / "security.md", tmp_path / "kept"
    page.write_text("<!-- faults --><!-- /faults -->", encoding="utf-8")
    monkeypatch.setattr("scripts.soak_ledger._parts", lambda _: iter(parts))
    monkeypatch.setattr("scripts.soak_ledger.PAGE", page)
    assert main(["--part", "one", "--folder", str(kept)]) == 0
    assert main(["--no-more", "--points", "5", "--folder", str(kept)]) == 0
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert "at most 5 points of each kind in each scenario (1 of 2 parts)." in text
    assert "| all | 2 | 0 | 0 | 0 | 0 |" in text


def test_a_part_writes_no_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scripts.soak_ledger._parts", lambda _: iter([Part("sqlite", "all", lambda _: STRUCK[:2])]))
    monkeypatch.setattr("scripts.soak_ledger.PAGE", tmp_path / "is not there")
    for few in (["--part", "all"], ["--store", "sqlite"]):
        assert main([*few, "--folder", str(tmp_path / "kept")]) == 0
