"""`credit_memo_from_invoice`: docs/domain.md 1.2 row 5, 6.2 (available to credit), 9.5 (tax)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo
from tests.helpers.books import book_from
from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, credit_memo, inherited, numbers, stored
from tests.helpers.properties import examples
from tests.helpers.scenes import book_after, plan, refused, run

ASK = "operation: credit_memo_from_invoice\ninvoice: I1\n"
SOME = ASK + "items: [{item: x, amount: 10.00}]\n"
NAME = "credit_memo_from_invoice"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_invoice_gives_contact_and_set_and_there_is_no_term() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("ivan", "invoice"), "sequence_set": ("INV", "invoice")}
    assert stored(found) == {"bill_to_contact": "ivan", "sequence_set": "INV"}
    assert numbers(found) == ["I-CM-00000001"]


def test_what_the_invoice_lacks_comes_from_the_account_and_never_from_the_subscription() -> None:
    found = plan(levelled(invoice=NONE), ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("alma", "account"), "sequence_set": ("ACC", "account")}
    one_each = levelled(invoice="{bill_to_contact: ivan, sequence_set: null}")
    assert inherited(plan(one_each, ASK, policy=LEVELS)) == {
        "bill_to_contact": ("ivan", "invoice"),
        "sequence_set": ("ACC", "account"),
    }


def test_the_last_set_is_the_default_one() -> None:
    found = plan(levelled(invoice=NONE, account="{bill_to_contact: alma}"), ASK, policy=LEVELS)
    assert inherited(found)["sequence_set"] == ("DEFAULT", "default")
    assert numbers(found) == ["CM00000001"]


def test_no_value_on_any_level_is_refused() -> None:
    assert refused(levelled(invoice=NONE, account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]
    short = changed(NAME, "sequence_set: [invoice, account]")
    assert refused(levelled(invoice=NONE, account="{bill_to_contact: alma}"), ASK, policy=short) == ["chain-exhausted"]


@pytest.mark.parametrize(
    ("invoice", "code"),
    [
        ("{bill_to_contact: otto}", "contact-unknown"),  # a contact of another account
        ("{bill_to_contact: nobody}", "contact-unknown"),
        ("{sequence_set: NONE}", "sequence-set-unknown"),
    ],
)
def test_an_inherited_value_names_something_that_exists(invoice: str, code: str) -> None:
    assert refused(levelled(invoice=invoice), ASK, policy=LEVELS) == [code]


def test_the_request_is_heard_only_where_the_policy_says_so() -> None:
    asked = ASK + "attributes: {bill_to_contact: rita}\n"
    assert refused(levelled(), asked, policy=LEVELS) == ["request-not-heard"]
    heard = changed(NAME, "bill_to_contact: [request, invoice]")
    assert inherited(plan(levelled(), asked, policy=heard))["bill_to_contact"] == ("rita", "request")
    assert refused(levelled(), ASK + "attributes: {bill_to_contact: otto}\n", policy=heard) == ["contact-unknown"]


@pytest.mark.parametrize("attribute", ["payment_term: Net 30", "item_limit: 5", "nonsense: x"])
def test_the_request_cannot_name_what_a_credit_memo_does_not_inherit(attribute: str) -> None:
    assert refused(levelled(), ASK + f"attributes: {{{attribute}}}\n", policy=LEVELS) == ["attribute-not-here"]


def test_subscriptions_that_disagree_have_no_one_value() -> None:
    two = levelled().replace(
        "items: [{id: x, subscription: s1, amount: 100.00",
        "items: [{id: y, subscription: s2, amount: 1.00}, {id: x, subscription: s1, amount: 100.00",
    )
    first = changed(NAME, "bill_to_contact: [subscription, invoice]")

    def second(values: str) -> str:
        s2 = f"subscriptions:\n- {{id: s2, account: acme, attributes: {values}}}"
        return two.replace("subscriptions:", s2, 1)

    assert refused(second("{bill_to_contact: rita}"), ASK, policy=first) == ["level-ambiguous"]
    assert refused(second(NONE), ASK, policy=first) == ["level-ambiguous"]  # sara, and none
    agreed = plan(second("{bill_to_contact: sara}"), ASK, policy=first)
    assert inherited(agreed)["bill_to_contact"] == ("sara", "subscription")
    # Where the chain stops before the subscriptions, their quarrel is nobody's business.
    assert inherited(plan(second(NONE), ASK, policy=LEVELS))["bill_to_contact"] == ("ivan", "invoice")


# -- what forbids it -----------------------------------------------------------------------------------------------

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-05-10
  currency: EUR
  items:
  - {id: x, line: 1, name: Seats, charge: seats, quantity: 10, unit_price: 10.00, amount: 100.00,
     service_start: 2026-05-01, service_end: 2026-05-31,
     taxes: [{id: vat, name: VAT, rate: 0.20, jurisdiction: DE, amount: 20.00}]}
  - {id: y, line: 2, amount: 50.00, taxes: [{id: city, amount: 1.00}, {id: vat, amount: 10.00}]}
- {number: I2, account: a, date: 2026-05-10, currency: EUR, status: draft, items: [{id: x, amount: 1.00}]}
- {number: I3, account: a, date: 2026-05-10, currency: EUR, status: canceled, items: [{id: x, amount: 1.00}]}
- {number: I4, account: a, date: 2026-05-10, currency: EUR, reversed: true, items: [{id: x, amount: 1.00}]}
- {number: I5, account: a, date: 2026-05-10, currency: EUR, items: [{id: x, amount: -5.00}]}
- {number: I6, account: a, date: 2026-05-10, currency: EUR, items: [{id: x, amount: 0.00}]}
credit_memos:
- {number: C1, account: a, date: 2026-05-10, currency: EUR, items: [{id: x, amount: 1.00}]}
charges: [{id: seats, name: Seats}]
accounting_periods:
- {from: 2026-05-01, until: 2026-05-12, status: closed}
- {from: 2026-05-12, until: 2026-07-01}
"""


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("invoice: I9", ["document-unknown"]),
        ("invoice: C1", ["document-unknown"]),
        ("invoice: I2", ["not-posted"]),
        ("invoice: I3", ["not-posted"]),
        ("invoice: I4", ["reversed"]),
        ("invoice: I5", ["nothing-to-credit"]),
        ("invoice: I6", ["nothing-to-credit"]),
        ("invoice: I1\ndate: 2026-05-11", ["period-closed"]),
        ("invoice: I1\ndate: 2026-04-30", ["date-too-early"]),
        ("invoice: I1\ndate: 2026-05-09\nreason: Whim", ["date-too-early", "period-closed", "reason-unknown"]),
        ("invoice: I1\nreason: Standard Refund", ["reason-unknown"]),  # a code of refunds
        ("invoice: I1\nitems: [{item: z}]", ["item-unknown"]),
        ("invoice: I1\nitems: [{item: x}, {item: x, amount: 1.00}]", ["item-repeated"]),
        ("invoice: I1\nitems: [{item: x, amount: 0.00}]", ["amount-sign"]),
        ("invoice: I1\nitems: [{item: x, amount: -1.00}]", ["amount-sign"]),
        ("invoice: I1\nitems: [{item: x, amount: 1.001}]", ["amount-inexact"]),
        ("invoice: I1\nitems: [{item: x, taxes: [{tax: z, amount: 1.00}]}]", ["tax-unknown"]),
        ("invoice: I1\nitems: [{item: x, taxes: [{tax: vat, amount: -1.00}]}]", ["amount-sign"]),
        ("invoice: I1\nitems: [{item: x, taxes: [{tax: vat, amount: 0.001}]}]", ["amount-inexact"]),
        (
            "invoice: I1\nitems: [{item: x, taxes: [{tax: vat, amount: 1.00}, {tax: vat, amount: 1.00}]}]",
            ["item-repeated"],
        ),
        ("invoice: I1\nitems: [{item: x, amount: 200.00}]", ["available-to-credit"]),
    ],
)
def test_what_cannot_be_done_is_refused_with_every_reason(text: str, codes: list[str]) -> None:
    assert refused(BOOK, f"operation: {NAME}\n{text}") == codes


@pytest.mark.parametrize("day", ["2026-05-12", "2026-06-30", "2027-01-01"])
def test_days_of_open_periods_and_of_none_are_open(day: str) -> None:
    assert str(credit_memo(plan(BOOK, ASK + f"date: {day}")).date) == day


def test_the_item_limit_counts_items_and_taxes_inclusively() -> None:
    # The whole invoice: 2 items and 3 taxes.
    assert refused(BOOK, ASK, policy=changed(NAME, "item_limit: 4", "")) == ["item-limit"]
    assert plan(BOOK, ASK, policy=changed(NAME, "item_limit: 5", ""))
    many = "items: [" + ", ".join("{item: x}" for _ in range(1001)) + "]"
    assert refused(BOOK, ASK + many) == ["item-limit", "item-repeated"]


# -- amounts -------------------------------------------------------------------------------------------------------


def test_all_that_is_left_is_credited_where_no_items_are_named() -> None:
    found = plan(BOOK, ASK)
    memo = credit_memo(found)
    assert amounts(memo) == {"x": "100.00", "x/vat": "20.00", "y": "50.00", "y/city": "1.00", "y/vat": "10.00"}
    assert (memo.source, memo.reason, str(memo.amount)) == ("I1", "Correcting invoice error", "181.00")
    assert balances(found) == {memo.number: "181.00"}  # a standalone memo: nothing is applied
    assert found.applications == ()


def test_items_are_mirrored_with_the_price_negated_and_taxes_copied() -> None:
    memo = credit_memo(plan(BOOK, ASK + "items: [{item: x, amount: 30.00}]\nreason: Charge Dispute\ncomment: sorry"))
    (item,) = memo.items
    (tax,) = item.taxes
    assert (item.id, item.line, item.source_item, item.name, item.charge) == ("1", 1, "x", "Seats", "seats")
    assert (item.quantity, item.unit_price) == (Decimal(10), Decimal("-10.00"))  # copied, whatever the amount
    assert (str(item.service_start), str(item.service_end)) == ("2026-05-01", "2026-05-31")
    assert (tax.source_tax, tax.name, tax.rate, tax.jurisdiction) == ("vat", "VAT", Decimal("0.20"), "DE")
    assert str(tax.amount) == "6.00"  # 20.00 x 30 / 100
    assert (memo.reason, memo.comment) == ("Charge Dispute", "sorry")


def test_each_tax_follows_its_item_in_proportion() -> None:
    memo = credit_memo(plan(BOOK, ASK + "items: [{item: y, amount: 12.34}]"))
    # 1.00 x 12.34 / 50 = 0.2468; 10.00 x 12.34 / 50 = 2.468
    assert amounts(memo) == {"y": "12.34", "y/city": "0.25", "y/vat": "2.47"}


def test_named_taxes_are_taken_as_they_are_and_others_left_out() -> None:
    memo = credit_memo(plan(BOOK, ASK + "items: [{item: y, amount: 12.34, taxes: [{tax: vat, amount: 0.01}]}]"))
    assert amounts(memo) == {"y": "12.34", "y/vat": "0.01"}
    memo = credit_memo(plan(BOOK, ASK + "items: [{item: y, amount: 12.34, taxes: []}]"))
    assert amounts(memo) == {"y": "12.34"}


def test_an_invoice_with_a_discount_is_credited_net() -> None:
    # docs/domain.md 3.2, the worked case: 100 + 20 tax, discount -10 and -2 tax: 108.
    memo = credit_memo(plan(DISCOUNTED, ASK))
    assert amounts(memo) == {"x": "100.00", "x/vat": "20.00", "d": "-10.00", "d/vat": "-2.00"}
    assert str(memo.amount) == "108.00"
    assert [item.discounts for item in memo.items] == [None, "1"]
    # Half of both: the discount has the sign of a discount.
    half = ASK + "items: [{item: x, amount: 50.00}, {item: d, amount: -5.00}]"
    assert amounts(credit_memo(plan(DISCOUNTED, half))) == {
        "x": "50.00",
        "x/vat": "10.00",
        "d": "-5.00",
        "d/vat": "-1.00",
    }
    # A discount is settled with its item, so it cannot take more than is credited of that.
    assert refused(DISCOUNTED, ASK + "items: [{item: d}]") == ["discount-too-large"]
    assert refused(DISCOUNTED, ASK + "items: [{item: x, amount: 9.99}, {item: d}]") == ["discount-too-large"]
    assert refused(DISCOUNTED, ASK + "items: [{item: x}, {item: d, amount: 5.00}]") == ["amount-sign"]
    # It may take all of it: 10.00 - 10.00. The rest of the memo is another item's.
    other = DISCOUNTED + "  - {id: y, line: 3, amount: 7.00}\n"
    for amount, credited in (("10.00", "7.00"), ("10.01", "7.01")):
        asked = ASK + f"items: [{{item: x, amount: {amount}, taxes: []}}, {{item: d, taxes: []}}, {{item: y}}]"
        assert str(credit_memo(plan(other, asked)).amount) == credited


DISCOUNTED = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- number: I1
  account: a
  date: 2026-05-10
  currency: USD
  items:
  - {id: x, line: 1, amount: 100.00, taxes: [{id: vat, amount: 20.00}]}
  - {id: d, line: 2, discounts: x, amount: -10.00, taxes: [{id: vat, amount: -2.00}]}
"""


# -- available to credit -------------------------------------------------------------------------------------------

G14 = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices: [{number: I1, account: a, date: 2026-05-10, currency: USD, items: [{id: x, amount: 100.00}]}]
credit_memos:
- {number: C1, account: a, date: 2026-05-11, currency: USD, source: I1,
   items: [{id: "1", source_item: x, amount: 30.00}]}
- {number: C2, account: a, date: 2026-05-11, currency: USD, source: I1, status: draft,
   items: [{id: "1", source_item: x, amount: 20.00}]}
- {number: C3, account: a, date: 2026-05-11, currency: USD, source: I1,
   items: [{id: "1", source_item: x, amount: 40.00}]}
payments: [{number: P1, account: a, date: 2026-05-11, currency: USD, amount: 15.00}]
applications: [{from: P1, to: I1, date: 2026-05-11, amount: 15.00}]
"""


def test_available_to_credit_counts_posted_memos_and_neither_drafts_nor_payments() -> None:
    # docs/domain.md G14: 100 - 30 - 40 = 30 available; the balance is 100 - 15 = 85.
    assert str(book_from(G14).balance(book_from(G14).numbered["I1"])) == "85.00"
    assert str(credit_memo(plan(G14, ASK)).amount) == "30.00"
    assert plan(G14, ASK + "items: [{item: x, amount: 30.00}]")
    assert refused(G14, ASK + "items: [{item: x, amount: 30.01}]") == ["available-to-credit"]
    of_memo = "applications: [{from: C1, to: I1, date: 2026-05-11, amount: 30.00}, "
    assert str(credit_memo(plan(G14.replace("applications: [", of_memo), ASK)).amount) == "30.00"


def test_available_to_credit_shrinks_with_every_memo() -> None:
    each = [ASK + f"items: [{{item: x, amount: {amount}}}]" for amount in ("20.00", "11.00", "10.00", "0.01")]
    found = run(G14, *each)
    assert [one.plan is not None for one in found] == [True, False, True, False]
    assert [problem.code for one in found for problem in one.problems] == ["available-to-credit"] * 2
    assert refused(book_after(G14, *each[:3:2]), ASK) == ["nothing-to-credit"]


BY_ITEM = ASK + "items: [{item: y, amount: 60.00, taxes: []}]"
BY_HEADER = changed(NAME, "available_to_credit: header", "")


@pytest.mark.parametrize(("limit", "fits"), [("none", True), ("header", True), ("header_and_item", False)])
def test_the_limit_is_the_policys(limit: str, fits: bool) -> None:
    # Item y is 50.00, the invoice 181.00.
    policy = changed(NAME, f"available_to_credit: {limit}", "")
    if fits:
        assert str(credit_memo(plan(BOOK, BY_ITEM, policy=policy)).amount) == "60.00"
    else:
        assert refused(BOOK, BY_ITEM, policy=policy) == ["available-to-credit"]
    more = ASK + "items: [{item: x, amount: 181.01, taxes: []}]"
    if limit == "none":
        assert plan(BOOK, more, policy=policy)
    else:
        assert refused(BOOK, more, policy=policy) == ["available-to-credit"]


def test_once_less_is_left_of_an_item_than_of_its_discount_their_tax_is_left() -> None:
    def after_crediting(amount: str) -> Book:
        asked = ASK + f"items: [{{item: x, amount: {amount}, taxes: []}}]"
        return book_after(DISCOUNTED, asked, policy=BY_HEADER)

    # Net nothing is left of the two, but of their taxes 20.00 - 2.00.
    memo = credit_memo(plan(after_crediting("90.00"), ASK))
    assert (str(memo.amount), amounts(memo)["x/vat"]) == ("18.00", "20.00")
    # 0.01 too much was credited of them, so of the invoice 17.99 are left.
    assert str(credit_memo(plan(after_crediting("90.01"), ASK)).amount) == "17.99"


def test_once_an_item_was_credited_too_much_the_rest_of_the_invoice_is_left() -> None:
    over = book_after(BOOK, BY_ITEM, policy=BY_HEADER)
    # 181 - 60 = 121 is left: all of x, 120.00, and 1.00 of the taxes of y
    assert amounts(credit_memo(plan(over, ASK))) == {"x": "100.00", "x/vat": "20.00", "y": "0.00", "y/city": "1.00"}
    named = ASK + "items: [{item: x}, {item: y, amount: 1.00, taxes: []}]"
    assert str(credit_memo(plan(over, named, policy=BY_HEADER)).amount) == "121.00"
    assert refused(over, named) == ["available-to-credit"]  # of y nothing is left by itself


# -- tax, memo after memo ------------------------------------------------------------------------------------------


@examples(60)
@given(
    tax=st.integers(1, 5000),
    pieces=st.lists(st.integers(1, 400), min_size=1, max_size=12),
    rest=st.integers(0, 300),
)
def test_many_small_memos_take_the_tax_cumulatively_and_never_more_than_there_was(
    tax: int, pieces: list[int], rest: int
) -> None:
    whole = sum(pieces) + rest
    text = DISCOUNTED.partition("  items:")[0] + (
        f"  items: [{{id: x, amount: {cents(whole)}, taxes: [{{id: vat, amount: {cents(tax)}}}]}}]\n"
    )
    each = run(text, *(ASK + f"items: [{{item: x, amount: {cents(piece)}}}]" for piece in pieces))
    taken = []
    for one in each:
        assert one.plan is not None
        memo = one.plan.documents[0].document
        assert isinstance(memo, CreditMemo)
        taken.append(sum((t.amount for item in memo.items for t in item.taxes), Decimal(0)))
    assert all(part >= 0 for part in taken)
    # After each memo the tax is that of all memos so far, rounded once (half up).
    due = [
        (Decimal(tax) * credited / whole).quantize(Decimal(1), ROUND_HALF_UP) / 100 for credited in accumulate(pieces)
    ]
    assert list(accumulate(taken)) == due
    assert sum(taken) <= cents(tax)
    if not rest:
        assert sum(taken) == cents(tax)


def cents(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


# -- numbers -------------------------------------------------------------------------------------------------------


def series_of_memos(prefix: str, start: int) -> str:
    """A page of policy with a set `X` that numbers credit memos like this."""
    memos = f"credit_memo: {{prefix: {prefix}, start: {start}}}"
    return f"sequence_sets: {{X: {{invoice: {{prefix: IX}}, debit_memo: {{prefix: DX}}, {memos}}}}}\n"


@pytest.mark.parametrize(
    ("start", "number"),
    [(1, "CX00000001"), (9_999_999, "CX09999999"), (100_000_006, "CX100000006")],  # docs/domain.md G20
)
def test_numbers_have_eight_digits_or_as_many_as_they_need(start: int, number: str) -> None:
    in_set = levelled(invoice="{bill_to_contact: ivan, sequence_set: X}")
    found = run(in_set, SOME, SOME, policy=series_of_memos("CX", start))
    assert [numbers(one.plan) for one in found if one.plan] == [[number], [f"CX{start + 1:08}"]]


def test_numbers_go_on_where_the_book_ends_and_a_start_can_only_skip_ahead() -> None:
    given_ = levelled(invoice="{sequence_set: DEFAULT}").replace("number: C1", "number: CM00000041")
    assert numbers(plan(given_, SOME)) == ["CM00000042"]


def test_a_number_that_is_in_use_is_refused() -> None:
    # `CX1` with 8 digits and `CX` with 9 give the same number (docs/domain.md 8).
    taken = levelled(invoice="{bill_to_contact: ivan, sequence_set: X}").replace("number: C1", "number: CX100000006")
    assert refused(taken, SOME, policy=series_of_memos("CX", 100_000_006)) == ["number-taken"]
