"""The SQL of a ledger is for every database: each statement is written down for SQLite and for PostgreSQL."""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import String, Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

import billpolicy.ledger
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger import databases, imports, schema, sqlite, statements, tables
from billpolicy.ledger.backups import backup_ledger, restore_ledger
from billpolicy.ledger.databases import DATABASES, database_of
from billpolicy.ledger.inserting import raise_revisions
from billpolicy.ledger.migrations.metadata import metadata
from billpolicy.ledger.postgresql.database import PostgresDialect
from billpolicy.ledger.sqlite.backups import SqliteHeld
from billpolicy.ledger.sqlite.database import DIALECT
from billpolicy.ledger.sqlite.files import files_of
from billpolicy.ledger.statements import Answer, Connection, Row, compiled, insert_into
from billpolicy.ledger.store import create_ledger
from billpolicy.policy.model import LayerText
from billpolicy.posting.stats import KeptHead
from billpolicy.posting.store import PolicyText
from tests.helpers.kinds_of_change import EACH
from tests.helpers.ledgers import post, whole
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW, sample
from tests.helpers.waiting import put_waiting

ROOM = Path(billpolicy.ledger.__file__).parent
OWN = {known.file.rpartition(".")[2] + ".py" for known in DATABASES.values()}
"""Files that may know one database: its own."""
FILES = sorted(path for path in ROOM.glob("*.py") if path.name not in OWN)
SYNTAXES = {"sqlite": sqlite_dialect.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]
"""How SQLAlchemy writes the tables for a database."""
ONLY_SQLITE = re.compile(
    r"\b(?:PRAGMA|sqlite\w*|json\w*|rowid|(?:INSERT|UPDATE) OR|REPLACE INTO|GLOB|IFNULL|IIF|INDEXED BY|AUTOINCREMENT|"
    r"(?:total|changes|group_concat|strftime|julianday|datetime|printf|typeof|instr) ?\(|"
    r"IS (?!NOT\b|NULL\b|DISTINCT\b)|IS NOT (?!NULL\b|DISTINCT\b))",
    re.IGNORECASE,
)
VERBS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CASE", "SAVEPOINT", "ROLLBACK", "RELEASE")


class Postgres:
    """As the file of PostgreSQL would write SQL."""

    mark = PostgresDialect.mark
    in_keys = "= ANY(:keys)"
    pairs = "(SELECT * FROM unnest(:keys) AS pairs (one TEXT, other TEXT))"
    in_few = PostgresDialect.in_few
    each = PostgresDialect.each

    def keys(self, keys: object) -> object:
        return keys


POSTGRES = Postgres()
BOTH = pytest.mark.parametrize("dialect", [DIALECT, POSTGRES], ids=["sqlite", "postgresql"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every statement that a ledger runs that is imported, posted to, shown and checked."""
    found: list[str] = []
    answered, asked, go_through, write = Connection.rows, Connection.ask, Connection.each, Connection.run
    put_in = Connection.insert

    def rows(self: Connection, statement: str, *keys: object, **values: object) -> list[Row]:
        found.append(statement)
        return answered(self, statement, *keys, **values)  # type: ignore[arg-type]

    def ask(self: Connection, statement: str, *keys: object, **values: object) -> Answer:
        found.append(statement)
        return asked(self, statement, *keys, **values)  # type: ignore[arg-type]

    def each(self: Connection, statement: str, **values: object) -> Iterator[Row]:
        found.append(statement)
        return go_through(self, statement, **values)

    def run(self: Connection, statement: str, rows: list[Row]) -> None:
        found.append(statement)
        write(self, statement, rows)

    def insert(self: Connection, table: tables.Table, rows: list[Row]) -> None:
        found.append(insert_into(table))
        put_in(self, table, rows)

    path = tmp_path_factory.mktemp("run") / "ledger.db"
    with pytest.MonkeyPatch.context() as patched, create_ledger(f"sqlite:///{path}") as ledger:
        patched.setattr(Connection, "rows", rows)
        patched.setattr(Connection, "ask", ask)
        patched.setattr(Connection, "each", each)
        patched.setattr(Connection, "run", run)
        patched.setattr(Connection, "insert", insert)
        ledger.import_book(sample())
        for name, make in EACH.items():
            if name != "draft_canceled":  # the draft is posted
                post(ledger, make(whole(ledger), name), who="ann", now=NOW)
        with ledger.reading() as reader:
            book = whole(ledger)
            for number in book.numbered:
                reader.document(number)
            reader.history("INV00000001")
            refused(lambda: reader.history("no such line"))
            for account in book.accounts:
                reader.account(account)
            reader.book(Needs(every_subscription=True, open_of_every_subscriber=True))
            reader.book(Needs(subscriptions=frozenset(book.subscriptions), last_billed_usage=True))
            reader.book(Needs(numbers=frozenset(book.numbered), billed_time=True))
            assert len(list(reader.subscriptions())) == len(book.subscriptions)
            assert {one.id for one in reader.first_unbilled()} <= book.usage.keys()
            assert {one.id for one in reader.reopened()} <= book.charge_periods.keys()
            assert reader.run("no such run") is None
            assert [one.account.id for one in reader.accounts("", 1)] == sorted(book.accounts)[:1]
            assert reader.accounts("", 1, "no account is called so") == []
            assert reader.journal().stamps
            assert reader.place("no such operation") is None
            assert reader.stats().operations
            assert {one.operation.id for one in reader.recorded()} == EACH.keys() - {"draft_canceled"}
            assert reader.decisions("no such name") is None
            day, next_day = NOW.date(), NOW.date() + datetime.timedelta(days=1)
            names = {"credit_memo_from_invoice"}
            assert {one.operation for one in reader.moved(day, next_day, names)} == names
            assert reader.given_elsewhere("invoice", "no such prefix") == []
        backup, other, held = path.with_name("backup"), f"sqlite:///{path.with_name('other.db')}", SqliteHeld.rows

        def held_rows(self: SqliteHeld, statement: str) -> list[tuple[str, ...]]:
            found.append(statement)
            return held(self, statement)

        patched.setattr(SqliteHeld, "rows", held_rows)
        backup_ledger(f"sqlite:///{path}", backup)
        restore_ledger(backup, other)
        assert restore_ledger(backup, other, replace=True).kept
        with ledger.writing() as writer:  # so that the check has to ask who did that
            raise_revisions(writer.connection, ["INV00000001", "subscription:s1"])
            writer.connection.insert(schema.counters, [("X-", "refund", 0, 0, None)])
            text = PolicyText("a-digest", "acme", (LayerText("acme", True, (("acme.yaml", "policy: acme"),)),))
            writer.write([], Book(), Book(), [text])
            put_waiting(writer)
            assert list(writer.waiting()) == list(writer.waiting(["waits", "waited"])) == ["waits"]
        ledger.check(KeptHead("0" * 64, ("no number",)))
        ledger.numbering()
        with ledger.reading() as reader:
            assert not reader.begun_since(KeptHead("0" * 64))
        copied = f"sqlite:///{path.with_name('copied.db')}"
        with ledger.reading() as reader:
            into = sqlite.create_database(copied, reader.connection)
        with closing(into), into.writing() as made:
            imports.begin(made)  # as an upgrade does
    return list(dict.fromkeys(found))


@BOTH
def test_every_statement_is_written_for_every_database(run: list[str], dialect: statements.Dialect) -> None:
    for statement in run:
        text, names = compiled(statement, dialect)
        assert "%" not in statement, "the driver of PostgreSQL would take it for a parameter"
        assert text.count(dialect.mark) == len(names), text
        assert not re.search(r"[{}]|[^:]:[a-z]", text), text


def test_every_text_of_sql_was_run(run: list[str]) -> None:
    """So that no statement is left out above."""
    ran = [" ".join(statement.split()) for statement in run]
    for path in FILES:
        for text in texts_of(path):
            said = " ".join(text.split())
            if said.startswith(VERBS) and "SAVEPOINT part" not in said:
                parts = re.split(r"\{\d\}", said)  # what stands in between is put in
                assert any(all(part in statement for part in parts) for statement in ran), f"{path.name}: {said}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_text_has_words_that_only_sqlite_knows(path: Path) -> None:
    for text in texts_of(path):
        if text.strip().startswith(VERBS):
            assert not ONLY_SQLITE.search(text), text


@pytest.mark.parametrize(
    "text",
    ["SELECT a FROM b WHERE a IS NOT c", "PRAGMA x", "SELECT json_valid(a)", "INSERT OR IGNORE INTO a", "SELECT rowid"],
)
def test_such_words_are_found(text: str) -> None:
    assert ONLY_SQLITE.search(text)


def texts_of(path: Path) -> Iterator[str]:
    """The texts in a file of code, also the parts of those that are put together."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


TABLES = pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)


@pytest.mark.parametrize("syntax", SYNTAXES)
@TABLES
def test_every_table_is_made_by_every_database(table: Table, syntax: str) -> None:
    assert str(CreateTable(table).compile(dialect=SYNTAXES[syntax]))
    for index in table.indexes:
        assert str(CreateIndex(index).compile(dialect=SYNTAXES[syntax]))


@BOTH
@pytest.mark.parametrize("table", schema.TABLES, ids=lambda table: table.name)
def test_every_table_is_written_by_every_database(table: tables.Table, dialect: statements.Dialect) -> None:
    text, names = compiled(insert_into(table), dialect)
    marks = ", ".join([dialect.mark] * len(table.columns))
    assert names == table.names
    assert text == f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"


@TABLES
def test_no_name_must_be_quoted(table: Table) -> None:
    """Statements name tables and columns as they are."""
    assert '"' not in str(select(table).compile(dialect=SYNTAXES["postgresql"])) + str(select(table).compile())


@TABLES
def test_text_sorts_by_code_points_everywhere(table: Table) -> None:
    made = str(CreateTable(table).compile(dialect=SYNTAXES["postgresql"]))
    texts = [line.strip() for line in made.splitlines() if re.search(r" (?:TEXT|VARCHAR)", line)]
    assert [line for line in texts if 'COLLATE "C"' not in line] == []
    assert len(texts) == sum(isinstance(column.type, String) for column in table.columns)


class TestDatabases:
    @pytest.mark.parametrize("name", DATABASES)
    def test_each_has_a_file_that_gives_what_is_wanted(self, name: str) -> None:
        file = database_of(f"{name}:")
        for wanted in (one for one in vars(databases.DatabaseFile) if not one.startswith("_")):
            assert callable(getattr(file, wanted))

    @pytest.mark.parametrize("url", ["", "oracle://host/books", ":"])
    def test_any_other_address_is_refused_with_all_that_there_are(self, url: str) -> None:
        refusal: Refused = refused(lambda: database_of(url))
        assert codes(refusal) == ["ledger-address"]
        assert all(known.address in str(refusal) for known in DATABASES.values())

    def test_the_files_of_a_ledger(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        found = set(files_of(f"sqlite:///{path}"))
        assert {file.name for file in found} == {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal"}
