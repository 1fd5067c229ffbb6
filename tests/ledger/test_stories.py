"""Every example, posted on a ledger: slices give the plans that the whole book gives, and the ledger stays whole."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from billpolicy.book.load import load_book
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.operations_file import load_operations
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.operations.chain import needs_of
from billpolicy.planning.plan import Plan, left_by
from billpolicy.planning.request import Instruction, request_data
from billpolicy.posting.posting import Job, post_jobs
from tests.helpers.ledgers import EVERYTHING, dump, execute, post, unkept, whole
from tests.helpers.paths import ROOT
from tests.helpers.planning import dry_run, plan_on, plan_operation
from tests.helpers.sample import NOW

EXAMPLES = ROOT / "examples"
STORIES = sorted(path.parent for path in EXAMPLES.glob("*/operations.yaml"))
TODAY = datetime.date(2026, 4, 1)


def versions_of(story: Path) -> Versions:
    return Versions([Resolver(prove(story / "policy.yaml"), "python")])


def posted(ledger: Ledger, versions: Versions, asked: Instruction) -> Plan | list[str]:
    """The plan that was posted, or the codes of the refusal."""
    request = asked.request
    try:
        done = execute(
            ledger,
            request.id,
            request_data(request),
            needs_of(versions.policies, request),
            lambda book: plan_operation(versions, book, asked, TODAY),
            who="tester",
            now=NOW,
            policies=tuple(versions.policies),
        )
    except Refused as refusal:
        return sorted(diagnostic.code for diagnostic in refusal.diagnostics)
    return without_basis(done.plan)


def without_basis(plan: Plan) -> Plan:
    """A plan without the revisions that a ledger counts: they say how it was posted, not what."""
    steps = tuple(replace(followed, plan=without_basis(followed.plan)) for followed in plan.follow_ups)
    return replace(plan, basis={}, follow_ups=steps)


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_story_posts_as_it_was_planned_on_the_whole_book(story: Path, ledger: Ledger) -> None:
    book, asked, versions = (
        load_book(story / "book.yaml"),
        load_operations(story / "operations.yaml"),
        versions_of(story),
    )
    ledger.import_book(book, versions)
    planned = list(dry_run(versions, book, asked, TODAY))
    expected = [
        without_basis(one.plan) if one.plan is not None else sorted(problem.code for problem in one.problems)
        for one in planned
    ]
    assert [posted(ledger, versions, one) for one in asked] == expected
    assert ledger.check() == []

    before = dump(ledger)
    for one, what in zip(asked, expected, strict=True):
        if isinstance(what, Plan):  # what was refused then may be possible now
            assert posted(ledger, versions, one) == what
    assert dump(ledger) == before
    ledger.import_book(book, versions)
    assert dump(ledger) == before


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_plans_made_beforehand_post_too(story: Path, ledger: Ledger) -> None:
    asked, versions = load_operations(story / "operations.yaml"), versions_of(story)
    ledger.import_book(load_book(story / "book.yaml"), versions)
    for one in asked:
        book = whole(ledger)
        try:
            plan = plan_operation(versions, book, one, TODAY)
        except Refused:
            continue
        post(ledger, plan, who="tester", now=NOW)
        assert unkept(whole(ledger)) == unkept(left_by(plan, book))
    assert ledger.check() == []


@pytest.mark.in_a_file
@pytest.mark.parametrize("group", [1, 2, 1000])
@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_batch_leaves_the_same_ledger_whatever_its_groups(
    story: Path, ledger: Ledger, tmp_path: Path, empty_file: Path, group: int
) -> None:
    book, asked, versions = (
        load_book(story / "book.yaml"),
        load_operations(story / "operations.yaml"),
        versions_of(story),
    )
    ledger.import_book(book, versions)
    one_by_one = [posted(ledger, versions, one) for one in asked]
    shutil.copy(empty_file, tmp_path / "batch.db")
    with open_ledger(f"sqlite:///{tmp_path / 'batch.db'}") as other:
        other.import_book(book, versions)
        for _ in range(2):
            outcomes = list(post_jobs(other, [wanted(versions, one) for one in asked], now=lambda: NOW, group=group))
            found = [
                without_basis(outcome.posted.plan) if outcome.posted else sorted(p.code for p in outcome.problems)
                for outcome in outcomes
            ]
            assert found == one_by_one
            assert dump(other) == dump(ledger)
            if any(isinstance(plan, list) for plan in one_by_one):
                break  # what was refused then may be possible now


@pytest.mark.on_a_server
@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_batch_on_a_server_leaves_what_it_leaves_in_a_file(
    story: Path, ledger: Ledger, tmp_path: Path, empty_file: Path
) -> None:
    """Two at a time there, and all at once here: the head stands for all that was written."""
    book, asked, versions = (
        load_book(story / "book.yaml"),
        load_operations(story / "operations.yaml"),
        versions_of(story),
    )
    shutil.copy(empty_file, tmp_path / "batch.db")
    heads = []
    with open_ledger(f"sqlite:///{tmp_path / 'batch.db'}") as file:
        for one, group in ((ledger, 2), (file, 1000)):
            one.import_book(book, versions)
            list(post_jobs(one, [wanted(versions, each) for each in asked], now=lambda: NOW, group=group))
            with one.reading() as reader:
                heads.append(reader.head())
    assert heads[0] == heads[1]
    assert ledger.check() == []


def wanted(versions: Versions, asked: Instruction) -> Job:
    request = asked.request
    return Job(
        request.id,
        request_data(request),
        needs_of(versions.policies, request),
        lambda book: plan_on(versions, book, asked, TODAY),
        "tester",
        confirmed=EVERYTHING,
        policies=tuple(versions.policies),
    )
