"""The first test of a rule: written from a witness, it is read, it passes, and the rule decides in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy
from billpolicy.report.tests_text import first_test_text
from billpolicy.testing.run import about_rule
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.scenes import policy

PAGE = ROOT / "examples" / "a-page-of-company-policy" / "policy.yaml"
NOT_SHOWN = {"partly-written-off-time-is-not-billed-again", "write_off_invoice.charged_through"}
"""Rules for which no small book is known."""


def passes(folder: Path, policy: Path, rule: str) -> bool:
    """Whether the first test of a rule passes, and the rule decides in it."""
    file = folder / "first.test.yaml"
    file.write_text(first_test_text(billpolicy.first_test(billpolicy.validate(policy), rule), str(policy)), "utf-8")
    run = billpolicy.run_tests([billpolicy.load_tests(file)])
    return [result.failed for result in about_rule(run, rule).results] == [False]


@pytest.mark.parametrize(
    "rule",
    [
        "german-disputes-bill-the-subscription-contact",
        "enterprise-net-60",
        "pilots-keep-their-own-term",
        "a-payment-that-bounced-may-come-again",
        "write-off-on-cancellation",
        "debit_memo_from_invoice.payment_term",
    ],
)
def test_the_first_test_of_a_rule_passes(tmp_path: Path, rule: str) -> None:
    assert passes(tmp_path, PAGE, rule)


def test_nearly_every_rule_of_the_standard_policy_has_one(tmp_path: Path) -> None:
    policy = billpolicy.validate(STANDARD)
    rules = [*(one.id for one in policy.conditional), *(one.id for one in policy.base.values())]
    shown, failed = 0, []
    hidden: set[tuple[str, ...]] = set()
    for rule in rules:
        try:
            if not passes(tmp_path, STANDARD, rule):
                failed.append(rule)
            shown += 1
        except billpolicy.Refused as refused:
            hidden.add((rule, *(one.code for one in refused.diagnostics)))
    assert failed == []
    assert hidden <= {(rule, "rule-not-shown") for rule in NOT_SHOWN}
    assert shown > 300


def test_a_decision_that_comes_about_is_preferred_to_a_refusal() -> None:
    """A dispute of 1,000.00 on an invoice of less would be refused, so the invoice is of that much."""
    found = billpolicy.first_test(billpolicy.validate(PAGE), "german-disputes-bill-the-subscription-contact")
    assert found.expect["bill_to_contact"]["level"] == "subscription"
    assert found.expect["amount"] == "1000.00"


def test_a_rule_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(billpolicy.Refused) as refused:
        billpolicy.first_test(billpolicy.validate(PAGE), "enterprise-net-6")
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.hint) == ("rule-unknown", "did you mean `enterprise-net-60`?")


def test_a_line_about_every_operation_is_a_rule_of_each() -> None:
    """`test --mutate` calls it by this name."""
    with pytest.raises(billpolicy.Refused) as refused:
        billpolicy.first_test(policy("every_operation: {actor: required}"), "every_operation.actor")
    (problem,) = refused.value.diagnostics
    assert problem.hint == "name one of the operations, like `add_subscribed_charge.actor`"
