"""Ledgers that the program before revision 0005 made are brought up to date, and say what they said before.

`older/revision_0004.json.xz` has one of each example, as that program left it: the SQL of the file, the book in it, and
the plan of each posted operation in the form of that time.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    Change,
    ChargedThrough,
    DraftCanceled,
    DraftPosted,
    Reversed,
    SubscriptionCanceled,
)
from billpolicy.book.needs import Needs
from billpolicy.ledger.schema import APPLICATION_ID
from billpolicy.ledger.store import Ledger, create_ledger
from billpolicy.planning.plan import FollowedBy, Plan, PlannedDocument, in_turn
from billpolicy.posting.posting import Job, post_jobs
from billpolicy.source.write import plain_data
from tests.helpers.books import file_of as book_file
from tests.helpers.ledgers import by_hand, dump, whole
from tests.helpers.sample import NOW

KEPT = Path(__file__).parent / "older" / "revision_0004.json.xz"
Told = dict[str, Any]
"""What the earlier program said of one ledger: `sql`, `book`, `counters`, `revisions` and `plans`."""


@cache
def kept() -> dict[str, Told]:
    with lzma.open(KEPT, "rt", encoding="utf-8") as file:
        found: dict[str, Told] = json.load(file)
    return found


def left_as(told: Told, path: Path) -> None:
    """The file of a ledger as the earlier program left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("\n".join(told["sql"]))
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0004",)]


STORIES = sorted(kept())


@pytest.fixture(params=STORIES)
def told(request: pytest.FixtureRequest) -> Told:
    """What the earlier program said of one of its ledgers."""
    return kept()[request.param]


@pytest.fixture
def upgraded(told: Told, tmp_path: Path) -> Iterator[Ledger]:
    """That ledger, brought up to date."""
    path = tmp_path / "older.db"
    left_as(told, path)
    with create_ledger(f"sqlite:///{path}") as ledger:
        yield ledger


def test_there_is_a_ledger_with_each_kind_of_change() -> None:
    """So that none is brought up to date untested."""
    plans = [step for told in kept().values() for plan in told["plans"].values() for step in _steps(plan)]
    for field in ("applications", "reversed", "posted_drafts", "canceled_drafts", "cancellations", "charged_through"):
        assert any(plan.get(field) for plan in plans), field
    kinds = {one["draw"]["kind"] for plan in plans for one in plan.get("documents", ())}
    assert kinds == {"invoice", "credit_memo", "debit_memo", "payment", "refund", "credit_adjustment"}


def _steps(plan: Told) -> Iterator[Told]:
    yield plan
    for followed in plan.get("follow_ups", ()):
        yield from _steps(followed["plan"])


def test_the_book_is_the_same_and_nothing_is_wrong_with_it(told: Told, upgraded: Ledger) -> None:
    assert upgraded.check() == []
    book = whole(upgraded)
    found = plain_data(book_file(book))
    steps = [step for plan in told["plans"].values() for step in _steps(plan)]
    written_off = {
        one["document"]["number"]
        for step in steps
        if step["operation"] == "write_off_invoice"
        for one in step["documents"]
    }
    for memo in found.get("credit_memos", ()):
        assert memo.pop("write_off") == (memo["number"] in written_off)
    assert not any(payment.pop("reversed") for payment in found.get("payments", ()))
    for charge in (each for one in found.get("subscriptions", ()) for each in one.get("charges", ())):
        assert charge.pop("usage") is False
        assert charge.pop("bills") == "rate"
    assert _in_order(found) == _in_order(told["book"])
    assert (dict(book.counters), dict(book.revisions)) == (told["counters"], told["revisions"])


def _in_order(book: dict[str, Any]) -> dict[str, Any]:
    """With the records of master data by their ids: in which order they stand says nothing."""
    return {
        section: sorted(records, key=lambda one: one["id"])
        if section in ("accounts", "contacts", "charges", "subscriptions")
        else records
        for section, records in book.items()
    }


def test_each_operation_says_what_it_did(told: Told, upgraded: Ledger) -> None:
    with upgraded.reading() as reader:
        for id, then in told["plans"].items():
            shown = reader.operation(id)
            assert shown is not None
            assert as_it_was(shown.plan) == _said(then)
            assert (shown.audit.who, shown.audit.at, shown.caused_by) == ("tester", NOW, None)
            for step in list(in_turn(shown.plan))[1:]:
                of_step = reader.operation(step.id)
                assert of_step is not None
                assert of_step.plan == step
                assert of_step.caused_by is not None


def test_each_document_names_the_operation_that_made_it(told: Told, upgraded: Ledger) -> None:
    with upgraded.reading() as reader:
        book = reader.book(Needs(everything=True))
        made_by = {
            planned.document.number: step
            for posted in reader.posted(told["plans"]).values()
            for step in in_turn(posted.plan)
            for planned in step.documents
        }
        assert set(made_by) <= set(book.numbered)
        for number, document in book.numbered.items():
            shown = reader.document(number)
            assert shown is not None
            assert (shown.document, shown.balance) == (document, book.balance(document))
            step = made_by.get(number)
            assert (shown.operation and shown.operation.plan) == step
            assert shown.resolved == (None if step is None else step.resolved[step.reasons[number]])


def test_an_operation_that_comes_again_is_answered(told: Told, upgraded: Ledger) -> None:
    def never(book: Book) -> tuple[Plan, Book]:
        raise AssertionError("it was planned again")

    def job(id: str, **more: Any) -> Job:
        return Job(id, {**told["plans"][id]["request"], **more}, Needs(), never, "another")

    before = dump(upgraded)
    outcomes = list(post_jobs(upgraded, map(job, told["plans"]), now=lambda: NOW))
    assert [as_it_was(one.posted.plan) for one in outcomes if one.posted] == list(map(_said, told["plans"].values()))
    assert all(one.posted and one.posted.repeated and one.posted.audit.who == "tester" for one in outcomes)
    (other, *_) = post_jobs(upgraded, [job(next(iter(told["plans"])), comment="another one")], now=lambda: NOW)
    assert [problem.code for problem in other.problems] == ["operation-differs"]
    assert dump(upgraded) == before


def test_what_never_changes_is_guarded_again(told: Told, upgraded: Ledger) -> None:
    for statement in ("UPDATE operations SET plan = '{}'", "UPDATE documents SET date = '2020-01-01'"):
        with upgraded.database.writing() as connection, pytest.raises(sqlite3.IntegrityError, match="guard"):
            connection.driver.execute(statement)


def test_payments_that_were_imported_then_are_watched_now(told: Told, upgraded: Ledger) -> None:
    """They can be reversed since 0006, so it is known of each that it was not."""
    with upgraded.reading() as reader:
        asked = "SELECT number FROM documents WHERE kind = 'payment' AND operation IS NULL"
        imported = {row[0] for row in reader.connection.rows(asked)}
    if imported:
        by_hand(upgraded, "UPDATE documents SET reversed = 1 WHERE kind = 'payment' AND operation IS NULL")
        told_of = {one.message.split()[2] for one in upgraded.check() if one.code == "journal-differs"}
        assert told_of == imported


def as_it_was(plan: Plan) -> Told:
    """A plan in the form of that time: what it does in fields of its own, each document with how it was decided."""
    told: Told = plain_data(plan)
    for gone in ("changes", "resolved", "reasons", "passed_over"):
        told.pop(gone, None)
    for place in (warning["position"] for warning in told.get("warnings", ())):  # at that time a place had no end
        assert (place.pop("end_line"), place.pop("end_column")) == (0, 0)
    if plan.approved_by:  # by one person
        (told["approved_by"],) = plan.approved_by

    def of(kind: type[Change]) -> list[Any]:
        return [plain_data(change) for change in plan.of(kind)]

    def issued(one: PlannedDocument) -> Any:
        data = plain_data(one)
        data["document"].pop("write_off", None)
        if one.document.kind == "payment":
            assert data["document"].pop("reversed") is False
        return data

    then: Told = {
        "documents": [issued(one) for one in plan.documents],
        "applications": [plain_data(made) for made in plan.applications],
        "decisions": [plain_data(one) for one in plan.decisions],
        "reversed": [one["number"] for one in of(Reversed)],
        "posted_drafts": {one["draft"]: one["number"] for one in of(DraftPosted)},
        "canceled_drafts": [one["draft"] for one in of(DraftCanceled)],
        "cancellations": [{"subscription": one["subscription"], "on": one["day"]} for one in of(SubscriptionCanceled)],
        "charged_through": of(ChargedThrough),
        "follow_ups": [_followed(followed) for followed in plan.follow_ups],
    }
    found: Told = _said(told | then)
    return found


def _followed(followed: FollowedBy) -> Told:
    """A step, with its plan and place in the form of that time."""
    at = followed.position
    place = {"file": at.file, "line": at.line, "column": at.column}
    return {**plain_data(followed), "plan": as_it_was(followed.plan), "position": place}


def _said(data: Any) -> Any:
    """Without what is nothing: it is written in some forms, and left out in others."""
    if isinstance(data, list):
        return [_said(one) for one in data]
    if not isinstance(data, dict):
        return data
    return {key: _said(value) for key, value in data.items() if value not in (None, [], {}, "")}
