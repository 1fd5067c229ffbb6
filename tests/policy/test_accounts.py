"""`accounts`: to which accounts a journal posts, closed and checked; docs/journal.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.policy.model import Policy
from billpolicy.vocabulary.accounts import ACCOUNT_ROLES, ROOTS
from tests.helpers.scenes import layered, policy, refused_codes


def test_the_standard_policy_has_an_account_of_each_role() -> None:
    assert set(policy("").accounts) == set(ACCOUNT_ROLES)


def test_the_first_that_is_known_decides_in_the_order_of_the_role_and_not_of_the_file() -> None:
    text = """
accounts:
  revenue:
    by_document: {debit_memo: income:debits}
    by_charge: {setup: income:setup}
    otherwise: income:other
    because: of the chart of accounts
"""
    revenue = policy(text).accounts["revenue"]
    assert (revenue.because, list(revenue.by)) == ("of the chart of accounts", ["charge", "document"])
    assert revenue.of({"charge": "setup", "document": "debit_memo"}) == "income:setup"
    assert revenue.of({"charge": None, "document": "debit_memo"}) == "income:debits"
    assert revenue.of({"charge": "seats", "document": "invoice"}) == "income:other"


def test_a_layer_that_says_a_role_again_replaces_the_whole_of_it(tmp_path: Path) -> None:
    found = layered(tmp_path, "accounts: {bank: {otherwise: assets:one, by_currency: {USD: assets:usd}}}",
                    "accounts: {bank: assets:two}")  # fmt: skip
    assert (found.accounts["bank"].otherwise, found.accounts["bank"].by) == ("assets:two", {})
    assert found.accounts["bank"].position.file.endswith("layer1.yaml")


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("rest", ["a", "1400", "a-b:c1", "a-:b"])
def test_names(root: str, rest: str) -> None:
    assert policy(f"accounts: {{bank: '{root}:{rest}'}}").accounts["bank"].otherwise == f"{root}:{rest}"


@pytest.mark.parametrize(
    "name",
    ["assets", "bank", "Assets:Bank", "assets:", "assets::a", "assets:a b", "assets:a_b", "assets:-a", "assets:ä",
     "revenue:a", "assets:a;b", "assets:a  b", "assets:a\u00a0b"],
)  # fmt: skip
def test_what_is_no_name(name: str) -> None:
    assert refused_codes(f"accounts: {{bank: '{name}'}}") == ["accounts-name"]
    assert refused_codes(f"accounts: {{bank: {{otherwise: assets:b, by_currency: {{EUR: '{name}'}}}}}}") == [
        "accounts-name"
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{banks: assets:bank}", "accounts-role"),
        ("{bank: {otherwise: assets:b, by_reason: {Other: assets:c}}}", "accounts-by"),
        ("{bank: {otherwise: assets:b, by_type: {cash: assets:c}}}", "accounts-by"),
        ("{bank: {otherwise: assets:b, by_currency: {EURO: assets:c}}}", "accounts-by"),
        ("{write_off: {otherwise: expenses:b, by_reason: {Bad luck: expenses:c}}}", "accounts-by"),
        ("{revenue: {otherwise: income:b, by_charge_type: {monthly: income:c}}}", "accounts-by"),
        ("{revenue: {otherwise: income:b, by_document: {payment: income:c}}}", "accounts-by"),
        ("{bank: {by_type: {external: assets:c}}}", "value-wrong"),
        ("{bank: {otherwise: assets:b, by_type: {}}}", "value-wrong"),
        ("{bank: {otherwise: assets:b, kind: x}}", "value-wrong"),
        ("{bank: [assets:b]}", "value-wrong"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    assert refused_codes(f"accounts: {text}") == [code]


def test_tax_codes_are_those_of_the_policy_where_it_has_rates() -> None:
    by = "accounts: {tax: {otherwise: liabilities:tax, by_code: {standrad: liabilities:vat}}}\n"
    rates = "tax_rates: {standard: [{country: EE, name: VAT, rate: 24%, from: 2025-07-01}]}"
    assert isinstance(policy(by), Policy)  # a program's tax engine may know it
    assert refused_codes(by + rates) == ["accounts-by"]
    assert isinstance(policy(by.replace("standrad", "standard") + rates), Policy)
