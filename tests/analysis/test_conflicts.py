"""The proof that no two exceptions conflict, against brute force over every operation that a small world can hold."""

from __future__ import annotations

import datetime
import gc
import time
from collections.abc import Iterator, Mapping
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis import conflicts as module
from billpolicy.analysis.conflicts import conflicts, find_conflicts
from billpolicy.analysis.decisions import DATE
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.condition import Box, Fact, Numbers, Values, Words
from billpolicy.policy.example import example
from billpolicy.policy.model import Chain, Effective, ExceptionRule, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import FieldType
from tests.helpers.conditions import (
    FIELDS,
    FIRST_DAY,
    KINDS,
    OPERATIONS,
    ROUND_ONE,
    ROUND_THREE,
    ROUND_TWO,
    VOCABULARY,
    between,
    exception,
    exceptions,
    policy,
    words,
)
from tests.helpers.properties import examples

# -- against brute force -------------------------------------------------------------------------------------------

SMALL = ("account.country", "account.kind", "amount", "account.vip")
# The drawn conditions name DE, FR, EUR, USD and the numbers 0 to 3; one value beyond stands for all the rest.
MONEY = [{}, *({"amount": n, "amount.currency": c} for n in range(-1, 5) for c in ("EUR", "USD", "JPY"))]
WORLD: list[dict[str, Fact]] = [
    {**({"account.country": a} if a else {}), **({"account.kind": b} if b else {}), **money, **vip}
    for a, b, money, vip in product(
        (None, "DE", "FR", "IT"), (None, *KINDS), MONEY, ({}, {"account.vip": True}, {"account.vip": False})
    )
]
DAYS = [FIRST_DAY + datetime.timedelta(days) for days in range(-2, 7)]


def holds(box: Box, facts: Mapping[str, Fact]) -> bool:
    return all(values.allows(facts.get(fact)) for fact, values in box.items())


def by_brute_force(policy: Policy, operation: str) -> set[tuple[str, str, str]]:
    """(first, second, key) for every pair that survives together somewhere with different outcomes. Rule 5, naively."""
    rules = policy.exceptions_for(operation)
    points = {
        e.id: frozenset(n for n, facts in enumerate(WORLD) if any(holds(box, facts) for box in e.boxes)) for e in rules
    }
    here = [frozenset(id for id in points if n in points[id]) for n in range(len(WORLD))]
    in_force = {
        frozenset(e.id for e in rules if e.effective.includes(day)) for day in DAYS if policy.effective.includes(day)
    }
    by_id = {e.id: e for e in policy.exceptions}

    def overrides(a: str, b: str) -> bool:
        return b in by_id[a].overrides or any(overrides(between, b) for between in by_id[a].overrides)

    found = set()
    for matching in {at & now for at in set(here) for now in in_force}:
        for key in ("bill_to_contact", "payment_term"):
            candidates = [id for id in matching if key in by_id[id].then]
            remaining = [b for b in candidates if not any(overrides(a, b) for a in candidates)]
            left = [b for b in remaining if not any(points[a] < points[b] for a in remaining)]
            for a, b in combinations(sorted(left), 2):
                if by_id[a].then[key] != by_id[b].then[key]:
                    found.add((a, b, key))
    return found


@examples(150)
@given(exceptions(fields=SMALL), st.none() | st.integers(1, 4))
def test_a_conflict_is_reported_if_and_only_if_there_is_one(drawn: list[ExceptionRule], days: int | None) -> None:
    until = None if days is None else FIRST_DAY + datetime.timedelta(days)
    checked = policy(*drawn, effective=Effective(FIRST_DAY, until))
    found = list(find_conflicts(checked, VOCABULARY))
    for operation in OPERATIONS:
        reported = {(c.first, c.second, c.key) for c in found if c.operation == operation}
        assert reported == by_brute_force(checked, operation)
    for conflict in found:
        assert conflict.where is not None
        facts = a_point_of(conflict.where)
        assert ("amount" in facts) == ("amount.currency" in facts), "it can exist"
        day = datetime.date.fromordinal(int(facts.pop(DATE)))
        assert checked.effective.includes(day)
        matching = [
            e.id
            for e in checked.exceptions_for(conflict.operation)
            if e.effective.includes(day) and any(holds(box, facts) for box in e.boxes)
        ]
        survivors = Precedence(checked.exceptions).decide(matching, conflict.key).survivors
        assert {conflict.first, conflict.second} <= set(survivors), "the example is one"


def a_point_of(box: Box) -> dict[str, Fact]:
    """Some facts in the box; an amount has a currency."""
    found = {fact: values.members.sample() for fact, values in box.items() if not values.members.empty}
    if "amount" in found:
        found.setdefault("amount.currency", "EUR")
    return found


@given(exceptions(fields=SMALL), st.data())
def test_the_order_of_lines_does_not_matter_to_what_is_found(drawn: list[ExceptionRule], data: st.DataObject) -> None:
    forwards = conflicts(policy(*drawn), VOCABULARY)
    assert conflicts(policy(*data.draw(st.permutations(drawn))), VOCABULARY) == forwards


# -- what is said --------------------------------------------------------------------------------------------------

GERMANY = words("account.country", "DE")
LARGE = between("amount", 1000_00, None, "EUR")


def at(line: int, file: str = "acme.yaml") -> Position:
    return Position(file, line, 5)


def test_it_names_both_and_shows_an_operation() -> None:
    german = exception("german", GERMANY, position=at(7))
    large = exception("large", LARGE, then={"bill_to_contact": ROUND_TWO}, position=at(20))
    (problem,) = conflicts(policy(german, large), VOCABULARY)
    assert problem.code == "exceptions-conflict"
    assert problem.position == at(20), "the later of the two"
    assert problem.message == (
        "`large` and `german` (acme.yaml:7) disagree about `bill_to_contact` of `credit_memo_from_invoice`, "
        "and neither wins: for example on 2026-01-01 with `account.country: DE` and `amount: 1000.00 EUR`"
    )
    assert problem.hint == "say which one wins with `overrides: [german]`, or make one `when` narrower than the other"


def test_keys_and_operations_are_said_in_one_sentence() -> None:
    then = {"bill_to_contact": ROUND_TWO, "payment_term": ROUND_TWO}
    one = exception("one", GERMANY, then=dict.fromkeys(then, ROUND_ONE), operations=OPERATIONS, position=at(1))
    two = exception("two", LARGE, then=then, operations=OPERATIONS, position=at(2))
    (problem,) = conflicts(policy(one, two), VOCABULARY)
    assert (
        "disagree about `bill_to_contact` and `payment_term` of `credit_memo_from_invoice` and `write_off_invoice`,"
    ) in problem.message


def test_what_wins_for_one_key_only_leaves_the_other() -> None:
    both = {"bill_to_contact": ROUND_ONE, "payment_term": ROUND_ONE}
    one = exception("one", GERMANY, then=both)
    two = exception("two", LARGE, then=dict.fromkeys(both, ROUND_TWO))
    judge = exception("judge", GERMANY, LARGE, then={"payment_term": ROUND_THREE})
    (problem,) = conflicts(policy(one, two, judge), VOCABULARY)
    assert "disagree about `bill_to_contact` of" in problem.message


@pytest.mark.parametrize(("begins", "meet"), [("2026-07-01", True), ("2026-07-02", False)])
def test_conditions_on_the_date_meet_on_a_day_or_on_none(begins: str, meet: bool) -> None:
    last, first = (datetime.date.fromisoformat(day).toordinal() for day in ("2026-07-01", begins))
    until_july = exception("a", between("date", None, last))
    later = exception("b", between("date", first, None), then={"bill_to_contact": ROUND_TWO})
    found = conflicts(policy(until_july, later), VOCABULARY)
    assert [problem.message.partition("for example ")[2] for problem in found] == (
        ["on 2026-07-01, whatever the fields are"] if meet else []
    )


def test_the_example_has_the_date_from_which_both_are_in_force() -> None:
    july = Effective(datetime.date(2026, 7, 1), datetime.date(2027, 1, 1))
    german = exception("german", effective=july)
    other = exception("other", then={"bill_to_contact": ROUND_TWO})
    (problem,) = conflicts(policy(german, other), VOCABULARY)
    assert problem.message.endswith("for example on 2026-07-01, whatever the fields are")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(exception("a", GERMANY), exception("b", words("account.country", "FR")), id="other words"),
        pytest.param(exception("a", LARGE), exception("b", between("amount", None, 999_99, "EUR")), id="other amounts"),
        pytest.param(exception("a", LARGE), exception("b", between("amount", 1, None, "USD")), id="other currency"),
        pytest.param(exception("a", LARGE), exception("b", GERMANY, LARGE), id="narrower"),
        pytest.param(exception("a", GERMANY, overrides=["b"]), exception("b", LARGE), id="overridden"),
        pytest.param(exception("a", GERMANY), exception("b", LARGE, operations=OPERATIONS[1:]), id="other operation"),
        pytest.param(
            exception("a", effective=Effective(FIRST_DAY, datetime.date(2026, 7, 1))),
            exception("b", effective=Effective(datetime.date(2026, 7, 1))),
            id="one ends on the day the other begins",
        ),
        pytest.param(
            exception("a", effective=Effective(datetime.date(2025, 1, 1), FIRST_DAY)),
            exception("b", GERMANY),
            id="before the policy is in force",
        ),
    ],
)
def test_no_conflict(first: ExceptionRule, second: ExceptionRule) -> None:
    second = exception(
        second.id,
        *second.clauses,
        then={"bill_to_contact": ROUND_TWO},
        overrides=second.overrides,
        effective=second.effective,
        operations=second.operations,
    )
    assert conflicts(policy(first, second), VOCABULARY) == []


def test_a_third_exception_can_settle_a_conflict_and_a_fourth_unsettle_it() -> None:
    german, large = exception("german", GERMANY), exception("large", LARGE, then={"bill_to_contact": ROUND_TWO})
    settled = exception("settled", GERMANY, LARGE, then={"bill_to_contact": ROUND_THREE})
    assert conflicts(policy(german, large, settled), VOCABULARY) == []
    # What overrides the third agrees with one of the two, but has left the other standing.
    unsettled = exception("unsettled", words("account.kind", "trial"), overrides=["settled"])
    (problem, _) = conflicts(policy(german, large, settled, unsettled), VOCABULARY)
    assert "`account.kind: trial`" in problem.message


def test_the_example_leaves_out_what_may_be_anything_and_speaks_the_policy_language() -> None:
    types: dict[str, FieldType] = {field.name: field.type for field in FIELDS}
    box: Box = {
        "account.country": Values(Words(frozenset(("DE", "FR")), complement=True)),
        "account.kind": Values(Words.of(frozenset(), complement=True, universe=frozenset(KINDS)), unset=True),
        "account.vip": Values(Words(frozenset((True,)))),
        "amount": Values(Numbers(((None, 99_999),)), unset=True),
        "invoice.due": Values(Numbers(((datetime.date(2026, 3, 1).toordinal(), None),))),
        "invoice.lines": Values(Numbers(()), unset=True),
    }
    assert example(box, types) == [
        "account.country: {none_of: [DE, FR]}",
        "account.vip: true",
        "amount: 999.99 EUR",
        "invoice.due: 2026-03-01",
        "invoice.lines: unset",
    ]


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ({"amount": Values(Numbers(((None, None),)))}, ["amount: set"]),
        ({"amount": Values(Numbers(((None, None),)), unset=True)}, []),
        ({"amount": Values(Numbers(()), unset=True)}, ["amount: unset"]),
        (between("amount", 12_345, None, "JPY").boxes[0], ["amount: 12345 JPY"]),
        (between("amount", 12_345, None, "KWD").boxes[0], ["amount: 12.345 KWD"]),
        (
            {
                "amount": Values(Numbers(((100, None),))),
                "amount.currency": Values(Words(frozenset(("EUR",)), complement=True), unset=True),
            },
            ["amount: 1.00 USD"],
        ),
        (words("account.country", "DE", "AT").boxes[0], ["account.country: AT"]),
        ({"account.country": Values(Words(frozenset(), complement=True))}, ["account.country: set"]),
        (
            words("account.country", *"ABCDEF", complement=True).boxes[0],
            ["account.country: {none_of: [A, B, C, D, and 2 more]}"],
        ),
        (between("invoice.due", datetime.date.max.toordinal() + 1, None).boxes[0], ["invoice.due: 9999-12-31"]),
    ],
)
def test_examples_of_values(box: Box, shown: list[str]) -> None:
    assert example(box, {field.name: field.type for field in FIELDS}) == shown


def test_what_takes_too_long_to_prove_is_said_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PIECES", 1)
    german, large = exception("german", GERMANY), exception("large", LARGE, then={"bill_to_contact": ROUND_TWO})
    settled = exception("settled", GERMANY, LARGE, then={"bill_to_contact": ROUND_THREE})
    (problem,) = conflicts(policy(german, large, settled), VOCABULARY)
    assert problem.code == "exceptions-conflict-unproven"
    assert problem.severity == "error"
    assert problem.message.startswith("it could not be proven that `large` and `german` (policy.yaml:1) never disagree")


def test_a_policy_that_is_quite_wrong_is_not_listed_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FINDINGS", 2)
    three = [exception(id, then={"bill_to_contact": Chain(levels)}) for id, levels in zip("abc", CHAINS, strict=True)]
    assert [problem.code for problem in conflicts(policy(*three), VOCABULARY)].count("exceptions-conflict") == 2
    assert conflicts(policy(*three), VOCABULARY)[0].code == "exceptions-conflict-more"
    assert {p.code for p in conflicts(policy(*three[:2]), VOCABULARY)} == {"exceptions-conflict"}


CHAINS = (ROUND_ONE.levels, ROUND_TWO.levels, ROUND_THREE.levels)


# -- speed ---------------------------------------------------------------------------------------------------------


def a_large_policy(size: int) -> Iterator[ExceptionRule]:
    """Nine operations; a rule per country, a narrower one per country and reason, and large amounts in both."""
    chains = (ROUND_ONE, ROUND_TWO, ROUND_THREE)
    for number in range(size):
        operation, country, kind = number % 9, number // 9 // 4, number // 9 % 4
        when = [words("account.country", f"C{country}")]
        if kind:
            when.append(words("reason", "Charge Dispute"))
        if kind >= 2:
            when.append(between("amount", kind * 1000_00, None, "EUR"))
        yield exception(
            f"x{number:05}", *when, then={"bill_to_contact": chains[number % 3]}, operations=(f"operation_{operation}",)
        )


def test_a_thousand_exceptions_are_proven_in_an_instant() -> None:
    large = policy(*a_large_policy(1000))
    gc.collect()  # what thousands of tests have left behind is not to be collected meanwhile
    start = time.process_time()
    assert conflicts(large, VOCABULARY) == []
    # Measured: 0.01 s. The limit leaves room for a slow machine; comparing each with each takes longer than this.
    assert time.process_time() - start < 0.3


def test_a_large_policy_with_one_conflict() -> None:
    when = [words("account.country", "C5"), words("reason", "Charge Dispute")]
    then = {"bill_to_contact": Chain(("invoice",))}
    wrong = exception("wrong", *when, then=then, operations=("operation_3",))
    found = list(find_conflicts(policy(*a_large_policy(1000), wrong), VOCABULARY))
    # C5 has the four rules 20 to 23 of its operation; the second says the same `when` as the wrong one.
    twin = f"x{(5 * 4 + 1) * 9 + 3:05}"
    assert {frozenset((c.first, c.second)) for c in found} == {frozenset((twin, "wrong"))}
