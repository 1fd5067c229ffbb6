"""Amounts that are compared in several currencies: docs/policy-language.md rule 2."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.boxes import Boxes, hold, is_within, meet, narrower, outside
from billpolicy.policy.condition import Fact
from billpolicy.policy.inclusion import bits, narrower_each
from billpolicy.policy.model import ExceptionRule, Policy
from tests.helpers.books import book_from
from tests.helpers.conditions import conditions, exception
from tests.helpers.engine import needs_engine
from tests.helpers.paths import STANDARD
from tests.helpers.planning import dry_run
from tests.helpers.scenes import TODAY, operations, policy, refusals

BOTH = "[500.00 EUR, 60000 JPY]"


def limit(amount: str, *, then: str = "{permission: approval}", more: str = "") -> str:
    return f"""
exceptions:
  - id: limit
    operations: [write_off_invoice]
    when: {{amount: {amount}}}
    then: {then}
{more}"""


def the_limit(found: Policy) -> ExceptionRule:
    (one,) = (rule for rule in found.exceptions if Path(rule.position.file).parent != STANDARD)
    return one


def holds(amount: str, minor: int | None, currency: str) -> bool:
    """Whether a condition on the amount holds; of no amount, which has no currency."""
    facts: dict[str, str | int | bool] = {} if minor is None else {"amount": minor, "amount.currency": currency}
    return hold(the_limit(policy(limit(amount))).boxes, facts)


# -- what it means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "minor", "currency", "expected"),
    [
        # An amount counts against the bound in its own currency, by that currency's minor units.
        (f"{{above: {BOTH}}}", 50_000, "EUR", False),
        (f"{{above: {BOTH}}}", 50_001, "EUR", True),
        (f"{{above: {BOTH}}}", 60_000, "JPY", False),
        (f"{{above: {BOTH}}}", 60_001, "JPY", True),
        (f"{{at_least: {BOTH}}}", 60_000, "JPY", True),
        (f"{{at_most: {BOTH}}}", 60_001, "JPY", False),
        (f"{{below: {BOTH}}}", 49_999, "EUR", True),
        # A currency that is not named: silence fails, as before.
        (f"{{above: {BOTH}}}", 10**9, "USD", False),
        (f"{{above: {BOTH}, other_currencies: fails}}", 10**9, "USD", False),
        (f"{{above: {BOTH}, other_currencies: holds}}", 1, "USD", True),
        ("{above: 500.00 EUR, other_currencies: holds}", -1, "USD", True),
        ("{above: 500.00 EUR, other_currencies: holds}", 50_000, "EUR", False),
        # That no amount is asked for satisfies no comparison, whatever is said of other currencies.
        ("{above: 500.00 EUR, other_currencies: holds}", None, "", False),
        # Several comparisons: each has its bounds in each currency.
        ("{at_least: [1.00 EUR, 2.00 USD], below: [3.00 EUR, 4.00 USD]}", 300, "EUR", False),
        ("{at_least: [1.00 EUR, 2.00 USD], below: [3.00 EUR, 4.00 USD]}", 300, "USD", True),
        # Lists of values.
        ("[1.00 EUR, 2.00 USD, 3.00 EUR]", 300, "EUR", True),
        ("[1.00 EUR, 2.00 USD, 3.00 EUR]", 300, "USD", False),
        ("{none_of: [1.00 EUR, 2.00 USD]}", 100, "USD", True),
        ("{none_of: [1.00 EUR, 2.00 USD]}", 200, "USD", False),
        ("{none_of: [1.00 EUR, 2.00 USD], other_currencies: holds}", 200, "GBP", True),
    ],
)
def test_an_amount_counts_in_its_own_currency(amount: str, minor: int | None, currency: str, expected: bool) -> None:
    assert holds(amount, minor, currency) is expected


def test_currencies_with_the_same_bounds_are_one_box_whatever_their_order() -> None:
    """So that the same condition is the same value, however it is written."""
    one = the_limit(policy(limit("{above: [5.00 EUR, 5.00 USD, 7.00 GBP]}")))
    other = the_limit(policy(limit("{above: [7.00 GBP, 5.00 USD, 5.00 EUR], other_currencies: fails}")))
    assert [sorted(map(str, box["amount.currency"].members.names)) for box in one.boxes] == [["EUR", "USD"], ["GBP"]]  # type: ignore[union-attr]
    assert one.boxes == other.boxes


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("{above: [500.00 EUR, 600.00 USD]}", "`amount` is above 500.00 EUR or 600.00 USD"),
        (
            "{above: [500.00 EUR, 600.00 USD, 1 JPY], other_currencies: holds}",
            "`amount` is above 500.00 EUR, 600.00 USD or 1 JPY (other currencies: holds)",
        ),
        ("{above: 5.00 EUR, other_currencies: fails}", "`amount` is above 5.00 EUR (other currencies: fails)"),
        (
            "{at_least: [1.00 EUR, 2.00 USD], below: [4.00 USD, 3.00 EUR]}",
            "`amount` is at least 1.00 EUR and below 3.00 EUR, or at least 2.00 USD and below 4.00 USD",
        ),
        ("[1.00 EUR, 2.00 USD]", "`amount` is one of 1.00 EUR, 2.00 USD"),
        ("1.00 EUR", "`amount` is 1.00 EUR"),
    ],
)
def test_it_is_told_as_it_is_written(amount: str, words: str) -> None:
    (clause,) = the_limit(policy(limit(amount))).clauses
    assert clause.text == words


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (
            "{at_least: [1.00 EUR, 2.00 USD], below: 3.00 EUR}",
            "`at_least` names USD, and `below` does not; name it in both, or in none",
        ),
        ("{above: [1.00 EUR, 2.00 EUR]}", "`above` has 1.00 EUR or 2.00 EUR; one amount is wanted in each currency"),
        (
            "{above: [1.00 EUR, 4.00 USD], below: [3.00 EUR, 4.00 USD]}",
            "no value of `amount` can be above 4.00 USD and below 4.00 USD",
        ),
    ],
)
def test_what_is_wrong_is_said(amount: str, message: str) -> None:
    (found,) = refusals(limit(amount))
    assert (found.code, found.message) == ("condition-wrong", message)


def test_amounts_whose_currencies_multiply_beyond_what_can_be_matched_are_refused() -> None:
    """Ten amounts in two currencies and all others are 3^10 combinations."""
    fields = "".join(f"  account.limit{n}: {{type: money}}\n" for n in range(10))
    bounds = ", ".join(f"account.limit{n}: {{above: [1.00 EUR, 2.00 USD], other_currencies: holds}}" for n in range(10))
    text = limit("{above: 1.00 EUR}").replace("{amount: {above: 1.00 EUR}}", f"{{{bounds}}}")
    (found,) = refusals(f"fields:\n{fields}{text}")
    assert (found.code, found.message) == (
        "condition-too-wide",
        "these currencies multiply to 59,049 combinations; 1,000 can be matched",
    )


# -- what is within what -------------------------------------------------------------------------------------------

WORLD: list[dict[str, Fact]] = [
    {} if minor is None else {"amount": minor, "amount.currency": currency}
    for minor, currency in ((None, ""), *product(range(-1, 5), ("EUR", "USD", "JPY")))
]
AMOUNTS = conditions(fields=("amount",)).map(lambda when: exception("rule", *when).boxes)


@given(AMOUNTS, AMOUNTS)
def test_what_is_said_of_several_boxes_is_so_of_all_facts(one: Boxes, other: Boxes) -> None:
    mine, theirs = ({n for n, facts in enumerate(WORLD) if hold(boxes, facts)} for boxes in (one, other))
    assert is_within(one, other) == (mine <= theirs)
    assert narrower(one, other) == (mine < theirs)
    assert meet(one, other) == bool(mine & theirs)
    left = [n for box in outside(one, other) for n, facts in enumerate(WORLD) if hold((box,), facts)]
    assert sorted(left) == sorted(mine - theirs), "boxes that do not overlap"


@given(st.lists(AMOUNTS, max_size=6))
def test_of_many_at_once(conditions: list[Boxes]) -> None:
    found = [set(bits(inside)) for inside in narrower_each(conditions)]
    assert found == [{n for n, one in enumerate(conditions) if narrower(one, outer)} for outer in conditions]


# -- what is decided, and what validate says -----------------------------------------------------------------------

BOOK = """
accounts: [{id: acme, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
invoices:
  - {number: INV-1, account: acme, date: 2026-05-01, currency: USD, items: [{id: a, amount: 600.00}]}
  - {number: INV-2, account: acme, date: 2026-05-01, currency: USD, items: [{id: a, amount: 600.01}]}
  - {number: INV-3, account: acme, date: 2026-05-01, currency: EUR, items: [{id: a, amount: 600.00}]}
  - {number: INV-4, account: acme, date: 2026-05-01, currency: CHF, items: [{id: a, amount: 0.01}]}
"""


@pytest.mark.parametrize("engine", ["python", pytest.param("both", marks=needs_engine)])
def test_a_limit_in_two_currencies_is_closed_in_all_others(engine: EngineName) -> None:
    text = limit("{above: [500.00 EUR, 600.00 USD], other_currencies: holds}")
    asked = operations(*(f"operation: write_off_invoice\ndate: 2026-06-01\ninvoice: INV-{n}" for n in "1234"))
    found = dry_run(Versions([Resolver(policy(text), engine)]), book_from(BOOK), asked, TODAY)
    codes = [[problem.code for problem in planned.problems] for planned in found]
    assert codes == [[], ["approval-missing"], ["approval-missing"], ["approval-missing"]]


def warned(text: str) -> list[Diagnostic]:
    return [one for one in policy(text).warnings if one.code == "limit-of-one-currency"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (limit("{above: 500.00 EUR}"), True),
        (limit("{above: [500.00 EUR, 600.00 USD]}"), True),
        (limit("{above: 500.00 EUR}", then="{permission: refused}"), True),
        # Said, one way or the other.
        (limit("{above: 500.00 EUR, other_currencies: holds}"), False),
        (limit("{above: 500.00 EUR, other_currencies: fails}"), False),
        # There are no others, or a rule stops as much there.
        (limit("{above: 500.00 EUR}", more="assumptions: [{id: euro, then: {invoice.currency: EUR}}]\n"), False),
        (
            limit("{above: 500.00 EUR}", more="  - id: rest\n    operations: [write_off_invoice]\n")
            + "    when: {invoice.currency: {none_of: [EUR]}}\n    then: {permission: refused}\n",
            False,
        ),
        (
            limit(
                "{above: 500.00 EUR}",
                then="{permission: refused}",
                more="  - id: rest\n    operations: [write_off_invoice]\n",
            )
            + "    when: {invoice.currency: {none_of: [EUR]}}\n    then: {permission: approval}\n",
            True,
        ),
        (
            # Somebody else may do it, so in dollars they may do all of it.
            limit(
                "{above: 500.00 EUR}", more="    overrides: [wide]\n  - id: wide\n    operations: [write_off_invoice]\n"
            )
            + "    then: {permission: allowed}\n    when: {account.country: DE}\n"
            + "operations: {write_off_invoice: {permission: refused}}\n",
            True,
        ),
        # What lets somebody do more is closed where it does not hold; and what decides nothing of who may do it.
        (limit("{at_most: 500.00 EUR}", more="operations: {write_off_invoice: {permission: refused}}\n"), False),
        (
            limit("{at_most: 5.00 EUR}", then="{permission: allowed}")
            + "operations: {write_off_invoice: {permission: approval}}\n",
            False,
        ),
        (limit("{above: 500.00 EUR}", then="{item_limit: 5}"), False),
        (limit("{is: set}"), False),
    ],
)
def test_validate_warns_of_a_limit_that_is_silent_of_other_currencies(text: str, expected: bool) -> None:
    found = warned(text)
    assert len(found) == expected
    assert all(one.severity == "warning" for one in found)


def test_the_warning_names_every_currency_that_is_said() -> None:
    (found,) = warned(limit("{above: [500.00 USD, 600.00 EUR, 7 JPY]}"))
    assert (
        found.message
        == "`limit` asks for `amount` in EUR, JPY and USD; in another currency it does not hold, and less is stopped"
    )
