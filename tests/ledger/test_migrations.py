"""The steps that make a ledger's tables end in exactly the tables of the schema, from wherever they start."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from billpolicy.ledger import migrations
from billpolicy.ledger.migrations.metadata import metadata
from billpolicy.ledger.schema import APPLICATION_ID, REVISIONS
from billpolicy.ledger.store import Ledger, create_ledger, ledger_revision, open_ledger
from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import dump, unkept, url_of, whole
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import sample


def made_up_to(url: str, revision: str) -> None:
    """A ledger as an earlier program made it."""
    engine = create_engine(url)
    with engine.connect() as connection:
        migrations.upgrade(connection, revision)
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        connection.commit()
    engine.dispose()


def test_the_program_knows_every_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS


@pytest.mark.in_a_file
def test_the_steps_end_in_the_schema(ledger: Ledger) -> None:
    engine = create_engine(url_of(ledger))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
@pytest.mark.in_a_file
def test_an_older_ledger_is_brought_up_to_date_by_init(url: str, tmp_path: Path, revision: str) -> None:
    made_up_to(url, revision)
    refusal = refused(lambda: open_ledger(url))
    assert codes(refusal) == ["ledger-older"]
    told = str(refusal)
    assert f"its tables have revision {revision}, and those of this version {REVISIONS[-1]}" in told
    assert ledger_revision(url) == revision
    assert told.index(f"billpolicy ledger backup {url} FILE") < told.index(f"billpolicy ledger init {url}")
    with create_ledger(url) as ledger, create_ledger(f"sqlite:///{tmp_path / 'new.db'}") as new:
        assert dump(ledger) == dump(new)
        ledger.import_book(sample())
        assert unkept(whole(ledger)) == sample()


@pytest.mark.in_a_file
def test_init_says_what_it_found_and_what_it_did(url: str) -> None:
    ran = billpolicy("ledger", "init", url)
    assert (ran.code, ran.out, ran.err) == (0, f"{url}: a new ledger was made\n", "")
    ran = billpolicy("ledger", "init", url)
    assert (ran.code, ran.out, ran.err) == (0, f"{url}: it was there already, and nothing was changed\n", "")
    ran = billpolicy("ledger", "init", url, "--format", "json")
    assert json.loads(ran.out) == {"ledger": url, "revision": REVISIONS[-1], "before": REVISIONS[-1]}
    older = f"{url}.older"
    made_up_to(older, REVISIONS[-2])
    ran = billpolicy("ledger", "init", older)
    assert ran.out == f"{older}: its tables were brought from revision {REVISIONS[-2]} to {REVISIONS[-1]}\n"
    assert f"note: its chain began anew: keep the new head, which `billpolicy ledger head {older}` shows\n" == ran.err


@pytest.mark.in_a_file
def test_a_step_that_fails_leaves_everything_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up_to(url, REVISIONS[0])
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER counters_stay BEFORE DELETE ON counters BEGIN SELECT 1; END")
        before = list(connection.iterdump())
    with pytest.raises(Exception, match="counters_stay already exists"):
        create_ledger(url)
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before


@pytest.mark.in_a_file
def test_a_draft_that_an_operation_posted_was_imported_as_a_draft(url: str) -> None:
    """Of two drafts of a book, an operation has posted the one; the other had been posted when it was imported."""
    made_up_to(url, "0004")
    path = Path(url.removeprefix("sqlite:///"))
    plan: dict[str, Any] = {
        "basis": {"D1": 0},
        **{name: [] for name in ("reversed", "charged_through", "balances", "warnings")},
        "posted_drafts": {"D1": "I1"},
        **dict.fromkeys(("actor", "comment")),
    }
    drafts = [("D1", "draft", "I1"), ("D2", "draft", "I2"), ("I1", "posted", None), ("I2", "posted", None)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO accounts VALUES ('a', 'USD', NULL, NULL, '{}', '{}', 0)")
        connection.execute(
            "INSERT INTO operations (id, operation, date, request, plan, policy, policy_digest, engine) "
            "VALUES ('op', 'post_draft', '2026-01-01', '{}', ?, 'p', 'd', 'python')",
            (json.dumps(plan),),
        )
        connection.executemany(
            "INSERT INTO documents (number, kind, account, date, currency, amount_minor, status, reversed, split, "
            "attributes, revision, posted_as) "
            "VALUES (?, 'invoice', 'a', '2026-01-01', 'USD', 0, ?, 0, 0, '{}', 0, ?)",
            drafts,
        )
        connection.commit()
    create_ledger(url).close()
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT number, posted_as, imported_posted_as FROM documents WHERE number LIKE 'D%'")
        assert sorted(found) == [("D1", "I1", None), ("D2", "I2", "I2")]


def test_what_tests_make_quickly_is_what_the_migrations_make(tmp_path: Path) -> None:
    """Of new ledgers in files: the second is of the statements that made the first."""
    made: list[list[str]] = []
    by_steps = migrations.upgrade.__wrapped__  # type: ignore[attr-defined]
    for upgrade in (by_steps, migrations.upgrade, migrations.upgrade):
        path = tmp_path / f"{len(made)}.db"
        with closing(sqlite3.connect(path)) as driver, migrations.core_of(driver, "sqlite") as core:
            upgrade(core)
            driver.commit()
            made.append(sorted(driver.iterdump()))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) > 100
