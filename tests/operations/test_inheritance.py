"""Which level each operation takes each attribute from: docs/domain.md 1.2, on the standard policy.

In the book here each level holds another value: contact `of-invoice`, term `of-invoice` (net 10) and set I on
the invoice; `of-subscription`, net 20 and S on the subscription; `of-account`, net 40 and A on the account; M on the
credit memo.
"""

from __future__ import annotations

import datetime

import pytest

from billpolicy.book.model import CreditMemo, DebitMemo
from tests.helpers.plan_views import credit_memo, debit_memo, payment, refund
from tests.helpers.scenes import plan, policy, refused, run

LEVELS = ("invoice", "credit_memo", "subscription", "account")

# Each level has its own contact, payment term and sequence set; DEFAULT is the standard policy's.
POLICY = """
payment_terms:
  of-invoice: {net: 10}
  of-subscription: {net: 20}
  of-account: {net: 40}
sequence_sets:
""" + "".join(
    f"  {name}: {{invoice: {{prefix: {name}-INV}}, credit_memo: {{prefix: {name}-CM}}, "
    f"debit_memo: {{prefix: {name}-DM}}{more}}}\n"
    for name, more in (
        ("I", ""),
        ("M", ""),
        ("S", ", payment: {prefix: S-PAY}, refund: {prefix: S-REF}"),
        ("A", ", payment: {prefix: A-PAY}, refund: {prefix: A-REF}"),
        ("N", ""),
    )
)


def book(
    *,
    invoice: str = "{bill_to_contact: of-invoice, payment_term: of-invoice, sequence_set: I}",
    subscription: str = "{bill_to_contact: of-subscription, payment_term: of-subscription, sequence_set: S}",
    account: str = "{bill_to_contact: of-account, payment_term: of-account, sequence_set: A}",
    credit_memo: str = "{bill_to_contact: of-memo, sequence_set: M}",
    more: str = "",
) -> str:
    """An account with an invoice of 120.00 (tax included), a credit memo of 12.00 and a payment of 50.00."""
    return f"""
accounts:
  - {{id: acme, currency: USD, country: US, attributes: {account}}}
contacts:
  - {{id: of-invoice, account: acme}}
  - {{id: of-memo, account: acme}}
  - {{id: of-subscription, account: acme}}
  - {{id: of-account, account: acme}}
  - {{id: of-request, account: acme}}
charges:
  - {{id: setup, name: Setup}}
  - {{id: training, name: Training}}
subscriptions:
  - id: cloud
    account: acme
    attributes: {subscription}
    charges: [{{id: seats, charged_through: 2026-04-01}}]
invoices:
  - number: INV-7
    account: acme
    date: 2026-03-01
    currency: USD
    attributes: {invoice}
    items:
      - id: seats
        subscription: cloud
        subscribed_charge: seats
        quantity: 10
        unit_price: 10.00
        amount: 100.00
        service_start: 2026-03-01
        service_end: 2026-03-31
        taxes: [{{id: vat, name: VAT, rate: 0.20, jurisdiction: NY, amount: 20.00}}]
credit_memos:
  - number: CM-7
    account: acme
    date: 2026-03-05
    currency: USD
    attributes: {credit_memo}
    items: [{{id: "1", subscription: cloud, amount: 12.00}}]
payments:
  - {{number: PAY-7, account: acme, date: 2026-03-10, currency: USD, amount: 50.00}}
{more}"""


CREDIT = "operation: credit_memo_from_invoice\ndate: 2026-05-01\ninvoice: INV-7"
DEBIT = "operation: debit_memo_from_invoice\ndate: 2026-05-01\ninvoice: INV-7\nitems: [{item: seats, amount: 5.00}]"
WRITE_OFF = "operation: write_off_invoice\ndate: 2026-05-01\ninvoice: INV-7"
REVERSE = "operation: reverse_invoice\ndate: 2026-05-01\ninvoice: INV-7"
REVERSE_MEMO = "operation: reverse_credit_memo\ndate: 2026-05-01\ncredit_memo: CM-7"
CHARGE = "date: 2026-05-01\naccount: acme\ncharges: [{charge: setup, amount: 5.00}]"
CREDIT_CHARGE = "operation: credit_memo_from_charge\n" + CHARGE
DEBIT_CHARGE = "operation: debit_memo_from_charge\n" + CHARGE
PAY = "operation: create_payment\ndate: 2026-05-01\naccount: acme\namount: 5.00"
REFUND = "operation: create_refund\ndate: 2026-05-01\nof: PAY-7\namount: 5.00"
REFUND_MEMO = "operation: create_refund\ndate: 2026-05-01\nof: CM-7\namount: 5.00"

NONE = "{}"
NULLS = "{bill_to_contact: null, payment_term: null, sequence_set: null}"


@pytest.mark.parametrize("operation", [CREDIT, WRITE_OFF, REVERSE])
def test_credit_memos_about_an_invoice_take_its_contact_and_its_numbers(operation: str) -> None:
    # docs/domain.md use cases 1, 3 and 4: "instead of the default bill-to contact and sequence set on the account".
    memo = credit_memo(plan(book(), operation, policy=POLICY))
    assert memo.number == "I-CM00000001"
    assert memo.attributes == {"bill_to_contact": "of-invoice", "sequence_set": "I"}


def test_a_debit_memo_from_an_invoice_takes_all_three_of_it() -> None:
    # docs/domain.md use case 2.
    memo = debit_memo(plan(book(), DEBIT, policy=POLICY))
    assert memo.number == "I-DM00000001"
    assert memo.attributes == {"bill_to_contact": "of-invoice", "payment_term": "of-invoice", "sequence_set": "I"}
    assert memo.due_date == datetime.date(2026, 5, 11)  # 10 days after the memo date, not the invoice's


def test_a_credit_memo_reversal_takes_the_subscriptions_contact_and_the_accounts_term() -> None:
    # docs/domain.md use case 5, 1.2 row 9: the sequence set is left open there, the standard policy takes the memo's.
    memo = debit_memo(plan(book(), REVERSE_MEMO, policy=POLICY))
    assert memo.number == "M-DM00000001"
    assert memo.attributes == {"bill_to_contact": "of-subscription", "payment_term": "of-account", "sequence_set": "M"}
    assert memo.due_date == datetime.date(2026, 6, 10)  # 40 days after 1 May


def test_memos_from_charges_take_the_accounts_values_and_store_none_of_them() -> None:
    # docs/domain.md use case 6, 1.4: the fields on such memos stay empty, so the account's current values count.
    credit, debit = run(book(), CREDIT_CHARGE, DEBIT_CHARGE, policy=POLICY)
    assert credit.plan is not None
    assert debit.plan is not None
    for planned, number in ((credit.plan, "A-CM00000001"), (debit.plan, "A-DM00000001")):
        (one,) = planned.documents
        assert one.document.number == number
        assert one.document.attributes == {"sequence_set": "A"}  # only what numbered it, which never changes
        assert one.resolved.resolutions["bill_to_contact"].value == "of-account"
    memo = debit.plan.documents[0].document
    assert isinstance(memo, DebitMemo)
    assert memo.due_date == datetime.date(2026, 6, 10)  # net 40


def test_with_snapshot_binding_they_store_the_accounts_values() -> None:
    snapshot = POLICY + "operations: {debit_memo_from_charge: {attribute_binding: snapshot}}"
    memo = debit_memo(plan(book(), DEBIT_CHARGE, policy=snapshot))
    assert memo.attributes == {"bill_to_contact": "of-account", "payment_term": "of-account", "sequence_set": "A"}


def test_payments_and_refunds_take_the_accounts_set_and_never_the_invoices() -> None:
    # docs/domain.md use case 7.
    pay = PAY + "\napply: [{document: INV-7, amount: 5.00}]"
    assert payment(plan(book(), pay, policy=POLICY)).number == "A-PAY00000001"
    assert refund(plan(book(), REFUND, policy=POLICY)).number == "A-REF00000001"
    assert refund(plan(book(), REFUND_MEMO, policy=POLICY)).number == "A-REF00000001"
    # docs/domain.md 1.1: neither has a field for it.
    assert payment(plan(book(), pay, policy=POLICY)).attributes == {}
    assert refund(plan(book(), REFUND, policy=POLICY)).attributes == {}


# -- fallbacks (docs/domain.md 1.3) --------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [NONE, NULLS])
@pytest.mark.parametrize("operation", [CREDIT, WRITE_OFF, REVERSE])
def test_an_invoice_without_values_leaves_it_to_the_account_and_then_to_the_default(
    operation: str, nothing: str
) -> None:
    # Not to the subscription: it is not in the chain.
    memo = credit_memo(plan(book(invoice=nothing), operation, policy=POLICY))
    assert memo.attributes == {"bill_to_contact": "of-account", "sequence_set": "A"}
    without_set = book(invoice=nothing, account="{bill_to_contact: of-account}")
    memo = credit_memo(plan(without_set, operation, policy=POLICY))
    assert (memo.number, memo.attributes["sequence_set"]) == ("CM00000001", "DEFAULT")


@pytest.mark.parametrize("nothing", [NONE, NULLS])
def test_a_debit_memo_from_an_invoice_without_values_leaves_them_to_the_account(nothing: str) -> None:
    memo = debit_memo(plan(book(invoice=nothing), DEBIT, policy=POLICY))
    assert memo.attributes == {"bill_to_contact": "of-account", "payment_term": "of-account", "sequence_set": "A"}
    # docs/domain.md 1.3 point 6: an account without a term is due upon receipt.
    memo = debit_memo(plan(book(invoice=nothing, account="{bill_to_contact: of-account}"), DEBIT, policy=POLICY))
    assert memo.attributes["payment_term"] == "Due Upon Receipt"
    assert memo.due_date == datetime.date(2026, 5, 1)


@pytest.mark.parametrize("nothing", [NONE, NULLS])
def test_a_reversed_credit_memo_without_values_leaves_them_to_the_account(nothing: str) -> None:
    memo = debit_memo(plan(book(subscription=nothing, credit_memo=nothing), REVERSE_MEMO, policy=POLICY))
    assert memo.attributes == {"bill_to_contact": "of-account", "payment_term": "of-account", "sequence_set": "A"}


@pytest.mark.parametrize("operation", [CREDIT, DEBIT, WRITE_OFF, REVERSE])
def test_without_a_contact_on_any_level_the_operation_is_refused(operation: str) -> None:
    assert refused(book(invoice=NULLS, account=NULLS), operation, policy=POLICY) == ["chain-exhausted"]


@pytest.mark.parametrize(
    ("account", "pay", "back"),
    [
        # G19: a set without prefixes for payments and refunds leaves them to DEFAULT's.
        ("{sequence_set: N}", "P-00000001", "R-00000001"),
        ("{}", "P-00000001", "R-00000001"),
        ("{sequence_set: S}", "S-PAY00000001", "S-REF00000001"),
    ],
)
def test_payments_and_refunds_fall_back_to_the_prefixes_of_the_default_set(account: str, pay: str, back: str) -> None:
    found = book(account=account)
    assert payment(plan(found, PAY, policy=POLICY)).number == pay
    assert refund(plan(found, REFUND, policy=POLICY)).number == back


def test_without_any_prefix_payments_are_numbered_with_p_and_refunds_with_r() -> None:
    # docs/domain.md 1.3 point 5: the last resort are the literals.
    bare = POLICY + "  DEFAULT: {invoice: {prefix: INV}, credit_memo: {prefix: CM}, debit_memo: {prefix: DM}}\n"
    assert "payment" not in policy(bare).sequence_sets["DEFAULT"].series
    assert payment(plan(book(account=NONE), PAY, policy=bare)).number == "P-00000001"
    assert refund(plan(book(account=NONE), REFUND, policy=bare)).number == "R-00000001"


# -- the request level ---------------------------------------------------------------------------------------------

REQUEST = "\nattributes: {bill_to_contact: of-request}"


def test_a_request_is_heard_where_the_policy_takes_the_value_from_it() -> None:
    # docs/domain.md 1.2 row 6: a debit memo from an invoice also takes an explicit bill-to contact.
    assert debit_memo(plan(book(), DEBIT + REQUEST, policy=POLICY)).attributes["bill_to_contact"] == "of-request"
    asked = "operations: {credit_memo_from_invoice: {bill_to_contact: [request, invoice]}}"
    memo = credit_memo(plan(book(), CREDIT + REQUEST, policy=POLICY + asked))
    assert memo.attributes["bill_to_contact"] == "of-request"


@pytest.mark.parametrize("operation", [CREDIT, WRITE_OFF, REVERSE, REVERSE_MEMO, CREDIT_CHARGE, DEBIT_CHARGE])
def test_a_request_that_the_policy_does_not_hear_is_refused_and_not_ignored(operation: str) -> None:
    assert refused(book(), operation + REQUEST, policy=POLICY) == ["request-not-heard"]


def test_a_request_of_nothing_is_no_request() -> None:
    nothing = "\nattributes: {bill_to_contact: null}"
    assert credit_memo(plan(book(), CREDIT + nothing, policy=POLICY)).attributes["bill_to_contact"] == "of-invoice"
    assert debit_memo(plan(book(), DEBIT + nothing, policy=POLICY)).attributes["bill_to_contact"] == "of-invoice"


@pytest.mark.parametrize(
    ("operation", "attribute"),
    [(CREDIT, "payment_term: Net 30"), (PAY, "bill_to_contact: of-request"), (CREDIT, "item_limit: 5")],
)
def test_a_request_for_an_attribute_that_the_document_does_not_have_is_refused(operation: str, attribute: str) -> None:
    assert refused(book(), f"{operation}\nattributes: {{{attribute}}}", policy=POLICY) == ["attribute-not-here"]


# -- values must name something ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ("{bill_to_contact: nobody}", ["contact-unknown"]),
        ("{bill_to_contact: stranger}", ["contact-unknown"]),  # of another account
        ("{payment_term: Net 7}", ["payment-term-unknown"]),
        ("{sequence_set: X}", ["sequence-set-unknown"]),
        ("{bill_to_contact: nobody, payment_term: Net 7}", ["contact-unknown", "payment-term-unknown"]),
    ],
)
def test_a_value_that_names_nothing_is_refused(values: str, codes: list[str]) -> None:
    other = "  - {id: stranger, account: other}\n"
    found = book(invoice=values).replace("contacts:\n", "  - {id: other, currency: USD}\ncontacts:\n" + other)
    assert refused(found, DEBIT, policy=POLICY) == codes


# -- several subscriptions on one invoice --------------------------------------------------------------------------

FROM_SUBSCRIPTION = (
    POLICY
    + """
operations:
  credit_memo_from_invoice: {bill_to_contact: [subscription, invoice, account]}
"""
)


def two_subscriptions(other: str) -> str:
    return (
        book()
        .replace("invoices:\n", f"  - {{id: disk, account: acme, attributes: {other}}}\ninvoices:\n")
        .replace("credit_memos:\n", "      - {id: disk, subscription: disk, amount: 10.00}\ncredit_memos:\n")
    )


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("{bill_to_contact: of-subscription}", "of-subscription"),  # they agree
        ("{bill_to_contact: of-memo}", None),
        ("{}", None),  # one has a value and one has none: that is no agreement either
    ],
)
def test_subscriptions_that_do_not_agree_have_no_value_to_take(other: str, expected: str | None) -> None:
    found = two_subscriptions(other)
    if expected is None:
        assert refused(found, CREDIT, policy=FROM_SUBSCRIPTION) == ["level-ambiguous"]
    else:
        assert credit_memo(plan(found, CREDIT, policy=FROM_SUBSCRIPTION)).attributes["bill_to_contact"] == expected


def test_subscriptions_that_do_not_agree_do_no_harm_where_another_level_comes_first() -> None:
    memo = credit_memo(plan(two_subscriptions("{bill_to_contact: of-memo}"), CREDIT, policy=POLICY))
    assert memo.attributes["bill_to_contact"] == "of-invoice"


def test_two_subscriptions_without_a_value_leave_it_to_the_next_level() -> None:
    found = two_subscriptions("{}").replace("{bill_to_contact: of-subscription, payment", "{payment")
    memo = credit_memo(plan(found, CREDIT, policy=FROM_SUBSCRIPTION))
    assert memo.attributes["bill_to_contact"] == "of-invoice"


# -- exceptions end to end -----------------------------------------------------------------------------------------


def test_a_custom_attribute_works_end_to_end_without_a_change_of_code() -> None:
    declared = (
        POLICY
        + """
attributes:
  invoice_template: {documents: [invoice, credit_memo]}
defaults: {invoice_template: Plain}
operations:
  credit_memo_from_invoice: {invoice_template: [invoice, account, default]}
  credit_memo_from_charge: {invoice_template: [account, default]}
  credit_only: {invoice_template: [invoice, default]}
  credit_rebill: {invoice_template: [invoice, default]}
  write_off_invoice: {invoice_template: [default]}
  write_off_debit_memo: {invoice_template: [debit_memo, default]}
  reverse_invoice: {invoice_template: [account, default]}
  bill_run: {invoice_template: [subscription, account, default]}
"""
    )
    found = book(invoice="{bill_to_contact: of-invoice, invoice_template: Fancy}")
    assert credit_memo(plan(found, CREDIT, policy=declared)).attributes["invoice_template"] == "Fancy"
    assert credit_memo(plan(found, WRITE_OFF, policy=declared)).attributes["invoice_template"] == "Plain"
    assert credit_memo(plan(book(), CREDIT, policy=declared)).attributes["invoice_template"] == "Plain"


def test_a_money_field_of_subscriptions_is_known_only_where_both_amount_and_currency_agree() -> None:
    declared = (
        POLICY
        + """
fields: {subscription.limit: {type: money}}
exceptions:
  - id: limited
    operations: [credit_memo_from_invoice]
    when: {subscription.limit: {is: set}}
    then: {bill_to_contact: [account]}
"""
    )
    same_number = two_subscriptions("{}, custom: {limit: 100.00 EUR}").replace(
        "attributes: {bill_to_contact: of-subscription,", "custom: {limit: 100.00 USD}\n    attributes: {"
    )
    memo = credit_memo(plan(same_number, CREDIT, policy=declared))
    assert memo.attributes["bill_to_contact"] == "of-invoice"
    same = same_number.replace("100.00 EUR", "100.00 USD")
    assert credit_memo(plan(same, CREDIT, policy=declared)).attributes["bill_to_contact"] == "of-account"


@pytest.mark.parametrize(
    ("kind", "written", "condition", "matches"),
    [
        ("integer", "0", "{above: 5}", False),
        ("integer", "10", "{above: 5}", True),
        ("boolean", "true", "true", True),
        ("boolean", "false", "{is: set}", True),  # false is a value
        ("boolean", "null", "{is: unset}", True),
        ("date", "2025-12-31", "{below: 2026-01-01}", True),
        ("days", "30 days", "{within: 30 days}", True),
        ("days", "31 days", "{within: 30 days}", False),
        ("days", "0 days", "{within: 30 days}", True),
        ("days", "-1 days", "{within: 30 days}", False),  # it is still ahead
        ("days", "1 day", "1 days", True),
        ("days", "10 days", "{above: 9 days}", True),  # 10 is more than 9, though not as a text
        ("money", "1000.00 USD", "{at_least: 1000.00 USD}", True),
        ("money", "1000.00 EUR", "{at_least: 1000.00 USD}", False),
        ("text", "NO", "NO", True),
    ],
)
def test_custom_values_of_every_type_are_compared_as_what_they_are(
    kind: str, written: str, condition: str, matches: bool
) -> None:
    declared = (
        POLICY
        + f"""
fields: {{account.own: {{type: {kind}}}}}
exceptions:
  - id: own
    operations: [credit_memo_from_invoice]
    when: {{account.own: {condition}}}
    then: {{bill_to_contact: [account]}}
"""
    )
    found = book().replace("country: US,", f"country: US, custom: {{own: {written}}},")
    memo = credit_memo(plan(found, CREDIT, policy=declared))
    assert (memo.attributes["bill_to_contact"] == "of-account") is matches


def test_the_document_date_selects_the_exception_and_never_today() -> None:
    dated = (
        POLICY
        + """
exceptions:
  - id: in-may
    operations: [credit_memo_from_invoice]
    effective: {from: 2026-05-01, until: 2026-06-01}
    then: {bill_to_contact: [account]}
"""
    )
    for date, contact in (
        ("2026-04-30", "of-invoice"),
        ("2026-05-01", "of-account"),
        ("2026-05-31", "of-account"),
        ("2026-06-01", "of-invoice"),
    ):
        memo = credit_memo(plan(book(), CREDIT.replace("2026-05-01", date), policy=dated))
        assert memo.attributes["bill_to_contact"] == contact
    # An operation without a date is dated on the day of planning.
    undated = CREDIT.replace("date: 2026-05-01\n", "")
    today = datetime.date(2026, 5, 31)
    memo = credit_memo(plan(book(), undated, policy=dated, today=today))
    assert (memo.date, memo.attributes["bill_to_contact"]) == (today, "of-account")


def test_a_plan_is_an_immutable_answer_to_one_request() -> None:
    found = plan(book(), CREDIT, policy=POLICY)
    assert (found.id, found.operation, found.policy) == ("op-1", "credit_memo_from_invoice", "acme")
    assert isinstance(found.documents[0].document, CreditMemo)
    assert found.request == {
        "operation": "credit_memo_from_invoice",
        "date": "2026-05-01",
        "invoice": "INV-7",
    }
