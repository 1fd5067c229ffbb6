"""What a correction takes with the lines that were selected must be confirmed when it is posted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest

from billpolicy import plan, post, post_all
from billpolicy.book.needs import Needs
from billpolicy.planning.closure import Closure
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Job, Outcome, dry_run, job_of
from billpolicy.posting.store import Store
from tests.helpers.books import book_from
from tests.helpers.closures import ALONE, THREE, line, take_more
from tests.helpers.credit import followed
from tests.helpers.jobs import run, told, wanted
from tests.helpers.ledgers import whole
from tests.helpers.memory_store import MemoryStore
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import credit_plan, sample
from tests.helpers.scenes import versions

MEMO = "CM00000003"


def correction(closure: Closure | None, *digests: str, yes: bool = False, id: str = "fix") -> Job:
    """A job whose plan takes these lines, and what is confirmed of that."""
    needs = Needs(numbers=frozenset({"INV00000001"}))
    job = wanted(id, needs, lambda book: replace(credit_plan(book, id, "INV00000001", "1.00"), closure=closure))
    return replace(job, confirmed=Confirmed(digests, yes))


def became(store: Store, *jobs: Job, atomic: bool = False) -> list[str]:
    return told(run(store, jobs, atomic=atomic))


@pytest.mark.parametrize(
    "job",
    [
        correction(None),
        correction(ALONE),
        correction(THREE, yes=True),
        correction(THREE, THREE.digest),
        correction(THREE, THREE.digest[:8]),
        correction(THREE, "0" * 64, THREE.short_digest),
        # What is left out is nothing that anybody has to confirm.
        correction(Closure((*ALONE.lines, line("INV2", "later", "INV1", "0.00", left_out="nothing is left")))),
    ],
)
def test_it_is_posted(store: Store, job: Job) -> None:
    (outcome,) = run(store, [job])
    assert outcome.posted is not None
    assert outcome.to_confirm == ()
    with store.reading() as reader:
        assert reader.posted(["fix"])["fix"].plan == outcome.plan  # also after it was written and read


def only(outcomes: Iterable[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def test_without_a_word_it_is_refused_and_the_added_lines_are_told(store: Store) -> None:
    before = whole(store)
    outcome = only(run(store, [correction(THREE)]))
    (problem,) = outcome.problems
    assert problem.code == "closure-unconfirmed"
    assert problem.message == (
        "2 more lines are credited than were selected: INV3/1 (later, by INV1/1), INV2/1 (later, by INV1/1); "
        "nobody has confirmed that"
    )
    assert problem.hint == f"look at them in the plan, then post it with `--confirm {THREE.short_digest}` (or `--yes`)"
    assert outcome.to_confirm == (THREE,)
    assert whole(store) == before


def test_of_many_lines_the_first_are_told(store: Store) -> None:
    many = Closure((line("INV1"), *(line(f"INV{n}", "later", "INV1") for n in range(2, 7))))
    (problem,) = only(run(store, [correction(many)])).problems
    assert problem.message.startswith("5 more lines are credited than were selected: INV2/1 (later, by INV1/1), ")
    assert "INV4/1 (later, by INV1/1) and 2 more; nobody" in problem.message
    one = Closure((line("INV1"), line("INV2", "item", "INV1")))
    (problem,) = only(run(store, [correction(one)])).problems
    assert problem.message.startswith("1 more line is credited than was selected: INV2/1 (same item, by INV1/1);")


@pytest.mark.parametrize(
    "now",
    [
        Closure(THREE.lines[1:]),
        Closure((*THREE.lines, line("INV4", "item", "INV1"))),
        Closure((line("INV3", "item", "INV1"), *THREE.lines[1:])),
        Closure((line("INV3", "later", "INV2"), *THREE.lines[1:])),
        Closure((line("INV3", "later", "INV1", "9.99"), *THREE.lines[1:])),
        Closure((line("INV3", "later", "INV1", "0.00", left_out="nothing is left"), *THREE.lines[1:])),
        Closure(tuple(reversed(THREE.lines))),
    ],
)
def test_another_closure_than_was_confirmed_is_refused(store: Store, now: Closure) -> None:
    """Another line, another rule, another reason, another amount, another order."""
    assert now.digest != THREE.digest
    outcome = only(run(store, [correction(now, THREE.digest)]))
    (problem,) = outcome.problems
    assert problem.code == "closure-changed"
    assert f"what was confirmed (`{THREE.short_digest}`) is something else" in problem.message
    assert f"--confirm {now.short_digest}" in (problem.hint or "")
    assert outcome.to_confirm == (now,)


def test_the_digest_is_about_what_is_done() -> None:
    """Why a line is left out, and what its charges are called, changes nothing of that."""
    same = Closure((*THREE.lines, line("INV0", "later", "INV1", "0.00", left_out="it was credited")))
    assert same.digest == THREE.digest
    assert len(THREE.digest) == 64


def test_a_repeat_of_what_was_posted_needs_no_word(store: Store) -> None:
    assert became(store, correction(THREE, THREE.digest)) == [MEMO]
    assert became(store, correction(THREE)) == [f"={MEMO}"]
    assert became(store, correction(THREE, "0" * 8)) == [f"={MEMO}"]


def test_a_dry_run_needs_no_word(store: Store) -> None:
    with store.reading() as reader:
        for on in (reader, BookReader(sample())):
            plan = only(dry_run(on, [correction(THREE)])).plan
            assert plan is not None
            assert plan.closure == THREE


def test_in_a_batch_only_those_are_refused_that_are_not_confirmed(store: Store) -> None:
    other = Closure((*ALONE.lines, line("INV9", "item", "INV1")))
    jobs = [correction(THREE, other.digest, id="a"), correction(other, other.digest, id="b"), correction(ALONE, id="c")]
    assert became(store, *jobs) == ["closure-changed", MEMO, "CM00000004"]


def test_an_atomic_batch_is_posted_when_all_of_it_is_confirmed(store: Store) -> None:
    waiting = [correction(ALONE, id="a"), correction(THREE, id="b")]
    assert became(store, *waiting, atomic=True) == ["", "closure-unconfirmed"]
    confirmed = [correction(ALONE, id="a"), correction(THREE, THREE.digest, id="b")]
    assert became(store, *confirmed, atomic=True) == [MEMO, "CM00000004"]


def test_what_follows_an_operation_is_confirmed_with_it(store: Store) -> None:
    def make(*digests: str) -> Job:
        plan = followed(
            sample(),
            credit_plan(sample(), "fix", "INV00000001", "1.00"),
            lambda book: replace(credit_plan(book, "fix/then", "INV00000001", "1.00"), closure=THREE),
        )
        return replace(job_of(plan, "ann"), confirmed=Confirmed(digests))

    assert became(store, make()) == ["closure-unconfirmed"]
    assert became(store, make(THREE.short_digest)) == [MEMO]


# -- the API -------------------------------------------------------------------------------------------------------

BOOK = """
accounts: [{id: acme, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
invoices: [{number: INV1, account: acme, date: 2026-03-01, currency: USD, items: [{id: 1, amount: 10.00}]}]
"""
DISPUTE = {
    "id": "fix",
    "operation": "credit_memo_from_invoice",
    "date": "2026-03-02",
    "invoice": "INV1",
    "reason": "Charge Dispute",
}


@pytest.fixture
def taking_more(monkeypatch: pytest.MonkeyPatch) -> None:
    take_more(monkeypatch, THREE)


class TestTheApi:
    """By operation and by plan; the digest is that of the plan."""

    def test_a_digest_or_yes(self, taking_more: None) -> None:
        store = MemoryStore(book_from(BOOK))
        found = plan(versions(), store, DISPUTE)
        assert found.closure == THREE
        for asked in (DISPUTE, found):
            assert codes(refused(partial(post, versions(), store, asked, who="ines"))) == ["closure-unconfirmed"]
            other = refused(partial(post, versions(), store, asked, who="ines", confirm=["0" * 12]))
            assert codes(other) == ["closure-changed"]
        posted = post(versions(), store, found, who="ines", confirm=[THREE.digest])
        assert posted.plan == found
        assert post(versions(), store, DISPUTE, who="ines").repeated
        for how in ({"confirm": [THREE.short_digest]}, {"yes": True}):
            store = MemoryStore(book_from(BOOK))
            assert not post(versions(), store, DISPUTE, who="ines", **how).repeated

    def test_many(self, taking_more: None) -> None:
        store = MemoryStore(book_from(BOOK))
        (outcome,) = post_all(versions(), store, [DISPUTE], who="ines")
        assert outcome.to_confirm == (THREE,)
        (outcome,) = post_all(versions(), store, [DISPUTE], who="ines", confirm=[outcome.to_confirm[0].digest])
        assert outcome.posted is not None

    def test_a_batch_with_limits(self, taking_more: None) -> None:
        """It is planned before it is posted; the limits ask for no confirmation."""
        limited = versions("batch_limits: {every_operation: {count: 5}}")
        store = MemoryStore(book_from(BOOK))
        assert [one.code for out in post_all(limited, store, [DISPUTE], who="ines") for one in out.problems] == [
            "closure-unconfirmed"
        ]
        (outcome,) = post_all(limited, store, [DISPUTE], who="ines", yes=True)
        assert outcome.posted is not None

    def test_what_is_no_digest(self) -> None:
        store = MemoryStore(book_from(BOOK))
        with pytest.raises(TypeError, match="several digests"):
            post(versions(), store, DISPUTE, who="ines", confirm=THREE.digest)
        for wrong in ("0" * 7, "0" * 65, "digest-of-it", ""):
            with pytest.raises(ValueError, match="8 characters or more"):
                post(versions(), store, DISPUTE, who="ines", confirm=[wrong])
