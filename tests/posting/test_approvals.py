"""Operations that wait for approvals given apart from them: on every store, docs/approvals.md."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.posting.store import Store, Waiting
from billpolicy.report.waiting import waiting_text
from tests.helpers.bill_runs import MONTHLY, subscribed
from tests.helpers.books import book_from
from tests.helpers.refusals import refused
from tests.helpers.scenes import versions
from tests.posting.conftest import StoreOf

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: a}, {id: ben, account: a}]
invoices:
- {number: INV00000001, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 900.00}]}
- {number: INV00000002, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 50.00}]}
payments: [{number: P-00000001, account: a, date: 2026-05-01, currency: EUR, amount: 300.00}]
"""
OWN = """
roles: {clerk: [ines, ana], lead: [maria, jo], cfo: [max]}
aliases: {maria: [m.meyer]}
every_operation: {actor: required}
exceptions:
- id: limit
  operations: [write_off_invoice]
  when: {actor.role: clerk, amount: {above: 100.00 EUR}}
  then: {permission: {approval: {by: [lead, cfo], count: 2}}}
"""
POLICY = versions(OWN)
OTHER = versions(OWN.replace("100.00", "110.00"))
LARGE = {"id": "large", "operation": "write_off_invoice", "invoice": "INV00000001", "actor": "ines"}
SMALL = {"id": "small", "operation": "write_off_invoice", "invoice": "INV00000002", "actor": "ines"}
PAID = {"id": "paid", "operation": "apply_payment", "payment": "P-00000001", "amount": 300, "actor": "ines"}
MOVED = {"id": "moved", "operation": "change_account", "account": "a", "attributes": {"bill_to_contact": "ben"}}
JUNE, JULY = datetime.date(2026, 6, 1), datetime.date(2026, 7, 1)
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def place(store_of: StoreOf) -> Store:
    return store_of(book_from(BOOK))


def wait(place: Store, operation: dict[str, Any] = LARGE, day: datetime.date = JUNE) -> Waiting:
    return billpolicy.wait(POLICY, place, operation, who="ines", now=NOON, today=day).waiting


def approve(place: Store, person: str, id: str = "large", policy: billpolicy.Versions = POLICY) -> bool:
    """Whether it is complete then."""
    return billpolicy.approve(policy, place, id, actor=person, now=NOON, today=JULY).complete


def post(place: Store, operation: dict[str, Any] = LARGE, policy: billpolicy.Versions = POLICY) -> billpolicy.Posted:
    return billpolicy.post(policy, place, operation, who="ines", now=NOON, today=JULY)


def codes(call: Callable[[], object]) -> list[str]:
    return [one.code for one in refused(call).diagnostics]


def test_what_is_approved_apart_is_posted_as_if_it_had_been_approved_with_it(place: Store) -> None:
    assert codes(lambda: post(place)) == ["approval-missing"]
    waiting = wait(place)
    assert (waiting.date, waiting.actor, waiting.approvals) == (JUNE, "ines", ())
    assert [one.approval for one in waiting.awaited] == ["approval by 2 of cfo, lead"]
    assert [one.id for one in billpolicy.waiting(place)] == ["large"]
    assert not approve(place, "maria")
    assert codes(lambda: post(place)) == ["approval-missing"]
    assert approve(place, "MAX")
    posted = post(place)
    assert posted.plan.date == JUNE  # of the day on which it began to wait
    assert posted.plan.approved_by == posted.audit.approved_by == ("maria", "MAX")
    assert billpolicy.waiting(place) == []
    assert post(place).repeated


def test_it_can_be_posted_by_its_id(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    approve(place, "jo")
    (asked,) = billpolicy.asked_waiting(place, ["large"])
    (outcome,) = billpolicy.post_all(POLICY, place, [asked], who="root", today=JULY)
    assert outcome.posted is not None
    assert outcome.posted.plan.actor == "ines"
    assert outcome.posted.audit.approved_by == ("maria", "jo")


def test_approvals_of_the_operation_itself_count_too(place: Store) -> None:
    waiting = wait(place, {**LARGE, "approved_by": ["maria"]})
    assert [one.person for one in waiting.approvals] == ["maria"]
    assert approve(place, "max")
    assert post(place, {**LARGE, "approved_by": "m.meyer"}).audit.approved_by == ("m.meyer", "max")


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ("ines", "approval-own"),
        ("INES", "approval-own"),
        ("ana", "approver-not-permitted"),  # a clerk
        ("marja", "approver-unknown"),
        ("m.meyer", "approval-twice"),
        ("Maria", "approval-twice"),
    ],
)
def test_whoever_may_not_approve_is_refused(place: Store, person: str, code: str) -> None:
    wait(place)
    approve(place, "maria")
    assert codes(lambda: approve(place, person)) == [code]
    (still,) = billpolicy.waiting(place)
    assert [one.person for one in still.approvals] == ["maria"]


def test_nothing_is_approved_that_waits_not(place: Store) -> None:
    assert codes(lambda: approve(place, "maria")) == ["waiting-unknown"]
    wait(place)
    (unknown,) = refused(lambda: approve(place, "maria", "lage")).diagnostics
    assert (unknown.code, unknown.hint) == ("waiting-unknown", "did you mean `large`?")
    approve(place, "maria")
    approve(place, "max")
    assert codes(lambda: approve(place, "jo")) == ["approval-complete"]
    post(place)
    assert codes(lambda: approve(place, "jo")) == ["waiting-unknown"]
    assert codes(lambda: wait(place)) == ["waiting-unknown"]
    assert codes(lambda: billpolicy.asked_waiting(place, ["large"])) == ["waiting-unknown"]


def test_only_what_lacks_approvals_waits(place: Store) -> None:
    assert codes(lambda: wait(place, SMALL)) == ["approval-complete"]
    assert codes(lambda: wait(place, {**LARGE, "invoice": "INV00000009"})) == ["document-unknown"]
    assert codes(lambda: wait(place, {**LARGE, "actor": "inez"})) == ["actor-unknown"]
    assert codes(lambda: wait(place, {**LARGE, "approved_by": "ana", "actor": "nobody"})) == ["actor-unknown"]
    assert billpolicy.waiting(place) == []


def test_the_same_waits_once(place: Store) -> None:
    first = wait(place)
    approve(place, "maria")
    again = wait(place, day=JULY)
    assert (again.date, again.digest, len(again.approvals)) == (first.date, first.digest, 1)
    assert codes(lambda: wait(place, {**LARGE, "invoice": "INV00000002"})) == ["approval-stale"]


def test_another_document_meanwhile_voids_no_approval(place: Store) -> None:
    """It takes the number that was next: what is approved is the amount, the target and the values, not the number."""
    wait(place)
    approve(place, "maria")
    assert post(place, SMALL).plan.documents[0].document.number == "CM00000001"
    assert approve(place, "max")
    assert post(place).plan.documents[0].document.number == "CM00000002"


@pytest.mark.parametrize("change", [PAID, MOVED], ids=["another amount", "another contact"])
def test_what_changed_since_is_refused(place: Store, change: dict[str, Any]) -> None:
    wait(place)
    approve(place, "maria")
    approve(place, "max")
    billpolicy.post(POLICY, place, {**change, "actor": "ines", "date": "2026-05-20"}, who="ines", today=JUNE)
    (stale,) = refused(lambda: post(place)).diagnostics
    assert stale.code == "approval-stale"
    told = {"paid": ("900.00", "600.00"), "moved": ("`ann`", "`ben`")}[change["id"]]
    assert all(word in stale.message for word in told)
    assert codes(lambda: approve(place, "jo")) == ["approval-stale"]
    # It can wait anew, and the old approvals do not count for it.
    anew = wait(place)
    assert anew.approvals == ()
    approve(place, "maria")
    approve(place, "max")
    assert post(place).plan.documents


def test_what_changed_since_is_told_in_words(place: Store) -> None:
    """300.00 of the 900.00 were paid meanwhile: 600.00 are left to write off. What is done comes before why."""
    wait(place)
    billpolicy.post(POLICY, place, {**PAID, "date": "2026-05-20"}, who="ines", today=JUNE)
    (stale,) = refused(lambda: approve(place, "maria")).diagnostics
    first, *others = stale.message.removeprefix("`large` is not any more what was waiting for approval: ").split("; ")
    assert first == "credit memo issued, items 1, amount was `900.00`, is `600.00` now"
    assert "applied, amount was `900.00`, is `600.00` now" in others
    assert others[-2] == "`charged_through` was `revert`, is `keep` now"
    assert others[-1].endswith("`write_off_invoice.charged_through`, is `partly-paid-time-is-not-billed-again` now")
    (stale,) = refused(lambda: approve(place, "maria", policy=OTHER)).diagnostics
    assert "; the policy is another one; `charged_through` was `revert`, is `keep` now" in stale.message


def test_whoever_is_not_asked_is_told_who_is(place: Store) -> None:
    wait(place)
    for told in ("`jo`, `maria`, `max`", "`jo`, `max`"):
        (problem,) = refused(lambda: approve(place, "ana")).diagnostics
        assert (problem.code, problem.hint) == ("approver-not-permitted", f"ask one of {told}")
        assert problem.message.endswith(", which is not for `ana` to give")
        if "maria" in told:
            approve(place, "m.meyer")


def test_several_approvers_in_one_text_are_told_to_be_a_list(place: Store) -> None:
    (problem,) = refused(lambda: wait(place, {**LARGE, "approved_by": "maria, max"})).diagnostics
    assert (problem.code, problem.hint) == ("approver-unknown", "write several people as a list: `[maria, max]`")


def test_what_waits_is_told_with_what_was_asked_for(place: Store) -> None:
    one = wait(place, {**LARGE, "amount": "800.00", "comment": "they closed"})
    assert waiting_text(one).splitlines()[1] == "  amount 800.00, invoice INV00000001: they closed"
    apply = [{"document": "INV00000001", "amount": "10.00"}, {"document": "INV00000002"}]
    paid = replace(one, request={"payment": "P-00000001", "apply": apply})
    assert waiting_text(paid).splitlines()[1] == "  payment P-00000001, apply INV00000001 10.00 and INV00000002"


def test_another_policy_voids_the_approvals(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    assert codes(lambda: approve(place, "max", policy=OTHER)) == ["approval-stale"]
    approve(place, "max")
    assert codes(lambda: post(place, policy=OTHER)) == ["approval-stale"]


def test_another_actor_or_request_voids_them(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    approve(place, "max")
    assert codes(lambda: post(place, {**LARGE, "actor": "ana"})) == ["approval-stale"]
    assert codes(lambda: post(place, {**LARGE, "amount": 800, "actor": "ines"})) == ["approval-stale"]
    assert post(place).plan.documents


def test_what_is_withdrawn_waits_no_more(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    billpolicy.withdraw(place, "large", who="ines", why="by mistake", now=NOON)
    assert billpolicy.waiting(place) == []
    assert codes(lambda: approve(place, "max")) == ["waiting-unknown"]
    assert codes(lambda: billpolicy.withdraw(place, "large", who="ines")) == ["waiting-unknown"]
    assert wait(place).approvals == ()


def test_a_dry_run_takes_the_approvals(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    approve(place, "max")
    assert billpolicy.plan(POLICY, place, LARGE, today=JULY).approved_by == ("maria", "max")
    (outcome,) = billpolicy.plan_all(POLICY, place, [LARGE], today=JULY)
    assert outcome.plan is not None


def test_the_plan_of_what_waits_cannot_be_posted(place: Store) -> None:
    shown = billpolicy.wait(POLICY, place, LARGE, who="ines", today=JUNE).plan
    assert codes(lambda: billpolicy.post(POLICY, place, shown, who="ines")) == ["approval-missing"]


@pytest.mark.parametrize("again", [False, True], ids=["withdrawn", "and waits anew"])
def test_a_plan_that_was_approved_cannot_be_posted_when_that_was_withdrawn(place: Store, again: bool) -> None:
    wait(place)
    approve(place, "maria")
    shown = billpolicy.approve(POLICY, place, "large", actor="max", now=NOON, today=JULY).plan
    planned = billpolicy.plan(POLICY, place, LARGE, today=JULY)
    billpolicy.withdraw(place, "large", who="ines")
    if again:  # the same to the letter, which nobody has approved
        wait(place)
        approve(place, "maria")
    assert codes(lambda: billpolicy.post(POLICY, place, shown, who="ines")) == ["approval-stale"]
    assert codes(lambda: billpolicy.post(POLICY, place, planned, who="ines")) == ["approval-stale"]
    assert codes(lambda: post(place)) == ["approval-missing"]


def test_a_plan_that_was_approved_is_posted_as_it_is(place: Store) -> None:
    wait(place)
    approve(place, "maria")
    approve(place, "max")
    planned = billpolicy.plan(POLICY, place, LARGE, today=JULY)
    assert billpolicy.post(POLICY, place, planned, who="ines").audit.approved_by == ("maria", "max")


NUMBERED = """
sequence_sets:
  DEFAULT:
    invoice: {prefix: INV}
    debit_memo: {prefix: DM}
    credit_memo: {prefix: CM, SERIES}
operations: {bill_run: {permission: approval}}
follow_ups: [{id: off, after: invoice_posted, then: write_off_invoice, because: nobody pays}]
"""


@pytest.mark.parametrize(
    ("series", "first"),
    [
        ("width: 8", "CM00000001"),
        ("format: '{prefix}{year}/{number}', width: 4, reset: yearly", "CM2026/0001"),
        ("from_source: '{source}-C{number}'", "INV00000001-C1"),
        ("from_source: '{source}/C{number}'", "INV00000001/C1"),
    ],
)
def test_numbers_are_no_part_of_what_is_approved_wherever_they_stand(
    store_of: StoreOf, series: str, first: str
) -> None:
    """In numbers of other documents, in lines and in the ids of steps."""
    policy = versions(OWN + NUMBERED.replace("SERIES", series))
    book = subscribed(f"id: s1, {MONTHLY}").replace(
        "subscriptions:\n", f"subscriptions:\n- {{id: s0, account: other, start: 2026-01-01, {MONTHLY}}}\n"
    )
    place = store_of(book_from(book))
    run = {"operation": "bill_run", "date": "2026-01-31", "actor": "ines"}
    waiting, other = {**run, "id": "waits", "accounts": ["acme"]}, {**run, "id": "goes", "accounts": ["other"]}
    billpolicy.wait(policy, place, waiting, who="ines", now=NOON)
    posted = billpolicy.post(policy, place, {**other, "approved_by": "maria"}, who="ines", now=NOON)
    (step,) = posted.plan.follow_ups
    assert step.plan.documents[0].document.number == first
    assert billpolicy.approve(policy, place, "waits", actor="maria", now=NOON).complete
    assert billpolicy.post(policy, place, waiting, who="ines", now=NOON).audit.approved_by == ("maria",)


def test_two_approve_at_once(place: Store) -> None:
    """One after the other: both are recorded, each person once, whoever tries how often."""
    wait(place)

    def attempt(person: str) -> bool:
        try:
            return approve(place, person) or True
        except Refused:
            return False

    with ThreadPoolExecutor(4) as threads:
        came = list(threads.map(attempt, ["maria", "max", "maria", "max", "MAX", "m.meyer"]))
    assert came.count(True) == 2
    (still,) = billpolicy.waiting(place)
    assert sorted(POLICY.policies[0].person(one.person) for one in still.approvals) == ["maria", "max"]
