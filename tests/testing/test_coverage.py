"""What tests cover: each rule, each level of each chain, and each chain that can come to its end."""

from __future__ import annotations

from pathlib import Path

import billpolicy
from billpolicy.testing.coverage import Coverage
from tests.testing.scenes import memo, ran

LARGE = """\
exceptions:
  - id: large
    operations: [credit_memo_from_invoice]
    when: {amount: {at_least: 100.00 EUR}}
    then: {bill_to_contact: [account, invoice], item_limit: 10}
"""
NOBODY = (
    "{accounts: [{id: acme, attributes: {bill_to_contact: null}}], "
    "invoices: [{number: INV-1, attributes: {bill_to_contact: null}}]}"
)
NOT_THE_ACCOUNT = "{accounts: [{id: acme, attributes: {bill_to_contact: null}}]}"


def covered(folder: Path, policy: str, tests: str) -> Coverage:
    (found,) = billpolicy.coverage(ran(folder, policy, tests))
    return found


def left(found: Coverage) -> list[tuple[int, str, str]]:
    return [(way.line.position.line, way.line.name, way.how) for way in found.uncovered]


def test_nothing_is_covered_where_only_the_base_decides(tmp_path: Path) -> None:
    found = covered(tmp_path, LARGE, memo("small", "99.99", "{bill_to_contact: bob}"))
    # The chain has two levels and may come to its end; the setting decides. They stand on line 8.
    assert left(found) == [
        (8, "large: bill_to_contact", "account"),
        (8, "large: bill_to_contact", "invoice"),
        (8, "large: bill_to_contact", "exhausted"),
        (8, "large: item_limit", "decides"),
    ]
    assert (found.count, found.covered, found.percent) == (4, 0, 0)


def test_what_decides_is_covered_and_the_rest_rounded_down(tmp_path: Path) -> None:
    tests = memo("large", "100.00", "{bill_to_contact: ann}")
    tests += memo("refused", "100.00", "{refused: chain-exhausted}", book=NOBODY)
    found = covered(tmp_path, LARGE, tests)
    assert left(found) == [(8, "large: bill_to_contact", "invoice")]
    assert (found.covered, found.percent) == (3, 75)
    tests += memo("of the invoice", "100.00", "{bill_to_contact: bob}", book=NOT_THE_ACCOUNT)
    assert covered(tmp_path, LARGE, tests).percent == 100


def test_a_chain_that_ends_with_a_default_cannot_come_to_its_end(tmp_path: Path) -> None:
    policy = "operations: {credit_memo_from_invoice: {sequence_set: [invoice, default]}}\n"
    found = covered(tmp_path, policy, memo("it", "1.00", "{sequence_set: DEFAULT}"))
    assert (left(found), found.count) == ([(4, "credit_memo_from_invoice.sequence_set", "invoice")], 2)


def test_levels_without_effect_are_not_asked_for(tmp_path: Path) -> None:
    policy = "operations: {credit_memo_from_invoice: {sequence_set: [default, invoice]}}\n"
    found = covered(tmp_path, policy, memo("it", "1.00", "{sequence_set: DEFAULT}"))
    assert (found.count, found.percent) == (1, 100)


def test_a_line_of_every_operation_is_one_line(tmp_path: Path) -> None:
    found = covered(tmp_path, "every_operation: {actor: required}\n", memo("it", "1.00", "{refused: actor-missing}"))
    assert (found.count, found.percent) == (1, 100)


def test_a_follow_up_is_covered_when_it_runs(tmp_path: Path) -> None:
    policy = """\
follow_ups:
  - {id: credits-are-used, after: credit_memo_posted, then: apply_credits}
  - {id: small-ones-are-not, after: debit_memo_posted, then: apply_credits}
"""
    found = covered(tmp_path, policy, memo("it", "1.00", "{follow_ups: {credits-are-used: true}}"))
    assert left(found) == [(6, "small-ones-are-not", "decides")]


def test_what_the_base_says_is_asked_for_only_with_it(tmp_path: Path) -> None:
    run = ran(tmp_path, LARGE, memo("large", "100.00", "{bill_to_contact: ann}"))
    (own,), (every,) = billpolicy.coverage(run), billpolicy.coverage(run, with_base=True)
    assert own.count == 4
    assert every.count > 190 + own.count


def test_one_of_many_uncovered_is_not_100_percent() -> None:
    """199 of 200 are 99.5 %."""
    ways = [*range(200)]
    found = Coverage(policy=None, count=len(ways), uncovered=(None,))  # type: ignore[arg-type]
    assert (found.covered, found.percent) == (199, 99)
