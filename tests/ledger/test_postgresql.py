"""What is of PostgreSQL alone: roles, lost connections, guards, addresses, and the way to and from files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billpolicy.book.needs import Needs
from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.backups import backup_ledger, restore_ledger
from billpolicy.ledger.postgresql.addresses import check_address
from billpolicy.ledger.postgresql.database import PostgresDatabase
from billpolicy.ledger.postgresql.guards import guards
from billpolicy.ledger.schema import TABLES
from billpolicy.ledger.sqlite.database import _schema_of_new
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from billpolicy.policy.layers import digest_of_texts
from billpolicy.policy.model import LayerText
from billpolicy.posting.store import PolicyText
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy
from tests.helpers.kinds_of_change import EACH
from tests.helpers.ledgers import dump, post, whole
from tests.helpers.paths import ROOT
from tests.helpers.postgresql import Server, server
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW, credit_plan, sample
from tests.helpers.tampering import fill
from tests.ledger.test_guards import KEPT, MAY_CHANGE, ONE_WAY, PARTS_OF

pytestmark = pytest.mark.on_a_server
VOID = "accounts: []\nvoid_numbers: [{number: OLD-00000001, kind: refund, reason: torn up}]"
PAYMENTS = "operations: [{id: op-1, operation: create_payment, account: acme, amount: 1.00, date: 2026-06-01}]\n"
PAGE = (ROOT / "docs" / "postgresql.md").read_text(encoding="utf-8")


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A ledger in which every table has something."""
    fill(ledger)
    ledger.import_book(book_from(VOID))
    return ledger


def url_of(ledger: Ledger) -> str:
    assert isinstance(ledger.database, PostgresDatabase)
    return ledger.database.url


def hand(ledger: Ledger) -> psycopg.Connection:
    """Somebody with SQL and every right."""
    return psycopg.connect(url_of(ledger), autocommit=True)


def head(ledger: Ledger) -> str:
    with ledger.reading() as reader:
        return reader.head().digest


class TestBothStores:
    def test_the_same_operations_give_the_same_head(self, filled: Ledger, tmp_path: Path) -> None:
        with create_ledger(f"sqlite:///{tmp_path / 'file.db'}") as file:
            fill(file)
            file.import_book(book_from(VOID))
            assert head(file) == head(filled)

    def test_a_backup_is_a_file_with_the_same_head_and_becomes_a_ledger_of_either(
        self, filled: Ledger, postgresql: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / "monday.backup"
        made = backup_ledger(url_of(filled), file)
        assert made.head is not None
        assert made.head.digest == head(filled)
        with postgresql.database() as name:
            restore_ledger(file, postgresql.url(name))
            restore_ledger(file, f"sqlite:///{tmp_path / 'file.db'}")
            for url in (postgresql.url(name), f"sqlite:///{tmp_path / 'file.db'}"):
                with open_ledger(url) as restored:
                    assert head(restored) == head(filled)
                    assert restored.check() == []
                    assert whole(restored) == whole(filled)
            assert codes(refused(lambda: restore_ledger(file, postgresql.url(name)))) == ["file-there"]

    def test_an_import_is_copied_in_and_an_operation_goes_on_from_it(self, ledger: Ledger) -> None:
        ledger.import_book(sample())
        post(ledger, credit_plan(whole(ledger), "op-1", "INV00000001"), who="ann", now=NOW)
        assert ledger.check() == []


class TestWhatIsThere:
    def test_no_ledger_is_replaced_not_even_an_empty_one(self, ledger: Ledger, stocked: Ledger, tmp_path: Path) -> None:
        file = tmp_path / "monday.backup"
        backup_ledger(url_of(stocked), file)
        for there in (ledger, stocked):
            before = dump(there)
            url = url_of(there)
            for replace in (False, True):
                refusal = refused(lambda url=url, replace=replace: restore_ledger(file, url, replace=replace))  # type: ignore[misc]
                assert codes(refusal) == ["file-there"]
                assert "restore into another database or schema" in str(refusal)
            assert dump(there) == before

    def test_one_of_an_earlier_version_is_kept_by_the_servers_own_tool(self, ledger: Ledger, tmp_path: Path) -> None:
        with hand(ledger) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0012'")
        refusal = refused(lambda: backup_ledger(url_of(ledger), tmp_path / "monday.backup"))
        assert codes(refusal) == ["ledger-older"]
        assert "pg_dump" in str(refusal)
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def with_roles() -> Iterator[Server]:
    """A server with the roles of the page, which are made once."""
    with server() as started:
        started.run("postgres", *sql_of("roles"), "CREATE ROLE stranger LOGIN")
        yield started


class TestRights:
    @pytest.fixture
    def roles(self, with_roles: Server) -> Iterator[Server]:
        """The same, with a ledger that was made as the page says."""
        with_roles.run("postgres", "CREATE DATABASE books TEMPLATE template0")
        with_roles.run("books", *sql_of("schema"))
        create_ledger(with_roles.url("books", "ledger_owner")).close()
        give_rights(with_roles, "books")
        with open_ledger(with_roles.url("books", "ledger_poster")) as ledger:
            ledger.import_book(sample())
        yield with_roles
        for name in ("books", "second", "back"):
            with_roles.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def test_one_makes_one_posts_and_one_reads(self, roles: Server) -> None:
        poster, reader = (roles.url("books", f"ledger_{name}") for name in ("poster", "reader"))
        with open_ledger(poster) as posting, open_ledger(reader) as reading:
            fill_but_the_book(posting)
            assert posting.check() == reading.check() == []
            assert whole(reading) == whole(posting)
            plan = credit_plan(whole(reading), "op-2", "INV00000002")
            assert codes(refused(lambda: post(reading, plan, who="ann", now=NOW))) == ["ledger-read-only"]

    @pytest.mark.parametrize("role", ["ledger_poster", "ledger_reader"])
    def test_neither_of_them_makes_tables(self, roles: Server, role: str) -> None:
        roles.run("books", "CREATE SCHEMA other", f"GRANT USAGE ON SCHEMA other TO {role}")
        url = f"{roles.url('books', role)}&options=-csearch_path%3Dother"
        (found,) = refused(lambda: create_ledger(url)).diagnostics
        assert found.code == "ledger-read-only"
        assert found.message == "you may not make tables in the schema `other` of this database"
        assert "run this as the role that owns the ledger" in str(found.hint)
        (found,) = refused(lambda: open_ledger(url)).diagnostics
        assert found.code == "ledger-empty"
        assert "have the role that is to own the ledger run `billpolicy ledger init`" in str(found.hint)

    def test_the_owner_makes_no_tables_where_the_schema_was_not_given(self, roles: Server, tmp_path: Path) -> None:
        """Nor restores any; then the page's grants do, in that order, without the roles, which are there."""
        roles.run("postgres", "CREATE DATABASE second TEMPLATE template0")
        url, file = roles.url("second", "ledger_owner"), tmp_path / "monday.backup"
        backup_ledger(roles.url("books", "ledger_reader"), file)
        for action in (lambda: create_ledger(url), lambda: restore_ledger(file, url)):
            (found,) = refused(action).diagnostics
            assert found.code == "ledger-read-only"
            assert found.message == "you may not make tables in the schema `public` of this database"
            assert "`GRANT USAGE, CREATE ON SCHEMA public TO ledger_owner`" in str(found.hint)
        roles.run("second", *sql_of("schema"))
        restore_ledger(file, url)
        give_rights(roles, "second")
        with open_ledger(roles.url("second", "ledger_poster")) as ledger:
            fill_but_the_book(ledger)
            assert ledger.check() == []

    def test_who_does_not_own_an_older_ledger_does_not_bring_it_up_to_date(self, roles: Server) -> None:
        roles.run("books", "UPDATE alembic_version SET version_num = '0013'")
        roles.run("books", "GRANT CREATE ON SCHEMA public TO ledger_poster")
        (found,) = refused(lambda: create_ledger(roles.url("books", "ledger_poster"))).diagnostics
        assert (found.code, found.message) == ("ledger-read-only", "you may not change the tables of this ledger")
        assert found.hint == "run this as the role that owns them"

    def test_what_the_page_says_brings_a_dump_back(self, roles: Server) -> None:
        with open_ledger(roles.url("books", "ledger_poster")) as ledger:
            post(ledger, credit_plan(whole(ledger), "op-1", "INV00000001"), who="ann", now=NOW)
            kept = head(ledger)
        dump_it, *_ = commands_of("dump")
        assert dump_it[-1].endswith("ledger_owner@db.example.com/books")
        roles.program(*dump_it[:-1], roles.url("books", "ledger_owner"))
        for program, *arguments in commands_of("back"):
            roles.program(program, "--host", str(roles.folder), "--username", "postgres", *arguments)
        with open_ledger(roles.url("back", "ledger_reader")) as back:
            assert head(back) == kept
            assert back.check() == []
        with open_ledger(roles.url("back", "ledger_poster")) as back:
            assert post(back, credit_plan(whole(back), "op-1", "INV00000001"), who="ann", now=NOW).repeated
            fill_but_the_book(back)
            assert back.check() == []

    def test_who_has_no_right_does_not_read(self, roles: Server) -> None:
        roles.run("books", "GRANT USAGE ON SCHEMA public TO stranger")
        (found,) = refused(lambda: open_ledger(roles.url("books", "stranger"))).diagnostics
        assert (found.code, found.message) == ("ledger-unreadable", "you may not read this ledger")
        assert "the rights of a role that reads: `billpolicy rule ledger-read-only`" in str(found.hint)

    def test_a_right_to_one_table_that_is_missing_is_named(self, roles: Server) -> None:
        """As after an upgrade that brought new tables."""
        poster = roles.url("books", "ledger_poster")
        with open_ledger(poster) as ledger:
            plan = credit_plan(whole(ledger), "op-1", "INV00000001")
            for grant, code, message in (
                ("UPDATE (revision) ON documents", "ledger-read-only", "you lack a right that posting needs"),
                ("INSERT ON audit", "ledger-read-only", "you may not write the table `audit`"),
                ("SELECT ON accounts", "ledger-unreadable", "you may not read the table `accounts`"),
            ):
                roles.run("books", f"REVOKE {grant} FROM ledger_poster")
                (found,) = refused(lambda: post(ledger, plan, who="ann", now=NOW)).diagnostics
                assert found.code == code
                assert found.message.startswith(message)
                assert "have the owner of the ledger give the rights again: `billpolicy rule" in str(found.hint)
            give_rights(roles, "books")
            post(ledger, plan, who="ann", now=NOW)
            assert ledger.check() == []

    @pytest.mark.parametrize("format", ["text", "json"])
    def test_who_only_reads_is_told_that_and_of_no_operation(self, roles: Server, format: str, tmp_path: Path) -> None:
        (tmp_path / "operations.yaml").write_text(PAYMENTS)
        at = ("--ledger", roles.url("books", "ledger_reader"), "--policy", "standard", "--format", format)
        for typed in (
            ("approve", "op-1", "--actor", "maria"),
            ("post", str(tmp_path / "operations.yaml"), "--today", "2026-06-01"),
        ):
            ran = billpolicy(*typed, *at)
            assert ran.code == 1
            assert (ran.out + ran.err).count("this ledger can only be read here, not written") == 1
            assert "is refused" not in ran.out + ran.err
            assert "0 posted" not in ran.out + ran.err

    @pytest.mark.parametrize("role", ["ledger_poster", "ledger_reader"])
    def test_nothing_that_was_posted_is_theirs_to_change(self, roles: Server, role: str) -> None:
        for statement in (
            "UPDATE audit SET who = 'nobody'",
            "UPDATE documents SET amount_minor = 1",
            "DELETE FROM operations",
            "TRUNCATE chain",
            "ALTER TABLE documents DISABLE TRIGGER ALL",
            "DROP TABLE audit",
            "SET session_replication_role = replica",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            refusing = pytest.raises(psycopg.errors.InsufficientPrivilege)
            with psycopg.connect(roles.url("books", role)) as connection, refusing:
                connection.execute(statement)


def test_the_grants_can_be_read_without_the_page() -> None:
    """The hints name this command: who has installed the program has no `docs/`."""
    shown = billpolicy("rule", "ledger-read-only").out
    for name in ("schema", "rights"):
        assert block_of(name) in shown


def block_of(name: str) -> str:
    """What stands on the page under a mark."""
    found = re.search(rf"<!-- {name} -->\n```[a-z]+\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def sql_of(name: str) -> list[str]:
    """Its statements."""
    return [one.strip() for one in block_of(name).split(";") if one.strip()]


def commands_of(name: str) -> list[list[str]]:
    """Its commands, each with its arguments."""
    return [shlex.split(line) for line in block_of(name).splitlines()]


def give_rights(own: Server, database: str) -> None:
    """What the page has the owner of the tables do."""
    with psycopg.connect(own.url(database, "ledger_owner"), autocommit=True) as owner:
        for statement in sql_of("rights"):
            owner.execute(statement)


def fill_but_the_book(ledger: Ledger) -> None:
    """Operations of every kind on the sample book, which is there."""
    for name, make in EACH.items():
        if name != "draft_canceled":
            post(ledger, make(whole(ledger), name), who="ann", now=NOW)


_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


class TestLostConnections:
    def test_one_that_is_lost_before_the_commit_leaves_nothing(self, stocked: Ledger) -> None:
        before = dump(stocked)

        def cut_off() -> None:
            with stocked.writing() as writer, hand(stocked) as other:
                book = writer.book(Needs(everything=True))
                writer.write([], book, book, [api_text()])
                other.execute(_END_OTHERS)

        refusal = refused(cut_off)
        assert codes(refusal) == ["ledger-unreachable"]
        assert "do it again: what was posted is not posted twice" in str(refusal)
        assert dump(stocked) == before
        post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"), who="ann", now=NOW)
        assert stocked.check() == []

    def test_a_server_that_is_stopped_and_started_again(self) -> None:
        with server() as own:
            url = own.url(own.new_database())
            with create_ledger(url) as ledger:
                ledger.import_book(sample())
                post(ledger, credit_plan(whole(ledger), "op-1", "INV00000001"), who="ann", now=NOW)
                own.stop("immediate")
                assert codes(refused(lambda: whole(ledger))) == ["ledger-unreachable"]
                assert codes(refused(lambda: open_ledger(url))) == ["ledger-unreachable"]
                own.start()
                assert post(ledger, credit_plan(sample(), "op-1", "INV00000001"), who="ann", now=NOW).repeated
                assert ledger.check() == []

    def test_a_writer_that_waits_too_long_is_refused(self, stocked: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("billpolicy.ledger.postgresql.database.BUSY_SECONDS", 1)
        with stocked.writing(), open_ledger(url_of(stocked)) as other:
            assert codes(refused(lambda: write_nothing(other))) == ["ledger-busy"]
            assert whole(other) == whole(other)  # readers do not wait


def write_nothing(ledger: Ledger) -> None:
    with ledger.writing():
        pass


def api_text() -> PolicyText:
    layers = (LayerText("other", True, (("other.yaml", "policy: other"),)),)
    return PolicyText(digest_of_texts(layers), "other", layers)


def test_what_the_server_is_set_to_does_not_count(filled: Ledger, postgresql: Server) -> None:
    """A writer sees what the one before it has left, and its commit waits for the disk."""
    name = url_of(filled).partition("@/")[2].partition("?")[0]
    postgresql.run(
        "postgres",
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'",
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
    )
    with open_ledger(url_of(filled)) as ledger, ledger.writing() as writer:
        found = {one: writer.connection.driver.execute(f"SHOW {one}").fetchone()[0] for one in SET}
    assert found == SET


SET = {"transaction_isolation": "read committed", "synchronous_commit": "on", "transaction_read_only": "off"}


@pytest.mark.parametrize("format", ["text", "json"])
def test_no_command_tells_a_password(filled: Ledger, tmp_path: Path, format: str) -> None:
    url = f"{url_of(filled)}&password=secret"
    for asked in (("init",), ("check",), ("head",), ("stats",), ("numbers",), ("show", "nothing")):
        ran = billpolicy("--log-format", "json", "ledger", asked[0], url, *asked[1:], "--format", format)
        assert "secret" not in ran.out + ran.err, asked
    ran = billpolicy("ledger", "backup", url, str(tmp_path / "b"), "--format", format)
    assert "secret" not in ran.out + ran.err


class TestGuards:
    def test_they_are_those_of_a_file(self) -> None:
        """But for those against replacing a row, of which there is no such statement here."""
        in_a_file = {name for kind, name in _schema_of_new() if kind == "trigger" and not name.endswith("_unique")}
        here = {guard.name.removeprefix("billpolicy_") for guard in guards()}
        assert in_a_file - here == {"counters_source"}  # whose numbers are continued is fixed with the others here
        assert here - in_a_file <= {f"{table.name}_{name}" for table in TABLES for name in ("full", "fixed", "stay")}

    @pytest.mark.parametrize("table", KEPT)
    def test_nothing_changes_is_deleted_or_emptied(self, filled: Ledger, table: str) -> None:
        with hand(filled) as connection:
            columns = [
                name for one in TABLES if one.name == table for name in one.names if (table, name) not in MAY_CHANGE
            ]
            for statement in (
                *(f"UPDATE {table} SET {column} = {column}" for column in columns),
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with pytest.raises(psycopg.errors.RaiseException, match="guard: "):
                    connection.execute(statement)

    @pytest.mark.parametrize("statement", [*PARTS_OF, *ONE_WAY])
    def test_nothing_is_added_to_and_all_goes_one_way(self, filled: Ledger, statement: str) -> None:
        said = re.sub(
            "reversed = ([01])", lambda found: f"reversed = {'true' if found[1] == '1' else 'false'}", statement
        )
        with hand(filled) as connection, pytest.raises(psycopg.errors.RaiseException, match="guard: "):
            connection.execute(said)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER billpolicy_documents_fixed ON documents",
        "ALTER TABLE documents DISABLE TRIGGER billpolicy_documents_fixed",
        "CREATE OR REPLACE FUNCTION billpolicy_audit_fixed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "DROP INDEX ix_documents_draw",
        "ALTER TABLE documents DROP CONSTRAINT documents_account_fkey",
        "ALTER TABLE documents DROP CONSTRAINT documents_number_key CASCADE",
        "ALTER TABLE audit RENAME COLUMN why TO reason",
        "ALTER TABLE audit ALTER COLUMN who DROP NOT NULL",
        "ALTER TABLE audit ADD COLUMN note TEXT",
        "CREATE TABLE notes (note TEXT)",
        "CREATE VIEW notes AS SELECT 1 AS note",
        "ALTER TABLE audit ALTER COLUMN why SET DEFAULT 'agreed'",
        "ALTER TABLE audit ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY none ON audit USING (false)",
        "CREATE RULE none AS ON UPDATE TO counters DO INSTEAD NOTHING",
        "ALTER TABLE chain SET UNLOGGED",
        "DROP INDEX ix_documents_draw; CREATE UNIQUE INDEX ix_documents_draw ON documents (number)",
        (
            "ALTER TABLE contacts DROP CONSTRAINT contacts_account_fkey, "
            "ADD CONSTRAINT contacts_account_fkey FOREIGN KEY (created_by) REFERENCES operations (id)"
        ),
        (
            "DROP TRIGGER billpolicy_audit_fixed ON audit; CREATE TRIGGER billpolicy_audit_fixed BEFORE UPDATE OF who "
            "ON audit FOR EACH ROW WHEN (false) EXECUTE FUNCTION billpolicy_audit_fixed()"
        ),
        (
            "DROP TRIGGER billpolicy_audit_stay ON audit; CREATE TRIGGER billpolicy_audit_stay BEFORE INSERT "
            "ON audit FOR EACH ROW WHEN (false) EXECUTE FUNCTION billpolicy_audit_stay()"
        ),
        (
            "ALTER TABLE contacts DROP CONSTRAINT contacts_account_fkey, ADD CONSTRAINT contacts_account_fkey "
            "FOREIGN KEY (account) REFERENCES accounts (id) ON DELETE CASCADE"
        ),
        "ALTER TABLE documents ADD CHECK (account <> 'acme') NOT VALID",
        "ALTER TABLE items DISABLE TRIGGER ALL; ALTER TABLE items ENABLE TRIGGER USER",
        "ALTER FUNCTION billpolicy_items_closed() SET search_path = elsewhere",
        "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.more () INHERITS (audit)",
        "INSERT INTO alembic_version VALUES ('0012')",
        (
            "DROP TRIGGER billpolicy_approvals_whole ON approvals; CREATE TRIGGER billpolicy_approvals_whole "
            "AFTER INSERT ON approvals REFERENCING NEW TABLE AS other FOR EACH STATEMENT "
            "EXECUTE FUNCTION billpolicy_approvals_whole()"
        ),
    ],
)
def test_what_was_done_to_the_tables_is_found(filled: Ledger, statement: str) -> None:
    with hand(filled) as connection:
        connection.execute(statement)
    try:
        found = {one.code for one in filled.check()}
    except Refused as refusal:
        found = {one.code for one in refusal.diagnostics}
    assert found & {"schema-differs", "ledger-damaged"}


@pytest.mark.parametrize(
    ("setting", "statement"),
    [
        ("session_replication_role = replica", "SELECT 1"),
        (
            "search_path = public, elsewhere, pg_catalog",
            (
                "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.pg_trigger AS SELECT * FROM pg_trigger; "
                "DROP TRIGGER billpolicy_documents_fixed ON documents"
            ),
        ),
    ],
)
def test_what_is_set_for_everybody_takes_no_guard_down_unseen(filled: Ledger, setting: str, statement: str) -> None:
    """Without a change of any trigger, or behind a table that stands before the catalogue of the server."""
    with hand(filled) as connection:
        connection.execute(statement)
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting}")
    with open_ledger(url_of(filled)) as ledger:
        assert {one.code for one in ledger.check()} == {"schema-differs"}


_DRAW = "CREATE UNIQUE INDEX ix_documents_draw ON documents"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"DROP INDEX ix_documents_draw; {_DRAW} (prefix, counter)", "ix_documents_draw"),
        (f"DROP INDEX ix_documents_draw; {_DRAW} (prefix, counter) WHERE false", "ix_documents_draw"),
        (f"DROP INDEX ix_documents_draw; {_DRAW} (prefix, counter) WHERE prefix <> 'CM-'", "ix_documents_draw"),
        (f"DROP INDEX ix_documents_draw; {_DRAW} (prefix, (counter + id)) WHERE prefix IS NOT NULL", "ix_documents"),
        (f'DROP INDEX ix_documents_draw; {_DRAW} (prefix COLLATE "en-x-icu", counter)', "ix_documents_draw"),
        ("DROP INDEX ix_audit_at; CREATE INDEX ix_audit_at ON audit USING hash (at)", "ix_audit_at"),
        ("ALTER TABLE documents ALTER CONSTRAINT documents_account_fkey DEFERRABLE", "documents"),
        ("ALTER TABLE audit ALTER why SET DEFAULT current_user", "audit.why"),
        (
            "ALTER TABLE audit DROP why CASCADE, ADD why text GENERATED ALWAYS AS ('agreed') STORED",
            "audit.why",
        ),
        ("ALTER TABLE audit ALTER id ADD GENERATED BY DEFAULT AS IDENTITY", "audit.id"),
        ("ALTER TABLE alembic_version ALTER version_num TYPE text", "alembic_version.version_num"),
        ("DROP TABLE taxes; CREATE TABLE taxes (n int) PARTITION BY LIST (n)", "taxes"),
    ],
)
def test_what_was_done_is_named_and_keeps_the_ledger_from_being_backed_up(
    ledger: Ledger, statement: str, what: str, tmp_path: Path
) -> None:
    with hand(ledger) as connection:
        connection.execute(statement)
    with ledger.reading() as reader:
        assert any(what in breach for breach in ledger.database.schema_breaches(reader.connection))
    assert_no_backup(ledger, "schema-differs", tmp_path)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DROP TRIGGER billpolicy_documents_fixed ON documents", "schema-differs"),
        ("ALTER TABLE documents DISABLE TRIGGER billpolicy_documents_fixed", "schema-differs"),
        ("DROP INDEX ix_documents_draw", "schema-differs"),
        (
            "SET session_replication_role = replica; DELETE FROM accounts WHERE id IN (SELECT account FROM documents)",
            "orphan",
        ),
    ],
)
def test_a_server_that_is_not_whole_is_not_backed_up(
    stocked: Ledger, statement: str, code: str, tmp_path: Path
) -> None:
    with hand(stocked) as connection:
        connection.execute(statement)
    assert_no_backup(stocked, code, tmp_path)


def assert_no_backup(ledger: Ledger, code: str, folder: Path) -> None:
    refusal = refused(lambda: backup_ledger(url_of(ledger), folder / "monday.backup"))
    assert set(codes(refusal)) == {code}
    assert list(folder.iterdir()) == []


class TestAddresses:
    @pytest.mark.parametrize(
        "address", ["postgresql:books", "postgresql://host:port:port/x y", "postgres://host/books"]
    )
    def test_what_is_none(self, address: str) -> None:
        assert codes(refused(lambda: open_ledger(address))) == ["ledger-address"]

    @pytest.mark.parametrize(
        ("address", "message", "hint"),
        [
            ("postgresql://ann@db:5433", "names no database", "like `postgresql://ann@db:5433/books`"),
            ("postgresql://ann@db:5433/", "names no database", "like `postgresql://ann@db:5433/books`"),
            ("postgresql://?host=/tmp", "names no database", "like `postgresql:///books?host=/tmp`"),
            ("postgres://ann@db/books", "is not the address of a ledger", "write `postgresql://` for `postgres://`"),
            ("postgresql://db/books?sslmod=require", "`sslmod` is not an option", "did you mean `sslmode`?"),
            ("postgresql://db/books?options=-csearch_path=own", "a second `=` in `options`", "write `%3D` for `=`"),
            ("postgresql://db:port/books", "`port` is not a port number", "like `:5432`"),
            ("postgresql://one:5432,two:65536/books", "`65536` is not a port number", "like `:5432`"),
            ("postgresql://ann:hunter@2@db/books", "a password in it", "leave the password out of the address"),
            ("postgresql://ann:hunt/er2@db/books", "a password in it", "leave the password out of the address"),
            ("postgresql://ann:hunter%2@db/books", "a password in it", "leave the password out of the address"),
            ("postgresql://ann:hunter2@db", "names no database", "like `postgresql://ann@db/books`"),
        ],
    )
    def test_what_is_wrong_with_one_is_told_before_anybody_is_asked(
        self, address: str, message: str, hint: str
    ) -> None:
        for action in (create_ledger, open_ledger):
            (told,) = refused(lambda action=action: action(address)).diagnostics  # type: ignore[misc]
            assert told.code == "ledger-address"
            assert message in told.message
            assert hint in str(told.hint)
            assert "hunt" not in f"{told.message} {told.hint}"

    def test_a_service_and_an_option_name_a_database_too(self) -> None:
        for address in ("postgresql://?service=books", "postgresql://?dbname=books"):
            check_address(address)

    def test_no_server_there(self, tmp_path: Path) -> None:
        refusal = refused(lambda: open_ledger(f"postgresql://ann:secret@/books?host={tmp_path}&password=secret"))
        assert codes(refusal) == ["ledger-unreachable"]
        assert "secret" not in str(refusal)

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("postgresql://ann:secret@db/books", "postgresql://ann@db/books"),
            ("postgresql://ann:s:e@cret@db/books", "postgresql://ann@db/books"),
            (
                "postgresql://ann@db/books?password=secret&sslmode=require",
                "postgresql://ann@db/books?password=…&sslmode=require",
            ),
            ("postgresql://db/books", "postgresql://db/books"),
            ("postgres://ann:secret@db/books", "postgres://ann@db/books"),
            ("postgresql://db/books?sslpassword=secret", "postgresql://db/books?sslpassword=…"),
            ("postgresql://ann:sec?ret@db/books", "postgresql://ann@db/books"),
            ("postgresql://ann:sec/ret@db/books", "postgresql://ann@db/books"),
            ("postgresql+psycopg://ann:secret@db/books", "postgresql+psycopg://ann@db/books"),
            ("POSTGRESQL://ann:secret@db/books", "POSTGRESQL://ann@db/books"),
            (" postgresql://ann:secret@db/books", " postgresql://ann@db/books"),
            ("postgresql://db:5432/books?user=a@b", "postgresql://db:5432/books?user=a@b"),
            ("postgresql://[::1]:5432/books?user=a@b", "postgresql://[::1]:5432/books?user=a@b"),
            ("postgresql://db:1,db:2/books?user=a@b", "postgresql://db:1,db:2/books?user=a@b"),
        ],
    )
    def test_no_password_is_told(self, url: str, shown: str) -> None:
        assert told_address(url) == shown

    def test_tables_of_another_program_stay_as_they_are(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE theirs (a TEXT)")
        for action in (create_ledger, open_ledger):
            assert codes(refused(lambda action=action: action(url))) == ["ledger-foreign"]  # type: ignore[misc]

    def test_a_database_without_tables(self, url: str) -> None:
        assert codes(refused(lambda: open_ledger(url))) == ["ledger-empty"]

    def test_a_schema_that_comes_before_the_ledger_does_not_lead_to_it(self, ledger: Ledger) -> None:
        with hand(ledger) as connection:
            connection.execute("CREATE SCHEMA own; CREATE TABLE own.notes (note TEXT)")
        refusal = refused(lambda: open_ledger(f"{url_of(ledger)}&options=-csearch_path%3Down,public"))
        assert codes(refusal) == ["ledger-foreign"]

    @pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
    def test_what_texts_are_sent_in_is_not_the_environments(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, encoding: str
    ) -> None:
        ledger.import_book(book_from("accounts: [{id: nippon, name: 日本, currency: JPY}]"))
        monkeypatch.setenv("PGCLIENTENCODING", encoding)
        with open_ledger(url_of(ledger)) as opened:
            assert opened.check() == []
            assert whole(opened).accounts["nippon"].name == "日本"

    def test_a_newer_one(self, ledger: Ledger) -> None:
        with hand(ledger) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert codes(refused(lambda: open_ledger(url_of(ledger)))) == ["ledger-newer"]

    def test_a_database_that_does_not_keep_its_text_in_utf_8(self, postgresql: Server) -> None:
        name = "latin"
        postgresql.run("postgres", f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        refusal = refused(lambda: create_ledger(postgresql.url(name)))
        assert codes(refusal) == ["ledger-foreign"]
        assert "UTF-8" in str(refusal)
