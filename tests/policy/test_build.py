"""Fields, conditions, scope, chains, settings and dates of a policy: docs/policy-language.md rules 1 to 7."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.model import ALWAYS, Chain, Clause, Effective, ExceptionRule, PaymentTerm, Policy, Setting
from tests.helpers.paths import STANDARD
from tests.helpers.scenes import HEAD, policy, refusals, refused_codes

FIELDS = """
fields:
  account.segment: {type: choice, values: [enterprise, business]}
  account.vip: {type: boolean}
  account.since: {type: date}
  account.seats: {type: integer}
  account.notice: {type: days}
  account.limit: {type: money}
  subscription.region: {type: text}
"""


def exception(when: str, *, operations: str = "write_off_invoice", more: str = "") -> str:
    return f"""
exceptions:
  - id: one
    operations: [{operations}]
    when: {when}
    then: {{bill_to_contact: [account]}}
{more}
"""


def own(found: Policy) -> list[ExceptionRule]:
    """The exceptions that the standard policy does not have."""
    return [rule for rule in found.exceptions if Path(rule.position.file).parent != STANDARD]


def the_exception(text: str) -> ExceptionRule:
    (found,) = own(policy(text))
    return found


def holds(when: str, **facts: Any) -> bool:
    """Whether a condition holds of facts; `account__country` is `account.country`."""
    boxes = the_exception(FIELDS + exception(when)).boxes
    named = {name.replace("__", "."): value for name, value in facts.items()}
    return any(all(values.allows(named.get(fact)) for fact, values in box.items()) for box in boxes)


def ordinal(day: str) -> int:
    return datetime.date.fromisoformat(day).toordinal()


# -- conditions (rules 1 and 2) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        # Equal and one of.
        ("{account.country: DE}", {"account__country": "DE"}, True),
        ("{account.country: DE}", {"account__country": "de"}, False),
        ("{account.country: [DE, AT]}", {"account__country": "AT"}, True),
        ("{account.country: {one_of: [DE, AT]}}", {"account__country": "FR"}, False),
        # Norway is a country, and not `false`: YAML 1.1 would read it so.
        ("{account.country: NO}", {"account__country": "NO"}, True),
        ("{account.id: 010}", {"account__id": "010"}, True),
        # None of; an unset field satisfies no comparison, not even this one.
        ("{account.country: {none_of: [DE, AT]}}", {"account__country": "FR"}, True),
        ("{account.country: {none_of: [DE, AT]}}", {"account__country": "DE"}, False),
        ("{account.country: {none_of: [DE, AT]}}", {}, False),
        ("{account.country: DE}", {}, False),
        # Presence: 0 and false are values.
        ("{account.seats: {is: set}}", {"account__seats": 0}, True),
        ("{account.vip: {is: set}}", {"account__vip": False}, True),
        ("{account.seats: {is: unset}}", {"account__seats": 0}, False),
        ("{account.seats: {is: unset}}", {}, True),
        ("{account.seats: {is: set}}", {}, False),
        # Numbers and dates, at their edges.
        ("{account.seats: {at_least: 5}}", {"account__seats": 5}, True),
        ("{account.seats: {above: 5}}", {"account__seats": 5}, False),
        ("{account.seats: {above: 5}}", {"account__seats": 6}, True),
        ("{account.seats: {at_most: 5}}", {"account__seats": 5}, True),
        ("{account.seats: {below: 5}}", {"account__seats": 5}, False),
        ("{account.seats: {at_least: 2, below: 5}}", {"account__seats": 4}, True),
        ("{account.seats: {at_least: 2, none_of: [3, 4]}}", {"account__seats": 4}, False),
        ("{account.seats: -3}", {"account__seats": -3}, True),
        ("{account.since: {below: 2026-01-01}}", {"account__since": ordinal("2025-12-31")}, True),
        ("{account.since: {below: 2026-01-01}}", {"account__since": ordinal("2026-01-01")}, False),
        ("{date: 2026-02-28}", {"date": ordinal("2026-02-28")}, True),
        # Lengths of time, at their edges; what is still ahead is not within any.
        ("{account.notice: {within: 30 days}}", {"account__notice": 30}, True),
        ("{account.notice: {within: 30 days}}", {"account__notice": 31}, False),
        ("{account.notice: {within: 30 days}}", {"account__notice": 0}, True),
        ("{account.notice: {within: 30 days}}", {"account__notice": -1}, False),
        ("{account.notice: {within: 30 days}}", {}, False),
        ("{account.notice: {within: 30 days, above: 7 days}}", {"account__notice": 7}, False),
        ("{account.notice: {above: 30 days}}", {"account__notice": 31}, True),
        ("{account.notice: {at_most: -1 days}}", {"account__notice": -1}, True),
        ("{account.notice: 1 day}", {"account__notice": 1}, True),
        # Booleans and choices.
        ("{account.vip: true}", {"account__vip": True}, True),
        ("{account.vip: false}", {"account__vip": True}, False),
        ("{account.segment: {none_of: [business]}}", {"account__segment": "enterprise"}, True),
        # Codes of countries and currencies, and how a payment was made, are closed lists.
        ("{account.currency: EUR}", {"account__currency": "EUR"}, True),
        ("{account.country: {none_of: [GB]}}", {"account__country": "DE"}, True),
        # All fields must hold.
        ("{account.country: DE, account.vip: true}", {"account__country": "DE", "account__vip": False}, False),
        ("{account.country: DE, account.vip: true}", {"account__country": "DE", "account__vip": True}, True),
        ("{}", {}, True),
    ],
)
def test_a_condition_holds_when_each_of_its_fields_does(when: str, facts: dict[str, Any], expected: bool) -> None:
    assert holds(when, **facts) is expected


@pytest.mark.parametrize(
    ("when", "minor", "currency", "expected"),
    [
        ("{amount: {at_least: 1000.00 EUR}}", 100000, "EUR", True),
        ("{amount: {at_least: 1000.00 EUR}}", 99999, "EUR", False),
        ("{amount: {above: 1000.00 EUR}}", 100001, "EUR", True),
        ("{amount: 1000 EUR}", 100000, "EUR", True),
        # An amount in another currency does not match, however large or small it is.
        ("{amount: {at_least: 1000.00 EUR}}", 900000, "USD", False),
        ("{amount: {below: 1000.00 EUR}}", 1, "USD", False),
        ("{amount: {none_of: [5.00 EUR]}}", 700, "USD", False),
        # Each currency has its own minor units: JPY 0, KWD 3.
        ("{amount: {at_least: 1000 JPY}}", 1000, "JPY", True),
        ("{amount: {at_least: 1.005 KWD}}", 1005, "KWD", True),
        ("{amount: {at_least: 1.005 KWD}}", 1004, "KWD", False),
        ("{amount: {is: set}}", 0, "USD", True),
    ],
)
def test_money_is_compared_in_its_own_currency(when: str, minor: int, currency: str, expected: bool) -> None:
    assert holds(when, amount=minor, amount__currency=currency) is expected


def test_an_exception_without_a_condition_always_holds() -> None:
    text = "exceptions: [{id: all, operations: [write_off_invoice], then: {bill_to_contact: [account]}}]"
    assert the_exception(text).boxes == ({},)


def test_a_condition_keeps_the_words_of_the_file() -> None:
    rule = the_exception(exception("{amount: {at_least: 10.00 EUR}, account.country: [DE, AT], reason: {is: unset}}"))
    assert [clause.text for clause in rule.clauses] == [
        "`amount` is at least 10.00 EUR",
        "`account.country` is one of DE, AT",
        "`reason` is unset",
    ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{account.notice: 30}", "`30` is not a length of time; write it in whole days, like `30 days`"),
        ("{account.notice: {within: 2 weeks}}", "`2 weeks` is not a length of time"),
        ("{account.notice: {within: 1.5 days}}", "`1.5 days` is not a length of time"),
        ("{account.notice: {within: -1 days}}", "no value of `account.notice` can be within -1 days"),
        ("{account.notice: {within: 3 days, above: 3 days}}", "can be within 3 days and above 3 days"),
        (
            "{account.seats: {within: 3 days}}",
            "`within` is of lengths of time, like `30 days`; `account.seats` is a whole number",
        ),
        ("{account.since: {within: 30 days}}", "`within` is of lengths of time"),
        ("{account.limit: {within: 30 days}}", "`account.limit` is an amount"),
        ("{account.name: {within: 30 days}}", "compares amounts, numbers, dates and lengths of time"),
    ],
)
def test_what_is_no_length_of_time_is_refused(when: str, said: str) -> None:
    (found,) = refusals(FIELDS + exception(when))
    assert found.code == "condition-wrong"
    assert said in found.message


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{account.country: Germany}", "`Germany` is not a country code of ISO 3166; use the two-letter code `DE`"),
        ("{account.country: [DE, uk]}", "`uk` is not a country code of ISO 3166; use the two-letter code `GB`"),
        ("{account.country: de}", "use the two-letter code `DE`"),
        ("{account.country: {none_of: [EU]}}", "`EU` is not a country code of ISO 3166; use its two letters"),
        ("{account.currency: EURO}", "`EURO` is not an ISO 4217 currency code, like `EUR`"),
        ("{account.currency: usd}", "like `USD`"),
        ("{credit_memo.currency: {none_of: [Euro]}}", "like `EUR`"),
        ("{amount: {above: 5.00 euros}}", "`5.00 euros` is not an amount with its currency; write `5.00 EUR`"),
    ],
)
def test_what_could_never_hold_is_refused(when: str, said: str) -> None:
    (found,) = refusals(FIELDS + exception(when, operations="reverse_credit_memo"))
    assert found.code == "condition-wrong"
    assert said in found.message


def test_how_a_payment_was_made_is_a_closed_list() -> None:
    (found,) = refusals(
        exception("{payment.type: Electronic}", operations="apply_payment").replace(
            "bill_to_contact: [account]", "allocation: fifo"
        )
    )
    assert found.message == "`Electronic` is not one of the values of `payment.type`; did you mean `electronic`?"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (
            "tax_rates: {vat: [{country: Germany, name: VAT, rate: 19%, from: 2026-01-01}]}",
            "use the two-letter code `DE`",
        ),
        ("cash_steps: {Euro: 0.05}", "like `EUR`"),
        ("batch_limits: {every_operation: {amounts: {EURO: 5.00}}}", "like `EUR`"),
    ],
)
def test_countries_and_currencies_are_codes_wherever_a_policy_names_them(declared: str, said: str) -> None:
    assert [said in found.message for found in refusals(declared)] == [True]


# -- scope (rule 3) ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        # docs/domain.md 1.2: a payment is put on many invoices, so it has none to ask about.
        (exception("{invoice.country: FR}", operations="create_payment"), "field-unknown", "`create_payment` has no"),
        (
            exception("{debit_memo.amount: 1.00 EUR}", operations="create_refund"),
            "field-unknown",
            "`debit_memo.amount`",
        ),
        (exception("{subscription.plan: a}", operations="credit_memo_from_charge"), "field-unknown", "subscription"),
        (exception("{credit_memo.reason: a}", operations="reverse_invoice"), "field-unknown", "credit_memo.reason"),
        (exception("{reason: a}", operations="create_payment"), "field-unknown", "`reason`"),
        # One of two operations does not have it.
        (exception("{invoice.amount: 1.00 EUR}", operations="write_off_invoice, create_payment"), "field-unknown", "r"),
        # docs/domain.md 1.1: a credit memo has no payment term; payments and refunds have neither term nor contact.
        ("operations: {write_off_invoice: {payment_term: [account]}}", "attribute-not-on-document", "credit memo"),
        ("operations: {create_payment: {bill_to_contact: [account]}}", "attribute-not-on-document", "makes payments"),
        ("operations: {create_refund: {payment_term: [account]}}", "attribute-not-on-document", "makes refunds"),
        # Levels that an operation does not have.
        ("operations: {create_payment: {sequence_set: [credit_memo]}}", "level-not-here", "no level `credit_memo`"),
        ("operations: {debit_memo_from_charge: {payment_term: [subscription]}}", "level-not-here", "subscription"),
        ("operations: {reverse_credit_memo: {bill_to_contact: [payment]}}", "level-not-here", "`payment`"),
        ("operations: {write_off_invoice: {bill_to_contact: [order_line_item]}}", "level-not-here", "order_line_item"),
        # Settings that an operation does not have.
        ("operations: {create_payment: {charged_through: keep}}", "decision-unknown", "`charged_through`"),
        ("operations: {reverse_invoice: {available_to_credit: none}}", "decision-unknown", "available_to_credit"),
    ],
)
def test_what_an_operation_does_not_have_is_an_error(text: str, code: str, said: str) -> None:
    found = {str(diagnostic.code): diagnostic.message for diagnostic in refusals(text)}
    assert said in found[code]


def test_a_custom_field_is_known_where_its_object_is() -> None:
    assert the_exception(FIELDS + exception("{subscription.region: north}")).facts
    not_here = exception("{subscription.region: north}", operations="credit_memo_from_charge")
    assert refused_codes(FIELDS + not_here) == ["field-unknown"]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("segment: {type: text}", "field-scope"),
        ("order.segment: {type: text}", "field-scope"),
        # An invoice of the book holds no custom values, so the field would be unset for ever.
        ("invoice.segment: {type: text}", "field-scope"),
        ("account.country: {type: text}", "field-known"),
        ("account.Segment: {type: text}", "field-name"),
        # Two facts would have one name: `account.limit` as money has `account.limit.currency`.
        ("account.limit.currency: {type: text}", "field-name"),
        ("account.tier: {type: choice}", "field-values"),
        ("account.tier: {type: text, values: [a]}", "field-values"),
        ("account.tier: {type: float}", "value-not-allowed"),
        ("account.tier: {kind: text}", "key-unknown"),
        ("account.tier: {}", "key-missing"),
    ],
)
def test_a_custom_field_is_declared_with_an_object_a_name_and_one_type(field: str, code: str) -> None:
    assert code in refused_codes(f"fields: {{{field}}}")


# -- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when",
    [
        "{account.country: {at_least: DE}}",  # text has no order
        "{account.vip: {above: false}}",
        "{account.segment: Enterprise}",
        "{account.segment: {none_of: [enterprise, business]}}",  # nothing is left
        "{account.seats: five}",
        "{account.seats: 5.0}",
        "{account.seats: '5'}",
        "{account.vip: yes}",
        "{account.since: 2026-02-30}",
        "{account.since: {below: 0001-01-01}}",  # no day of the calendar is
        "{account.since: {above: 9999-12-31}}",
        "{amount: 1000.00}",  # names no currency
        "{amount: 10.001 EUR}",
        "{amount: 10.5 JPY}",
        "{amount: {at_least: 10 EUR, at_most: 20 USD}}",
        "{amount: {above: 20 EUR, below: 10 EUR}}",
        "{amount: {above: [20 EUR, 30 USD], below: [40 EUR, 30 USD]}}",  # nothing is left in dollars
        "{amount: {above: [20 EUR, 30 USD], below: 40 EUR}}",  # currencies of both
        "{amount: {above: [20 EUR, 30 EUR]}}",
        "{amount: {above: [20 EUR, 30.001 USD]}}",
        "{account.seats: {above: [5, 6]}}",
        "{account.since: {above: [2026-01-01, 2026-02-01]}}",
        "{account.seats: {above: 5, other_currencies: holds}}",
        "{account.country: {one_of: [DE], other_currencies: fails}}",
        "{account.seats: {above: 5, below: 6}}",
        "{reason: No such code}",
    ],
)
def test_a_value_that_is_not_of_the_type_of_its_field_is_an_error(when: str) -> None:
    assert refused_codes(FIELDS + exception(when)) == ["condition-wrong"]


@pytest.mark.parametrize(
    "when",
    [
        "{reason: null}",
        "{reason: []}",
        "{reason: {}}",
        "{reason: {one_of: Write-off}}",
        "{reason: {is: Write-off}}",
        "{reason: {is: set, one_of: [Write-off]}}",
        "{amount: {above: []}}",
        "{amount: {above: [[1 EUR]]}}",
        "{amount: {above: 1 EUR, other_currencies: yes}}",
        "{amount: {above: 1 EUR, other_currencies: [holds]}}",
        "{amount: {other_currencies: holds}}",
        "{amount: {is: set, other_currencies: holds}}",
        "{amount: {more_than: 1 EUR}}",
    ],
)
def test_a_condition_has_one_of_the_known_forms(when: str) -> None:
    assert refused_codes(exception(when)) == ["value-wrong"]


# -- decisions -----------------------------------------------------------------------------------------------------


def test_chains_and_settings_have_a_short_and_a_long_form() -> None:
    short = policy("operations: {write_off_invoice: {bill_to_contact: [account], item_limit: 5}}")
    long = policy(
        "operations: {write_off_invoice: {bill_to_contact: {from: [account], because: a}, "
        "item_limit: {is: 5, because: b}}}"
    )
    for found, contact, limit in ((short, None, None), (long, "a", "b")):
        assert found.base["write_off_invoice", "bill_to_contact"].outcome == Chain(("account",))
        assert found.base["write_off_invoice", "bill_to_contact"].because == contact
        assert found.base["write_off_invoice", "item_limit"].outcome == Setting(5)
        assert found.base["write_off_invoice", "item_limit"].because == limit


def test_because_of_an_operation_is_the_reason_of_all_that_has_none_of_its_own() -> None:
    found = policy(
        "operations: {write_off_invoice: {because: shared, item_limit: 5, charged_through: {is: keep, because: own}}}"
    )
    assert found.base["write_off_invoice", "item_limit"].because == "shared"
    assert found.base["write_off_invoice", "charged_through"].because == "own"
    # What the base policy said keeps the reason that it was given there.
    assert found.base["write_off_invoice", "zero_balance_items"].because != "shared"


def test_the_reason_of_an_exception_stands_beside_what_it_changes() -> None:
    then = "{bill_to_contact: {from: [account]}, over_credit: {is: refuse, because: FIN-10}}"
    rule = f"id: e, operations: [write_off_invoice], when: {{reason: Write-off}}, then: {then}, because: FIN-8"
    assert refused_codes(f"exceptions: [{{{rule}}}]") == ["because-wrong"]


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ("bill_to_contact: account", "chain-wanted"),
        ("bill_to_contact: []", "chain-empty"),
        ("bill_to_contact: [account, account]", "level-repeated"),
        ("bill_to_contact: [acount]", "level-unknown"),
        ("item_limit: [account]", "value-wanted"),
        ("item_limit: many", "value-wrong"),
        ("item_limit: 0", "value-wrong"),
        ("charged_through: perhaps", "value-not-allowed"),
        ("reason_code: No such code", "value-not-allowed"),
        ("reason_code: Standard Refund", "value-not-allowed"),  # a code of refunds, not of credit memos
        ("because: [a]", "because-wrong"),
        ("bill_to_contact: {is: account}", "chain-wanted"),
        ("bill_to_contact: {from: account}", "value-wrong"),
        ("bill_to_contact: {levels: [account]}", "value-wrong"),
    ],
)
def test_a_decision_is_of_the_kind_that_its_key_wants(decision: str, code: str) -> None:
    assert refused_codes(f"operations: {{write_off_invoice: {{{decision}}}}}") == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("exceptions: [{id: a, operations: [], then: {bill_to_contact: [account]}}]", "operations-empty"),
        ("exceptions: [{id: a, operations: [write_off_invoice], then: {}}]", "then-empty"),
        (exception("{}", operations="write_off_invoice, write_off_invoice"), "operation-repeated"),
        (exception("{}", operations="write_off"), "operation-unknown"),
        ("operations: {write_off: {}}", "operation-unknown"),
        (exception("{}", more="    effective: {from: 2026-02-01, until: 2026-02-01}"), "effective-empty"),
        (exception("{}", more="    effective: {from: 2026-02-01, until: 2026-01-01}"), "effective-empty"),
        (exception("{}", more="    effective: {until: 2026-01-01}"), "key-missing"),
    ],
)
def test_an_exception_names_operations_changes_something_and_is_in_force_some_day(text: str, code: str) -> None:
    assert refused_codes(text) == [code]


# -- dates (rule 7) ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-06-30", False), ("2026-07-01", True), ("2026-12-31", True), ("2027-01-01", False)],
)
def test_an_exception_is_in_force_from_its_first_day_until_before_its_last(day: str, expected: bool) -> None:
    rule = the_exception(exception("{}", more="    effective: {from: 2026-07-01, until: 2027-01-01}"))
    assert rule.effective.includes(datetime.date.fromisoformat(day)) is expected


def test_dates_are_open_ended_by_default() -> None:
    assert the_exception(exception("{}")).effective == ALWAYS
    from_ = datetime.date(2026, 7, 1)
    assert the_exception(exception("{}", more="    effective: {from: 2026-07-01}")).effective == Effective(from_)
    assert policy().effective == Effective(datetime.date(2000, 1, 1))


# -- payment terms, sequence sets ----------------------------------------------------------------------------------


def test_payment_terms_are_net_or_proximo() -> None:
    terms = policy("payment_terms: {Net 45: {net: 45}, Mid: {proximo: {due_day: 15, cutoff_day: 20}}}").payment_terms
    assert (terms["Net 45"].net, terms["Net 45"].due_day) == (45, None)
    assert (terms["Mid"].net, terms["Mid"].due_day, terms["Mid"].cutoff_day) == (None, 15, 20)
    assert terms["Due Upon Receipt"].net == 0  # of the standard policy


@pytest.mark.parametrize(
    "term",
    [
        "{net: -1}",
        "{net: 3661}",
        "{proximo: {due_day: 0}}",
        "{proximo: {due_day: 32}}",
        "{proximo: {due_day: 1, cutoff_day: 32}}",
        "{proximo: {due_day: 1, months: 0}}",
        "{proximo: {due_day: 1, months: 121}}",
        "{months: 0}",
        "{months: 121}",
        "{end_of_month: true, day: 0}",
        "{end_of_month: true, day: 32}",
        "{end_of_month: true, days_after: -1}",
        "{end_of_month: true, days_after: 3661}",
    ],
)
def test_a_payment_term_is_within_reach(term: str) -> None:
    assert refused_codes(f"payment_terms: {{T: {term}}}") == ["payment-term-range"]


@pytest.mark.parametrize(
    "term",
    [
        "{}",
        "{end_of_month: false}",
        "{net: 30, proximo: {due_day: 1}}",
        "{months: 1, proximo: {due_day: 1}}",
        "{end_of_month: true, proximo: {due_day: 1}}",
        "{net: 30, months: 1}",
        "{day: 10}",
        "{net: 30, day: 10}",
        "{net: 30, days_after: 10}",
        "{end_of_month: true, day: 10, days_after: 10}",
    ],
)
def test_a_payment_term_is_counted_in_one_way(term: str) -> None:
    assert refused_codes(f"payment_terms: {{T: {term}}}") == ["payment-term-kind"]


def test_instalments_are_refused_with_what_to_do() -> None:
    (found,) = refusals("payment_terms: {Split: [{net: 30}, {net: 60}]}")
    assert found.code == "value-wrong"
    assert "instalments" in (found.hint or "")


def test_a_reason_code_has_at_most_25_characters() -> None:
    assert policy(f"reason_codes: {{refund: [Standard Refund, {'x' * 25}]}}")
    assert refused_codes(f"reason_codes: {{refund: [Standard Refund, {'x' * 26}]}}") == ["reason-code-long"]


# -- the order of lines never matters (rule 5) ---------------------------------------------------------------------

ALL_SECTIONS = {
    "attributes": {"invoice_template": "{documents: [invoice]}", "logo": "{documents: [invoice]}"},
    "defaults": {"payment_term": "Net 30", "logo": "plain"},
    "fields": {"account.segment": "{type: text}", "account.vip": "{type: boolean}"},
    "operations": {
        "write_off_invoice": "{item_limit: 5, charged_through: keep}",
        "create_payment": "{document_limit: 7, allocation: fifo}",
        "bill_run": "{invoice_template: [account], logo: [account, default]}",
    },
    "sequence_sets": {
        "DE": "{invoice: {prefix: DE-INV}, credit_memo: {prefix: DE-CM}, debit_memo: {prefix: DE-DM}}",
        "AT": "{debit_memo: {prefix: AT-DM}, invoice: {prefix: AT-INV}, credit_memo: {prefix: AT-CM}}",
    },
    "payment_terms": {"Net 45": "{net: 45}", "Net 15": "{net: 15}"},
    "batch_limits": {
        "write_off_invoice": "{count: 500, amounts: {USD: 9.00, EUR: 25000.00}}",
        "every_operation": "{count: 20000}",
    },
}
BOTH = "{bill_to_contact: [account], sequence_set: [account, default]}"
EXCEPTIONS = [
    f"{{id: c, operations: [write_off_invoice, reverse_invoice], overrides: [a, b], then: {BOTH}}}",
    "{id: a, operations: [write_off_invoice], when: {account.country: DE}, then: {bill_to_contact: [invoice]}}",
    "{id: b, operations: [write_off_invoice], when: {account.segment: gold}, then: {bill_to_contact: [invoice]}}",
]
FOLLOW_UPS = [
    "{id: y, after: invoice_posted, when: {invoice.balance_is: below_zero}, then: transfer_negative_invoice}",
    "{id: x, after: credit_increased, then: apply_credit_balance, if_refused: leave_out}",
    "{id: write-off-on-cancellation, then: nothing}",
]


def written(shuffle: Callable[[list[str]], None]) -> str:
    sections = []
    for section, entries in ALL_SECTIONS.items():
        lines = [f"  {name}: {value}" for name, value in entries.items()]
        shuffle(lines)
        sections.append("\n".join([f"{section}:", *lines]))
    for section, rules in (("exceptions", list(EXCEPTIONS)), ("follow_ups", list(FOLLOW_UPS))):
        shuffle(rules)
        sections.append("\n".join([f"{section}:", *(f"  - {each}" for each in rules)]))
    shuffle(sections)
    return "\n".join(sections)


def without_places(value: Any) -> Any:
    """A policy as plain data without positions, file names and digest; its mappings as lists, so that order counts."""
    if isinstance(value, Position):
        return None
    if isinstance(value, Clause):
        return value.field, value.text, repr([sorted(box.items()) for box in value.boxes])
    if isinstance(value, ExceptionRule | Policy):
        skipped = ("digest", "files", "own_files", "folders", "file_digests", "layers", "box")
        return [(name, without_places(held)) for name, held in vars(value).items() if name not in skipped]
    if hasattr(value, "__dataclass_fields__"):
        return [(name, without_places(getattr(value, name))) for name in value.__dataclass_fields__]
    if isinstance(value, dict):
        return [(key, without_places(held)) for key, held in value.items()]
    if isinstance(value, tuple):
        return [without_places(held) for held in value]
    return value


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_sections_keys_and_exceptions_gives_the_same_policy(seed: int) -> None:
    as_written = without_places(policy(written(lambda lines: None)))
    shuffled = without_places(policy(written(random.Random(seed).shuffle)))
    assert shuffled == as_written


def test_every_rule_knows_where_it_stands() -> None:
    found = policy("operations:\n  write_off_invoice:\n    item_limit: 5\n" + exception("{}").strip())
    lines = HEAD.count("\n")
    assert found.base["write_off_invoice", "item_limit"].position.line == lines + 3
    (rule,) = own(found)
    assert rule.position.line == lines + 5
    assert rule.then_at["bill_to_contact"].line == lines + 8
    term = policy("payment_terms: {Net 45: {net: 45}}").payment_terms["Net 45"]
    assert isinstance(term, PaymentTerm)
    assert (term.position.line, term.position.column) == (lines + 1, 17)
