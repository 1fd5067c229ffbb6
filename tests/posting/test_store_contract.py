"""What every store must keep: each test runs on each of them (`conftest.py`), with plans made by hand."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import CHANGES, DraftPosted, SubscriptionCanceled, change_name
from billpolicy.book.model import Application, Document, Part
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.plan import Plan, in_turn, left_by
from billpolicy.posting.posting import Job, Outcome, job_of, post_jobs, post_one
from billpolicy.posting.store import Audit, Cause, Entry, PolicyText, Posted, Store
from billpolicy.source.codec import canonical
from tests.helpers.books import book_from
from tests.helpers.jobs import chain, credit, refusing, run, told, wanted
from tests.helpers.kinds_of_change import DRAFT, EACH, MOVED, only
from tests.helpers.ledgers import execute, post, whole
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import BOOK, DAY, NOW, credit_plan, doing, payment_plan, refund_plan
from tests.helpers.scenes import policy
from tests.posting.conftest import StoreOf


def left(store: Store) -> Book:
    """Everything in a store; what never changed need not be counted."""
    return counted(whole(store))


def counted(book: Book) -> Book:
    """Without revisions of what never changed; in which order an account has its subscriptions says nothing."""
    revisions = {name: count for name, count in book.revisions.items() if count}
    subscriptions_of = {account: tuple(sorted(ids)) for account, ids in book.subscriptions_of.items()}
    return replace(book, revisions=revisions, subscriptions_of=subscriptions_of)


def post_it(store: Store, plan: Plan) -> Posted:
    return post(store, plan, who="ann", now=NOW)


def entries_of(*plans: Plan) -> list[Entry]:
    """As posting writes plans that nothing follows."""
    return [Entry(plan, Audit(plan.id, "ann", NOW, plan.comment), None) for plan in plans]


def refused_unchanged(store: Store, plan: Plan) -> Refused:
    """The refusal of a plan, which leaves nothing behind."""
    before = left(store)
    refusal = refused(lambda: post_it(store, plan))
    assert left(store) == before
    return refusal


class TestMoments:
    def test_a_reader_sees_one_moment_beside_a_writer(self, store: Store) -> None:
        before = left(store)
        everything = Needs(everything=True)
        with store.reading() as early:
            assert counted(early.book(everything)) == before
            with store.writing() as writer:
                plan = credit_plan(writer.book(everything), "op-1", "INV00000001")
                writer.write(entries_of(plan), before, left_by(plan, before))
                assert writer.known(["CM00000003"]) == {"CM00000003"}
                with store.reading() as beside:
                    assert counted(beside.book(everything)) == before
            assert counted(early.book(everything)) == before
            assert early.known(["CM00000003", "CM00000002", "nothing"]) == {"CM00000002"}
            assert early.requests(["op-1"]) == {}
            with store.reading() as late:
                assert late.known(["CM00000003"]) == {"CM00000003"}
                assert late.requests(["op-1", "op-2"]) == {"op-1": canonical(plan.request)}

    def test_a_writer_sees_what_it_has_written(self, store: Store) -> None:
        with store.writing() as writer:
            for n in range(3):
                book = writer.book(Needs(everything=True))
                plan = credit_plan(book, f"op-{n}", "INV00000001", "1.00")
                writer.write(entries_of(plan), book, left_by(plan, book))
                assert counted(writer.book(Needs(everything=True))) == counted(left_by(plan, book))
                assert writer.posted([f"op-{n}"])[f"op-{n}"].plan == plan
        assert whole(store).revisions["INV00000001"] == 3

    def test_what_raises_leaves_nothing(self, store: Store) -> None:
        before = left(store)
        plan = credit_plan(before, "op-1", "INV00000001")

        def fail() -> None:
            with store.writing() as writer:
                writer.write(entries_of(plan), before, left_by(plan, before))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert left(store) == before
        with store.reading() as reader:
            assert reader.requests(["op-1"]) == {}
        assert told(run(store, [credit(1)])) == ["CM00000003"]

    def test_a_part_that_raises_is_undone_alone(self, store: Store) -> None:
        def written(id: str) -> Book:
            book = writer.book(Needs(everything=True))
            plan = credit_plan(book, id, "INV00000001", "1.00")
            writer.write(entries_of(plan), book, left_by(plan, book))
            return counted(left_by(plan, book))

        def fail(*ids: str) -> None:
            with writer.part():
                for id in ids:
                    written(id)
                raise ZeroDivisionError

        with store.writing() as writer:
            first = written("op-0")
            with pytest.raises(ZeroDivisionError):
                fail("op-1")
            assert counted(writer.book(Needs(everything=True))) == first
            assert writer.requests(["op-0", "op-1"]).keys() == {"op-0"}
            with writer.part():
                written("op-2")
            with pytest.raises(ZeroDivisionError):
                fail()
            last = written("op-3")
        assert left(store) == last
        with store.reading() as reader:
            assert reader.requests([f"op-{n}" for n in range(4)]).keys() == {"op-0", "op-2", "op-3"}


class TestPolicies:
    """The text of what was posted under is kept with it, each policy once."""

    def test_the_policy_of_what_is_posted_is_kept(self, store: Store) -> None:
        acme, other = policy(), policy("defaults: {payment_term: Net 30}\n")
        plan = replace(credit_plan(whole(store), "op-1", "INV00000001"), policy=acme.name, policy_digest=acme.digest)
        for repeated in range(2):
            posted = post_one(store, replace(job_of(plan, "ann"), policies=(acme, other)), now=NOW)
            assert posted.repeated == bool(repeated)
        with store.reading() as reader:
            kept = reader.policies([acme.digest, other.digest, "no digest"])
        assert kept == {acme.digest: PolicyText(acme.digest, acme.name, acme.layers)}

    def test_what_raises_keeps_nothing(self, store: Store) -> None:
        acme = policy()

        def fail() -> None:
            with store.writing() as writer:
                writer.write([], Book(), Book(), [PolicyText(acme.digest, acme.name, acme.layers)])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with store.reading() as reader:
            assert reader.policies([acme.digest]) == {}


class TestWriting:
    """What is written is what the changes say, whatever they are: no store knows more of them."""

    def test_each_kind_of_change_is_tried(self, book: Book) -> None:
        assert EACH.keys() == CHANGES.keys()
        for name, make in EACH.items():
            assert name in map(change_name, make(book, "op-1").changes)

    @pytest.mark.parametrize("name", CHANGES)
    def test_the_store_becomes_what_the_plan_says(self, store: Store, name: str) -> None:
        before = whole(store)
        plan = EACH[name](before, "op-1")
        done = post_it(store, plan)
        assert (done.plan, done.repeated) == (plan, False)
        assert left(store) == counted(left_by(plan, before))

    @pytest.mark.parametrize("group", [1, 3, 100])
    def test_and_so_it_does_of_all_of_them_in_one_transaction(self, store: Store, group: int) -> None:
        def job(name: str) -> Job:
            needs = job_of(EACH[name](before, f"op-{name}"), "ann").needs
            return wanted(f"op-{name}", needs, lambda book: EACH[name](book, f"op-{name}"))

        before = whole(store)
        outcomes = run(store, [job(name) for name in EACH if name != "draft_canceled"], group)
        expected = before
        for outcome in outcomes:
            assert outcome.problems == ()
            assert outcome.posted is not None
            expected = left_by(outcome.posted.plan, expected)
        assert left(store) == counted(expected)

    def test_a_chain_is_written_with_all_its_steps(self, store: Store) -> None:
        before = whole(store)
        post_it(store, plan := chain(before, "op-1"))
        assert left(store) == counted(left_by(plan, before))

    def test_a_document_that_is_made_and_changed_at_once(self, store: Store) -> None:
        """In one transaction: a memo, then a refund of it, then another memo that reverses its invoice."""
        before = whole(store)
        memo = wanted("op-1", Needs(numbers=frozenset({"INV00000001"})), unapplied)
        refund = wanted("op-2", Needs(), lambda book: refund_plan(book, "op-2", "CM00000003", "1.00"))
        last = wanted("op-3", Needs(), lambda book: credit_plan(book, "op-3", "INV00000001", "2.00", reverse=True))
        outcomes = run(store, [memo, refund, last])
        expected = before
        for outcome in outcomes:
            assert outcome.posted is not None
            expected = left_by(outcome.posted.plan, expected)
        assert left(store) == counted(expected)
        assert whole(store).revisions["CM00000003"] == 1

    def test_revisions_count_each_change_of_an_operation_once(self, store: Store) -> None:
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", charged_through=[MOVED]))
        post_it(store, credit_plan(whole(store), "op-2", "INV00000001", reverse=True))
        assert left(store).revisions == {"INV00000001": 2, "subscription:s1": 1}

    def test_a_chain_counts_each_of_its_steps(self, store: Store) -> None:
        post_it(store, chain(whole(store), "op-1"))
        assert left(store).revisions == {"INV00000001": 3, "INV00000002": 1}

    def test_a_whole_group_counts_each_of_its_operations(self, store: Store) -> None:
        run(store, [credit(n) for n in range(7)])
        assert left(store).revisions == {"INV00000004": 7}


def unapplied(book: Book) -> Plan:
    """A credit memo made from INV00000001 that is not applied."""
    plan = credit_plan(book, "op-1", "INV00000001", "1.00")
    return doing(plan, plan.documents)


class TestSlices:
    @pytest.mark.parametrize("name", CHANGES)
    def test_a_slice_gives_the_plan_that_the_whole_book_gives(self, store: Store, name: str) -> None:
        run(store, [credit(1), credit(2, "INV00000001"), credit(3, "INV00000002")])
        plan = EACH[name](whole(store), "op-4")
        with store.reading() as reader:
            found = reader.book(job_of(plan, "ann").needs)
        assert EACH[name](found, "op-4") == plan

    def test_what_a_slice_says_is_true(self, store: Store) -> None:
        """Every document, balance and revision in any slice is that of the whole ledger."""
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", "20.00", reverse=True))
        post_it(store, refund_plan(whole(store), "op-2", "CM00000001", "3.00"))
        everything = whole(store)
        for named in everything.numbered:
            with store.reading() as reader:
                found = reader.book(Needs(numbers=frozenset({named})))
            assert named in found.numbered
            for number, document in found.numbered.items():
                assert document == everything.numbered[number]
                assert found.balance(document) == everything.balance(document)
                assert found.revisions.get(number, 0) == everything.revisions.get(number, 0)
                assert found.accounts[document.account] == everything.accounts[document.account]
                for index in ("applications_from", "applications_to", "refunds_of"):
                    assert getattr(found, index).get(number) == getattr(everything, index).get(number)
                if isinstance(document, Document):
                    assert found.open_places(document) == everything.open_places(document)
                    for name in document.subscriptions:
                        assert found.subscriptions[name] == everything.subscriptions[name]
            assert found.created_from.get(named) == everything.created_from.get(named)

    def test_every_subscription_is_given_one_by_one_as_it_stands(self, store: Store) -> None:
        post_it(store, EACH["charged_through"](whole(store), "op-1"))
        with store.reading() as reader:
            assert {each.id: each for each in reader.subscriptions()} == whole(store).subscriptions

    def test_what_is_not_known_is_passed_over(self, store: Store) -> None:
        nothing = frozenset({"nothing"})
        with store.reading() as reader:
            found = reader.book(Needs(nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing))
        assert found.counters == {"CM": 2, "DM": 1, "INV": 5, "P-": 2, "R-": 2}
        assert found.prefixes == {
            "CM": "credit_memo",
            "DM": "debit_memo",
            "INV": "invoice",
            "P-": "payment",
            "R-": "refund",
        }
        assert found.periods == whole(store).periods


class TestTheJournal:
    @pytest.mark.parametrize("name", CHANGES)
    def test_an_operation_comes_back_as_the_very_plan(self, store: Store, name: str) -> None:
        plan = EACH[name](whole(store), "op-1")
        post_it(store, plan)
        with store.reading() as reader:
            assert reader.posted(["op-1"]) == {
                "op-1": Posted(plan, Audit("op-1", "ann", NOW, plan.comment), repeated=True)
            }

    def test_a_chain_comes_back_whole_and_so_does_each_step(self, store: Store) -> None:
        plan = replace(chain(whole(store), "op-1"), approved_by=("[eve]",))
        post_it(store, plan)
        with store.reading() as reader:
            for step in in_turn(plan):
                (found,) = reader.posted([step.id]).values()
                assert found.plan == step
                assert found.audit == Audit(step.id, "ann", NOW, "agreed by phone", step.approved_by)

    def test_entries_are_kept_as_they_were_written(self, store: Store) -> None:
        book = whole(store)
        plan = chain(book, "op-1")
        at = NOW + datetime.timedelta(microseconds=1)
        entries = [
            Entry(step, Audit(step.id, f"user {n}", at), _cause(plan, step)) for n, step in enumerate(in_turn(plan))
        ]
        with store.writing() as writer:
            writer.write(entries, book, left_by(plan, book))
        with store.reading() as reader:
            found = reader.posted([entry.plan.id for entry in entries])
        assert [(found[e.plan.id].plan, found[e.plan.id].audit) for e in entries] == [e[:2] for e in entries]

    def test_it_tells_who_posted_when_and_why(self, store: Store) -> None:
        later = datetime.datetime(2026, 7, 1, 14, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        audit = post(store, credit_plan(whole(store), "op-1", "INV00000001"), who="bob", now=later).audit
        assert (audit.operation, audit.who, audit.at, audit.why) == ("op-1", "bob", NOW, "agreed by phone")
        assert str(audit.at) == "2026-07-01 12:30:00+00:00"

    def test_a_moment_without_a_time_zone_is_a_bug(self, store: Store) -> None:
        plan = credit_plan(whole(store), "op-1", "INV00000001")
        with pytest.raises(ValueError, match="time zone"):
            post(store, plan, who="ann", now=NOW.replace(tzinfo=None))


def _cause(plan: Plan, step: Plan) -> Cause | None:
    for each in in_turn(plan):
        for place, one in enumerate(each.follow_ups):
            if one.plan is step:
                return Cause(each.id, place, one.after, one.rule, one.position, one.because)
    return None


class TestNumbers:
    def number(self, store: Store, id: str, prefix: str = "CM", start: int = 1, amount: str = "0.01") -> str:
        plan = credit_plan(whole(store), id, "INV00000001", amount, prefix=prefix, start=start)
        return post_it(store, plan).plan.documents[0].document.number

    def test_they_go_on_after_those_that_were_there_before(self, store: Store) -> None:
        assert [self.number(store, f"op-{n}") for n in range(3)] == ["CM00000003", "CM00000004", "CM00000005"]

    @pytest.mark.parametrize("order", [(5, 3, 4), (3, 5, 4), (3, 4, 5)])
    def test_the_highest_of_them_counts_in_whatever_order_they_came(
        self, store_of: StoreOf, order: tuple[int, ...]
    ) -> None:
        text = "accounts: [{id: acme, currency: USD}]\ncredit_memos:\n"
        item = "items: [{id: i1, amount: 70.00}]"
        for n in order:
            text += f"- {{number: CM0000000{n}, account: acme, date: 2026-06-01, currency: USD, {item}}}\n"
        text += f"invoices: [{{number: INV00000001, account: acme, date: 2026-06-01, currency: USD, {item}}}]\n"
        store = store_of(book_from(text))
        assert [self.number(store, f"op-{n}") for n in range(2)] == ["CM00000006", "CM00000007"]

    def test_a_new_prefix_begins_at_its_start(self, store: Store) -> None:
        assert [self.number(store, f"op-{n}", "DE-", 500) for n in range(2)] == ["DE-00000500", "DE-00000501"]
        assert self.number(store, "op-3", "DE-", 1) == "DE-00000502"
        assert self.number(store, "op-4", "DE-", 1000) == "DE-00001000"

    def test_a_refused_posting_draws_none(self, store: Store) -> None:
        assert self.number(store, "op-1") == "CM00000003"
        for n in range(3):
            refused_unchanged(store, credit_plan(whole(store), f"bad-{n}", "INV00000001", "1000.00"))
        assert self.number(store, "op-2") == "CM00000004"

    def test_a_refused_one_of_a_group_draws_none(self, store: Store) -> None:
        batch = [credit(0), credit(1, amount="5000"), credit(2)]
        assert told(run(store, batch)) == ["CM00000003", "over-applied,over-applied", "CM00000004"]
        assert left(store).counters["CM"] == 4

    def test_a_planned_number_that_leaves_a_gap_is_refused(self, store: Store) -> None:
        ahead = whole(store).with_posted(counters={"CM": 3})
        refusal = refused_unchanged(store, credit_plan(ahead, "op-1", "INV00000001"))
        assert messages(refusal) == (
            "CM00000004 was planned, but number 3 comes next for the prefix `CM`: other documents were posted since"
        )

    @pytest.mark.parametrize(("prefix", "kind"), [("INV", "invoice"), ("P-", "payment"), ("R-", "refund")])
    def test_a_prefix_stays_with_its_kind(self, store: Store, prefix: str, kind: str) -> None:
        refusal = refused_unchanged(store, credit_plan(whole(store), "op-1", "INV00000001", prefix=prefix))
        assert codes(refusal) == ["prefix-bound"]
        assert messages(refusal) == (
            f"the prefix `{prefix}` has numbered {kind}s in this ledger, so it cannot number a credit memo"
        )

    def test_so_does_one_that_was_bound_here(self, store: Store) -> None:
        self.number(store, "op-1", "X-")
        plan = payment_plan(whole(store), "op-2", {}, "5.00")
        (planned,) = plan.documents
        draw = replace(planned.draw, prefix="X-", counter=2, number="X-00000002")
        document = replace(planned.document, number=draw.number)
        refusal = refused_unchanged(store, doing(plan, (planned._replace(document=document, draw=draw),)))
        assert codes(refusal) == ["prefix-bound"]

    def test_two_series_that_meet_are_noticed(self, store_of: StoreOf) -> None:
        """docs/domain.md 8: prefix 23 and 10000300 make the number that prefix 2 and 310000300 make."""
        store = store_of(book_from(BOOK.replace("INV00000005", "2310000300")))
        plan = credit_plan(whole(store), "op-1", "INV00000001", prefix="2", start=310_000_300)
        refusal = refused_unchanged(store, plan)
        assert codes(refusal) == ["number-taken"]
        assert "2310000300 is already in use" in messages(refusal)
        assert self.number(store, "op-2", "2", 310_000_301) == "2310000301"


class TestIds:
    def test_the_same_operation_is_posted_once(self, store: Store) -> None:
        plan = credit_plan(whole(store), "op-1", "INV00000001", reverse=True, charged_through=[MOVED])
        first = post_it(store, plan)
        before = left(store)
        again = post(store, plan, who="bob", now=NOW + datetime.timedelta(days=3))
        assert (again.plan, again.audit, again.repeated) == (plan, first.audit, True)
        assert left(store) == before

    def test_other_content_is_refused_field_by_field(self, store: Store) -> None:
        request = {"items": [{"item": "i1", "amount": "10.00"}], "reason": "Other"}
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", request=request))
        other = {"items": [{"item": "i1", "amount": "11.00"}], "date": "2026-07-02"}
        refusal = refused_unchanged(store, credit_plan(whole(store), "op-1", "INV00000001", request=other))
        assert set(codes(refusal)) == {"operation-differs"}
        told = "operation `op-1` was posted before with other content: "
        assert messages(refusal).splitlines() == [
            told + "`date` is not set there, but `2026-07-02` here",
            told + "`items[0].amount` is `10.00` there, but `11.00` here",
            told + "`reason` is `Other` there, but not set here",
        ]

    def test_a_list_of_another_length_is_told_as_such(self, store: Store) -> None:
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", request={"items": ["a"]}))
        plan = credit_plan(whole(store), "op-1", "INV00000001", request={"items": ["a", "b"]})
        assert "`items` is a list of 1 there, but a list of 2 here" in messages(refused(lambda: post_it(store, plan)))

    def test_an_id_with_other_content_is_refused_alone(self, store: Store) -> None:
        run(store, [credit(0)])
        other = replace(credit(0), request={"id": "op-0", "amount": "2"})
        assert told(run(store, [other, credit(1)])) == ["operation-differs", "CM00000004"]

    def test_an_id_that_comes_twice_is_answered_the_second_time(self, store: Store) -> None:
        assert told(run(store, [credit(0), credit(0), credit(1)])) == ["CM00000003", "=CM00000003", "CM00000004"]

    def test_a_second_time_everything_is_answered_and_nothing_planned(self, store: Store) -> None:
        first = run(store, [credit(n) for n in range(5)])
        before = left(store)
        again = run(store, [replace(credit(n), planner=refusing("", "nothing-due").planner) for n in range(5)])
        assert [one.posted for one in again] == [replace(one.posted, repeated=True) for one in first if one.posted]
        assert left(store) == before

    def test_a_step_is_answered_like_any_operation(self, store: Store) -> None:
        plan = chain(whole(store), "op-1")
        post_it(store, plan)
        step = plan.follow_ups[0].plan
        answered = post_it(store, step)
        assert (answered.plan, answered.repeated) == (step, True)

    def test_the_id_of_an_operation_cannot_be_that_of_a_step(self, store: Store) -> None:
        plan = chain(whole(store), "op-1")
        run(store, [credit(0, id=plan.follow_ups[1].plan.id)])
        plan = chain(whole(store), "op-1")
        refusal = refused_unchanged(store, plan)
        assert codes(refusal) == ["operation-id-taken"]
        assert messages(refusal) == (
            f"`{plan.follow_ups[1].plan.id}` is the id of an operation already, "
            "so no step that follows another one can have it"
        )


class TestStalePlans:
    def test_a_document_that_changed(self, store: Store) -> None:
        stale = credit_plan(whole(store), "op-2", "INV00000001", prefix="X")
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001"))
        refusal = refused_unchanged(store, stale)
        assert codes(refusal) == ["plan-stale"]
        assert messages(refusal) == "INV00000001 has changed since this was planned (revision 0 then, 1 now)"

    def test_a_subscription_that_changed(self, store: Store) -> None:
        stale = credit_plan(whole(store), "op-2", "INV00000002", prefix="X", charged_through=[MOVED])
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", charged_through=[MOVED]))
        assert "subscription `s1` has changed" in messages(refused_unchanged(store, stale))

    def test_a_number_that_was_drawn_since(self, store: Store) -> None:
        stale = credit_plan(whole(store), "op-2", "INV00000003")
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001"))
        assert messages(refused_unchanged(store, stale)) == (
            "CM00000003 was planned, but number 4 comes next for the prefix `CM`: other documents were posted since"
        )

    def test_a_document_that_is_not_in_the_ledger(self, store_of: StoreOf, book: Book) -> None:
        refusal = refused_unchanged(store_of(Book()), credit_plan(book, "op-1", "INV00000001"))
        assert codes(refusal) == ["plan-stale"] * 2
        assert "this was planned with INV00000001, which is not in this ledger" in messages(refusal)
        assert "this was planned with account `acme`, which is not in this ledger" in messages(refusal)

    def test_a_charged_through_date_that_is_another(self, store: Store) -> None:
        wrong = replace(MOVED, before=datetime.date(2026, 6, 30))
        plan = credit_plan(whole(store), "op-1", "INV00000001", charged_through=[wrong])
        assert messages(refused_unchanged(store, plan)) == (
            "charge `s1-seat` of subscription `s1` is no longer charged through 2026-06-30, "
            "as it was when this was planned"
        )

    def test_one_that_moves_twice_is_each_time_where_it_was_left(self, store: Store) -> None:
        first, second = MOVED, replace(MOVED, before=MOVED.after, after=datetime.date(2026, 6, 1))
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", charged_through=[first, second]))
        assert whole(store).subscriptions["s1"].charges[0].charged_through == datetime.date(2026, 6, 1)
        back = replace(MOVED, before=second.after)
        plan = credit_plan(whole(store), "op-2", "INV00000001", charged_through=[back, back])
        assert codes(refused_unchanged(store, plan)) == ["plan-stale"]

    def test_a_step_of_a_chain_that_was_planned_on_something_else(self, store: Store) -> None:
        """The chain itself holds; only what the last of its steps relied on has changed."""
        stale = chain(whole(store), "op-2")
        post_it(store, credit_plan(whole(store), "op-1", "INV00000002", prefix="X"))
        assert messages(refused_unchanged(store, stale)) == (
            "INV00000002 has changed since this was planned (revision 0 then, 1 now)"
        )


class TestMoney:
    def test_more_than_is_open(self, store: Store) -> None:
        refusal = refused_unchanged(store, credit_plan(whole(store), "op-1", "INV00000003", "10.01"))
        assert set(codes(refusal)) == {"over-applied"}
        assert messages(refusal).splitlines() == [
            "INV00000003 amounts to 70.00 USD, but what is applied and refunded of it adds up to 70.01",
            "item `i1` of INV00000003 amounts to 70.00 USD, but what is applied and refunded of it adds up to 70.01",
        ]

    def test_more_than_a_new_document_has(self, store: Store) -> None:
        plan = credit_plan(whole(store), "op-1", "INV00000001")
        parts = (Part(item="i1", amount=Decimal("0.01"), source_item="1"),)
        more = Application(from_="CM00000003", to="INV00000002", date=DAY, amount=Decimal("0.01"), parts=parts)
        basis = {**plan.basis, "INV00000002": 0}
        refusal = refused_unchanged(store, doing(plan, plan.documents, (*plan.applications, more), basis=basis))
        assert messages(refusal).splitlines() == [
            "CM00000003 amounts to 10.00 USD, but what is applied and refunded of it adds up to 10.01",
            "item `1` of CM00000003 amounts to 10.00 USD, but what is applied and refunded of it adds up to 10.01",
        ]

    def test_exactly_what_is_open(self, store: Store) -> None:
        post_it(store, credit_plan(whole(store), "op-1", "INV00000003", "10.00"))
        assert whole(store).balance(whole(store).numbered["INV00000003"]) == 0

    def test_more_than_is_open_on_one_item(self, store: Store) -> None:
        # The item is 100 less its discount of 10; a credit memo of 6 was applied to it.
        post_it(store, credit_plan(whole(store), "op-1", "INV00000001", "84.00"))
        refusal = refused_unchanged(store, credit_plan(whole(store), "op-2", "INV00000001", "0.01"))
        assert messages(refusal) == (
            "item `i1` of INV00000001 amounts to 90.00 USD, but what is applied and refunded of it adds up to 90.01"
        )

    def test_a_refund_of_more_than_is_left(self, store: Store) -> None:
        post_it(store, refund_plan(whole(store), "op-1", "P-00000001", "35.00"))
        refusal = refused_unchanged(store, refund_plan(whole(store), "op-2", "P-00000001", "0.01"))
        assert "P-00000001 amounts to 120.00 USD" in messages(refusal)

    def test_an_application_can_be_undone_by_its_negative(self, store: Store) -> None:
        """Money that was applied goes back by an application of as much below zero; more than that is refused."""

        def undoing(id: str, amount: str) -> Plan:
            book = whole(store)
            undone = Decimal(amount)
            parts = (Part(item="i1", amount=undone),)
            application = Application(from_="P-00000001", to="INV00000003", date=DAY, amount=undone, parts=parts)
            return doing(
                credit_plan(book, id, "INV00000003", request={"undo": amount}),
                (),
                (application,),
                basis={number: book.revisions[number] for number in ("P-00000001", "INV00000003")},
            )

        assert codes(refused_unchanged(store, undoing("op-1", "-60.01"))) == ["over-applied"] * 2
        post_it(store, undoing("op-2", "-60.00"))
        after = whole(store)
        assert after.balance(after.numbered["INV00000003"]) == Decimal("70.00")
        assert after.balance(after.numbered["P-00000001"]) == Decimal("95.00")


class TestUnsoundPlans:
    """Plans that contradict themselves are bugs of a planner: they never reach a ledger."""

    @pytest.mark.parametrize("fault", ["basis", "parts", "number", "kind", "currency", "draft", "subscription"])
    def test_they_are_bugs(self, store: Store, fault: str) -> None:
        plan = credit_plan(whole(store), "op-1", "INV00000001")
        (application,), (planned,) = plan.applications, plan.documents
        yen = replace(planned.document, currency="JPY")
        invoice = EACH["invoice_issued"](whole(store), "op-1")
        other = credit_plan(whole(store), "op-1", "INV00000001", prefix="X-")  # a prefix that is bound to no kind yet
        (drawn,) = other.documents
        unsound = {
            "basis": replace(plan, basis={}),
            "parts": doing(plan, plan.documents, (replace(application, amount=Decimal("9.00")),)),
            "number": doing(
                plan, (planned._replace(document=replace(planned.document, number="X")),), plan.applications
            ),
            "kind": doing(other, (drawn._replace(draw=replace(drawn.draw, kind="debit_memo")),), other.applications),
            "currency": doing(plan, (planned._replace(document=yen),), plan.applications),
            "draft": only(whole(store), "op-1", DraftPosted(DRAFT, "INV00000006"), basis=(DRAFT,)),
            # Who bills a subscription need not have looked at it, but who cancels it must have.
            "subscription": replace(
                invoice, changes=(*invoice.changes, SubscriptionCanceled("s1", DAY)), basis={"account:acme": 0}
            ),
        }[fault]
        before = left(store)
        with pytest.raises(ValueError, match="plan op-1"):
            post_it(store, unsound)
        assert left(store) == before


class TestPlanningAndPosting:
    def run(
        self, store: Store, id: str, amount: str = "10.00", *, plan_id: str | None = None
    ) -> tuple[Plan, bool, int]:
        """Plan and post; also how often the planner was asked."""
        asked = 0

        def planner(book: Book) -> Plan:
            nonlocal asked
            asked += 1
            return credit_plan(book, plan_id or id, "INV00000001", amount)

        request = {"operation": "credit_memo_from_invoice", "invoice": "INV00000001", "amount": amount}
        needs = Needs(numbers=frozenset({"INV00000001"}))
        done = execute(store, id, request, needs, planner, who="ann", now=NOW)
        return done.plan, done.repeated, asked

    def test_plans_on_the_ledger_as_it_is(self, store: Store) -> None:
        for n, number in ((1, "CM00000003"), (2, "CM00000004"), (3, "CM00000005")):
            plan, repeated, _ = self.run(store, f"op-{n}")
            assert (plan.documents[0].document.number, repeated) == (number, False)

    def test_answers_a_repeat_without_planning(self, store: Store) -> None:
        plan, _, asked = self.run(store, "op-1")
        assert asked == 1
        assert self.run(store, "op-1") == (plan, True, 0)
        assert codes(refused(lambda: self.run(store, "op-1", "11.00"))) == ["operation-differs"]

    def test_a_refused_plan_changes_nothing(self, store: Store) -> None:
        before = left(store)
        refused(lambda: self.run(store, "op-1", "1000.00"))
        assert left(store) == before

    def test_a_planner_that_plans_something_else_is_a_bug(self, store: Store) -> None:
        with pytest.raises(ValueError, match="planned something else"):
            self.run(store, "op-1", plan_id="op-2")


class TestGroups:
    @pytest.mark.parametrize("group", [1, 3, 100])
    def test_each_is_planned_on_what_the_ones_before_it_leave(self, store: Store, group: int) -> None:
        outcomes = run(store, [credit(n) for n in range(7)], group)
        assert told(outcomes) == [f"CM{n:08d}" for n in range(3, 10)]
        assert [outcome.job.id for outcome in outcomes] == [f"op-{n}" for n in range(7)]
        assert whole(store).revisions["INV00000004"] == 7
        assert whole(store).balance(whole(store).numbered["INV00000004"]) == 5000 - 7

    def test_nothing_to_do(self, store: Store) -> None:
        before = left(store)
        assert run(store, []) == []
        assert left(store) == before

    @pytest.mark.parametrize("group", [1, 2, 10])
    def test_only_what_is_guilty_is_refused(self, store: Store, group: int) -> None:
        batch = [
            credit(0),
            refusing("op-1", "nothing-due"),
            credit(2),
            credit(3, amount="5000"),  # more than the two before it leave: posting refuses it, not its planner
            credit(4),
        ]
        assert told(run(store, batch, group)) == [
            "CM00000003",
            "nothing-due",
            "CM00000004",
            "over-applied,over-applied",
            "CM00000005",
        ]

    @pytest.mark.parametrize(
        ("ids", "group", "before_each"),
        [
            ("012345", 3, [0, 0, 0, 3, 3, 3]),
            ("00123", 2, [0, 1, 2, 2]),  # what comes twice begins a group, which is no larger for it
        ],
    )
    def test_each_group_is_a_transaction_of_its_own(
        self, store: Store, ids: str, group: int, before_each: list[int]
    ) -> None:
        seen: list[int] = []

        def plan(book: Book, id: str) -> Plan:
            with store.reading() as reader:
                seen.append(len(reader.requests([f"op-{each}" for each in ids])))
            return credit_plan(book, id, "INV00000004", "1")

        def job(id: str) -> Job:
            return wanted(id, Needs(numbers=frozenset({"INV00000004"})), lambda book: plan(book, id))

        run(store, [job(f"op-{each}") for each in ids], group)
        assert seen == before_each

    def test_before_each_group_it_is_asked_whether_to_go_on(self, store: Store) -> None:
        answers = iter([True, True, False])
        outcomes = post_jobs(
            store, [credit(n) for n in range(8)], now=lambda: NOW, group=3, go_on=lambda: next(answers)
        )
        assert told(outcomes) == [f"CM{n:08d}" for n in range(3, 9)]
        assert whole(store).counters["CM"] == 8

    def test_where_nothing_is_left_it_is_not_asked(self, store: Store) -> None:
        answers = iter([True, True])
        batch = [credit(n) for n in range(6)]
        assert len(list(post_jobs(store, batch, now=lambda: NOW, group=3, go_on=lambda: next(answers)))) == 6


class TestAllOrNothing:
    def test_all(self, store: Store) -> None:
        assert told(run(store, [credit(n) for n in range(5)], 2, atomic=True)) == [f"CM0000000{n}" for n in range(3, 8)]

    @pytest.mark.parametrize("group", [1, 2, 100])
    def test_nothing_if_one_is_refused_and_every_refusal_is_told(self, store: Store, group: int) -> None:
        run(store, [credit(0)])
        before = left(store)
        batch = [
            credit(0),
            credit(1),
            refusing("op-2", "nothing-due"),
            credit(3),
            credit(4, amount="5000"),
            refusing("op-5", "nothing-open"),
        ]
        outcomes = run(store, batch, group, atomic=True)
        assert told(outcomes) == ["=CM00000003", "", "nothing-due", "", "over-applied,over-applied", "nothing-open"]
        assert left(store) == before

    def test_nothing_if_it_is_ended_before_it_is_done(self, store: Store) -> None:
        before = left(store)
        answers = iter([True, False])
        batch = [credit(n) for n in range(4)]
        outcomes = post_jobs(store, batch, now=lambda: NOW, group=2, atomic=True, go_on=lambda: next(answers))
        assert [(outcome.job.id, outcome.posted) for outcome in outcomes] == [("op-0", None), ("op-1", None)]
        assert left(store) == before

    def test_an_id_that_comes_twice_is_answered_by_what_stands_beside_it(self, store: Store) -> None:
        outcomes = run(store, [credit(0), credit(0), credit(1)], atomic=True)
        assert told(outcomes) == ["CM00000003", "=CM00000003", "CM00000004"]


class TestStopping:
    def test_interrupted_from_outside_whole_groups_stay(self, store: Store) -> None:
        def coming() -> Iterator[Job]:
            yield from (credit(n) for n in range(8))
            raise KeyboardInterrupt

        outcomes: list[Outcome] = []
        with pytest.raises(KeyboardInterrupt):
            outcomes.extend(post_jobs(store, coming(), now=lambda: NOW, group=3))
        assert told(outcomes) == [f"CM{n:08d}" for n in range(3, 9)]
        assert told(run(store, [credit(n) for n in range(8)], 3)) == [
            ("=" if n < 6 else "") + f"CM{n + 3:08d}" for n in range(8)
        ]

    def test_interrupted_while_planning_the_group_is_rolled_back(self, store: Store) -> None:
        def interrupt(book: Book) -> tuple[Plan, Book]:
            raise KeyboardInterrupt

        batch = [credit(n) for n in range(8)]
        batch[4] = replace(batch[4], planner=interrupt)
        outcomes = post_jobs(store, batch, now=lambda: NOW, group=3)
        assert told([next(outcomes), next(outcomes), next(outcomes)]) == ["CM00000003", "CM00000004", "CM00000005"]
        with pytest.raises(KeyboardInterrupt):
            next(outcomes)
        assert max(whole(store).numbered) != "CM00000006"
        assert whole(store).counters["CM"] == 5

    def test_whoever_stops_listening_has_what_was_told(self, store: Store) -> None:
        outcomes = post_jobs(store, [credit(n) for n in range(8)], now=lambda: NOW, group=3)
        assert told([next(outcomes)]) == ["CM00000003"]
        del outcomes
        assert whole(store).counters["CM"] == 5
