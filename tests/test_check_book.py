"""What is odd about a book under a policy is told before any operation meets it, at its line in the file."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.model import Account
from billpolicy.deciding.book_findings import book_findings
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.scenes import policy

DECLARED = """
fields:
  account.country: {values: [DE, AT]}
  account.segment: {type: choice, values: [small, large]}
"""
BOOK = """
accounts:
- id: bonn
  currency: EUR
  country: DE
- id: paris
  currency: EUR
  country: FR
  attributes: {payment_term: Net 31, sequence_set: FR}
  custom: {segment: huge}
- id: lyon
  currency: EUR
  country: FR
- id: wien
  currency: EUR
  custom: {account.segment: small}
"""
LINE = "{{id: a, line: 1, amount: {amount}, taxes: [{{id: vat, rate: {rate}, amount: {tax}}}]}}"


def told(book: str, folder: Path, declared: str = DECLARED) -> list[str]:
    """Line, code and message of all that is odd."""
    file = folder / "book.yaml"
    file.write_text(book, encoding="utf-8")
    versions = Versions([Resolver(policy(declared), "python")])
    found = billpolicy.check_book(versions, billpolicy.load_book(file))
    assert {one.severity for one in found} <= {"warning"}
    lines = [f"{one.position.line if one.position else '-'} {one.code}: {one.message}" for one in found]
    return [line.replace("account `paris`: ", "") for line in lines]


def test_each_value_is_told_once_where_it_first_stands(tmp_path: Path) -> None:
    """Paris and Lyon hold the same country."""
    assert told(BOOK, tmp_path) == [
        (
            "- field-unused: `account.segment` (account `wien`) is what conditions call it, and no name in a book; it "
            "is not used"
        ),
        "6 value-unusable: `FR` is none of the values of `account.country` that the policy lists: DE, AT",
        "6 value-unusable: `payment_term` is `Net 31`, but the policy declares no such payment term",
        (
            "6 value-unusable: `segment` is wrong: `huge` is not one of the values of `account.segment`; known here: "
            "`large`, `small`"
        ),
        "6 value-unusable: `sequence_set` is `FR`, but the policy declares no such sequence set",
    ]


def test_a_field_is_called_otherwise_in_a_book_than_in_a_policy(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(BOOK, encoding="utf-8")
    versions = Versions([Resolver(policy(DECLARED), "python")])
    hints = [one.hint for one in billpolicy.check_book(versions, billpolicy.load_book(file))]
    assert hints[0] == "write `segment`: in a book it stands without `account.`"


@pytest.mark.parametrize(
    ("amount", "rate", "tax", "odd"),
    [
        # 1000.00 at 19% is 190.00; a cent is how somebody rounds.
        ("1000.00", "0.19", "190.00", False),
        ("1000.00", "19", "190.00", False),
        ("1000.00", "0.19", "19.00", True),
        ("1000.00", "0.19", "190.01", False),
        ("1000.00", "0.19", "190.02", True),
        ("1000.00", "0.19", "-190.00", True),
        ("-1000.00", "0.19", "-190.00", False),
        # 0.35 at 7% is 0.0245.
        ("0.35", "0.07", "0.02", False),
        ("0.35", "0.07", "0.03", False),
        ("1000.00", "0", "0.00", False),
    ],
)
def test_a_tax_is_what_its_rate_gives(amount: str, rate: str, tax: str, odd: bool, tmp_path: Path) -> None:
    line = LINE.format(amount=amount, rate=rate, tax=tax)
    head = "accounts: [{id: bonn, currency: EUR}]\ninvoices:\n- {number: INV00000001, account: bonn, "
    book = f"{head}date: 2026-03-01, currency: EUR, items: [{line}]}}\n"
    found = told(book, tmp_path)
    assert [one.split(":")[0] for one in found] == (["3 tax-rate-differs"] if odd else [])


def test_what_a_discount_reduces_may_be_taxed_before_or_after_it(tmp_path: Path) -> None:
    line = LINE.format(amount="1000.00", rate="0.19", tax="171.00")  # 19% of 900.00
    head = "accounts: [{id: bonn, currency: EUR}]\ninvoices:\n- {number: INV00000001, account: bonn, "
    discount = "{id: d, line: 2, amount: -100.00, discounts: a}"
    assert told(f"{head}date: 2026-03-01, currency: EUR, items: [{line}, {discount}]}}\n", tmp_path) == []


def test_a_ledger_that_holds_a_country_by_its_name_says_so() -> None:
    """It may hold one since before countries were codes."""
    book = Book(accounts={"bonn": Account(id="bonn", currency="EUR", country="Germany")})
    (found,) = book_findings(book, policy())
    assert found.code == "value-unusable"
    assert "use the two-letter code `DE`" in found.message
    assert found.hint == "give it another one with `change_account`"


@pytest.mark.parametrize("asked", ["DE", "{none_of: [DE]}", "{is: set}"])
def test_nothing_is_decided_by_a_country_that_has_no_code(asked: str) -> None:
    """`Germany` is neither what is `DE` nor what is none of it, so a rule that asks for it decides nothing until the
    account is mended; where no rule asks, all goes on."""
    rule = (
        f"{{id: abroad, operations: [create_payment], when: {{account.country: {asked}}}, then: {{residual: first}}}}"
    )
    book = Book(accounts={"bonn": Account(id="bonn", currency="EUR", country="Germany")})
    pay = {"id": "p", "operation": "create_payment", "date": DAY, "account": "bonn", "amount": "5.00"}
    mend = {"id": "m", "operation": "change_account", "date": DAY, "account": "bonn", "country": "DE"}
    silent, asking = (Versions([Resolver(policy(text), "python")]) for text in ("", f"exceptions: [{rule}]\n"))
    assert billpolicy.plan(silent, book, pay).documents
    with pytest.raises(Refused) as refused:
        billpolicy.plan(asking, book, pay)
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.hint) == ("value-not-listed", "give it another one with `change_account`")
    assert "`abroad` asks for the country of account `bonn`: `Germany` is not a country code" in problem.message
    assert billpolicy.plan(asking, book, mend).changes


DAY = datetime.date(2026, 3, 1)


def test_planning_tells_it_once(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(BOOK, encoding="utf-8")
    versions = Versions([Resolver(policy(DECLARED), "python")])
    pay = {"operation": "create_payment", "date": datetime.date(2026, 3, 1), "account": "bonn", "amount": "5.00"}
    seen: list[billpolicy.Diagnostic] = []
    asked = [{"id": f"pay-{n}", **pay} for n in range(3)]
    list(billpolicy.plan_all(versions, billpolicy.load_book(file), asked, warn=seen.append))
    assert sorted(one.code for one in seen) == ["field-unused", *["value-unusable"] * 4]
