"""Posting: what is planned is what is posted, once, all of it or nothing, and only on the ledger it was planned on."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import Application, CreditMemo, Part
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan
from tests.ledger.asking import codes, dump, effects, messages, refused, unkept, whole
from tests.ledger.build import DAY, NOW, credit_plan, doing, payment_plan, refund_plan
from tests.ledger.conftest import book, ledger, made, made_stocked, stocked
from tests.ledger.posting import execute, post

__all__ = ["book", "ledger", "made", "made_stocked", "stocked"]

MOVED = ChargedThrough("s1", "s1-seat", datetime.date(2026, 7, 1), datetime.date(2026, 5, 1))


def post_it(ledger: Ledger, plan: Plan) -> Plan:
    return post(ledger, plan, who="ann", now=NOW).plan


class TestPosting:
    def test_the_ledger_becomes_what_the_plan_says(self, stocked: Ledger) -> None:
        plans: tuple[Callable[[Book], Plan], ...] = (
            lambda book: credit_plan(book, "op-1", "INV00000001", "40.00"),
            lambda book: payment_plan(book, "op-2", {"INV00000002": "30.00", "INV00000003": "9.99"}, "55.49"),
            lambda book: credit_plan(book, "op-3", "INV00000003", "0.01", reverse=True),
            lambda book: refund_plan(book, "op-4", "P-00000003", "15.50"),
            lambda book: refund_plan(book, "op-5", "CM00000001", "30.00"),
            lambda book: credit_plan(book, "op-6", "INV00000002", "70.00", charged_through=[MOVED]),
            lambda book: credit_plan(book, "op-7", "INV00000004", "5000"),
        )
        for make in plans:
            before = whole(stocked)
            plan = make(before)
            done = post(stocked, plan, who="ann", now=NOW)
            assert done.plan == plan
            assert not done.repeated
            assert unkept(whole(stocked)) == unkept(effects(before, plan))
            assert stocked.check() == []

    def test_it_tells_who_posted_when_and_why(self, stocked: Ledger, book: Book) -> None:
        later = datetime.datetime(2026, 7, 1, 14, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        audit = post(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"), who="bob", now=later).audit
        assert (audit.operation, audit.who, audit.at, audit.why) == ("op-1", "bob", NOW, "agreed by phone")

    def test_revisions_count_every_change_of_another_operation(self, stocked: Ledger) -> None:
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", charged_through=[MOVED]))
        plan = credit_plan(whole(stocked), "op-2", "INV00000001", reverse=True)
        post_it(stocked, plan)
        revisions = whole(stocked).revisions
        assert {name: count for name, count in revisions.items() if count} == {"INV00000001": 2, "subscription:s1": 1}

    def test_a_moment_without_a_time_zone_is_a_bug(self, stocked: Ledger) -> None:
        plan = credit_plan(whole(stocked), "op-1", "INV00000001")
        with pytest.raises(ValueError, match="time zone"):
            post(stocked, plan, who="ann", now=NOW.replace(tzinfo=None))


class TestRepeating:
    def test_the_same_operation_is_posted_once(self, stocked: Ledger) -> None:
        plan = credit_plan(whole(stocked), "op-1", "INV00000001", reverse=True, charged_through=[MOVED])
        first = post(stocked, plan, who="ann", now=NOW)
        before = dump(stocked)
        again = post(stocked, plan, who="bob", now=NOW + datetime.timedelta(days=3))
        assert (again.plan, again.audit, again.repeated) == (plan, first.audit, True)
        assert dump(stocked) == before

    def test_other_content_is_refused_field_by_field(self, stocked: Ledger) -> None:
        request = {"items": [{"item": "i1", "amount": "10.00"}], "reason": "Other"}
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", request=request))
        other = {"items": [{"item": "i1", "amount": "11.00"}], "date": "2026-07-02"}
        before = dump(stocked)
        refusal = refused(lambda: post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", request=other)))
        assert set(codes(refusal)) == {"operation-differs"}
        told = "operation `op-1` was posted before with other content: "
        assert messages(refusal).splitlines() == [
            told + "`date` is not set there, but `2026-07-02` here",
            told + "`items[0].amount` is `10.00` there, but `11.00` here",
            told + "`reason` is `Other` there, but not set here",
        ]
        assert dump(stocked) == before

    def test_a_list_of_another_length_is_told_as_such(self, stocked: Ledger) -> None:
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", request={"items": ["a"]}))
        plan = credit_plan(whole(stocked), "op-1", "INV00000001", request={"items": ["a", "b"]})
        assert "`items` is a list of 1 there, but a list of 2 here" in messages(refused(lambda: post_it(stocked, plan)))


class TestStalePlans:
    def refused_unchanged(self, ledger: Ledger, plan: Plan) -> Refused:
        before = dump(ledger)
        refusal = refused(lambda: post_it(ledger, plan))
        assert dump(ledger) == before
        return refusal

    def test_a_document_that_changed(self, stocked: Ledger) -> None:
        stale = credit_plan(whole(stocked), "op-2", "INV00000001", prefix="X")
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"))
        refusal = self.refused_unchanged(stocked, stale)
        assert codes(refusal) == ["plan-stale"]
        assert messages(refusal) == "INV00000001 has changed since this was planned (revision 0 then, 1 now)"

    def test_a_subscription_that_changed(self, stocked: Ledger) -> None:
        stale = credit_plan(whole(stocked), "op-2", "INV00000002", prefix="X", charged_through=[MOVED])
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", charged_through=[MOVED]))
        assert "subscription `s1` has changed" in messages(self.refused_unchanged(stocked, stale))

    def test_a_number_that_was_drawn_since(self, stocked: Ledger) -> None:
        stale = credit_plan(whole(stocked), "op-2", "INV00000003")
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001"))
        assert messages(self.refused_unchanged(stocked, stale)) == (
            "CM00000003 was planned, but number 4 comes next for the prefix `CM`: other documents were posted since"
        )

    def test_a_document_that_is_not_in_the_ledger(self, ledger: Ledger, book: Book) -> None:
        refusal = self.refused_unchanged(ledger, credit_plan(book, "op-1", "INV00000001"))
        assert "this was planned with INV00000001, which is not in this ledger" in messages(refusal)
        assert "this was planned with account `acme`, which is not in this ledger" in messages(refusal)

    def test_a_charged_through_date_that_is_another(self, stocked: Ledger) -> None:
        wrong = replace(MOVED, before=datetime.date(2026, 6, 30))
        plan = credit_plan(whole(stocked), "op-1", "INV00000001", charged_through=[wrong])
        assert "is no longer charged through 2026-06-30" in messages(self.refused_unchanged(stocked, plan))

    def test_more_than_is_open(self, stocked: Ledger) -> None:
        refusal = self.refused_unchanged(stocked, credit_plan(whole(stocked), "op-1", "INV00000003", "10.01"))
        assert set(codes(refusal)) == {"over-applied"}
        assert messages(refusal).splitlines() == [
            "INV00000003 amounts to 70.00 USD, but what is applied and refunded of it adds up to 70.01",
            "item `i1` of INV00000003 amounts to 70.00 USD, but what is applied and refunded of it adds up to 70.01",
        ]

    def test_more_than_is_open_on_one_item(self, stocked: Ledger) -> None:
        # The item is 100 less its discount of 10; a credit memo of 6 was applied to it.
        post_it(stocked, credit_plan(whole(stocked), "op-1", "INV00000001", "84.00"))
        refusal = self.refused_unchanged(stocked, credit_plan(whole(stocked), "op-2", "INV00000001", "0.01"))
        assert messages(refusal) == (
            "item `i1` of INV00000001 amounts to 90.00 USD, but what is applied and refunded of it adds up to 90.01"
        )

    def test_a_refund_of_more_than_is_left(self, stocked: Ledger) -> None:
        post_it(stocked, refund_plan(whole(stocked), "op-1", "P-00000001", "35.00"))
        refusal = self.refused_unchanged(stocked, refund_plan(whole(stocked), "op-2", "P-00000001", "0.01"))
        assert "P-00000001 amounts to 120.00 USD" in messages(refusal)


class TestUnsoundPlans:
    """Plans that contradict themselves are bugs of a planner: they never reach the ledger."""

    @pytest.mark.parametrize("fault", ["basis", "parts", "number"])
    def test_they_are_bugs(self, stocked: Ledger, fault: str) -> None:
        plan = credit_plan(whole(stocked), "op-1", "INV00000001")
        (application,), (planned,) = plan.applications, plan.documents
        unsound = {
            "basis": replace(plan, basis={}),
            "parts": doing(plan, plan.documents, (replace(application, amount=Decimal("9.00")),)),
            "number": doing(
                plan, (planned._replace(document=replace(planned.document, number="X")),), plan.applications
            ),
        }[fault]
        before = dump(stocked)
        with pytest.raises(ValueError, match="plan op-1"):
            post_it(stocked, unsound)
        assert dump(stocked) == before

    def test_a_document_that_nobody_knows_is_a_bug_too(self, stocked: Ledger) -> None:
        plan = credit_plan(whole(stocked), "op-1", "INV00000001")
        (planned,) = plan.documents
        assert isinstance(planned.document, CreditMemo)
        stranger = replace(planned.document, account="nobody")
        before = dump(stocked)
        with pytest.raises(Exception, match="FOREIGN KEY"):
            post_it(stocked, doing(plan, (planned._replace(document=stranger),), plan.applications))
        assert dump(stocked) == before


class TestExecuting:
    def run(
        self, ledger: Ledger, id: str, amount: str = "10.00", *, plan_id: str | None = None
    ) -> tuple[Plan, bool, int]:
        """Plan and post; also how often the planner was asked."""
        asked = 0

        def planner(book: Book) -> Plan:
            nonlocal asked
            asked += 1
            return credit_plan(book, plan_id or id, "INV00000001", amount)

        request = {"operation": "credit_memo_from_invoice", "invoice": "INV00000001", "amount": amount}
        needs = Needs(numbers=frozenset({"INV00000001"}))
        done = execute(ledger, id, request, needs, planner, who="ann", now=NOW)
        return done.plan, done.repeated, asked

    def test_plans_on_the_ledger_as_it_is(self, stocked: Ledger) -> None:
        for n, number in ((1, "CM00000003"), (2, "CM00000004"), (3, "CM00000005")):
            plan, repeated, _ = self.run(stocked, f"op-{n}")
            assert (plan.documents[0].document.number, repeated) == (number, False)
        assert stocked.check() == []

    def test_answers_a_repeat_without_planning(self, stocked: Ledger) -> None:
        plan, _, asked = self.run(stocked, "op-1")
        assert asked == 1
        assert self.run(stocked, "op-1") == (plan, True, 0)
        assert codes(refused(lambda: self.run(stocked, "op-1", "11.00"))) == ["operation-differs"]

    def test_a_refused_plan_changes_nothing(self, stocked: Ledger) -> None:
        before = dump(stocked)
        refused(lambda: self.run(stocked, "op-1", "1000.00"))
        assert dump(stocked) == before

    def test_a_planner_that_plans_something_else_is_a_bug(self, stocked: Ledger) -> None:
        with pytest.raises(ValueError, match="planned something else"):
            self.run(stocked, "op-1", plan_id="op-2")


def test_an_application_can_be_undone_by_its_negative(stocked: Ledger) -> None:
    """Money that was applied goes back by an application of as much below zero; more than that is refused."""

    def undoing(id: str, amount: str) -> Plan:
        book = whole(stocked)
        undone = Decimal(amount)
        parts = (Part(item="i1", amount=undone),)
        application = Application(from_="P-00000001", to="INV00000003", date=DAY, amount=undone, parts=parts)
        return doing(
            credit_plan(book, id, "INV00000003", request={"undo": amount}),
            (),
            (application,),
            basis={number: book.revisions[number] for number in ("P-00000001", "INV00000003")},
        )

    assert codes(refused(lambda: post_it(stocked, undoing("op-1", "-60.01")))) == ["over-applied"] * 2
    post_it(stocked, undoing("op-2", "-60.00"))
    after = whole(stocked)
    assert after.balance(after.numbered["INV00000003"]) == Decimal("70.00")
    assert after.balance(after.numbered["P-00000001"]) == Decimal("95.00")
    assert stocked.check() == []
