"""Limits over time: counted from what was posted, on ledgers, by whom, on which account and in which currency."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal

import pytest

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.request import Instruction
from billpolicy.posting.store import Store
from tests.helpers.books import book_from
from tests.helpers.scenes import operations, versions
from tests.posting.conftest import StoreOf

ROLES = "roles: {clerk: [ines, ana], lead: [maria]}\n"
BOOK = """
accounts:
- {id: acme, currency: EUR, attributes: {bill_to_contact: ann}}
- {id: duo, currency: USD, attributes: {bill_to_contact: dan}}
contacts: [{id: ann, account: acme}, {id: dan, account: duo}]
invoices:
""" + "".join(
    f"- {{number: INV0000000{n}, account: {account}, date: 2026-05-01, currency: {currency},"
    f" items: [{{id: a, amount: 300.00}}]}}\n"
    for n, account, currency in (
        (1, "acme", "EUR"),
        (2, "acme", "EUR"),
        (3, "acme", "EUR"),
        (4, "duo", "USD"),
        (5, "acme", "EUR"),
    )
)
DAY = datetime.date(2026, 7, 1)


def limit(*, per: str = "day", by: str = "actor", more: str = "amounts: {EUR: 500.00}", name: str = "a-limit") -> str:
    return ROLES + f"limits: {{{name}: {{operations: [write_off_invoice], per: {per}, by: {by}, {more}}}}}\n"


@pytest.fixture
def store(store_of: StoreOf) -> Store:
    return store_of(book_from(BOOK))


def write_off(invoice: int, actor: str | None = "ines", more: str = "") -> str:
    who = f"\nactor: {actor}" if actor else ""
    return f"operation: write_off_invoice\ndate: 2026-06-05\ninvoice: INV0000000{invoice}{who}{more}"


def asked(*texts: str, id: str = "op") -> list[Instruction]:
    return operations(*(f"id: {id}-{n}\n{text}" for n, text in enumerate(texts)))


def post(
    store: Store,
    policy: str,
    *texts: str,
    at: str = "2026-07-01T12:00+00:00",
    id: str = "op",
    group: int = 1,
    atomic: bool = False,
) -> list[str]:
    """What each is refused for, posted at a moment; nothing of what is posted."""
    moment = datetime.datetime.fromisoformat(at)
    outcomes = billpolicy.post_all(
        versions(policy), store, asked(*texts, id=id), who="x", now=lambda: moment, group=group, atomic=atomic
    )
    return codes(outcomes)


def codes(outcomes: Iterable[billpolicy.Outcome]) -> list[str]:
    return [",".join(problem.code for problem in one.problems) for one in outcomes]


@pytest.mark.parametrize("group", [1, 10])
def test_what_would_go_beyond_it_is_refused_and_the_others_are_posted(store: Store, group: int) -> None:
    # 300 + 150 = 450 of 500; 60 more would be 510, 50 more are 500, and then nothing is left.
    texts = (
        write_off(1),
        write_off(2, more="\namount: 150.00"),
        write_off(3, more="\namount: 60.00"),
        write_off(3, more="\namount: 50.00"),
        write_off(3, more="\namount: 0.01"),
    )
    assert post(store, limit(), *texts, group=group) == ["", "", "limit-used-up", "", "limit-used-up"]


def test_it_is_counted_over_batches_and_the_sentence_says_how_much_is_used(store: Store) -> None:
    policy = limit(more="amounts: {EUR: 500.00}, because: FIN-301")
    assert post(store, policy, write_off(1)) == [""]
    moment = datetime.datetime(2026, 7, 1, 23, 59, tzinfo=datetime.UTC)
    (again,) = billpolicy.post_all(versions(policy), store, asked(write_off(2), id="b"), who="x", now=lambda: moment)
    (problem,) = again.problems
    assert problem.message.startswith(
        "300.00 of 500.00 EUR for `ines` on 2026-07-01 are used, with this 600.00 (limit `a-limit`, "
    )
    assert problem.message.endswith(": FIN-301)")
    assert problem.hint == "it is counted anew from 2026-07-02 on, in UTC"


def test_the_next_day_counts_anew_by_the_moment_of_posting_in_utc(store: Store) -> None:
    assert post(store, limit(), write_off(1), at="2026-07-01T23:30+00:00") == [""]
    # 01:00 in Berlin on the 2nd is 23:00 on the 1st in UTC.
    assert post(store, limit(), write_off(2), at="2026-07-02T01:00+02:00", id="b") == ["limit-used-up"]
    assert post(store, limit(), write_off(2), at="2026-07-02T02:00+02:00", id="c") == [""]


def test_no_document_date_opens_it(store: Store) -> None:
    dated = [write_off(n).replace("2026-06-05", f"2026-0{5 + n % 2}-0{n}") for n in (1, 2, 3)]
    assert post(store, limit(), *dated) == ["", "limit-used-up", "limit-used-up"]


def test_a_month_is_that_of_the_calendar(store: Store) -> None:
    policy = limit(per="month")
    assert post(store, policy, write_off(1), at="2026-07-01T00:00+00:00") == [""]
    assert post(store, policy, write_off(2), at="2026-07-31T23:59+00:00", id="b") == ["limit-used-up"]
    assert post(store, policy, write_off(2), at="2026-08-01T00:00+00:00", id="c") == [""]


def test_each_actor_has_their_own_under_any_spelling_of_the_name(store: Store) -> None:
    assert post(store, limit(), write_off(1), write_off(2, "INES"), write_off(2, "ana")) == ["", "limit-used-up", ""]


def test_each_account_has_its_own_whoever_asks(store: Store) -> None:
    policy = limit(by="account", more="amounts: {EUR: 500.00, USD: 500.00}")
    asked = (write_off(1), write_off(2, "ana"), write_off(4, "ana"))
    assert post(store, policy, *asked) == ["", "limit-used-up", ""]


def test_all_together(store: Store) -> None:
    policy = limit(by="all", more="count: 2")
    assert post(store, policy, *(write_off(n, None) for n in (1, 2, 3, 4))) == [
        "",
        "",
        "limit-used-up",
        "limit-used-up",
    ]


def test_a_currency_that_it_does_not_list_is_refused_unless_it_says_otherwise(store: Store) -> None:
    assert post(store, limit(), write_off(4)) == ["limit-used-up"]
    assert post(store, limit(more="amounts: {EUR: 1.00}, other_currencies: unlimited"), write_off(4)) == [""]


def test_splitting_over_currencies_gives_each_its_own_and_no_more(store: Store) -> None:
    policy = limit(more="amounts: {EUR: 400.00, USD: 300.00}")
    asked = (write_off(1), write_off(4), write_off(2, more="\namount: 100.01"))
    assert post(store, policy, *asked) == ["", "", "limit-used-up"]


def test_of_roles_it_holds_these_and_whoever_has_none(store: Store) -> None:
    policy = limit(more="roles: [clerk], amounts: {EUR: 100.00}")
    asked = (write_off(1), write_off(1, "nobody"), write_off(1, "Ines"), write_off(1, "maria"))
    assert post(store, policy, *asked) == ["limit-used-up", "limit-used-up", "limit-used-up", ""]


def test_names_that_nobody_knows_count_as_one(store: Store) -> None:
    """Else whoever thinks of another name would have another limit."""
    asked = (write_off(1, "ghost"), write_off(2, "shade"), write_off(2, "ines"))
    assert post(store, limit(), *asked) == ["", "limit-used-up", ""]


def test_where_a_policy_knows_no_people_each_name_is_somebody(store: Store) -> None:
    policy = limit().replace(ROLES, "")
    assert post(store, policy, write_off(1, "ghost"), write_off(2, "shade"), write_off(3, "GHOST")) == [
        "",
        "",
        "limit-used-up",
    ]


@pytest.mark.parametrize("more", ["roles: [clerk], count: 9", "count: 9"])
def test_whoever_leaves_their_name_out_does_not_escape_it(store: Store, more: str) -> None:
    assert post(store, limit(more=more), write_off(1, None)) == ["actor-missing"]


def test_beyond_it_a_second_person_approves_whom_it_does_not_hold(store: Store) -> None:
    policy = limit(more="roles: [clerk], amounts: {EUR: 100.00}, beyond: approval")
    approved = {
        "": "approval-missing",
        "\napproved_by: INES": "approval-own",
        "\napproved_by: ana": "approver-not-permitted",  # a clerk is held by it, too
        "\napproved_by: nobody": "approver-unknown",
        "\napproved_by: maria": "",
    }
    for by, code in approved.items():
        assert post(store, policy, write_off(1, more=by), id=f"by{by[-3:]}") == [code]
    # What was approved counts, so a cent more needs approval, too.
    assert post(store, policy, write_off(2, more="\namount: 0.01"), id="more") == ["approval-missing"]


def test_who_is_refused_an_operation_cannot_approve_it_beyond_a_limit(store: Store) -> None:
    rule = (
        "exceptions: [{id: no, operations: [write_off_invoice], when: {actor.id: maria}, then: {permission: refused}}]"
    )
    policy = limit(more="amounts: {EUR: 100.00}, beyond: approval") + rule
    assert post(store, policy, write_off(1, more="\napproved_by: maria")) == ["approver-not-permitted"]
    assert post(store, policy, write_off(1, more="\napproved_by: ana"), id="b") == [""]


def test_who_would_need_approval_themself_lets_nothing_pass(store: Store) -> None:
    """Also where the limit does not hold them; a rule for everybody, whoever they are, says nothing against them."""
    roles = "roles: {clerk: [ines], trainee: [tom], lead: [maria]}\n"
    rule = "exceptions: [{id: four-eyes, operations: [write_off_invoice], when: WHEN, then: {permission: approval}}]"
    held = limit(more="roles: [clerk], amounts: {EUR: 100.00}, beyond: approval").replace(ROLES, roles)
    of_trainees = held + rule.replace("WHEN", "{actor.role: trainee}")
    assert post(store, of_trainees, write_off(1, more="\napproved_by: tom")) == ["approver-not-permitted"]
    assert post(store, of_trainees, write_off(1, more="\napproved_by: maria")) == [""]
    of_all = held + rule.replace("WHEN", "{account.id: acme}")
    assert post(store, of_all, write_off(2, more="\napproved_by: maria"), id="all") == [""]


def test_what_is_reversed_does_not_give_it_back(store: Store) -> None:
    assert post(store, limit(), write_off(1)) == [""]
    undo = "operation: undo_write_off\ndate: 2026-06-06\ncredit_memo: CM00000001\nactor: ines"
    assert post(store, limit(), undo, write_off(2), id="b") == ["", "limit-used-up"]


def test_what_was_posted_before_is_answered_and_not_counted_again(store: Store) -> None:
    assert post(store, limit(), write_off(1), write_off(2)) == ["", "limit-used-up"]
    assert post(store, limit(), write_off(1), write_off(2)) == ["", "limit-used-up"]


def test_all_or_nothing_posts_nothing_beyond_it(store: Store) -> None:
    assert post(store, limit(), write_off(1), write_off(2), group=1, atomic=True) == ["", "limit-used-up"]
    with store.reading() as reader:
        assert list(reader.moved(DAY, DAY + datetime.timedelta(days=1), ["write_off_invoice"])) == []


def test_what_follows_counts_as_what_it_is(store: Store) -> None:
    follow = "follow_ups: [{id: rest, after: invoice_left_open, then: write_off_invoice}]\n"
    pay = "operation: create_payment\ndate: 2026-06-05\naccount: acme\namount: 100.00\nactor: ines\n"
    texts = [f"{pay}apply: [{{document: INV0000000{n}, amount: 100.00}}]" for n in (1, 2)]
    # 200 of each are left, and written off: 400 of 300.
    assert post(store, follow + limit(more="amounts: {EUR: 300.00}"), *texts) == ["", "limit-used-up"]


def test_a_single_operation_and_a_plan_that_was_made_before_are_held_too(store: Store) -> None:
    policy = versions(limit())
    noon = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
    first, second = asked(write_off(1), write_off(2))
    billpolicy.post(policy, store, first, who="x", now=noon)
    with pytest.raises(Refused, match="limit-used-up"):
        billpolicy.plan(policy, store, second, today=DAY)
    plan = billpolicy.plan(policy, store, second, today=DAY + datetime.timedelta(days=1))
    for what in (second, plan):
        with pytest.raises(Refused, match="limit-used-up"):
            billpolicy.post(policy, store, what, who="x", now=noon)
    assert not billpolicy.post(policy, store, plan, who="x", now=noon + datetime.timedelta(days=1)).repeated


def test_a_dry_run_tells_what_is_used(store: Store) -> None:
    assert post(store, limit(), write_off(1)) == [""]
    more = (write_off(2, more="\namount: 50.00"), write_off(2, more="\namount: 151.00"))
    planned, refused = billpolicy.plan_all(versions(limit()), store, asked(*more, id="b"), today=DAY)
    (used,) = planned.used
    assert (used.limit, used.whose, used.what) == ("a-limit", "ines", "EUR")
    assert (used.before, used.after, used.most) == (Decimal(300), Decimal(350), Decimal(500))
    assert codes([refused]) == ["limit-used-up"]  # 350 + 151
    (later,) = billpolicy.plan_all(
        versions(limit()), store, asked(write_off(2), id="c"), today=datetime.date(2026, 7, 2)
    )
    assert later.used[0].before == 0


def test_on_a_book_only_the_batch_counts() -> None:
    outcomes = list(
        billpolicy.plan_all(versions(limit()), book_from(BOOK), asked(write_off(1), write_off(2)), today=DAY)
    )
    assert codes(outcomes) == ["", "limit-used-up"]
    assert outcomes[0].used[0].before == 0


def test_what_applies_money_counts_what_it_applies_on_the_account_that_it_comes_from(store: Store) -> None:
    policy = "limits: {applied: {operations: [apply_payment], per: day, by: account, amounts: {EUR: 500.00}}}\n"
    pay = "operation: create_payment\ndate: 2026-06-05\naccount: acme\namount: 900.00"
    assert post(store, policy, pay, id="pay") == [""]
    texts = [
        f"operation: apply_payment\ndate: 2026-06-05\npayment: P-00000001\n"
        f"apply: [{{document: INV0000000{n}, amount: 300.00}}]"
        for n in (1, 2)
    ]
    assert post(store, policy, texts[0], id="a") == [""]
    assert post(store, policy, texts[1], id="b") == ["limit-used-up"]


def test_what_moves_no_money_counts_on_the_accounts_that_it_is_about(store: Store) -> None:
    policy = "limits: {renamed: {operations: [change_account], per: month, by: account, count: 1}}\n"
    texts = [
        f"operation: change_account\ndate: 2026-06-05\naccount: {account}\nname: N{n}"
        for n, account in enumerate(("acme", "duo", "acme"))
    ]
    assert post(store, policy, *texts) == ["", "", "limit-used-up"]


def test_what_a_limit_over_time_would_refuse_on_another_day_counts_against_those_of_a_batch(store: Store) -> None:
    """Else a day on which nothing is left would let a batch of any size pass on the next one."""
    policy = limit(more="amounts: {EUR: 300.00}") + "batch_limits: {write_off_invoice: {count: 1}}\n"
    assert post(store, policy, write_off(1)) == [""]
    moment = datetime.datetime(2026, 7, 2, 12, tzinfo=datetime.UTC)
    batch = asked(write_off(2, more="\namount: 100.00"), write_off(3, more="\namount: 100.00"), id="b")
    with pytest.raises(Refused, match="batch-limit"):
        list(billpolicy.post_all(versions(policy), store, batch, who="x", now=lambda: moment, today=DAY))
