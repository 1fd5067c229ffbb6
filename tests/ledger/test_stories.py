"""Every example, posted on a ledger: slices give the plans that the whole book gives, and the ledger stays whole."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from billpolicy.book.load import load_book
from billpolicy.executor import execute, post
from billpolicy.ledger.check import check_ledger
from billpolicy.ledger.importing import import_book
from billpolicy.ledger.store import Ledger
from billpolicy.operations.dry_run import dry_run, plan_operation
from billpolicy.operations.load import load_operations
from billpolicy.operations.registry import OPERATIONS
from billpolicy.operations.request import Asked, request_data
from billpolicy.plan import Plan
from billpolicy.resolve import Resolver
from billpolicy.source.diagnostic import Refused
from billpolicy.validation import prove
from billpolicy.versions import Versions
from tests.ledger.asking import dump, effects, unkept, whole
from tests.ledger.build import NOW

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = sorted(path.parent for path in EXAMPLES.glob("*/operations.yaml"))
TODAY = datetime.date(2026, 4, 1)


def versions_of(story: Path) -> Versions:
    return Versions([Resolver(prove(story / "policy.yaml"), "python")])


def posted(ledger: Ledger, versions: Versions, asked: Asked) -> Plan | list[str]:
    """The plan that was posted, or the codes of the refusal."""
    request = asked.request
    try:
        done = execute(
            ledger,
            request.id,
            request_data(request),
            OPERATIONS[request.operation].needs(request),
            lambda book: plan_operation(versions, book, asked, TODAY),
            who="tester",
            now=NOW,
        )
    except Refused as refusal:
        return sorted(diagnostic.code for diagnostic in refusal.diagnostics)
    return replace(done.plan, basis={})


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_story_posts_as_it_was_planned_on_the_whole_book(story: Path, ledger: Ledger) -> None:
    book, asked, versions = (
        load_book(story / "book.yaml"),
        load_operations(story / "operations.yaml"),
        versions_of(story),
    )
    import_book(ledger, book)
    planned = list(dry_run(versions, book, asked, TODAY))
    expected = [
        replace(one.plan, basis={}) if one.plan is not None else sorted(problem.code for problem in one.problems)
        for one in planned
    ]
    assert [posted(ledger, versions, one) for one in asked] == expected
    assert check_ledger(ledger) == []

    before = dump(ledger)
    for one, what in zip(asked, expected, strict=True):
        if isinstance(what, Plan):  # what was refused then may be possible now
            assert posted(ledger, versions, one) == what
    assert dump(ledger) == before
    import_book(ledger, book)
    assert dump(ledger) == before


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_plans_made_beforehand_post_too(story: Path, ledger: Ledger) -> None:
    asked, versions = load_operations(story / "operations.yaml"), versions_of(story)
    import_book(ledger, load_book(story / "book.yaml"))
    for one in asked:
        book = whole(ledger)
        try:
            plan = plan_operation(versions, book, one, TODAY)
        except Refused:
            continue
        post(ledger, plan, who="tester", now=NOW)
        assert unkept(whole(ledger)) == unkept(effects(book, plan))
    assert check_ledger(ledger) == []
