"""What holds for every rule: it adds up, it never exceeds, input order is nothing, twice is twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.allocation.allocate import allocate, spread_slots
from billpolicy.allocation.model import Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.book.book import ZERO, Place
from billpolicy.money import from_minor, to_minor
from tests.helpers.allocations import DAY, Asked, rules, slots


def within(part: int, balance: int) -> bool:
    return 0 <= part <= balance or balance <= part <= 0


@given(st.data(), rules())
def test_it_adds_up_and_nothing_gets_more_than_is_open(data: st.DataObject, how: Rules) -> None:
    asked = Asked(data)
    if asked.amount <= 0:
        return
    done = asked.run(how)
    assert not done.problems
    gets = asked.gets(done)
    applied = {each.document: asked.minor(each.amount) for each in done.applied}
    assert sum(applied.values()) + asked.minor(done.left) == asked.amount
    assert all(amount > 0 for amount in applied.values())
    for target in asked.targets:
        put = applied.get(target.number, 0)
        balance = asked.minor(target.balance)
        assert sum(gets.get((target.number, slot.place), 0) for slot in target.slots) == put
        assert put <= max(balance, 0)
        assert target.amount is None or asked.minor(target.amount) == put
        for slot in target.slots:
            part, open_ = gets.get((target.number, slot.place), 0), asked.minor(slot.balance)
            assert within(part, open_)
            assert put != balance or put == 0 or part == open_  # paid in full is settled everywhere
            assert put == balance or part >= 0
    # What is left has no place to go.
    room = sum(
        max(asked.minor(target.balance) - applied.get(target.number, 0), 0)
        for target in asked.targets
        if target.amount is None
    )
    assert asked.minor(done.left) == 0 or room == 0


@given(st.data(), rules())
def test_a_memo_gives_what_its_documents_get(data: st.DataObject, how: Rules) -> None:
    asked = Asked(data, memo=True)
    if asked.amount <= 0:
        return
    done = asked.run(how)
    gives = asked.gives(done)
    put = sum(asked.minor(each.amount) for each in done.applied)
    assert sum(gives.values()) == put
    for slot in asked.source.slots:
        part, open_ = gives.get(slot.place, 0), asked.minor(slot.balance)
        assert within(part, open_)
        assert put != asked.unapplied or part == open_


@given(st.data(), rules())
def test_no_cell_is_negative_where_no_slot_is(data: st.DataObject, how: Rules) -> None:
    asked = Asked(data, memo=True, negative=False)
    done = asked.run(how)
    assert all(part.amount > 0 for applied in done.applied for part in applied.parts)


@given(st.data(), rules(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(data: st.DataObject, how: Rules, chance: object) -> None:
    asked = Asked(data)
    if asked.amount <= 0 or how.document_order == "as_named":
        return
    again = asked.run(how, data.draw(st.permutations(asked.targets)))
    assert again == asked.run(how)


@given(st.data(), rules(steps=(1,)).filter(lambda how: how.residual != "last"))  # whose rest may be several units
def test_twice_as_much_of_twice_as_much_is_twice_within_a_unit(data: st.DataObject, how: Rules) -> None:
    """Of one payment: document amounts are asked, so each item's exact share doubles; each is within one unit."""
    asked = Asked(data, memo=False, negative=False)
    targets = [target for target in asked.targets if target.amount is not None]
    doubled = [replace(t, amount=2 * (t.amount or ZERO), slots=tuple(map(_doubled, t.slots))) for t in targets]
    asked.amount = sum(asked.minor(target.amount or ZERO) for target in targets)
    if not asked.amount:
        return
    once = asked.gets(asked.run(how, targets))
    asked.source = replace(asked.source, unapplied=2 * asked.source.unapplied)
    asked.amount *= 2
    twice = asked.gets(asked.run(how, doubled))
    for key in once.keys() | twice.keys():
        assert (
            abs(twice.get(key, 0) - 2 * once.get(key, 0)) <= 2
        )  # each share is off by less than one unit, once and twice


def _doubled(slot: Slot) -> Slot:
    return slot._replace(balance=2 * slot.balance, discount=2 * slot.discount)


@given(st.data(), rules())
def test_named_items_get_what_is_named(data: st.DataObject, how: Rules) -> None:
    asked = Asked(data, asks=False, negative=False)
    first = asked.targets[0]
    parts = {}
    for slot in first.slots:
        part = data.draw(st.integers(0, asked.minor(slot.balance)))
        if part:
            parts[slot.place] = asked.money(part)
    total = sum(asked.minor(part) for part in parts.values())
    if not 0 < total <= asked.amount:
        return
    asked.targets[0] = replace(first, amount=asked.money(total), parts=parts)
    gets = asked.gets(asked.run(how))
    assert {place: part for (number, place), part in gets.items() if number == first.number} == {
        place: asked.minor(part) for place, part in parts.items()
    }


@given(st.data(), rules())
def test_one_document_alone_is_spread_alike(data: st.DataObject, how: Rules) -> None:
    how = replace(how, grid_limit=15_000)
    asked = Asked(data, memo=False, asks=False)
    target = asked.targets[0]
    balance = asked.minor(target.balance)
    if balance <= 0:
        return
    asked.amount = min(asked.amount, balance)
    alone = spread_slots(target.slots, asked.money(asked.amount), asked.currency, how)
    assert alone == asked.run(how, [target]).applied[0].parts


@given(st.data())
def test_source_items_go_home(data: st.DataObject) -> None:
    currency = "USD"
    its = data.draw(slots(currency))
    unapplied = sum(to_minor(slot.balance, currency) for slot in its)
    if unapplied <= 0:
        return
    grown = tuple(slot._replace(balance=slot.balance * 2, mirrors=None) for slot in its)
    target = Target("INV1", DAY, (Slot(Place("other"), Decimal(10), "charge"), *grown))
    source = Source("CM1", currency, from_minor(unapplied, currency), its, "INV1")
    amount = from_minor(data.draw(st.integers(1, unapplied) | st.just(unapplied)), currency)
    done = allocate(source, [target], amount, Rules(item_rule="source_item"))
    assert not done.problems
    assert done.applied[0].amount == amount
    assert done.left == 0
    open_at = {slot.place: slot.balance for slot in its}
    for part in done.applied[0].parts:
        assert (part.item, part.tax) == (part.source_item, part.source_tax)
        balance = open_at[Place(part.item, part.tax)]
        assert within(to_minor(part.amount, currency), to_minor(balance, currency))


@pytest.mark.parametrize(
    "wrong",
    [
        {"item_rule": "lifo"},
        {"residual": "middle"},
        {"span": "item"},
        {"components": ("tax",)},
        {"components": ("tax", "tax")},
        {"step": 0},
    ],
)
def test_a_name_that_is_none_is_a_bug(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"is none of|at least one"):
        Rules(**wrong)  # type: ignore[arg-type]


def test_an_order_that_is_none_is_a_bug() -> None:
    with pytest.raises(KeyError):
        allocate(Source("P1", "USD", Decimal(1)), [], Decimal(1), Rules(document_order="random"))
