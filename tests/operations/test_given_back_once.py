"""Nothing is given back twice: whatever gives money or time back takes it from what is left of the line.

docs/domain.md 5.3 and 6.2, and docs/decisions/0020-given-back-once.md.

September has 30 days: of 30.00 a month a day is 1.00. The cases are rebuilt from public reports on other systems.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.check import check
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.source.tree import parse_text
from tests.helpers.books import book_from, file_of
from tests.helpers.steps import refused, run, told

NO_FILE = parse_text("accounts: []", "no file")
HEAD = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
"""
OF = "subscription: S, subscribed_charge"
SEPTEMBER = "service_start: 2026-09-01, service_end: 2026-09-30"


def book(*items: str, charges: str = "{id: base, rate: 30.00, charged_through: 2026-10-01}", rest: str = "") -> Book:
    """A subscription of which September was billed by I1, with these items."""
    lines = items or (f"{{id: a, amount: 30.00, {OF}: base, {SEPTEMBER}}}",)
    return book_from(f"""{HEAD}
subscriptions: [{{id: S, account: acme, start: 2026-09-01, charges: [{charges}]}}]
invoices:
- {{number: I1, account: acme, date: 2026-09-01, currency: EUR, items: [{", ".join(lines)}]}}
{rest}""")


def cancel(day: str, more: str = "") -> str:
    return f"operation: cancel_subscription, subscription: S, date: {day}, effective_date: {day}{more}"


def credit(*items: str, day: str = "2026-09-10") -> str:
    named = f", items: [{', '.join(items)}]" if items else ""
    return f"operation: credit_memo_from_invoice, invoice: I1, date: {day}{named}"


def after(left: Book, *operations: str, own: str = "") -> Book:
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def credited(plan: Plan) -> dict[str, str]:
    """`document/item` -> what is credited of it by new credit memos that no write-off made, with `+` its tax."""
    found = {}
    for step in in_turn(plan):
        for one in step.documents:
            memo = one.document
            if not isinstance(memo, CreditMemo) or memo.write_off:
                continue
            for item in memo.items:
                tax = "".join(f" + {tax.amount}" for tax in item.taxes)
                found[f"{item.source or memo.source}/{item.source_item}"] = f"{item.amount}{tax}"
    return found


def notes(plan: Plan) -> list[str]:
    return [note for step in in_turn(plan) for note in step.notes]


def moves(plan: Plan) -> list[str]:
    return [f"{one.charge} {one.after}" for step in in_turn(plan) for one in step.of(ChargedThrough)]


def lenient(operation: str, mode: str) -> str:
    return f"operations: {{{operation}: {{over_credit: {mode}}}}}"


# -- a credit memo, then the end of service (killbill#1505, lago-api#738 and #2838) ---------------------------------


@pytest.mark.parametrize(
    ("goodwill", "day", "expected"),
    [
        # From the first day on all 30.00 of September would be given back, less what was credited before.
        ("30.00", "2026-09-01", {}),
        ("20.00", "2026-09-01", {"I1/a": "10.00"}),
        # From the 16th on 15 days are worth 15.00, and 20.00, 15.00, 12.00 and 1.00 are left of the line.
        ("10.00", "2026-09-16", {"I1/a": "15.00"}),
        ("15.00", "2026-09-16", {"I1/a": "15.00"}),
        ("18.00", "2026-09-16", {"I1/a": "12.00"}),
        ("29.00", "2026-09-16", {"I1/a": "1.00"}),
    ],
)
def test_the_final_bill_gives_back_what_is_left(goodwill: str, day: str, expected: dict[str, str]) -> None:
    left = after(book(), credit(f"{{item: a, amount: {goodwill}}}"))
    plan, _ = run(left, cancel(day))
    assert credited(plan) == expected
    assert moves(plan) == [f"base {day}"]


def test_it_says_what_took_the_rest_and_how_much() -> None:
    left = after(book(), credit("{item: a, amount: 10.00}"), credit("{item: a, amount: 8.00}"))
    plan, _ = run(left, cancel("2026-09-16"))
    assert notes(plan)[0] == (
        "`base` of `S` from 2026-09-16 to 2026-09-30 was billed at 15.00, but 12.00 is left of that on item `a` of I1: "
        "10.00 was given back by CM00000001 and 8.00 by CM00000002; 3.00 less is given (`over_credit: cap`)"
    )


def test_where_nothing_is_left_there_is_no_document_but_the_time_is_settled() -> None:
    left = after(book(), credit())
    plan, left = run(left, cancel("2026-09-01"))
    assert [step.documents for step in in_turn(plan)] == [(), ()]
    assert notes(plan)[1] == "there is no document: all that is to be credited was given back before"
    assert moves(plan) == ["base 2026-09-01"]
    assert told(left, "operation: bill_run, date: 2026-09-20, accounts: [acme]").startswith("nothing-due: ")


def test_a_line_of_which_nothing_is_left_is_on_no_document_beside_others() -> None:
    two = book(
        f"{{id: a, amount: 30.00, {OF}: base, {SEPTEMBER}}}",
        f"{{id: b, amount: 60.00, {OF}: extra, {SEPTEMBER}}}",
        charges="{id: base, rate: 30.00, charged_through: 2026-10-01},"
        " {id: extra, rate: 60.00, charged_through: 2026-10-01}",
    )
    plan, _ = run(after(two, credit("{item: a}")), cancel("2026-09-16"))
    assert credited(plan) == {"I1/b": "30.00"}
    assert moves(plan) == ["base 2026-09-16", "extra 2026-09-16"]


@pytest.mark.parametrize(("goodwill", "given"), [("30.00", "15.00"), ("18.00", "15.00"), ("15.00", "15.00")])
def test_as_zuora_it_can_be_given_all_the_same_with_a_warning(goodwill: str, given: str) -> None:
    left = after(book(), credit(f"{{item: a, amount: {goodwill}}}"))
    plan, _ = run(left, cancel("2026-09-16"), lenient("bill_run", "warn"))
    assert credited(plan) == {"I1/a": given}
    warned = [one for step in in_turn(plan) for one in step.warnings]
    assert [one.code for one in warned] == ([] if goodwill == "15.00" else ["over-credited"])
    if goodwill == "18.00":
        assert warned[0].message.endswith("3.00 more is given all the same (`over_credit: warn`)")


def test_or_refused() -> None:
    left = after(book(), credit("{item: a, amount: 18.00}"))
    message = told(left, cancel("2026-09-16"), lenient("bill_run", "refuse"))
    assert message.startswith("available-to-credit: `base` of `S` from 2026-09-16 to 2026-09-30 was billed at 15.00,")
    # Of several subscriptions each is told.
    two = book_from(
        f"{HEAD}subscriptions:\n"
        + "".join(
            f"- {{id: {name}, account: acme, start: 2026-09-01, canceled_on: 2026-09-16, charges: "
            f"[{{id: base, rate: 30.00, charged_through: 2026-10-01}}]}}\n"
            for name in ("S", "T")
        )
        + "invoices:\n- {number: I1, account: acme, date: 2026-09-01, currency: EUR, items: ["
        + ", ".join(
            f"{{id: {name}, amount: 30.00, subscription: {name}, subscribed_charge: base, {SEPTEMBER}}}"
            for name in ("S", "T")
        )
        + "]}\n"
    )
    asked = "operation: bill_run, date: 2026-09-20, accounts: [acme]"
    problems = refused(after(two, credit()), asked, lenient("bill_run", "refuse"))
    assert [problem.code for problem in problems] == ["available-to-credit"] * 2


# -- the other way round: service ends, then a credit memo -----------------------------------------------------------


def test_what_the_final_bill_gave_back_is_not_left_to_a_memo() -> None:
    left = after(book(), cancel("2026-09-16"))
    message = told(left, credit("{item: a, amount: 15.01}", day="2026-09-20"))
    assert message == (
        "available-to-credit: 15.01 is more than the 15.00 that is left to credit of item `a` "
        "(rule `credit_memo_from_invoice.available_to_credit`): 15.00 was given back by CM00000001"
    )
    assert credited(run(left, credit("{item: a, amount: 15.00}", day="2026-09-20"))[0]) == {"I1/a": "15.00"}
    assert credited(run(left, credit(day="2026-09-20"))[0]) == {"I1/a": "15.00"}
    capped, _ = run(
        left, credit("{item: a, amount: 20.00}", day="2026-09-20"), lenient("credit_memo_from_invoice", "cap")
    )
    assert credited(capped) == {"I1/a": "15.00"}
    assert notes(capped)[0].endswith("15.00 was given back by CM00000001; 5.00 less is given (`over_credit: cap`)")
    warned, _ = run(
        left, credit("{item: a, amount: 20.00}", day="2026-09-20"), lenient("credit_memo_from_invoice", "warn")
    )
    assert credited(warned) == {"I1/a": "20.00"}
    assert [one.code for one in warned.warnings] == ["over-credited"]


def test_by_header_only_the_invoice_counts_and_what_is_beyond_an_item_is_warned_of() -> None:
    two = book(f"{{id: a, amount: 30.00, {OF}: base, {SEPTEMBER}}}", "{id: setup, amount: 50.00}")
    left = after(two, cancel("2026-09-16"))
    own = "operations: {credit_memo_from_invoice: {available_to_credit: header}}"
    # 80.00 - 15.00 = 65.00 are left of the invoice, 15.00 of `a`.
    plan, _ = run(left, credit("{item: a, amount: 30.00}", day="2026-09-20"), own)
    assert [one.code for one in plan.warnings] == ["over-credited"]
    assert "(`available_to_credit: header`)" in plan.warnings[0].message
    both = credit("{item: a, amount: 30.00}", "{item: setup, amount: 35.01}", day="2026-09-20")
    assert told(left, both, own).startswith("available-to-credit: 65.01 is more than the 65.00 that is available to")


def test_nothing_is_left_once_both_took_all() -> None:
    left = after(book(), cancel("2026-09-16"), credit(day="2026-09-20"))
    assert told(left, credit(day="2026-09-21")) == (
        "nothing-to-credit: nothing of I1 is left to credit: 15.00 was given back by CM00000001 and 15.00 by CM00000002"
    )


# -- a discounted line is worth its net (sonata-project/ecommerce#177, woocommerce#28436) ----------------------------

DISCOUNTED = (
    "{id: a, line: 1, amount: 100.00, taxes: [{id: vat, rate: 0.20, amount: 20.00}]}",
    "{id: da, line: 2, amount: -50.00, discounts: a, taxes: [{id: vat, rate: 0.20, amount: -10.00}]}",
    "{id: b, line: 3, amount: 100.00, taxes: [{id: vat, rate: 0.20, amount: 20.00}]}",
)


def test_a_discounted_item_is_worth_its_net() -> None:
    of = book(*DISCOUNTED)
    assert told(of, credit("{item: a, amount: 100.00}")) == (
        "available-to-credit: 100.00 is more than the 50.00 that is left to credit of item `a`, less its discounts "
        "(rule `credit_memo_from_invoice.available_to_credit`)"
    )
    plan, left = run(of, credit("{item: a, amount: 50.00}"))
    assert credited(plan) == {"I1/a": "50.00 + 10.00"}
    # So the other item, which was paid with 120.00, is left whole.
    assert credited(run(left, credit("{item: b}"))[0]) == {"I1/b": "100.00 + 20.00"}
    assert credited(run(left, credit())[0]) == {"I1/b": "100.00 + 20.00"}
    assert told(left, credit("{item: a, amount: 0.01}")).startswith("available-to-credit: 0.01 is more than the 0.00")


def test_with_its_discount_it_can_be_credited_at_list_price() -> None:
    plan, _ = run(book(*DISCOUNTED), credit("{item: a}", "{item: da}"))
    assert credited(plan) == {"I1/a": "100.00 + 20.00", "I1/da": "-50.00 + -10.00"}


def test_tax_that_is_named_is_no_more_than_is_left_of_it_net() -> None:
    of = book(*DISCOUNTED)
    assert told(of, credit("{item: a, amount: 50.00, taxes: [{tax: vat, amount: 10.01}]}")) == (
        "available-to-credit: 10.01 is more than the 10.00 that is left to credit of tax `vat` of item `a`, less its "
        "discounts (rule `credit_memo_from_invoice.available_to_credit`)"
    )
    cap = lenient("credit_memo_from_invoice", "cap")
    plan, _ = run(of, credit("{item: a, amount: 60.00, taxes: [{tax: vat, amount: 10.01}]}"), cap)
    assert credited(plan) == {"I1/a": "50.00 + 10.00"}
    plan, _ = run(of, credit("{item: a, amount: 60.00}"), cap)
    assert credited(plan) == {"I1/a": "50.00 + 10.00"}


MONTH = (
    f"{{id: '1', line: 1, amount: 30.00, {OF}: base, {SEPTEMBER}, taxes: [{{id: vat, rate: 0.20, amount: 6.00}}]}}",
    (
        f"{{id: '2', line: 2, amount: -6.00, discounts: '1', {OF}: coupon, {SEPTEMBER},"
        " taxes: [{id: vat, rate: 0.20, amount: -1.20}]}"
    ),
)
COUPON = (
    "{id: base, rate: 30.00, charged_through: 2026-10-01},"
    " {id: coupon, rate: -6.00, discounts: base, charged_through: 2026-10-01}"
)


@pytest.mark.parametrize(
    ("goodwill", "expected"),
    [
        ("4.00", {"I1/1": "15.00 + 3.00", "I1/2": "-3.00 + -0.60"}),
        # 24.00 less 20.00 is left: 7.00 of the item and -3.00 of its discount. Tax of 27.00 is 5.40, less 4.00.
        ("20.00", {"I1/1": "7.00 + 1.40", "I1/2": "-3.00 + -0.60"}),
        ("24.00", {}),
    ],
)
def test_a_discounted_month_is_given_back_net(goodwill: str, expected: dict[str, str]) -> None:
    left = after(book(*MONTH, charges=COUPON), credit(f"{{item: '1', amount: {goodwill}}}"))
    plan, _ = run(left, cancel("2026-09-16"))
    assert credited(plan) == expected
    assert moves(plan) == ["base 2026-09-16", "coupon 2026-09-16"]


# -- with the tax of the line (lago-api#1022, #4025) ------------------------------------------------------------------


def test_a_final_credit_has_the_tax_of_what_it_credits() -> None:
    """30.00 - 6.00 + 4.80 of VAT; half of it is 12.00 and 2.40, which leaves 14.40 to be paid."""
    plan, left = run(book(*MONTH, charges=COUPON), cancel("2026-09-16"))
    assert credited(plan) == {"I1/1": "15.00 + 3.00", "I1/2": "-3.00 + -0.60"}
    assert left.balance(left.numbered["I1"]) == Decimal("14.40")
    memo = left.numbered["CM00000001"]
    assert isinstance(memo, CreditMemo)
    (tax,) = memo.items[0].taxes
    assert (tax.source_tax, tax.rate, memo.items[0].unit_price) == ("vat", Decimal("0.20"), Decimal("-30.00"))


def test_tax_of_parts_is_that_of_the_whole() -> None:
    """0.07 for 31 days at 21%: 0.01. Given back in three parts of 0.03, 0.02 and 0.02, half of the cent at 0.03 of
    0.07 is not yet due (0.0043), at 0.05 it is (0.0071)."""
    of = book(
        f"{{id: a, amount: 0.07, {OF}: base, {SEPTEMBER}, taxes: [{{id: vat, amount: 0.01}}]}}",
        charges="{id: base, rate: 0.07, charged_through: 2026-10-01}",
    )
    found, left = [], of
    # 0.07 x 12/30 = 0.028, x 21/30 = 0.049, all of it.
    for move, day in (("cancel", "2026-09-19"), ("change", "2026-09-10"), ("change", "2026-09-01")):
        plan, left = run(
            left,
            f"operation: {move}_{'subscription' if move == 'cancel' else 'cancellation'}, subscription: S,"
            f" date: 2026-03-01, effective_date: {day}",
            id=f"{move}-{day}",
        )
        found.append(credited(plan))
    assert found == [{"I1/a": "0.03"}, {"I1/a": "0.02 + 0.01"}, {"I1/a": "0.02"}]


def test_of_an_item_that_was_credited_without_tax_the_rest_takes_the_tax_along() -> None:
    """All that is given back of the item then is 30.00, of which the tax is 6.00."""
    left = after(book(MONTH[0]), credit("{item: '1', amount: 20.00, taxes: []}"))
    assert credited(run(left, cancel("2026-09-01"))[0]) == {"I1/1": "10.00 + 6.00"}


# -- at what it was billed, not at the rate of today -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("amount: 5.00", "2.50"),  # nothing is said of the price: in proportion
        ("amount: 5.00, quantity: 1, unit_price: 5.00", "2.50"),
        # Its amount does not come of its price: in proportion of the amount.
        ("amount: 5.00, quantity: 1, unit_price: 30.00", "2.50"),
        ("amount: 60.00, quantity: 2, unit_price: 30.00", "30.00"),
    ],
)
def test_days_are_worth_what_they_were_billed_at(item: str, expected: str) -> None:
    of = book(f"{{id: a, {item}, {OF}: base, {SEPTEMBER}}}")
    assert credited(run(of, cancel("2026-09-16"))[0]) == {"I1/a": expected}


def test_quantity_and_price_are_those_of_the_line() -> None:
    of = book(f"{{id: a, amount: 60.00, quantity: 2, unit_price: 30.00, {OF}: base, {SEPTEMBER}}}")
    _, left = run(of, cancel("2026-09-16"))
    memo = left.numbered["CM00000001"]
    assert isinstance(memo, CreditMemo)
    (item,) = memo.items
    assert (item.quantity, item.unit_price) == (Decimal(2), Decimal("-30.00"))
    assert (item.source, item.source_item) == ("I1", "a")


def test_a_line_that_was_billed_for_another_period_is_given_back_by_its_own_days() -> None:
    """90.00 for 90 days of a quarter, on a charge that is monthly now: 1.00 a day."""
    quarter = "service_start: 2026-07-03, service_end: 2026-09-30"
    of = book(f"{{id: a, amount: 90.00, {OF}: base, {quarter}}}")
    plan, _ = run(of, cancel("2026-09-16"))
    assert credited(plan) == {"I1/a": "15.00"}


def test_where_no_line_is_known_the_rate_of_the_charge_counts() -> None:
    of = book("{id: a, amount: 5.00}")
    _, left = run(of, cancel("2026-09-16"))
    memo = left.numbered["CM00000001"]
    assert isinstance(memo, CreditMemo)
    assert (str(memo.amount), memo.items[0].source, memo.items[0].unit_price) == ("15.00", None, Decimal("-30.00"))


def test_days_that_several_lines_billed_are_split_among_them() -> None:
    """1 to 10 September by I1, 11 to 30 by I2 at another price: 2.00 and 4.00 a day."""
    of = book(
        f"{{id: a, amount: 20.00, {OF}: base, service_start: 2026-09-01, service_end: 2026-09-10}}",
        rest="- {number: I2, account: acme, date: 2026-09-11, currency: EUR, items: "
        f"[{{id: b, amount: 80.00, {OF}: base, service_start: 2026-09-11, service_end: 2026-09-30}}]}}",
    )
    plan, left = run(of, cancel("2026-09-06"))
    assert credited(plan) == {"I1/a": "10.00", "I2/b": "80.00"}
    memo = left.numbered["CM00000001"]
    assert isinstance(memo, CreditMemo)
    assert [(str(item.service_start), str(item.service_end)) for item in memo.items] == [
        ("2026-09-06", "2026-09-10"),
        ("2026-09-11", "2026-09-30"),
    ]


def test_days_that_were_billed_again_are_given_back_of_the_newest_line() -> None:
    """From the 16th on credited, billed again by INV00000001, then from the 11th on: 5.00 of I1, 15.00 of the other."""
    left = after(
        book(),
        cancel("2026-09-16").replace("date: 2026-09-16, eff", "date: 2026-09-05, eff"),
        "operation: undo_cancellation, subscription: S, date: 2026-09-06",
        "operation: bill_run, date: 2026-09-07, accounts: [acme]",
    )
    plan, _ = run(left, cancel("2026-09-11"))
    assert credited(plan) == {"I1/a": "5.00", "INV00000001/1": "15.00"}


# -- cents and parts of a line --------------------------------------------------------------------------------------


def test_an_end_within_a_period_then_its_start_gives_back_what_was_charged() -> None:
    """0.31 for 31 days of August. From the 16th on 0.16; from the first day on the other 0.15, not 0.16."""
    august = "service_start: 2026-08-01, service_end: 2026-08-31"
    of = book_from(f"""{HEAD}
subscriptions:
- {{id: S, account: acme, start: 2026-08-01, charges: [{{id: base, rate: 0.31, charged_through: 2026-09-01}}]}}
invoices:
- {{number: I1, account: acme, date: 2026-08-01, currency: EUR, items:
   [{{id: a, amount: 0.31, {OF}: base, {august}}}]}}
""")
    left = after(
        of, "operation: end_subscribed_charge, date: 2026-08-10, subscription: S, charge: base, until: 2026-08-16"
    )
    plan, left = run(left, "operation: bill_run, date: 2026-08-10, accounts: [acme]")
    assert credited(plan) == {"I1/a": "0.16"}
    plan, _ = run(left, cancel("2026-08-01"))
    assert credited(plan) == {"I1/a": "0.15"}


def test_after_a_write_off_of_nearly_all_no_more_than_the_rest_is_credited() -> None:
    """364 of 365.00 are written off without a final bill; of a year that is credited from its second day on 1.00 is
    left, and not 364.00 more."""
    year = "service_start: 2026-01-01, service_end: 2026-12-31"
    of = book_from(f"""{HEAD}
subscriptions:
- {{id: S, account: acme, start: 2026-01-01, charges: [{{id: base, rate: 365.00, period: year,
   charged_through: 2027-01-01}}]}}
invoices:
- {{number: I1, account: acme, date: 2026-01-01, currency: EUR, items: [{{id: a, amount: 365.00, {OF}: base, {year}}}]}}
""")
    left = after(
        of,
        cancel("2026-01-02", ", final_bill: false"),
        "operation: write_off_invoice, invoice: I1, amount: 364.00, date: 2026-01-03",
    )
    plan, _ = run(left, "operation: bill_run, date: 2026-01-04, accounts: [acme]")
    assert credited(plan) == {"I1/a": "1.00"}


# -- reversal (killbill#1505, killbill#154) -------------------------------------------------------------------------


def test_an_invoice_of_which_days_were_credited_is_not_reversed() -> None:
    left = after(book(), cancel("2026-09-16").replace("S, date", "S, final_bill: false, date"))
    left = after(left, "operation: bill_run, date: 2026-09-17, accounts: [acme]")
    reverse = "operation: reverse_invoice, invoice: I1, date: 2026-09-20"
    (problem,) = refused(left, reverse)
    assert (problem.code, problem.message, problem.hint) == (
        "given-back",
        "I1 cannot be reversed: CM00000001 has given 15.00 EUR of I1 back",
        "reverse CM00000001 first, or correct it with a memo instead",
    )
    plan, _ = run(left, reverse, lenient("reverse_invoice", "warn"))
    assert [one.code for one in plan.warnings if one.code == "over-credited"] == ["over-credited"]
    undone = after(left, "operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-09-20")
    plan, left = run(undone, reverse)
    assert str(plan.documents[0].document.amount) == "30.00"
    # Nothing of it is left, and nothing is due: service ends on the 16th, and the days before are to be billed anew.
    invoice = left.numbered["I1"]
    assert isinstance(invoice, Invoice)
    assert invoice.reversed_


def test_a_draft_credit_counts_as_well() -> None:
    """Its days are taken already: nothing else gives them back."""
    left = after(book(), cancel("2026-09-16", ", final_bill: false"))
    left = after(left, "operation: bill_run, date: 2026-09-17, accounts: [acme], bill_as: draft")
    assert told(left, credit("{item: a, amount: 15.01}", day="2026-09-20")).endswith(
        ": 15.00 was given back by TMP-CM-00000001"
    )
    (problem,) = refused(left, "operation: reverse_invoice, invoice: I1, date: 2026-09-20")
    assert problem.hint == "cancel TMP-CM-00000001 first, or correct it with a memo instead"
    canceled = after(left, "operation: cancel_draft, draft: TMP-CM-00000001, date: 2026-09-20")
    assert credited(run(canceled, credit(day="2026-09-20"))[0]) == {"I1/a": "30.00"}


def test_a_reversed_memo_leaves_what_it_took() -> None:
    reverse = "operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-09-12"
    left = after(book(), credit("{item: a, amount: 20.00}"), reverse)
    assert credited(run(left, cancel("2026-09-16"))[0]) == {"I1/a": "15.00"}


# -- write-offs ------------------------------------------------------------------------------------------------------

WRITE_OFF = "operation: write_off_invoice, invoice: I1, date: 2026-09-20"


def test_what_a_credit_gave_back_and_is_not_used_is_not_written_off() -> None:
    left = after(book(), credit("{item: a, amount: 20.00}"))
    (problem,) = refused(left, WRITE_OFF)
    assert (problem.code, problem.message, problem.hint) == (
        "available-to-credit",
        "30.00 would be written off of I1, but 10.00 is left of what was billed: 20.00 was given back by CM00000001",
        "apply CM00000001 to I1 first",
    )
    applied = after(left, "operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-09-15")
    plan, _ = run(applied, WRITE_OFF)
    assert str(plan.documents[0].document.amount) == "10.00"
    plan, _ = run(left, f"{WRITE_OFF}, amount: 10.00")
    assert str(plan.documents[0].document.amount) == "10.00"
    assert told(left, f"{WRITE_OFF}, amount: 10.01").startswith("available-to-credit: 10.01 would be written off")
    plan, _ = run(left, WRITE_OFF, lenient("write_off_invoice", "warn"))
    assert "over-credited" in [one.code for one in plan.warnings]


def test_of_a_credit_that_was_used_elsewhere_it_says_where() -> None:
    other = "- {number: I2, account: acme, date: 2026-09-01, currency: EUR, items: [{id: x, amount: 50.00}]}"
    apply = "operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-09-15, apply: [{document: I2}]"
    (problem,) = refused(after(book(rest=other), credit("{item: a, amount: 20.00}"), apply), WRITE_OFF)
    assert problem.hint == "unapply CM00000001 from I2 and apply it to I1 first"


def test_money_of_one_item_that_lies_on_another_does_not_matter() -> None:
    """30.00 of `a` are spread over both items, 15.00 each; so of `a`, given back whole, 15.00 are open. What is left of
    the invoice, 30.00, is written off, and then nothing is left of `b` either."""
    two = book(f"{{id: a, amount: 30.00, {OF}: base, {SEPTEMBER}}}", "{id: b, amount: 30.00}")
    left = after(
        two, credit("{item: a}"), "operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-09-15", WRITE_OFF
    )
    assert left.balance(left.numbered["I1"]) == 0
    assert told(left, credit(day="2026-09-21")).startswith("nothing-to-credit: ")
    assert told(left, credit("{item: b, amount: 0.01}", day="2026-09-21")).startswith("available-to-credit: ")


def test_after_a_write_off_the_bill_run_gives_nothing_back() -> None:
    left = after(book(), cancel("2026-09-16", ", final_bill: false, write_off: true"))
    plan, left = run(left, "operation: bill_run, date: 2026-09-20, accounts: [acme]")
    assert (credited(plan), moves(plan)) == ({}, ["base 2026-09-16"])


def test_what_was_asked_for_again_is_left_again_until_it_is_written_off_once_more() -> None:
    own = "operations: {write_off_invoice: {charged_through: keep}}"
    left = after(book(), WRITE_OFF, own=own)
    assert told(left, credit(day="2026-09-21")).startswith("nothing-to-credit: ")
    undone = after(left, "operation: undo_write_off, credit_memo: CM00000001, date: 2026-09-21")
    assert credited(run(undone, credit(day="2026-09-22"))[0]) == {"I1/a": "30.00"}
    again = after(undone, "operation: write_off_debit_memo, debit_memo: DM00000001, date: 2026-09-22")
    assert told(again, credit(day="2026-09-23")).startswith("nothing-to-credit: ")


# -- credits that stand on an invoice --------------------------------------------------------------------------------

TO = "charge: base, rate: 60.00, from: 2026-09-16"
DOWN = f"operation: change_subscribed_charge, date: 2026-09-15, subscription: S, {TO}"
RUN = "operation: bill_run, date: 2026-09-16, accounts: [acme]"


def test_a_credit_beside_new_time_is_written_off_with_its_invoice() -> None:
    """15.00 of September are given back on the invoice that bills 30.00 for the same days at the new rate. Nothing was
    paid: 30.00 and 15.00 are open, of 60.00 that were billed less 15.00 given back."""
    left = after(book(), DOWN, RUN)
    invoice = left.numbered["INV00000001"]
    assert isinstance(invoice, Invoice)
    assert [(item.source_item, str(item.amount)) for item in invoice.items] == [("a", "-15.00"), (None, "30.00")]
    (problem,) = refused(left, WRITE_OFF)
    assert problem.message.startswith("30.00 would be written off of I1, but 15.00 is left")
    first = after(left, WRITE_OFF.replace("I1", "INV00000001"), WRITE_OFF)
    assert [str(first.balance(first.numbered[number])) for number in ("I1", "INV00000001")] == ["0.00", "0.00"]
    # A cancellation does it in this order.
    plan, left = run(left, cancel("2026-10-01", ", write_off: true"))
    assert [str(left.balance(left.numbered[number])) for number in ("I1", "INV00000001")] == ["0.00", "0.00"]
    assert [step.request["invoice"] for step in in_turn(plan) if step.operation == "write_off_invoice"] == [
        "INV00000001",
        "I1",
    ]


# -- what only looks as if it gave something back ----------------------------------------------------------------------


def capped() -> Book:
    """Seats of 100.00 in advance and calls of 1.00, together at most 90.00 a month; January and February were billed
    on 6 February, and 7 calls of February after that."""
    left = book_from(f"""{HEAD}
subscriptions:
- id: S
  account: acme
  start: 2026-01-01
  charges:
  - {{id: seats, item: x, rate: 100.00}}
  - {{id: calls, item: x, usage: true, rate: 1.00}}
  - {{id: most, item: x, bills: maximum, rate: 90.00}}
""")
    return after(
        left,
        "operation: bill_run, date: 2026-02-28",
        "operation: record_usage, date: 2026-03-01,"
        " records: [{id: u, subscription: S, charge: calls, date: 2026-02-05, quantity: 7}]",
        "operation: bill_run, date: 2026-03-01, target_date: 2026-02-28",
    )


def amounts(left: Book, *kinds: type) -> Decimal:
    signs = ((one, -1 if isinstance(one, CreditMemo) else 1) for one in left.numbered.values())
    return sum((sign * one.amount for one, sign in signs if isinstance(one, kinds)), Decimal(0))


def test_what_a_maximum_takes_off_later_is_not_given_back_of_what_it_took_off_before() -> None:
    left = capped()
    assert amounts(left, Invoice) == Decimal("180.00")
    plan, again = run(left, "operation: credit_rebill, invoice: INV00000001, date: 2026-03-10")
    # 7.00 less 7.00; and 200.00 less 20.00
    assert [one.document.amount for one in plan.documents] == [Decimal("0.00"), Decimal("180.00")]
    assert amounts(again, Invoice, CreditMemo) == Decimal("180.00")


def test_the_memo_over_a_line_that_gives_back_is_of_that_line_alone() -> None:
    """Late calls leave less of the minimum: an invoice that gives that back is reversed."""
    left = book_from(f"""{HEAD}
subscriptions:
- id: S
  account: acme
  start: 2026-01-01
  charges: [{{id: calls, item: x, usage: true, rate: 1.00}}, {{id: least, item: x, bills: minimum, rate: 90.00}}]
""")
    left = after(
        left,
        "operation: bill_run, date: 2026-02-01, target_date: 2026-01-31",
        "operation: record_usage, date: 2026-02-02,"
        " records: [{id: u, subscription: S, charge: calls, date: 2026-01-05, quantity: 100}]",
        "operation: bill_run, date: 2026-02-02, target_date: 2026-01-31",
    )
    back = next(one for one in left.numbered["INV00000002"].items if one.source is not None)  # type: ignore[union-attr]
    assert (back.source, back.amount) == ("INV00000001", Decimal("-90.00"))
    plan, again = run(left, "operation: reverse_invoice, invoice: INV00000002, date: 2026-02-03")
    memo = plan.documents[0].document
    assert isinstance(memo, CreditMemo)
    assert {(one.source, one.source_item) for one in memo.items} == {(None, "1"), (None, "2")}
    assert check(file_of(again), NO_FILE) == []


def test_what_a_draft_gives_back_of_a_line_is_decided_before_it_is_unwound() -> None:
    """Else the new line has what the draft gives carried to it, and canceling the draft loses that."""
    left = after(
        book(),
        "operation: end_subscribed_charge, subscription: S, charge: base, until: 2026-09-16, date: 2026-09-02",
        "operation: bill_run, date: 2026-09-03, bill_as: draft",
    )
    for name in ("credit_only", "credit_rebill"):
        ask = f"operation: {name}, invoice: I1, date: 2026-09-10"
        assert told(left, ask) == "in-flight: TMP-CM-00000001 gives back of I1/a and is not posted yet"
        for how in ("post_draft", "cancel_draft"):
            run(after(left, f"operation: {how}, draft: TMP-CM-00000001, date: 2026-09-04"), ask)


def test_a_discount_of_a_line_that_came_to_nothing_may_be_billed_again_twice() -> None:
    """What was given back of February is carried, so nothing of it is left for a memo, nor of its discount."""
    left = book_from(f"""{HEAD}
subscriptions:
- id: S
  account: acme
  start: 2026-01-01
  charges: [{{id: seats, rate: 30.00}}, {{id: less, rate: -6.00, discounts: seats}}]
""")
    left = after(
        left,
        "operation: bill_run, date: 2026-01-01",
        "operation: bill_run, date: 2026-02-01",
        "operation: credit_memo_from_invoice, invoice: INV00000002, date: 2026-02-02",
        "operation: credit_rebill, invoice: INV00000001, date: 2026-02-03",
        "operation: credit_rebill, invoice: INV00000003, date: 2026-02-04",
    )
    assert {one.id for one in left.charge_periods.values() if one.document == "INV00000003"} >= {"INV00000003/2"}
    assert check(file_of(left), NO_FILE) == []
    assert amounts(left, Invoice, CreditMemo) == Decimal("24.00")
