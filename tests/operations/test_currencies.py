"""Several currencies in one account: each by itself, and messages that say in which one. docs/domain.md 9.5."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.posting.limits import Totals, moved
from tests.helpers.books import balances, book_from
from tests.helpers.plan_views import documents, totals
from tests.helpers.steps import refused, run, told

BOOK = """
accounts:
- {id: a, currency: EUR, attributes: {bill_to_contact: ann, payment_term: Net 30}}
- {id: b, currency: USD}
contacts: [{id: ann, account: a}]
charges: [{id: setup, name: Setup}]
invoices:
- {number: E1, account: a, date: 2026-02-01, currency: EUR, items: [{id: x, amount: 30.00}]}
- {number: U1, account: a, date: 2026-02-01, due_date: 2026-02-10, currency: USD, items: [{id: x, amount: 10.00}]}
- {number: U2, account: a, date: 2026-02-02, due_date: 2026-02-20, currency: USD, items: [{id: x, amount: 40.00}]}
- {number: G1, account: a, date: 2026-02-01, currency: GBP, items: [{id: x, amount: 7.00}]}
credit_memos:
- {number: CE, account: a, date: 2026-02-03, currency: EUR, items: [{id: 1, amount: 12.00}]}
- {number: CU, account: a, date: 2026-02-03, currency: USD, items: [{id: 1, amount: 15.00}]}
payments:
- {number: PU, account: a, date: 2026-02-04, currency: USD, amount: 5.00}
- {number: PJ, account: a, date: 2026-02-04, currency: JPY, amount: 700}
"""
ONLY_THEIR_OWN = "every_operation: {currencies: {is: account, because: test}}\n"


@pytest.fixture(scope="module")
def book() -> Book:
    return book_from(BOOK)


def made(plan: Plan) -> list[tuple[str, str, str]]:
    return [(one.kind, str(one.amount), one.currency) for one in documents(plan)]


def together(plan: Plan) -> dict[str, str]:
    """Document -> what is put on it by all applications."""
    put: dict[str, Decimal] = {}
    for one in plan.applications:
        put[one.to] = put.get(one.to, Decimal(0)) + one.amount
    return {number: str(amount) for number, amount in put.items()}


# -- which currency is meant ---------------------------------------------------------------------------------------

PAID = "account: a, amount: 20"
PAY = f"operation: create_payment, {PAID}"
CHARGED = "account: a, charges: [{charge: setup, amount: 9}]"
RAISED = "account: a, type: increase, amount: 8"


@pytest.mark.parametrize(
    ("more", "currency", "put"),
    [
        ("", "EUR", {}),
        ("currency: USD", "USD", {}),
        ("currency: CHF", "CHF", {}),  # none that the account has yet
        ("apply: [{document: U1}]", "USD", {"U1": "10.00"}),
        ("apply: [{document: U2}, {document: U1}]", "USD", {"U1": "10.00", "U2": "10.00"}),
        ("apply: [{document: G1, amount: 7.00}]", "GBP", {"G1": "7.00"}),
        ("apply_to_open: true", "EUR", {"E1": "20.00"}),
        ("apply_to_open: true, currency: USD", "USD", {"U1": "10.00", "U2": "10.00"}),
    ],
)
def test_a_payment(book: Book, more: str, currency: str, put: dict[str, str]) -> None:
    plan, now = run(book, f"{PAY}, {more}")
    assert made(plan) == [("payment", "20.00", currency)]
    assert totals(plan) == put
    others = {number: left for number, left in balances(book).items() if number not in put}
    assert {number: left for number, left in balances(now).items() if number in others} == others


def test_the_plan_says_so_where_only_a_document_says_which(book: Book) -> None:
    plan, _ = run(book, f"{PAY}, apply: [{{document: U1}}]")
    assert plan.notes == ("the payment is in USD, as U1 is; account `a` is in EUR by default",)
    for more in ("apply: [{document: E1}]", "apply: [{document: U1}], currency: USD", "currency: USD"):
        assert run(book, f"{PAY}, {more}")[0].notes == ()


def test_the_amount_has_the_decimals_of_its_own_currency(book: Book) -> None:
    assert made(run(book, "operation: create_payment, account: a, amount: 20, currency: JPY")[0]) == [
        ("payment", "20", "JPY")
    ]
    expected = "amount-inexact: `20.5` has more decimals than JPY has (0)"
    assert told(book, "operation: create_payment, account: a, amount: 20.5, currency: JPY") == expected


@pytest.mark.parametrize("kind", ["credit_memo", "debit_memo"])
def test_a_memo_from_a_charge(book: Book, kind: str) -> None:
    asked = f"operation: {kind}_from_charge, account: a, charges: [{{charge: setup, amount: 9}}]"
    assert made(run(book, asked)[0]) == [(kind, "9.00", "EUR")]
    assert made(run(book, f"{asked}, currency: USD")[0]) == [(kind, "9.00", "USD")]


def test_a_credit_balance_in_each(book: Book) -> None:
    up = "operation: adjust_credit_balance, account: a, type: increase"
    _, now = run(book, f"{up}, amount: 8")
    _, now = run(now, f"{up}, amount: 25, currency: USD", id="op-2")

    def left(after: Book) -> tuple[str, ...]:
        return tuple(str(after.credit_balance("a", currency)) for currency in ("EUR", "USD", "GBP"))

    assert left(now) == ("8.00", "25.00", "0.00")
    plan, after = run(now, "operation: apply_credit_balance, account: a")
    assert (totals(plan), left(after)) == ({"E1": "8.00"}, ("0.00", "25.00", "0.00"))
    plan, after = run(now, "operation: apply_credit_balance, account: a, currency: USD")
    assert (totals(plan), left(after)) == ({"U1": "10.00", "U2": "15.00"}, ("8.00", "0.00", "0.00"))
    plan, after = run(now, "operation: apply_credit_balance, account: a, apply: [{document: U1}]")
    assert (totals(plan), left(after)) == ({"U1": "10.00"}, ("8.00", "15.00", "0.00"))
    assert plan.notes == ("the credit balance that is used is in USD, as U1 is; account `a` is in EUR by default",)
    plan, after = run(now, "operation: refund_credit_balance, account: a, amount: 25, currency: USD")
    assert made(plan) == [("refund", "25.00", "USD"), ("credit_adjustment", "25.00", "USD")]
    assert left(after) == ("8.00", "0.00", "0.00")
    plan, after = run(now, "operation: adjust_credit_balance, account: a, type: decrease, amount: 1, currency: USD")
    assert left(after) == ("8.00", "24.00", "0.00")


def test_a_negative_invoice_says_which_credit_balance_is_meant(book: Book) -> None:
    negative = "- {number: N1, account: a, date: 2026-02-01, currency: USD, items: [{id: x, amount: -6.00}]}\n"
    now = book_from(BOOK.replace("credit_memos:", f"{negative}credit_memos:"))
    _, now = run(now, "operation: transfer_negative_invoice, invoice: N1")
    use = "operation: apply_credit_balance, account: a, negative_invoice: N1"
    assert totals(run(now, use)[0]) == {"U1": "6.00"}
    expected = "currency-mismatch: N1 is in USD and the money in EUR"
    assert expected in [f"{one.code}: {one.message}" for one in refused(now, f"{use}, currency: EUR")]


def test_a_payment_is_transferred_in_its_currency(book: Book) -> None:
    plan, now = run(book, "operation: transfer_payment, payment: PJ, to_account: b")
    assert made(plan) == [("payment", "700", "JPY")]
    assert plan.notes == ("PJ stays in JPY; account `b` is in USD by default",)
    assert {number: str(left) for number, left in balances(now).items() if number.startswith("P")} == {
        "P-00000001": "700",
        "PJ": "0",
        "PU": "5.00",
    }
    assert run(book, "operation: transfer_payment, payment: PU, to_account: b")[0].notes == ()


# -- currency by currency ------------------------------------------------------------------------------------------


def test_apply_credits_uses_each_currency_by_itself(book: Book) -> None:
    plan, now = run(book, "operation: apply_credits, account: a")
    # EUR: 12 on E1. USD: 15 of CU, 10 on U1 and 5 on U2, then 5 of PU on U2. JPY: nothing is owed; GBP: no money.
    assert [(a.from_, a.to, str(a.amount)) for a in plan.applications] == [
        ("CE", "E1", "12.00"),
        ("CU", "U1", "10.00"),
        ("CU", "U2", "5.00"),
        ("PU", "U2", "5.00"),
    ]
    left = {number: str(balance) for number, balance in balances(now).items()}
    assert left == {
        "E1": "18.00",
        "U1": "0.00",
        "U2": "30.00",
        "G1": "7.00",
        "CE": "0.00",
        "CU": "0.00",
        "PU": "0.00",
        "PJ": "700",
    }
    assert [plan.currency_of(made) for made in plan.applications] == ["EUR", "USD", "USD", "USD"]


def test_it_does_so_where_nothing_is_in_the_currency_of_the_account() -> None:
    plan, _ = run(without("E1", "G1", "CE", "U2", "PU", "PJ"), "operation: apply_credits, account: a")
    assert totals(plan) == {"U1": "10.00"}


@pytest.mark.parametrize(("currency", "put"), [("EUR", {"E1": "12.00"}), ("USD", {"U1": "10.00", "U2": "10.00"})])
def test_or_one_of_them(book: Book, currency: str, put: dict[str, str]) -> None:
    assert together(run(book, f"operation: apply_credits, account: a, currency: {currency}")[0]) == put


def test_each_is_decided_by_its_own_amount(book: Book) -> None:
    own = (
        "exceptions:\n- {id: cash-first, operations: [apply_credits], when: {amount: {above: 1.00 USD}}, "
        "then: {source_order: cash_first}, because: test}\n"
    )
    plan, _ = run(book, "operation: apply_credits, account: a", own)
    assert [one.text("source_order") for one in plan.decisions] == ["credits_first", "cash_first"]
    assert [a.from_ for a in plan.applications] == ["CE", "PU", "CU", "CU"]


def test_limits_count_all_of_them_and_the_lowest_holds(book: Book) -> None:
    own = (
        "operations:\n  apply_credits: {document_limit: {is: 3, because: test}}\nexceptions:\n"
        "- {id: two, operations: [apply_credits], when: {amount: {above: 1.00 EUR}}, then: {document_limit: 2}, "
        "because: test}\n"
    )
    # E1, U1 and U2: three.
    run(book, "operation: apply_credits, account: a", own.partition("exceptions")[0])
    expected = "document-limit: 3 documents would be settled at once; the policy allows 2"
    assert told(book, "operation: apply_credits, account: a", own) == expected


def test_what_follows_stays_in_its_currency(book: Book) -> None:
    own = "follow_ups:\n- {id: spend, after: payment_posted, then: apply_credits, because: test}\n"
    plan, _ = run(book, "operation: create_payment, account: a, amount: 3, currency: USD", own)
    # 15 of CU, 3 of the new payment and 5 of PU, which is the older one: on U1 10, on U2 13. Nothing in EUR.
    (step,) = plan.follow_ups
    assert step.plan.request["currency"] == "USD"
    assert together(step.plan) == {"U1": "10.00", "U2": "13.00"}


@pytest.mark.parametrize("then", ["apply_credit_balance", "refund_credit_balance"])
def test_credit_that_is_raised_is_followed_in_its_currency(book: Book, then: str) -> None:
    own = f"follow_ups:\n- {{id: go-on, after: credit_increased, then: {then}, because: test}}\n"
    asked = "operation: adjust_credit_balance, account: a, type: increase, amount: 4, currency: USD"
    plan, now = run(book, asked, own)
    assert [one.plan.operation for one in plan.follow_ups] == [then]
    assert {one.currency for each in in_turn(plan) for one in documents(each)} == {"USD"}
    assert now.credit_balance("a", "USD") == 0


def test_a_final_credit_is_not_put_on_what_is_owed_in_another_currency() -> None:
    # Billed in EUR through April; what came before the books were ours is owed in USD.
    now = book_from("""
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann, payment_term: Net 30}}]
contacts: [{id: ann, account: a}]
subscriptions:
- {id: s, account: a, start: 2026-03-01, charges: [{id: c, rate: 31.00, charged_through: 2026-04-01}]}
invoices:
- {number: U1, account: a, date: 2026-02-01, currency: USD, items: [{id: x, subscription: s, amount: 10.00}]}
""")
    plan, after = run(now, "operation: cancel_subscription, subscription: s, effective_date: 2026-03-16")
    (bill,) = plan.follow_ups
    # 31 days for 31.00; the 16 from 16 March on are not used.
    assert made(bill.plan) == [("credit_memo", "16.00", "EUR")]
    assert str(after.balance(after.numbered["U1"])) == "10.00"


CHANGE = "operation: change_account, account: a, currency: CHF"


def test_an_account_whose_subscriptions_name_a_currency_gets_another_one() -> None:
    for section in ("", "subscriptions: [{id: s, account: a, currency: EUR}, {id: t, account: b}]\n"):
        now = book_from(BOOK.replace("invoices:", f"{section}invoices:"))
        _, after = run(now, CHANGE)
        assert after.accounts["a"].currency == "CHF"
        assert made(run(after, PAY, id="op-2")[0]) == [("payment", "20.00", "CHF")]
        assert balances(after) == balances(now)


def test_rates_do_not_become_amounts_of_another_currency() -> None:
    mine = "{id: s, account: a}"
    now = book_from(BOOK.replace("invoices:", f"subscriptions: [{mine}]\ninvoices:"))
    assert told(now, CHANGE) == ("currency-mismatch: account `a` stays in EUR: s bills in it, since it names none")
    now = book_from(BOOK.replace("invoices:", f"subscriptions: [{mine}, {{id: t, account: a}}]\ninvoices:"))
    assert told(now, CHANGE).endswith("s, t bill in it, since they name none")
    assert run(now, "operation: change_account, account: a, name: Ann")[1].accounts["a"].name == "Ann"


# -- never across --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PAY}, currency: EUR, apply: [{{document: U1}}]", "U1 is in USD and the money in EUR"),
        (f"{PAY}, apply: [{{document: U1}}, {{document: E1}}]", "E1 is in EUR and the money in USD"),
        ("operation: apply_payment, payment: PU, apply: [{document: E1}]", "E1 is in EUR and the money in USD"),
        ("operation: apply_credit_memo, credit_memo: CE, apply: [{document: U1}]", "U1 is in USD and the money in EUR"),
    ],
)
def test_a_document_in_another_currency_is_refused(book: Book, text: str, expected: str) -> None:
    (problem,) = refused(book, text)
    assert (problem.code, problem.message) == ("currency-mismatch", expected)
    assert problem.hint == "money is never applied across currencies; each takes an operation of its own"


def test_credit_in_one_currency_does_not_count_in_another(book: Book) -> None:
    _, now = run(book, "operation: adjust_credit_balance, account: a, type: increase, amount: 8, currency: USD")
    for text in (
        "operation: refund_credit_balance, account: a, amount: 1",
        "operation: adjust_credit_balance, account: a, type: decrease, amount: 1",
    ):
        (problem,) = refused(now, text)
        assert problem.code == "credit-unavailable"
        assert "the credit balance of account `a` is 0.00 EUR" in problem.message
        assert problem.hint == "there is nothing to use in EUR, on that date or later; say `currency` to use 8.00 USD"


# -- what is said of it --------------------------------------------------------------------------------------------


def without(*numbers: str) -> Book:
    """The same book less these; a section of which nothing is left goes, too."""
    left = (line for line in BOOK.splitlines(keepends=True) if not any(f" {one}," in line for one in numbers))
    return book_from(re.sub(r"^\w+:\n(?!-)", "", "".join(left), flags=re.MULTILINE))


def test_nothing_is_said_to_be_open_or_unapplied_where_something_is_in_another_currency() -> None:
    everything = "operation: apply_credits, account: a"
    only_yen = without("CE", "CU", "PU")
    assert told(only_yen, everything) == (
        "nothing-open: account `a` has 700 JPY unapplied, but only 30.00 EUR, 7.00 GBP and 50.00 USD open"
    )
    assert told(only_yen, f"{everything}, currency: EUR") == (
        "nothing-unapplied: account `a` has nothing unapplied in EUR, but 700 JPY is unapplied"
    )
    assert told(only_yen, f"{everything}, currency: JPY") == (
        "nothing-open: account `a` has no open document in JPY, but 30.00 EUR, 7.00 GBP and 50.00 USD are open"
    )
    assert told(without("E1", "U1", "U2"), "operation: apply_payment, payment: PJ") == (
        "nothing-open: account `a` has no open document in JPY to apply PJ to, but 7.00 GBP is open"
    )
    plan, _ = run(without("E1", "U1", "U2"), f"{PAY}, apply_to_open: true")
    assert plan.notes == ("all of it stays unapplied: account `a` has no open document in EUR, but 7.00 GBP is open",)


def test_where_there_is_nothing_at_all_no_currency_is_named() -> None:
    found = refused(without("E1", "U1", "U2", "G1", "CE", "CU", "PU", "PJ"), "operation: apply_credits, account: a")
    assert sorted(problem.message for problem in found) == [
        "account `a` has no open document",
        "account `a` has nothing unapplied",
    ]


def test_credit_balance_is_used_on_what_is_open_in_its_currency() -> None:
    now = without("U1", "U2")
    _, now = run(now, "operation: adjust_credit_balance, account: a, type: increase, amount: 8, currency: USD")
    assert told(now, "operation: apply_credit_balance, account: a, currency: USD") == (
        "nothing-open: account `a` has no open document in USD, but 30.00 EUR and 7.00 GBP are open"
    )


def test_a_subscription_that_owes_nothing_is_not_told_as_the_account() -> None:
    now = book_from(BOOK.replace("invoices:", "subscriptions: [{id: s, account: a}]\ninvoices:"))
    assert told(now, "operation: apply_credit_memo, credit_memo: CU, subscription: s") == (
        "nothing-open: subscription `s` owes nothing in USD that CU could pay"
    )


# -- as the policy says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"create_payment, {PAID}, currency: USD", "lets account `a` have EUR only, and this is in USD"),
        (f"create_payment, {PAID}, apply: [{{document: U1}}]", "lets account `a` have EUR only, and this is in USD"),
        ("transfer_payment, payment: PJ, to_account: b", "lets account `b` have USD only, and this is in JPY"),
        (f"credit_memo_from_charge, {CHARGED}, currency: USD", "lets account `a` have EUR only, and this is in USD"),
        (f"debit_memo_from_charge, {CHARGED}, currency: GBP", "lets account `a` have EUR only, and this is in GBP"),
        (f"adjust_credit_balance, {RAISED}, currency: USD", "lets account `a` have EUR only, and this is in USD"),
    ],
)
def test_a_company_can_keep_accounts_to_their_own(book: Book, text: str, expected: str) -> None:
    operation = text.partition(",")[0]
    found = told(book, f"operation: {text}", ONLY_THEIR_OWN)
    assert found == f"currency-mismatch: rule `{operation}.currencies` {expected}"
    run(book, f"operation: {text}")
    in_its_own = {"USD": "EUR", "GBP": "EUR", "PJ": "PU", "U1": "E1"}
    run(book, "operation: " + re.sub("|".join(in_its_own), lambda found: in_its_own[found[0]], text), ONLY_THEIR_OWN)


def test_but_what_is_there_can_be_settled_and_taken_away(book: Book) -> None:
    raised = "operation: adjust_credit_balance, account: a, type: increase, amount: 8, currency: USD"
    now = run(book, raised)[1]
    for text in (
        "operation: apply_credits, account: a",
        "operation: apply_payment, payment: PU",
        "operation: create_refund, of: PU, amount: 5",
        "operation: apply_credit_balance, account: a, currency: USD",
        "operation: refund_credit_balance, account: a, amount: 8, currency: USD",
        "operation: adjust_credit_balance, account: a, type: decrease, amount: 8, currency: USD",
    ):
        run(now, text, ONLY_THEIR_OWN)


# -- limits of batches ---------------------------------------------------------------------------------------------


def test_a_batch_counts_each_currency(book: Book) -> None:
    plan, _ = run(book, "operation: apply_credits, account: a")
    assert moved(plan, abs) == {"EUR": Decimal("12.00"), "USD": Decimal("20.00")}
    counted = Totals()
    counted.add(plan, "a")
    counted.add(run(book, f"{PAY}, currency: USD")[0], "b")
    assert counted.amounts["every_operation"] == {"EUR": Decimal("12.00"), "USD": Decimal("40.00")}
