"""Mistakes that are made on purpose: which there are, and which of them tests notice."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy
from billpolicy.testing.mutants import Mutant, mutants
from billpolicy.testing.mutation import Mutation
from tests.testing.scenes import memo, ran, write

LARGE = """\
exceptions:
  - id: large
    operations: [credit_memo_from_invoice]
    when: {amount: {at_least: 100.00 EUR}, account.country: [DE, AT]}
    then: {item_limit: 10}
    effective: {from: 2026-01-01, until: 2027-01-01}
"""
AT_THE_LIMIT = memo("at the limit", "100.00", "{item_limit: 10}")


def made(folder: Path, policy: str) -> list[tuple[str, str]]:
    write(folder, policy, AT_THE_LIMIT)
    return [(one.line.name, one.what) for one in _made(folder)]


def _made(folder: Path) -> list[Mutant]:
    return list(mutants(billpolicy.validate(folder)))


def test_every_kind_of_mistake_in_an_exception(tmp_path: Path) -> None:
    assert made(tmp_path, LARGE) == [
        ("large", "left out"),
        ("large", "without the condition that `amount` is at least 100.00 EUR"),
        ("large", "`amount` is at least 100.00 EUR, from one unit lower on"),
        ("large", "`amount` is at least 100.00 EUR, from one unit higher on"),
        ("large", "without the condition that `account.country` is one of DE, AT"),
        ("large", "`account.country` is one of DE, AT, but not `AT`"),
        ("large", "`account.country` is one of DE, AT, but not `DE`"),
        ("large", "in force a day earlier"),
        ("large", "in force a day later"),
        ("large", "in force a day longer"),
        ("large", "in force until a day earlier"),
        ("large: item_limit", "`9` instead of `10`"),
        ("large: item_limit", "`11` instead of `10`"),
    ]


@pytest.mark.parametrize(
    ("amount", "mistakes"),
    [
        (
            "{above: [5.00 EUR, 7.00 USD], other_currencies: holds}",
            [
                "from one unit lower on, in EUR",
                "from one unit higher on, in EUR",
                "from one unit lower on, in USD",
                "from one unit higher on, in USD",
                "but not in EUR",
                "but not in USD",
                "but not in other currencies",
            ],
        ),
        (
            "{above: [5.00 EUR, 5.00 USD]}",
            [
                "from one unit lower on",
                "from one unit higher on",
                "but not in EUR",
                "but not in USD",
                "in other currencies, too",
            ],
        ),
        (
            "{above: 5.00 EUR, other_currencies: fails}",
            ["from one unit lower on", "from one unit higher on", "in other currencies, too"],
        ),
    ],
)
def test_every_kind_of_mistake_in_an_amount_in_several_currencies(
    tmp_path: Path, amount: str, mistakes: list[str]
) -> None:
    said = f"when: {{amount: {amount}}}, then: {{item_limit: 1}}"
    policy = f"exceptions: [{{id: one, operations: [credit_memo_from_invoice], {said}}}]\n"
    found = [what for name, what in made(tmp_path, policy) if what.startswith("`amount` is")]
    assert [what.split(", ", what.count(", ") - (", in " in what))[-1] for what in found] == mistakes


def test_tests_of_each_currency_notice_every_mistake_in_it(tmp_path: Path) -> None:
    policy = """\
exceptions:
  - id: large
    operations: [credit_memo_from_invoice]
    when: {amount: {above: [100.00 EUR, 120.00 USD], other_currencies: holds}}
    then: {item_limit: 10}
"""
    tests = ""
    for currency, amount, most in (
        ("EUR", "100.00", 1000),
        ("EUR", "100.01", 10),
        ("USD", "120.00", 1000),
        ("USD", "120.01", 10),
        ("CHF", "0.01", 10),
    ):
        book = f"{{invoices: [{{number: INV-1, currency: {currency}}}]}}"
        tests += memo(f"{amount} {currency}", amount, f"{{item_limit: {most}}}", book=book)
    every = mutated(tmp_path, policy, tests)
    assert (survived(every), every.unproven) == ([], ())
    (left,) = survived(mutated(tmp_path, policy, tests[: tests.index("  - name: 0.01 CHF")]))
    assert left.endswith(", but not in other currencies")


def test_every_kind_of_mistake_in_a_base_rule(tmp_path: Path) -> None:
    policy = """\
operations:
  credit_memo_from_invoice:
    sequence_set: [invoice, account, default]
    over_credit: refuse
  bill_run: {credit_one_time: false}
"""
    assert made(tmp_path, policy) == [
        ("credit_memo_from_invoice.sequence_set", "`invoice` and `account` swapped"),
        ("credit_memo_from_invoice.sequence_set", "`account` and `default` swapped"),
        ("credit_memo_from_invoice.sequence_set", "`invoice` left out"),
        ("credit_memo_from_invoice.sequence_set", "`account` left out"),
        ("credit_memo_from_invoice.sequence_set", "`default` left out"),
        ("credit_memo_from_invoice.over_credit", "`cap` instead of `refuse`"),
        ("bill_run.credit_one_time", "`true` instead of `false`"),
    ]


def test_every_kind_of_mistake_in_a_follow_up_and_an_override(tmp_path: Path) -> None:
    policy = """\
follow_ups:
  - {id: used, after: credit_memo_posted, then: apply_credits, when: {account.country: DE}}
exceptions:
  - {id: broad, operations: [credit_memo_from_invoice], when: {account.country: DE}, then: {item_limit: 10}}
  - id: other
    operations: [credit_memo_from_invoice]
    when: {account.currency: EUR}
    then: {item_limit: 20}
    overrides: [broad]
"""
    found = made(tmp_path, policy)
    assert [what for name, what in found if name == "used"] == [
        "left out",
        "`if_refused: leave_out` instead of `refuse`",
        "without the condition that `account.country` is DE",
    ]
    assert ("other", "no longer overrides `broad`") in found


def test_an_exception_that_is_left_out_is_overridden_by_none(tmp_path: Path) -> None:
    policy = """\
exceptions:
  - {id: broad, operations: [credit_memo_from_invoice], when: {account.country: DE}, then: {item_limit: 10}}
  - {id: other, operations: [credit_memo_from_invoice], then: {item_limit: 20}, when: {account.currency: EUR},
     overrides: [broad]}
"""
    write(tmp_path, policy, AT_THE_LIMIT)
    (without,) = (one for one in _made(tmp_path) if (one.line.name, one.what) == ("broad", "left out"))
    left = {one.id: one.overrides for one in without.policy.exceptions}
    assert (left["other"], "broad" in left) == ((), False)


# -- who notices ---------------------------------------------------------------------------------------------------


def mutated(folder: Path, policy: str, tests: str) -> Mutation:
    (found,) = billpolicy.mutate(ran(folder, policy, tests))
    return found


def survived(found: Mutation) -> list[str]:
    return [one.mutant.what for one in found.survived]


def test_a_test_on_either_side_of_a_bound_notices_that_it_moves(tmp_path: Path) -> None:
    policy = LARGE.replace(", account.country: [DE, AT]", "").replace(
        "    effective: {from: 2026-01-01, until: 2027-01-01}\n", ""
    )
    at = AT_THE_LIMIT
    assert survived(mutated(tmp_path, policy, at)) == [
        "without the condition that `amount` is at least 100.00 EUR",
        "`amount` is at least 100.00 EUR, from one unit lower on",
    ]
    below = memo("a cent below", "99.99", "{item_limit: 1000}")
    found = mutated(tmp_path, policy, AT_THE_LIMIT + below)
    # left out, no condition, two bounds, two other values
    assert (found.noticed, survived(found), found.equivalent, found.refused, found.unproven) == (6, [], 0, 0, ())


def test_what_survives_is_told_with_facts_for_which_it_matters(tmp_path: Path) -> None:
    found = mutated(tmp_path, LARGE, AT_THE_LIMIT)
    facts = {one.mutant.what: one.difference.facts for one in found.survived if one.difference is not None}
    lower = facts["`amount` is at least 100.00 EUR, from one unit lower on"]
    assert (lower["amount"], lower["amount.currency"]) == (9999, "EUR")
    assert facts["`account.country` is one of DE, AT, but not `AT`"]["account.country"] == "AT"


def test_a_mistake_that_changes_nothing_is_counted_and_not_told(tmp_path: Path) -> None:
    """After `default`, which has a value, no level has an effect: so neither has their order, nor which are there."""
    policy = "operations: {credit_memo_from_invoice: {sequence_set: [default, invoice, account]}}\n"
    found = mutated(tmp_path, policy, memo("it", "1.00", "{sequence_set: {value: DEFAULT, level: default}}"))
    # `invoice` and `account` swapped, `invoice` left out, `account` left out.
    assert found.equivalent == 3
    # Nothing is held by the invoice or the account here: without `default` there would be no value at all.
    assert (found.noticed, survived(found)) == (1, ["`default` and `invoice` swapped"])


def test_what_validate_refuses_needs_no_test(tmp_path: Path) -> None:
    policy = """\
exceptions:
  - {id: broad, operations: [credit_memo_from_charge], when: {account.country: DE}, then: {item_limit: 10}}
  - {id: other, operations: [credit_memo_from_charge], then: {item_limit: 20}, when: {account.currency: EUR},
     overrides: [broad]}
"""
    found = mutated(tmp_path, policy, memo("nothing of it", "1.00", "{item_limit: 1000}"))
    assert found.refused == 1  # without `overrides` the two would conflict
    assert "no longer overrides `broad`" not in survived(found)


def test_tests_that_fail_notice_nothing(tmp_path: Path) -> None:
    write(tmp_path, LARGE, memo("wrong", "100.00", "{item_limit: 11}"))
    run = billpolicy.run_tests([billpolicy.load_tests(tmp_path / "acme.test.yaml")])
    with pytest.raises(billpolicy.Refused) as refused:
        billpolicy.mutate(run)
    assert [one.code for one in refused.value.diagnostics] == ["test-failed"]


def test_which_day_counts_is_noticed_though_nothing_asks_for_it(tmp_path: Path) -> None:
    """`values_of` is read before anything is resolved."""
    tests = """\
  - name: the value of the day of the document
    today: 2026-03-01
    operations:
      - {id: moved, operation: change_account, date: 2026-03-01, account: acme, attributes: {bill_to_contact: bob}}
      - {id: fee, operation: credit_memo_from_charge, date: 2026-02-01, account: acme,
         charges: [{charge: setup, amount: 1.00}]}
    expect: {fee: {bill_to_contact: ann}}
"""
    found = mutated(tmp_path, "operations: {credit_memo_from_charge: {values_of: document_date}}\n", tests)
    assert (found.noticed, survived(found)) == (1, [])


def test_the_same_comes_out_each_time(tmp_path: Path) -> None:
    run = ran(tmp_path, LARGE, AT_THE_LIMIT)
    once, again = ([(one.mutant.what, one.difference) for one in billpolicy.mutate(run)[0].survived] for _ in range(2))
    assert once == again


def test_a_rerun_of_every_test_comes_to_the_same(tmp_path: Path) -> None:
    """Only tests whose decisions a mutant changes are run again: here all are, under each mutant."""
    from billpolicy.deciding.resolver import Resolver
    from billpolicy.deciding.versions import Versions
    from billpolicy.testing.run import run_case

    tests = AT_THE_LIMIT + memo("small", "99.99", "{item_limit: 1000}")
    run = ran(tmp_path, LARGE, tests)
    noticed = 0
    for mutant in mutants(billpolicy.validate(tmp_path)):
        under = Versions([Resolver(mutant.policy, "python")])
        noticed += any(run_case(under, result.case).failed for result in run.results)
    (found,) = billpolicy.mutate(run)
    assert found.noticed == noticed
