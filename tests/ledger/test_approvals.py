"""What waits in a ledger for approvals stands there for ever, and cannot be made out to be something else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from billpolicy.ledger.store import Ledger
from billpolicy.posting.store import Approved
from tests.helpers.ledgers import by_hand, file_of, post, told, whole
from tests.helpers.refusals import refused
from tests.helpers.sample import NOW, credit_plan
from tests.helpers.waiting import put_waiting, waits


@pytest.fixture
def waited(stocked: Ledger) -> Ledger:
    """A ledger in which one operation waits, and another one was withdrawn."""
    with stocked.writing() as writer:
        put_waiting(writer)
    return stocked


def test_it_is_read_as_it_was_written(waited: Ledger) -> None:
    with waited.reading() as reader:
        (one,) = reader.waiting().values()
        assert reader.waiting(["waits"]) == {"waits": one}
        assert reader.waiting(["waited", "other"]) == reader.waiting([]) == {}
    assert one.approvals == (Approved("maria", NOW, "seen", "req-1"),)
    assert (one.request, one.awaited, one.digest) == (waits("").request, waits("").awaited, waits("waits").digest)
    assert one.request_id == "put-waits"
    assert waited.check() == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO approvals (waiting, person, at, digest) SELECT id, 'eve', at, 'another' FROM waiting",
        "INSERT INTO approvals (waiting, person, at, digest) SELECT id, 'eve', at, digest FROM waiting WHERE id = 2",
        "INSERT INTO withdrawals (waiting, who, at) SELECT waiting, 'eve', at FROM withdrawals",
        (
            "INSERT INTO waiting SELECT 3, operation, kind, date, request, actor, who, at, policy, policy_digest, "
            "content, digest, awaited, request_id FROM waiting WHERE id = 1"
        ),
    ],
    ids=["approve something else", "approve what was withdrawn", "withdraw twice", "wait twice"],
)
@pytest.mark.in_a_file
def test_guards(waited: Ledger, statement: str) -> None:
    with closing(sqlite3.connect(file_of(waited))) as hand, pytest.raises(sqlite3.IntegrityError, match="guard: "):
        hand.execute(statement)


@pytest.mark.in_a_file
def test_what_is_posted_is_not_approved_any_more(waited: Ledger) -> None:
    post(waited, credit_plan(whole(waited), "waits", "INV00000001"), who="ann", now=NOW)
    with waited.reading() as reader:
        assert reader.waiting() == {}
    with closing(sqlite3.connect(file_of(waited))) as hand, pytest.raises(sqlite3.IntegrityError, match="guard: "):
        hand.execute("INSERT INTO approvals (waiting, person, at, digest) SELECT id, 'eve', at, digest FROM waiting")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE waiting SET content = '{}' WHERE id = 1",
        "UPDATE waiting SET actor = 'ana' WHERE id = 1",
        "UPDATE waiting SET date = '2026-03-02' WHERE id = 1",
        "UPDATE waiting SET request = replace(request, 'INV00000001', 'INV00000002') WHERE id = 1",
        "UPDATE waiting SET policy_digest = 'b-digest' WHERE id = 1",
        "UPDATE waiting SET at = 'noon' WHERE id = 1",
        "UPDATE waiting SET awaited = '[3]' WHERE id = 1",
        "UPDATE waiting SET operation = 'another' WHERE id = 1",
        (
            "INSERT INTO waiting SELECT 3, operation, kind, date, request, actor, who, at, policy, policy_digest, "
            "content, digest, awaited, request_id FROM waiting WHERE id = 1"
        ),
        "UPDATE approvals SET at = 'noon'",
        "UPDATE approvals SET digest = 'another'",
    ],
)
def test_what_was_changed_by_hand_is_told(waited: Ledger, statement: str) -> None:
    by_hand(waited, statement)
    assert [one.code for one in told(waited)] == ["waiting-differs"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE waiting SET content = '{}' WHERE id = 1",
        "UPDATE approvals SET at = 'noon'",
        "UPDATE approvals SET digest = 'another'",
    ],
)
def test_what_cannot_be_relied_on_is_not_read(waited: Ledger, statement: str) -> None:
    by_hand(waited, statement)
    with waited.reading() as reader:
        assert refused(reader.waiting).diagnostics[0].code == "ledger-damaged"
