"""The matcher in plain Python against the sets that conditions are, and what it says when one does not hold."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from billpolicy.deciding.matching.reference import ReferenceMatcher, unmet
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
    assert ReferenceMatcher(rules).match(known) == by_definition(rules, known)


@given(exceptions(WILD_TEXTS, WILD_NUMBERS), facts())
def test_it_means_so_for_wild_texts_and_numbers(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    assert ReferenceMatcher(rules).match(known) == by_definition(rules, known)


@given(exceptions(), facts(SMALL_TEXTS, SMALL_NUMBERS))
def test_what_matches_has_no_unmet_clause(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    matching = ReferenceMatcher(rules).match(known)
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
    matcher = ReferenceMatcher(rules)
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
    assert ReferenceMatcher([]).match({"account.country": "DE"}) == ()


class Counted(dict[str, Fact]):
    """Facts that count how often one of them is asked for."""

    asked = 0

    def get(self, fact: str, default: Any = None) -> Any:
        self.asked += 1
        return super().get(fact, default)


def test_it_looks_only_at_what_the_country_leaves_possible() -> None:
    """A thousand rules cost what those for one country cost; without an index they would cost 200 times as much."""
    rules = [
        exception(f"r{n}", words("account.country", f"C{n}"), between("amount", n, None, "EUR")) for n in range(1000)
    ]
    for some in (rules[:5], rules):
        known = Counted({"account.country": "C3", "amount": 50, "amount.currency": "EUR"})
        assert ReferenceMatcher(some).match(known) == ("r3",)
        assert known.asked == 3  # the country, and of the one rule that it leaves the amount and its currency
