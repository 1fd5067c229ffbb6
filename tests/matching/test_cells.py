"""The matcher in plain Python against the sets that conditions are, and what it says when one does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.deciding.matching.cells import CellMatcher, Cells
from billpolicy.deciding.matching.reference import unmet
from billpolicy.policy.condition import Fact, Numbers, Values, Words
from billpolicy.policy.model import ExceptionRule
from tests.helpers.conditions import (
    SMALL_NUMBERS,
    SMALL_TEXTS,
    WILD_NUMBERS,
    WILD_TEXTS,
    between,
    clause,
    exception,
    exceptions,
    facts,
    words,
)


def by_definition(rules: list[ExceptionRule], known: dict[str, Fact]) -> tuple[str, ...]:
    """Every fact of the box is asked, one by one."""
    holding = (
        rule.id
        for rule in rules
        if any(all(values.allows(known.get(fact)) for fact, values in box.items()) for box in rule.boxes)
    )
    return tuple(sorted(holding))


@given(exceptions(), facts(SMALL_TEXTS, SMALL_NUMBERS))
def test_it_means_what_the_condition_says(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    assert CellMatcher(rules).match(known) == by_definition(rules, known)


@given(exceptions(WILD_TEXTS, WILD_NUMBERS), facts())
def test_it_means_so_for_wild_texts_and_numbers(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    assert CellMatcher(rules).match(known) == by_definition(rules, known)


@given(exceptions(), facts(SMALL_TEXTS, SMALL_NUMBERS))
def test_what_matches_has_no_unmet_clause(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    matching = CellMatcher(rules).match(known)
    assert matching == tuple(sorted(rule.id for rule in rules if not unmet(rule, known)))


def test_unmet_names_the_clauses_that_do_not_hold() -> None:
    country, amount = words("account.country", "DE"), between("amount", 100_00, None, "EUR")
    lines = clause("invoice.lines", {"invoice.lines": Values(Numbers(()), unset=True)})
    rule = exception("rule", country, amount, lines)
    assert unmet(rule, {"account.country": "DE", "amount": 99_99, "amount.currency": "EUR"}) == (amount,)
    assert unmet(rule, {"amount": 100_00, "amount.currency": "USD", "invoice.lines": 0}) == (country, amount, lines)
    assert unmet(rule, {"account.country": "DE", "amount": 100_00, "amount.currency": "EUR"}) == ()


def test_each_form_of_a_clause() -> None:
    rules = [
        exception("always"),
        exception("equal", words("account.country", "DE")),
        exception("one-of", words("account.country", "DE", "FR")),
        exception("none-of", words("account.country", "DE", complement=True)),
        exception("set", words("account.country", complement=True)),
        exception("unset", clause("account.country", {"account.country": Values(Words(frozenset()), unset=True)})),
        exception("false", words("account.vip", False)),
        exception("exactly", between("invoice.lines", 5, 5)),
        exception("from", between("invoice.lines", 5, None)),
        exception("to", between("invoice.lines", None, 5)),
        exception("within", between("invoice.lines", 4, 6)),
        exception("but", clause("invoice.lines", {"invoice.lines": Values(Numbers.only(5).inverse())})),
        exception("any-number", between("invoice.lines", None, None)),
    ]
    matcher = CellMatcher(rules)
    assert matcher.match({}) == ("always", "unset")
    assert matcher.match({"account.country": "DE"}) == ("always", "equal", "one-of", "set")
    assert matcher.match({"account.country": "FR"}) == ("always", "none-of", "one-of", "set")
    assert matcher.match({"account.country": "IT"}) == ("always", "none-of", "set")
    assert matcher.match({"account.vip": False}) == ("always", "false", "unset")
    assert matcher.match({"account.vip": True}) == ("always", "unset")
    numbers = ("always", "any-number")
    assert matcher.match({"invoice.lines": 5}) == (*numbers, "exactly", "from", "to", "unset", "within")
    assert matcher.match({"invoice.lines": 0}) == ("always", "any-number", "but", "to", "unset")
    assert matcher.match({"invoice.lines": 7}) == ("always", "any-number", "but", "from", "unset")


def test_a_policy_without_exceptions_matches_nothing() -> None:
    assert CellMatcher([]).match({"account.country": "DE"}) == ()


class Counted(dict[str, Fact]):
    """Facts that count how often one of them is asked for."""

    asked = 0

    def get(self, fact: str, default: Any = None) -> Any:
        self.asked += 1
        return super().get(fact, default)


def test_each_fact_is_looked_at_once_however_many_rules_there_are() -> None:
    rules = [
        exception(f"r{n:03}", words("account.country", f"C{n % 9}"), between("amount", n, None, "EUR"))
        for n in range(999)
    ]
    for some in (rules[:5], rules):
        known = Counted({"account.country": "C3", "amount": 4, "amount.currency": "EUR"})
        assert CellMatcher(some).match(known) == ("r003",)
        assert known.asked == 3


# -- cells ---------------------------------------------------------------------------------------------------------


@given(exceptions(), st.lists(facts(SMALL_TEXTS, SMALL_NUMBERS), min_size=2, max_size=9))
def test_facts_of_the_same_cell_are_told_apart_by_no_condition(
    rules: list[ExceptionRule], several: list[dict[str, Fact]]
) -> None:
    """What one of them is answered holds for all: who asks another engine asks it once for each cell."""
    cells = Cells(CellMatcher(rules).boxes, apart=True)
    answers: dict[int, set[tuple[str, ...]]] = {}
    for known in several:
        answers.setdefault(cells.answer(known), set()).add(by_definition(rules, known))
    assert all(len(answer) == 1 for answer in answers.values())


def test_classes_by_hand() -> None:
    """Countries: DE, and FR and AT, which none tells apart; amounts: below 100.00, from there, from 250.01 on."""
    rules = [
        exception("german", words("account.country", "DE")),
        exception("others", words("account.country", "DE", "FR", "AT")),
        exception("amounts", clause("amount", {"amount": Values(Numbers(((100_00, 250_00),)))})),
    ]
    cells = Cells(CellMatcher(rules).boxes)
    (words_of,) = cells.words
    (numbers,) = cells.numbers
    # Places by id: amounts is bit 1, german bit 2, others bit 4. Who does not ask for a fact is allowed by all of it.
    assert words_of.number_of == {None: 1, "AT": 2, "DE": 3, "FR": 2}
    assert words_of.allowing == (0b001, 0b001, 0b101, 0b111)
    assert (numbers.bounds, numbers.allowing) == ((100_00, 250_01), (0b110, 0b111, 0b110, 0b110))
    assert cells.answer({"account.country": "DE", "amount": 250_00}) == 0b111
    assert cells.answer({"account.country": "AT"}) == 0b100
    assert cells.holding((3, 1)) == 0b111


def test_what_is_told_apart_by_hand() -> None:
    """Above the one box two bits for the three classes of countries, FR, others and unset: they are 2, 0 and 1."""
    cells = Cells([exception("french", words("account.country", "FR")).boxes[0]], apart=True)
    told = [cells.answer({}), cells.answer({"account.country": "FR"}), cells.answer({"account.country": "US"})]
    assert told == [0b01_0, 0b10_1, 0b00_0]


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billpolicy.deciding.matching.cells.MOST_KEPT", 3)
    matcher = CellMatcher([exception(f"r{n}", words("account.name", f"name {n}")) for n in range(9)])
    for n in range(9):
        assert matcher.match({"account.name": f"name {n}"}) == (f"r{n}",)
        assert len(matcher._kept) <= 3
