"""What holds after every operation of any walk (`any_operations`), by every policy: planned first, then posted.

Everything is added up here once more, from the documents and applications alone.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, get_args

import pytest

from billpolicy.billing.documents import NegativeTotals
from billpolicy.book.book import ZERO, Book
from billpolicy.book.check import check
from billpolicy.book.model import (
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Payment,
    Refund,
)
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import Ledger
from billpolicy.operations.cancel_subscription import CancelSubscription
from billpolicy.operations.chain import needs_of
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import BalanceChange, Plan, PlannedDocument, in_turn, left_by
from billpolicy.planning.request import Instruction, request_data
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Job, Outcome, post_jobs
from billpolicy.source.tree import parse_text
from billpolicy.source.write import plain_data
from tests.helpers.books import contents, file_of
from tests.helpers.engine import needs_engine
from tests.helpers.ledgers import dump, ledger_of, whole
from tests.helpers.planning import dry_run, plan_on
from tests.helpers.sample import NOW
from tests.helpers.scenes import policy, versions
from tests.helpers.walks import (
    BILLING,
    CASH,
    CURRENCIES,
    FIELDS,
    STANDARD,
    TODAY,
    Chance,
    Step,
    Walk,
    any_subscription,
    asked_for,
    hold,
    read,
    step,
    text_of,
    walk,
)

Pot = tuple[str, str]
"""An account (or a document) and a currency."""
ENDING = ("cancel_subscription", "change_cancellation", "credit_only", "credit_rebill")
"""What takes steps of its own."""
LIVING = (
    "change_account",
    "change_subscription",
    "create_account",
    "create_subscription",
    "bill_run",
    "credit_memo_from_invoice",
    "debit_memo_from_charge",
    "reverse_invoice",
)
"""Values that change, and documents that take them."""
NO_FILE = parse_text("accounts: []", "no file")


def seeds(count: int) -> Iterable[int]:
    """So many; change it here to look at others, or at more."""
    return range(count)


def walks(count: int, **more: Any) -> Iterator[Walk]:
    return (walk(seed, **more) for seed in seeds(count))


def planned(found: Walk) -> Iterator[tuple[Step, Plan]]:
    """The steps that were not refused."""
    return ((each, each.plan) for each in found.steps if each.plan is not None)


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


# -- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [(), CASH])
def test_money_is_conserved_and_nothing_is_applied_twice(kinds: tuple[str, ...]) -> None:
    def holds(found: Walk) -> None:
        for each, plan in planned(found):
            _conserved(each.after)
            assert check(file_of(each.after), NO_FILE) == []
            _told(each, plan)

    hold(holds, walks(400, kinds=kinds))


def _told(each: Step, plan: Plan) -> None:
    """The balances in a plan, with all that follows it, lead from those of the book before to those after."""
    changes = [change for one in in_turn(plan) for change in one.balances]
    told: dict[Pot, Decimal] = {}
    for change in changes:
        key = (change.number, change.currency)
        assert change.before == told.get(key, _balance(each.before, change))
        told[key] = change.after
    assert all(told[change.number, change.currency] == _balance(each.after, change) for change in changes)
    for number, document in each.after.numbered.items():
        before = each.before.numbered.get(number)
        moved = before is None or each.before.balance(before) != each.after.balance(document)
        if moved and document.status == "posted" and not isinstance(document, CreditAdjustment):
            assert (number, document.currency) in told


def _balance(book: Book, change: BalanceChange) -> Decimal | None:
    if change.kind == "credit_balance":
        return book.credit_balance(change.number, change.currency)
    document = book.numbered.get(change.number)
    return None if document is None else book.balance(document)


def _conserved(book: Book) -> None:
    """Of each account and currency: what was asked for, less what was given, is what is open, less what is unapplied
    and kept as credit balance (docs/domain.md 6.2)."""
    out_of, onto, paid_back = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal), refunds_of(book)
    asked, shown = defaultdict[Pot, Decimal](Decimal), defaultdict[Pot, Decimal](Decimal)
    for made in (made for each in book.applications_from.values() for made in each):
        source, target = book.numbered[made.from_], book.numbered[made.to]
        assert made in book.applications_to[made.to]
        assert total(part.amount for part in made.parts) == made.amount
        assert made.date >= max(source.date, target.date)
        assert {source.status, target.status} == {"posted"}
        out_of[made.from_] += made.amount
        onto[made.to] += made.amount
        if isinstance(target, Payment):  # transferred: what one account was given, the other was not
            asked[source.account, source.currency] += made.amount
    for number, one in book.numbered.items():
        pot, balance = (one.account, one.currency), book.balance(one)
        if one.status != "posted":
            continue
        if isinstance(one, Invoice | DebitMemo):
            assert balance == one.amount - onto[number] + out_of[number]
            assert min(one.amount, ZERO) <= balance <= max(one.amount, ZERO)
            asked[pot] += one.amount
            shown[pot] += balance
        elif isinstance(one, Payment) and one.reversed_:
            assert (out_of[number], paid_back[number], balance) == (ZERO, ZERO, ZERO)
            assert one.source is None or onto[number] == ZERO
            assert not any(any(parts) for parts in book.links_from(number).values())
        elif isinstance(one, CreditMemo | Payment):
            assert balance == one.amount - out_of[number] - paid_back[number]
            assert ZERO <= balance <= one.amount
            asked[pot] -= one.amount
            shown[pot] -= balance
        elif isinstance(one, Refund):
            asked[pot] += one.amount
        elif one.document is None or isinstance(book.numbered[one.document], CreditAdjustment):
            asked[pot] -= one.amount if one.type == "increase" else -one.amount
        if isinstance(one, Document):
            assert total(book.open_places(one).values()) == balance
    for account, currency in asked:
        shown[account, currency] -= book.credit_balance(account, currency)
        assert asked[account, currency] == shown[account, currency]


def test_what_writes_off_is_never_money_and_is_asked_for_again_at_most_once() -> None:
    def holds(found: Walk) -> None:
        for each, _ in planned(found):
            book = each.after
            for number, memo in book.numbered.items():
                if not isinstance(memo, CreditMemo) or not memo.write_off:
                    continue
                assert {made.to for made in book.applications_from[number]} == {memo.source}
                assert total(made.amount for made in book.applications_from[number]) == memo.amount
                assert number not in book.refunds_of
                again = [one for one in book.created_from.get(number, ()) if isinstance(one, DebitMemo)]
                asked: dict[tuple[str | None, str | None], Decimal] = defaultdict(Decimal)
                for item in (item for one in again for item in one.items):
                    asked[item.source_item, None] += item.amount
                    for tax in item.taxes:
                        asked[item.source_item, tax.source_tax] += tax.amount
                written_off: dict[tuple[str | None, str | None], Decimal]
                written_off = {(item.id, None): item.amount for item in memo.items}
                written_off |= {(item.id, tax.id): tax.amount for item in memo.items for tax in item.taxes}
                assert total(asked.values()) <= memo.amount
                assert all(
                    0 <= amount <= written_off[place] or amount == written_off[place] for place, amount in asked.items()
                )

    hold(holds, walks(400, kinds=WRITING_OFF))


WRITING_OFF = (
    *("bill_run", "create_payment", "create_refund", "unapply_credit_memo", "reverse_credit_memo", "apply_credit_memo"),
    *("write_off_invoice", "write_off_debit_memo", "undo_write_off", "undo_write_off", "debit_memo_from_invoice"),
)


def refunds_of(book: Book) -> dict[str, Decimal]:
    """What was paid back of each document."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in book.numbered.values():
        if isinstance(one, Refund) and one.of is not None:
            found[one.of] += one.amount
    return found


def test_the_credit_balance_is_below_zero_on_no_date() -> None:
    def holds(found: Walk) -> None:
        for each, _ in planned(found):
            changes: dict[tuple[str, str], dict[datetime.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
            for one in each.after.numbered.values():
                if isinstance(one, CreditAdjustment):
                    signed = one.amount if one.type == "increase" else -one.amount
                    changes[one.account, one.currency][one.date] += signed
            for by_day in changes.values():
                assert all(total(by_day[day] for day in by_day if day <= last) >= 0 for last in by_day)

    hold(holds, walks(400))


# -- several currencies in one account -----------------------------------------------------------------------------

MONEY = (
    "create_payment",
    "credit_memo_from_charge",
    "debit_memo_from_charge",
    "transfer_payment",
    "apply_credits",
    "apply_payment",
    "apply_credit_memo",
    "adjust_credit_balance",
    "apply_credit_balance",
    "refund_credit_balance",
)


def test_nothing_goes_from_one_currency_to_another() -> None:
    def holds(found: Walk) -> None:
        for each, plan in planned(found):
            _conserved(each.after)
            before, after = (_held(book) for book in (each.before, each.after))
            moved = {(_owner(each.after, one), one.currency) for step in in_turn(plan) for one in step.balances}
            assert {pot for pot in before | after if before.get(pot, ZERO) != after.get(pot, ZERO)} <= moved
            for one in (one for made in each.after.applications_from.values() for one in made):
                assert each.after.numbered[one.from_].currency == each.after.numbered[one.to].currency

    hold(holds, walks(300, kinds=MONEY))


def _held(book: Book) -> dict[Pot, Decimal]:
    """Account and currency -> what is open of its documents, less what it has left to use."""
    held: dict[Pot, Decimal] = defaultdict(Decimal)
    for one in book.numbered.values():
        if isinstance(one, CreditAdjustment):
            held[one.account, one.currency] += one.amount if one.type == "decrease" else -one.amount
        elif one.status == "posted":
            owed = isinstance(one, Invoice | DebitMemo)
            held[one.account, one.currency] += book.balance(one) if owed else -book.balance(one)
    return held


def _owner(book: Book, change: BalanceChange) -> str:
    return change.number if change.kind == "credit_balance" else book.numbered[change.number].account


def mixed(seed: int) -> Walk:
    """An account with a few documents and a little money in each of three currencies, and `apply_credits` twice."""
    chance = Chance(seed)
    book: dict[str, Any] = defaultdict(list)
    book["accounts"].append({"id": "a", "currency": "USD"})
    for currency, section in product(CURRENCIES, ("invoices", "debit_memos", "credit_memos", "payments")):
        for n in range(chance.whole(0, 1)):
            record: dict[str, Any] = {"number": f"{section}-{currency}-{n}", "account": "a", "currency": currency}
            record["date"] = chance.day(-20, 0)
            amount = chance.money(1, 9000, currency)
            record |= {"amount": amount} if section == "payments" else {"items": [{"id": "i", "amount": amount}]}
            book[section].append(record | ({"auto_apply": False} if chance.seldom() else {}))
    asked = [
        {"operation": "apply_credits", "account": "a", "date": chance.day(-10, 5)}
        | ({"currency": chance.one_of((*CURRENCIES, "GBP"))} if chance.maybe() else {})
        for _ in range(2)
    ]
    return Walk(STANDARD, dict(book), tuple({"id": f"op-{n}", **each} for n, each in enumerate(asked)))


def test_apply_credits_passes_no_currency_over_and_says_what_there_is() -> None:
    several, told = 0, 0

    def holds(found: Walk) -> None:
        nonlocal several, told
        for each in found.steps:
            request = plain_data(each.asked.request)
            account, wanted = request.get("account"), request.get("currency")
            if request["operation"] != "apply_credits" or account not in each.before.accounts:
                continue
            day = each.asked.request.document_date(TODAY)
            codes, text = {one.code for one in each.problems}, "; ".join(one.message for one in each.problems)
            for_use, owed = _for_rules(each.after, account, day)
            if each.plan is not None or codes <= {"nothing-open", "nothing-unapplied"}:
                left = for_use & owed
                assert not (left if wanted is None else left & {wanted}), text
            several += each.plan is not None and each.plan.currency_by_currency
            for code, there in (("nothing-open", owed), ("nothing-unapplied", for_use)):
                if code in codes:
                    assert all(currency in text for currency in there), text
                    told += bool(there)

    hold(holds, map(mixed, seeds(400)))
    assert min(several, told) > 50  # else the walks say nothing about it


def _for_rules(book: Book, account: str, day: datetime.date) -> tuple[set[str], set[str]]:
    """The currencies in which an account has money that rules may use on a day, and in which it owes something."""
    left = [
        one
        for one in book.numbered.values()
        if isinstance(one, Payment | Document)
        and (one.account, one.status, one.auto_apply) == (account, "posted", True)
        and one.date <= day
        and not getattr(one, "reversed_", False)
        and book.balance(one) > 0
    ]
    owed = {one.currency for one in left if isinstance(one, Invoice | DebitMemo)}
    return {one.currency for one in left if not isinstance(one, Invoice | DebitMemo)}, owed


# -- bill runs -----------------------------------------------------------------------------------------------------


class Billed(NamedTuple):
    """An item of a bill run, with the sign that it has for the account: above zero to be paid."""

    first: datetime.date
    last: datetime.date
    amount: Decimal
    credit: bool
    """Whether it gives time back: its unit price is negated."""


@pytest.mark.parametrize("kinds", [(), BILLING])
def test_no_days_of_a_charge_are_credited_for_more_than_they_were_billed(kinds: tuple[str, ...]) -> None:
    def holds(found: Walk) -> None:
        for each, _ in planned(found):
            for charge, items in billed(each.after).items():
                for together in days_together(items):
                    assert total(item.amount for item in together) * rate_of(each.after, *charge) >= 0

    hold(holds, walks(400, kinds=kinds))


def billed(book: Book) -> dict[tuple[str, str], list[Billed]]:
    """Subscription and charge -> what bill runs made of its time, not of usage, which may be below zero by itself.

    Drafts that were canceled or posted are none any more.
    """
    found: dict[tuple[str, str], list[Billed]] = defaultdict(list)
    for one in book.numbered.values():
        if not isinstance(one, Invoice | CreditMemo) or one.bill_run is None:
            continue
        if one.status == "canceled" or one.posted_as is not None:
            continue
        sign = 1 if isinstance(one, Invoice) else -1
        for item in (each for combined in one.items for each in combined.by_charge):
            assert item.subscription is not None
            if item.subscribed_charge is None:
                continue  # carried from a line to the one that bills its time again
            assert item.service_start is not None
            assert item.service_end is not None
            charge = (item.subscription, item.subscribed_charge)
            if charge in by_usage(book) | limits(book) | without_rate(book):
                continue
            gives_back = (item.unit_price or 0) * rate_of(book, *charge) < 0
            found[charge].append(Billed(item.service_start, item.service_end, sign * item.amount, gives_back))
    return found


def without_rate(book: Book) -> set[tuple[str, str]]:
    """The charges that bill runs pass over; what came with the book of them is billed again as it was."""
    return {(one.id, charge.id) for one in book.subscriptions.values() for charge in one.charges if charge.rate is None}


def by_usage(book: Book) -> set[tuple[str, str]]:
    """The usage charges, each with its subscription."""
    return {(one.id, charge.id) for one in book.subscriptions.values() for charge in one.charges if charge.usage}


def limits(book: Book) -> set[tuple[str, str]]:
    """Minima and maxima: what these bill depends on others, and is below zero by itself."""
    return {
        (one.id, charge.id) for one in book.subscriptions.values() for charge in one.charges if charge.bills != "rate"
    }


def test_usage_is_billed_once_at_what_its_documents_say() -> None:
    def holds(found: Walk) -> None:
        for each, _ in planned(found):
            by_records: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
            for used in each.after.usage.values():
                if used.billed_by is not None:
                    assert used.amount is not None
                    by_records[used.billed_by, used.subscription, used.charge] += used.amount
            for (number, *charge), amount in by_records.items():
                document = each.after.numbered[number]
                assert isinstance(document, Invoice | CreditMemo)
                assert (document.status, document.posted_as) in (("posted", None), ("draft", None))
                sign = 1 if isinstance(document, Invoice) else -1
                items = (one for item in document.items for one in item.by_charge)
                own = [one for one in items if [one.subscription, one.subscribed_charge] == charge]
                assert own
                assert amount == sign * total(item.amount for item in own)

    hold(holds, walks(400, kinds=BILLING))


def rate_of(book: Book, subscription: str, charge: str) -> Decimal:
    (rate,) = (each.rate for each in book.subscriptions[subscription].charges if each.id == charge)
    assert rate is not None
    return rate


def days_together(items: Iterable[Billed]) -> Iterator[list[Billed]]:
    """The items in groups that have no day in common."""
    group: list[Billed] = []
    for item in sorted(items):
        if group and item.first > max(each.last for each in group):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


SETTINGS = [
    f"operations: {{bill_run: {{negative_totals: {split}, partial_charges: {charges}, partial_credits: {credits}, "
    f"proration_basis: {basis}, month_length: {length}, credit_one_time: {str(one_time).lower()}}}}}"
    for split, charges, credits, basis, length, one_time in product(
        get_args(NegativeTotals),
        ("exact", "full"),
        ("exact", "whole_months", "none"),
        ("by_day", "by_month_first"),
        ("actual", "thirty", "thirty_360"),
        (False, True),
    )
]


def canceled(seed: int) -> Walk:
    """By each of the settings in turn: some bill runs of one subscription, which is then canceled, every second time
    back to its first day."""
    chance = Chance(seed)
    subscription = {**any_subscription(chance, "s", "a"), "start": chance.day(-150, 0)}
    start = datetime.date.fromisoformat(subscription["start"])
    term = start + datetime.timedelta(chance.whole(1, 200))
    subscription["term_end"] = str(term) if chance.maybe() else None
    book = {
        "accounts": [{"id": "a", "currency": chance.one_of(CURRENCIES), "attributes": {"bill_to_contact": "a1"}}],
        "contacts": [{"id": name, "account": "a"} for name in ("a1", "a2")],
        "charges": [{"id": "setup", "name": "Setup"}],
        "subscriptions": [subscription],
    }
    targets = sorted(start + datetime.timedelta(chance.whole(0, 100)) for _ in range(chance.whole(0, 3)))
    runs = [{"operation": "bill_run", "date": str(TODAY), "target_date": str(day)} for day in (start, *targets)]
    end = start if chance.maybe() else min(term, start + datetime.timedelta(chance.whole(1, 120)))
    cancel = {"operation": "cancel_subscription", "subscription": "s", "effective_date": str(end)}
    operations = [{"id": f"op-{n}", **one} for n, one in enumerate((*runs, cancel))]
    return Walk(SETTINGS[seed % len(SETTINGS)], book, tuple(operations))


def test_a_cancellation_credits_no_more_than_was_charged_and_back_to_the_first_day_all_of_it() -> None:
    def holds(found: Walk) -> None:
        steps = found.steps
        book = steps[-1].after
        (subscription,) = book.subscriptions.values()
        assert steps[-1].plan is not None
        net = {charge: total(item.amount for item in items) for (_, charge), items in billed(book).items()}
        for charge in subscription.charges:
            if charge.id not in net:
                continue
            assert net[charge.id] * (charge.rate or 0) >= 0
            # By settings that give all of it back, of a subscription without a day of service nothing is left, but what
            # discounts have taken off that are kept.
            gives_back = "credit_one_time: true" if charge.period == "one_time" else "partial_credits: exact"
            if subscription.canceled_on == subscription.start and gives_back in found.policy:
                kept = total(net.get(one.id, ZERO) for one in subscription.charges if one.discounts == charge.id)
                assert abs(net[charge.id]) <= abs(kept)

    hold(holds, (canceled(seed) for seed in seeds(len(SETTINGS))))


# -- one operation -------------------------------------------------------------------------------------------------


def test_every_operation_is_walked() -> None:
    assert FIELDS.keys() == OPERATIONS.keys()
    done, refused = set[str](), set[str]()
    for found in walks(600):
        for each in found.steps:
            (refused if each.plan is None else done).add(each.asked.request.operation)
    assert done == refused == OPERATIONS.keys()


def test_planning_changes_nothing_and_a_refusal_says_why() -> None:
    def holds(found: Walk) -> None:
        book = read(found.book)
        for asked in asked_for(*found.operations):
            before = text_of(book)
            each = step(found.policy, book, asked)
            assert text_of(book) == before
            assert (each.plan is None) == bool(each.problems)
            for problem in each.problems:
                assert problem.code
                assert problem.message
                assert problem.position is not None
            book = each.after

    hold(holds, walks(100))


# -- chains --------------------------------------------------------------------------------------------------------


def test_a_chain_follows_the_rules_of_the_policy_and_comes_to_an_end() -> None:
    def holds(found: Walk) -> None:
        those = policy(found.policy)
        rules = {one.id for one in those.follow_ups}
        rules |= {rule.id for (operation, _), rule in those.base.items() if operation in ENDING}
        ids: list[str] = []
        for _, plan in planned(found):
            ids += [one.id for one in in_turn(plan)]
            assert _depth(plan) <= len(those.follow_ups) + 2
            for one in in_turn(plan):
                for followed in one.follow_ups:
                    assert followed.rule in rules
                    assert followed.plan.id.startswith(f"{one.id}/")
                    assert followed.position.file
                    assert followed.after
        assert len(set(ids)) == len(ids)

    hold(holds, walks(400))


def _depth(plan: Plan) -> int:
    return 1 + max((_depth(followed.plan) for followed in plan.follow_ups), default=-1)


def test_a_step_of_a_chain_leaves_nothing_to_do_again() -> None:
    def holds(found: Walk) -> None:
        for each, plan in planned(found):
            for one in list(in_turn(plan))[1:]:
                (asked,) = asked_for({"id": one.id, **one.request})
                again = step(found.policy, each.after, asked).plan
                assert again is None or not any(p.documents or p.applications for p in in_turn(again)), one.id

    hold(holds, walks(400))


# -- the same input ------------------------------------------------------------------------------------------------


def test_the_order_of_the_lists_in_a_book_does_not_matter() -> None:
    def holds(found: Walk) -> None:
        order = Random(1)
        told = _outcomes(found)
        assert _outcomes(found) == told
        assert _outcomes(replace(found, book=_shuffled(found.book, order))) == told

    hold(holds, walks(100))


def _shuffled(value: Any, order: Random) -> Any:
    if isinstance(value, list):
        return order.sample([_shuffled(one, order) for one in value], len(value))
    return {key: _shuffled(one, order) for key, one in value.items()} if isinstance(value, dict) else value


def _outcomes(found: Walk, engine: EngineName = "python") -> list[Any]:
    """All plans and refusals, as data."""
    those = Versions([Resolver(policy(found.policy), engine)])
    told = dry_run(those, read(found.book), asked_for(*found.operations), TODAY)
    return [plain_data(one.plan or one.problems) for one in told]


@needs_engine
def test_both_engines_plan_the_same() -> None:
    def holds(found: Walk) -> None:
        both = json.dumps(_outcomes(found, "both"))
        assert json.loads(both.replace('"engine": "both"', '"engine": "python"')) == _outcomes(found)

    hold(holds, walks(40))


# -- write-offs ----------------------------------------------------------------------------------------------------


def test_after_a_write_off_a_subscription_owes_nothing_and_others_what_they_did() -> None:
    def holds(found: Walk) -> None:
        for each, plan in planned(found):
            request = each.asked.request
            if not isinstance(request, CancelSubscription) or not request.write_off:
                continue
            left_out = [problem.message for one in in_turn(plan) for problem in one.warnings]
            for number, invoice in each.after.numbered.items():
                if not isinstance(invoice, Invoice) or invoice.status != "posted" or invoice.reversed_:
                    continue
                own = {item.id for item in invoice.items if item.subscription == request.subscription}
                places = each.after.open_places(invoice)
                left = total(left for place, left in places.items() if place.item in own)
                # What others have below zero on the invoice pays for it, too.
                assert min(left, total(places.values())) <= 0 or left_out
                if number in each.before.numbered and len(invoice.subscriptions) > 1:
                    before = each.before.open_places(invoice)
                    assert all(before[place] == left for place, left in places.items() if place.item not in own)

    hold(holds, walks(400, policies=(STANDARD,)))


# -- the ledger ----------------------------------------------------------------------------------------------------


def post(ledger: Ledger, found: Walk, group: int, *, atomic: bool = False) -> list[Outcome]:
    """Post the operations of a walk in groups."""
    those = versions(found.policy)

    def wanted(one: Instruction) -> Job:
        return Job(
            id=one.request.id,
            request=request_data(one.request),
            needs=needs_of(those.policies, one.request),
            planner=lambda book: plan_on(those, book, one, TODAY),
            who="tester",
            confirmed=Confirmed(everything=True),
        )

    asked = map(wanted, asked_for(*found.operations))
    return list(post_jobs(ledger, asked, now=lambda: NOW, group=group, atomic=atomic))


@pytest.mark.parametrize("kinds", [(), CASH])
@pytest.mark.parametrize("group", [1, 3, 100])
def test_what_is_planned_is_what_is_posted(empty_file: Path, group: int, kinds: tuple[str, ...]) -> None:
    def holds(found: Walk) -> None:
        with ledger_of(read(found.book), empty_file) as ledger:
            book = whole(ledger)
            shown = list(dry_run(versions(found.policy), book, asked_for(*found.operations), TODAY))
            posted = post(ledger, found, group)
            for one, outcome in zip(shown, posted, strict=True):
                assert outcome.job.id == one.asked.request.id
                assert (outcome.posted and outcome.posted.plan) == one.plan
                # In a slice there are fewer names to suggest.
                hints = [[problem._replace(hint=None) for problem in each.problems] for each in (one, outcome)]
                assert hints[0] == hints[1]
                if one.plan is not None:
                    book = left_by(one.plan, book)
            left = whole(ledger)
            assert contents(left) == contents(book)
            assert _changed(left) == _changed(book)
            assert ledger.check() == []
            # Once more, without those that were refused: what refused them may be gone by now.
            before = dump(ledger)
            kept = tuple(one for one, each in zip(found.operations, shown, strict=True) if each.plan is not None)
            again = [one.posted for one in post(ledger, replace(found, operations=kept), group)]
            assert again == [replace(one.posted, repeated=True) for one in posted if one.posted is not None]
            assert dump(ledger) == before

    hold(holds, walks(50, kinds=kinds))


def test_every_explanation_is_still_true_when_it_is_asked_for_again(empty_file: Path) -> None:
    """Whatever was changed since: documents hold what was decided, by values that their histories still have."""

    def holds(found: Walk) -> None:
        with ledger_of(read(found.book), empty_file) as ledger:
            posted = [one.posted.plan for one in post(ledger, found, 3) if one.posted is not None]
            left = whole(ledger)
            with ledger.reading() as reader:
                for plan in posted:
                    shown = reader.operation(plan.id)
                    assert shown is not None
                    assert shown.plan == plan
                    for step in in_turn(shown.plan):
                        for one in step.documents:
                            _still_so(left, one)

    hold(holds, walks(120, kinds=LIVING))


def _still_so(left: Book, planned: PlannedDocument) -> None:
    held, resolved = left.numbered[planned.document.number].attributes, planned.resolved
    for name, value in held.items():
        found = resolved.resolutions.get(name)
        assert found is None or value in (found.value, None)
    for level, records in (("account", left.accounts), ("subscription", left.subscriptions)):
        source = resolved.levels.get(level)  # type: ignore[call-overload]
        for name, since in (source.since if source else {}).items():
            record = records[source.label.removeprefix(f"{level} ")]
            given = (f"attributes.{name}", source.held[name], since.day, since.operation)
            history = [(one.field, one.value, one.since, one.operation) for one in record.history]
            assert given in history or (since.day is None and record.created_by == since.operation)


def _changed(book: Book) -> dict[str, int]:
    """How often each was changed; what never was need not be counted."""
    return {name: count for name, count in book.revisions.items() if count}


def test_all_or_nothing(empty_file: Path) -> None:
    def holds(found: Walk) -> None:
        with ledger_of(read(found.book), empty_file) as ledger:
            before = dump(ledger)
            outcomes = post(ledger, found, 3, atomic=True)
            if any(one.posted is None for one in outcomes):
                assert not any(one.posted for one in outcomes)
                assert dump(ledger) == before
            assert ledger.check() == []

    hold(holds, walks(50))
