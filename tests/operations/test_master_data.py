"""Operations on master data: what each does, what each refuses, from which day on, and who is told of it."""

from __future__ import annotations

import datetime
from dataclasses import fields
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargeAdded, Given
from billpolicy.book.history import FIELDS
from billpolicy.book.model import Account, Charge, Contact, CreditMemo, Invoice, MasterRecord, Subscription
from billpolicy.operations.master.shared import ChangeRequest
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import Inheriting, Taken, in_turn
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.books import book_from
from tests.helpers.scenes import book_after, plan, refusals, refused, run
from tests.helpers.scenes import refused_codes as policy_refused

BOOK = """
accounts:
- {id: acme, currency: USD, name: Acme, country: US, attributes: {bill_to_contact: ann, payment_term: Net 30}}
- {id: bolt, currency: USD, attributes: {bill_to_contact: bob}}
contacts: [{id: ann, account: acme}, {id: amy, account: acme}, {id: bob, account: bolt}]
charges: [{id: seats, name: Seats, type: recurring}]
subscriptions:
- id: S1
  account: acme
  start: 2026-05-01
  term_end: 2027-05-01
  charges:
  - {id: seat, charge: seats, rate: 10.00, quantity: 3}
  - {id: less, rate: -2.00, discounts: seat}
  - {id: setup, rate: 50.00, period: one_time}
- {id: S2, account: acme, start: 2026-05-01, attributes: {payment_term: Net 60}, charges: [{id: seat, rate: 5.00}]}
- {id: GONE, account: acme, start: 2026-05-01, canceled_on: 2026-05-20, charges: [{id: seat, rate: 5.00}]}
accounting_periods:
- {from: 2026-01-01, until: 2026-02-01, status: closed}
- {from: 2026-02-01, until: 2026-03-01}
- {from: 2026-03-01, until: 2026-04-01}
"""
JUNE = datetime.date(2026, 6, 1)
"""Today."""
REFUSED = {
    "operation: create_account\naccount: acme\ncurrency: USD": ["record-known"],
    "operation: create_account\naccount: new\ncurrency: USD\nattributes: {colour: red}": ["attribute-not-here"],
    "operation: create_account\naccount: new\ncurrency: USD\nattributes: {payment_term: Never}": [
        "payment-term-unknown"
    ],
    "operation: create_account\naccount: new\ncurrency: USD\ncustom: {segment: b}": ["custom-value-wrong"],
    "operation: change_account\naccount: acme": ["nothing-changes"],
    "operation: change_account\naccount: acme\nname: Acme": ["nothing-changes"],
    "operation: change_account\naccount: nobody\nname: Acme": ["account-unknown"],
    "operation: change_account\naccount: acme\nclear: [currency]": ["clear-unknown"],
    "operation: change_account\naccount: acme\nclear: [colour]": ["clear-unknown"],
    "operation: change_account\naccount: acme\nname: A\nclear: [name]": ["clear-unknown"],
    "operation: change_account\naccount: acme\ncurrency: EUR": ["currency-mismatch"],
    "operation: change_account\naccount: acme\nattributes: {bill_to_contact: bob}": ["contact-unknown"],
    "operation: change_account\naccount: acme\nattributes: {sequence_set: NONE}": ["sequence-set-unknown"],
    "operation: create_contact\ncontact: ann\naccount: acme": ["record-known"],
    "operation: create_contact\ncontact: zoe\naccount: nobody": ["account-unknown"],
    "operation: change_contact\ncontact: zoe\nname: Zoe": ["contact-unknown"],
    "operation: change_contact\ncontact: ann\nclear: [email]": ["nothing-changes"],
    "operation: retire_contact\ncontact: zoe": ["contact-unknown"],
    "operation: retire_contact\ncontact: ann\nclear: [name]": ["clear-unknown"],
    "operation: retire_contact\ncontact: ann\nclear: [retired_on]": ["nothing-changes"],
    "operation: create_subscription\nsubscription: S1\naccount: acme\nstart: 2026-06-01": ["record-known"],
    "operation: create_subscription\nsubscription: S9\naccount: acme\nstart: 2026-06-01\nbill_day: 32": ["bill-day"],
    "operation: create_subscription\nsubscription: S9\naccount: acme\nstart: 2026-06-01\n"
    "charges: [{id: a, charge: nothing}]": ["reference-unknown"],
    "operation: create_subscription\nsubscription: S9\naccount: acme\nstart: 2026-06-01\nterm_end: 2026-05-01": [
        "date-too-early"
    ],
    "operation: change_subscription\nsubscription: S9\nplan: big": ["subscription-unknown"],
    "operation: change_subscription\nsubscription: S1\nbill_day: 0": ["bill-day"],
    "operation: change_subscription\nsubscription: S1\nclear: [plan]": ["nothing-changes"],
    "operation: renew_subscription\nsubscription: S1\nterm_end: 2027-05-01": ["nothing-changes"],
    "operation: renew_subscription\nsubscription: S1\nterm_end: 2026-05-01": ["date-too-early"],
    "operation: renew_subscription\nsubscription: S2\nterm_end: 2027-05-01": ["term-missing"],
    "operation: renew_subscription\nsubscription: GONE\nterm_end: 2027-05-01": ["canceled-already", "term-missing"],
    "operation: add_subscribed_charge\nsubscription: S1\ncharge: {id: seat}": ["id-repeated"],
    "operation: add_subscribed_charge\nsubscription: S1\ncharge: {id: n, until: 2026-06-01}": ["period-empty"],
    "operation: add_subscribed_charge\nsubscription: S1\ncharge: {id: n, discounts: less}": ["discount-of-discount"],
    "operation: add_subscribed_charge\nsubscription: GONE\ncharge: {id: n}": ["canceled-already"],
    "operation: add_subscribed_charge\nsubscription: S1\ncharge: {id: n, item: seat, bills: minimum}": [
        "limit-charge-odd"
    ],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: none\nrate: 1.00": ["charge-unknown"],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: seat\nrate: 10.00": ["nothing-changes"],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: seat": ["nothing-changes"],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: seat\nrate: 1.00\nfrom: 2026-05-01": [
        "date-too-early"
    ],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: seat\nquantity: -1": ["amount-sign"],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: seat\nrate: 1.00\nas: less": [
        "discount-of-discount",
        "id-repeated",
    ],
    "operation: change_subscribed_charge\nsubscription: S1\ncharge: setup\nrate: 1.00": ["charge-one-time"],
    "operation: change_subscribed_charge\nsubscription: GONE\ncharge: seat\nrate: 1.00": ["canceled-already"],
    "operation: end_subscribed_charge\nsubscription: S1\ncharge: setup": ["charge-one-time"],
    "operation: end_subscribed_charge\nsubscription: S1\ncharge: seat\nuntil: 2026-05-01": ["date-too-early"],
    "operation: end_subscribed_charge\nsubscription: GONE\ncharge: seat": ["canceled-already"],
    "operation: create_charge\ncharge: seats\nname: Seats": ["record-known"],
    "operation: change_charge\ncharge: nothing\nname: Seats": ["charge-unknown"],
    "operation: change_charge\ncharge: seats\nclear: [name]": ["clear-unknown"],
    "operation: create_accounting_period\nfrom: 2026-03-15\nuntil: 2026-04-15": ["period-overlap"],
    "operation: create_accounting_period\nfrom: 2026-04-01\nuntil: 2026-04-01": ["period-empty"],
    "operation: create_accounting_period\nfrom: 2026-03-01\nuntil: 2026-04-01": ["record-known"],
    "operation: close_accounting_period\nfrom: 2026-04-01": ["period-unknown"],
    "operation: close_accounting_period\nfrom: 2026-01-01": ["nothing-changes"],
    "operation: close_accounting_period\nfrom: 2026-03-01": ["period-order"],
    "operation: reopen_accounting_period\nfrom: 2026-01-01": ["approval-missing"],
    "operation: reopen_accounting_period\nfrom: 2026-02-01\nactor: ann\napproved_by: ben": ["nothing-changes"],
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_is_refused(operation: str) -> None:
    assert refused(BOOK, operation) == REFUSED[operation]


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (
            (
                "operation: create_subscription\nsubscription: S9\naccount: acme\nstart: 2026-06-01\n"
                "charges:\n- {id: fee, item: line, rate: 5.00}\n- {id: least, item: line, bills: minimum, rate: -1.00}"
            ),
            "-1.00}",
        ),
        ("operation: add_subscribed_charge\nsubscription: S1\ncharge:\n  id: n\n  drawn_by: [calls]", "[calls]"),
        (
            (
                "operation: add_subscribed_charge\nsubscription: S1\n"
                "charge: {id: n, discounts: seat, rate: -1.00, profile: P}"
            ),
            "P}",
        ),
        ("operation: change_subscribed_charge\nsubscription: S1\ncharge: seat\nquantity: -1", "-1"),
    ],
)
def test_what_a_charge_cannot_be_is_told_at_the_field_that_says_so(operation: str, told: str) -> None:
    (planned,) = run(BOOK, operation)
    written = ["operations:", "- id: op-1", *(f"  {line}" for line in operation.splitlines())]
    (at,) = {one.position for one in planned.problems if one.position}
    assert written[at.line - 1][at.column - 1 :].startswith(told)


HINTS = {
    "operation: change_account\naccount: acme": "name a value that is another one from that day on",
    "operation: change_account\naccount: acme\nclear: [currency]": "give it another one: `currency: ...`",
    "operation: change_account\naccount: acme\nclear: [plan]": "known here: `country`, `name`, `region`",
    "operation: change_account\naccount: acme\nclear: [payment_term]": (
        "an attribute is cleared by `null`: `attributes: {payment_term: null}`"
    ),
    "operation: change_contact\ncontact: ann\nclear: [payment_term]": "known here: `country`, `email`, `name`",
    "operation: change_charge\ncharge: seats\nname: Seat\nclear: [colour]": "known here: `tax_code`",
    "operation: add_subscribed_charge\nsubscription: S1\ncharge: {id: seat, rate: 1.00}": (
        "give the new one another id, or change that one with `change_subscribed_charge`"
    ),
}


def hints(book: Book | str, operation: str) -> list[str | None]:
    """What to do next, of one operation that is refused."""
    (planned,) = run(book, operation)
    return [problem.hint for problem in planned.problems]


@pytest.mark.parametrize("operation", HINTS)
def test_what_is_refused_says_what_to_do_next(operation: str) -> None:
    assert hints(BOOK, operation) == [HINTS[operation]]


# -- values from a day on ------------------------------------------------------------------------------------------


def term_of(book_text: str, *before: str, date: str, policy: str = "") -> tuple[str, str | None, str | None]:
    """The payment term of what is billed of S1 on that date: its value, since when, and by which operation."""
    book = book_after(book_text, *before)
    run = f"operation: bill_run\ndate: {date}\ntarget_date: 2026-05-01\nsubscriptions: [S1]"
    (document,) = plan(book, run, policy=policy).documents
    found = document.resolved.resolutions["payment_term"]
    assert found.level is not None
    since = document.resolved.levels[found.level].since.get("payment_term")
    day, operation = (None, None) if since is None else since
    return str(found.value), None if day is None else str(day), operation


LATER = "id: later\noperation: change_account\ndate: 2026-05-10\nfrom: 2026-07-01\naccount: acme\n"
LATER += "attributes: {payment_term: Net 60}"
BACK = LATER.replace("from: 2026-07-01", "from: 2026-05-05").replace("later", "back")
BY_DATE = "every_operation: {values_of: document_date}"


def test_a_value_that_holds_later_does_not_count_yet() -> None:
    """Today is 1 June."""
    assert term_of(BOOK, LATER, date="2026-06-01") == ("Net 30", None, None)
    assert term_of(BOOK, LATER, date="2026-07-01") == ("Net 60", "2026-07-01", "later")


def test_latest_values_or_those_of_the_document_date() -> None:
    assert term_of(BOOK, BACK, date="2026-05-04") == ("Net 60", "2026-05-05", "back")
    assert term_of(BOOK, BACK, date="2026-05-04", policy=BY_DATE) == ("Net 30", None, None)
    assert term_of(BOOK, BACK, date="2026-05-05", policy=BY_DATE) == ("Net 60", "2026-05-05", "back")


def test_a_back_dated_value_says_until_when_it_holds() -> None:
    notes = plan(book_after(BOOK, LATER), BACK.replace("Net 60", "Due Upon Receipt")).notes
    assert notes == ("`attributes.payment_term` is this until 2026-07-01: from that day on it is Net 60 already",)


def test_an_account_in_another_currency_from_later_on_is_in_the_old_one_until_then() -> None:
    change = "operation: change_account\ndate: 2026-06-01\nfrom: 2026-07-01\naccount: bolt\ncurrency: EUR"
    book = book_after(BOOK, change)
    payment = "operation: create_payment\ndate: {}\naccount: bolt\namount: 5.00"
    currencies = [
        plan(book, payment.format(day)).documents[0].document.currency for day in ("2026-06-30", "2026-07-01")
    ]
    assert currencies == ["USD", "EUR"]


# -- bill days -----------------------------------------------------------------------------------------------------

BILL_DAY = "operation: change_subscription\ndate: 2026-05-10\nfrom: {}\nsubscription: S2\nbill_day: 15"
MAY = "id: may\noperation: bill_run\ndate: 2026-05-01\nsubscriptions: [S2]"


def billed(*before: str, target: str) -> list[str]:
    run = f"operation: bill_run\ndate: 2026-08-01\ntarget_date: {target}\nsubscriptions: [S2]"
    (document,) = plan(book_after(BOOK, *before), run).documents
    assert isinstance(document.document, Invoice)
    return [f"{item.service_start} {item.service_end} {item.amount}" for item in document.document.items]


def test_a_bill_day_begins_with_the_period_that_ends_on_its_day_or_later() -> None:
    """5.00 x 14 / 31 = 2.258..., of the period from 15 May to 14 June."""
    assert billed(MAY, BILL_DAY.format("2026-05-10"), target="2026-06-15") == [
        "2026-06-01 2026-06-14 2.26",
        "2026-06-15 2026-07-14 5.00",
    ]


def test_a_bill_day_that_holds_later_does_not_count_yet() -> None:
    assert billed(MAY, BILL_DAY.format("2026-08-01"), target="2026-07-31") == [
        "2026-06-01 2026-06-30 5.00",
        "2026-07-01 2026-07-31 5.00",
    ]


def test_a_bill_day_does_not_move_what_is_billed() -> None:
    far = MAY + "\ntarget_date: 2026-07-01"
    assert refused(book_after(BOOK, far), BILL_DAY.format("2026-05-10")) == ["bill-day-billed"]
    assert plan(book_after(BOOK, far), BILL_DAY.format("2026-08-01")).of(Given)


@pytest.mark.parametrize(
    "charge",
    [
        "{id: seat, rate: 1.00, charged_through: 9999-12-31}]}",
        """{id: seat, rate: 1.00, usage: true}]}
invoices:
- number: I1
  account: bolt
  date: 2026-05-01
  currency: USD
  items: [{id: 1, amount: 2.00, subscription: late, subscribed_charge: seat, service_start: 2026-01-01}]
usage: [{id: u, subscription: late, charge: seat, date: 9999-12-31, quantity: 2, billed_by: I1, amount: 2.00}]""",
    ],
)
def test_a_bill_day_does_not_move_what_is_billed_to_the_end_of_the_calendar(charge: str) -> None:
    book = f"""accounts: [{{id: bolt, currency: USD, attributes: {{bill_to_contact: bob}}}}]
contacts: [{{id: bob, account: bolt}}]
subscriptions:
- {{id: late, account: bolt, start: 2026-01-01, charges: [{charge}
"""
    assert refused(book, BILL_DAY.format("2026-05-10").replace("S2", "late")) == ["bill-day-billed"]


# -- charges -------------------------------------------------------------------------------------------------------

CHANGE = "id: more\noperation: change_subscribed_charge\ndate: 2026-05-16\nsubscription: S1\ncharge: seat\nquantity: 6"


def test_a_change_in_the_middle_of_a_billed_month_is_credited_and_billed_with_its_discount() -> None:
    """16 of 31 days: 30.00 -> -15.48, 60.00 -> 30.97, and of the discount -2.00 -> 1.03 and -1.03."""
    book = book_after(BOOK, "operation: bill_run\ndate: 2026-05-01\nsubscriptions: [S1]", CHANGE)
    charges = {one.id: one for one in book.subscriptions["S1"].charges}
    assert (charges["less-2"].discounts, charges["less-2"].continues) == ("seat-2", "less")
    assert {str(charges[id].until) for id in ("seat", "less")} == {"2026-05-16"}
    (made,) = plan(book, "operation: bill_run\ndate: 2026-05-16\nsubscriptions: [S1]").documents
    assert isinstance(made.document, Invoice)
    assert {item.subscribed_charge: item.amount for item in made.document.items} == {
        "seat": Decimal("-15.48"),
        "less": Decimal("1.03"),
        "seat-2": Decimal("30.97"),
        "less-2": Decimal("-1.03"),
    }


def test_a_charge_is_changed_again_and_keeps_its_periods() -> None:
    again = CHANGE.replace("more", "again").replace("charge: seat", "charge: seat-2").replace("05-16", "05-20")
    added = plan(book_after(BOOK, CHANGE), again.replace("quantity: 6", "quantity: 7")).of(ChargeAdded)
    assert [(one.charge.id, one.charge.continues) for one in added] == [("seat-3", "seat"), ("less-3", "less")]
    late = CHANGE.replace("more", "late").replace("05-16", "05-20")
    assert hints(book_after(BOOK, CHANGE), late) == [
        "name a day before 2026-05-16, or name `seat-2`, which continues it"
    ]


def test_a_new_tax_code_from_a_day_on_is_credited_and_billed_anew() -> None:
    """Half of June's 30.00 is credited with half of its tax, 22% of it, and billed at 0%, as its discount is."""
    rates = """
tax_rates:
  standard: [{country: EE, region: HAR, name: VAT, rate: 22%, from: 2024-01-01}]
  exempt: [{country: EE, region: HAR, name: VAT, rate: 0%, from: 2024-01-01}]
"""
    june = "operation: bill_run\ndate: 2026-06-01\nsubscriptions: [N]"
    book = book_after(
        BOOK,
        "operation: create_charge\ncharge: code\nname: Code\ntax_code: exempt",
        "operation: change_charge\ncharge: code\nfrom: 2026-01-01\ntax_code: standard",
        "operation: create_account\naccount: new\ncurrency: USD\ncountry: EE\nregion: TAR\n"
        "attributes: {bill_to_contact: nina}\ncontacts: [{id: nina}]",
        "operation: change_account\naccount: new\nregion: HAR\nfrom: 2026-01-01",
        "operation: create_subscription\nsubscription: N\naccount: new\nstart: 2026-06-01\ncharges:\n"
        "- {id: seat, charge: code, rate: 10.00, quantity: 3}\n- {id: less, rate: -2.00, discounts: seat}",
        june,
        CHANGE.replace("S1", "N").replace("quantity: 6", "tax_code: exempt").replace("05-16", "06-16"),
        policy=rates,
    )
    # Without tax it comes to nothing; the 3.08 of tax are given back, so it is a credit memo.
    (memo,) = plan(book, june.replace("06-01", "06-16"), policy=rates).documents
    assert isinstance(memo.document, CreditMemo)
    assert {
        item.subscribed_charge: (item.amount, sum(tax.amount for tax in item.taxes)) for item in memo.document.items
    } == {
        "seat": (Decimal("15.00"), Decimal("3.30")),
        "less": (Decimal("-1.00"), Decimal("-0.22")),
        "seat-2": (Decimal("-15.00"), Decimal("0.00")),
        "less-2": (Decimal("1.00"), Decimal("0.00")),
    }


def test_what_continues_a_charge_is_of_its_item_and_bills_as_it_did() -> None:
    charge = "{id: n, item: seat, bills: minimum, rate: 40.00, profile: p, tax_code: standard, timing: in_arrears}"
    prepaid = "{id: pool, rate: 9.00, drawn_by: [seat], start: 2026-05-01}"
    book = book_after(
        BOOK.replace("{id: setup,", "{id: calls, item: seat, rate: 1.00, usage: true}\n  - {id: setup,"),
        f"operation: add_subscribed_charge\nsubscription: S1\ncharge: {charge}",
        f"operation: add_subscribed_charge\nsubscription: S1\ncharge: {prepaid}",
        CHANGE.replace("charge: seat\nquantity: 6", "charge: n\nrate: 50.00").replace("05-16", "06-16"),
        CHANGE.replace("more", "pool").replace("charge: seat\nquantity: 6", "charge: pool\nrate: 8.00"),
    )
    found = {one.id: one for one in book.subscriptions["S1"].charges}
    last, pool = found["n-2"], found["pool-2"]
    assert (last.of_item, last.bills, last.profile, last.tax_code) == ("seat", "minimum", "p", "standard")
    assert (pool.of_item, pool.drawn_by) == ("pool", ("seat",))


def test_an_end_takes_the_discounts_with_it_and_a_later_one_does_not_undo_it() -> None:
    end = "operation: end_subscribed_charge\ndate: 2026-05-16\nsubscription: S1\ncharge: seat\nuntil: {}"
    book = book_after(BOOK, end.format("2026-07-01"), end.format("2026-06-10"))
    assert [str(one.until) for one in book.subscriptions["S1"].charges[:2]] == ["2026-06-10", "2026-06-10"]
    assert refused(book, end.format("2026-07-01")) == ["charge-ended"]


def test_a_renewal_before_the_last_one_began_counts() -> None:
    renew = "operation: renew_subscription\ndate: {}\nsubscription: S1\nterm_end: {}"
    book = book_after(BOOK, renew.format("2026-07-01", "2028-05-01"), renew.format("2026-06-01", "2029-05-01"))
    assert str(book.subscriptions["S1"].term_end) == "2029-05-01"


def test_a_term_that_ended_is_billed_again_once_it_is_renewed() -> None:
    """Billed through 1 June, credited from 15 May on, and billed from there again: 17 of 31 days of 5.00."""
    book = BOOK.replace("{id: S2, ", "{id: S2, term_end: 2026-05-15, ").replace(
        "rate: 5.00}", "rate: 5.00, charged_through: 2026-06-01}"
    )
    run = "operation: bill_run\ndate: 2026-05-20\nsubscriptions: [S2]"
    (credited,) = plan(book, run).documents
    renewed = book_after(
        book, run, "operation: renew_subscription\ndate: 2026-05-25\nsubscription: S2\nterm_end: 2027-05-15"
    )
    (again,) = plan(renewed, run).documents
    assert (credited.document.kind, again.document.kind) == ("credit_memo", "invoice")
    assert credited.document.amount == again.document.amount == Decimal("2.74")


# -- who is told ---------------------------------------------------------------------------------------------------


def inheriting(*operations: str, policy: str = "") -> list[Inheriting]:
    *before, last = operations
    book = book_after(BOOK, *before) if before else book_from(BOOK)
    return list(plan(book, last, policy=policy).inheriting)


TERM = Taken("Net 30", "account acme")
DEFAULT = Taken("Due Upon Receipt", "the policy's defaults")


def test_who_takes_a_value_from_the_account_before_the_change_is_told_too() -> None:
    cleared = "operation: change_account\naccount: acme\nattributes: {payment_term: null, bill_to_contact: null}"
    assert inheriting(cleared) == [
        Inheriting("bill_to_contact", "subscription", 2, ("S1", "S2"), JUNE, Taken("ann", "account acme"), Taken()),
        Inheriting("payment_term", "subscription", 1, ("S1",), JUNE, TERM, DEFAULT),
    ]
    term = "operation: change_account\naccount: acme\nattributes: {payment_term: null}"
    assert inheriting(term) == [Inheriting("payment_term", "subscription", 1, ("S1",), JUNE, TERM, DEFAULT)]


def test_of_a_subscription_is_told_where_its_values_come_from_now() -> None:
    own = "operation: change_subscription\nsubscription: {}\nattributes: {{payment_term: {}}}"
    assert inheriting(own.format("S2", "null")) == [
        Inheriting("payment_term", "subscription", 1, ("S2",), JUNE, Taken("Net 60", "subscription S2"), TERM)
    ]
    assert inheriting(own.format("S1", "Net 30")) == [
        Inheriting("payment_term", "subscription", 1, ("S1",), JUNE, TERM, Taken("Net 30", "subscription S1"))
    ]


def test_an_exception_that_asks_about_what_is_changed_counts() -> None:
    rule = (
        "exceptions: [{id: de, operations: [bill_run], when: {account.country: DE}, then: {payment_term: [default]}}]"
    )
    assert inheriting("operation: change_account\naccount: acme\ncountry: DE", policy=rule) == [
        Inheriting("payment_term", "subscription", 1, ("S1",), JUNE, TERM, DEFAULT),
        Inheriting("payment_term", "subscription", 1, ("S2",), JUNE, Taken("Net 60", "subscription S2"), DEFAULT),
    ]


def test_who_is_addressed_to_a_retired_contact_is_told() -> None:
    retire = "operation: retire_contact\ncontact: ann\nfrom: 2026-07-01"
    july = datetime.date(2026, 7, 1)
    ann = Taken("ann", "account acme")
    assert inheriting(retire) == [Inheriting("bill_to_contact", "subscription", 2, ("S1", "S2"), july, ann, Taken())]
    assert [one.code for one in plan(BOOK, retire).warnings] == ["contact-named"]


# -- what a policy can ask -----------------------------------------------------------------------------------------

RULES = """
roles: {clerk: [ines], lead: [maria]}
exceptions:
- {id: terms, operations: [change_account, change_subscription], when: {changes.payment_term: true},
   then: {permission: approval}}
- {id: back-dating, operations: [change_contact], when: {back_dated: true, actor.role: clerk},
   then: {permission: refused}}
- {id: far, operations: [change_charge], when: {from: {at_least: 2030-01-01}}, then: {permission: refused}}
"""


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("change_account\naccount: acme\nattributes: {payment_term: Net 60}", ["approval-missing"]),
        ("change_account\naccount: acme\nattributes: {payment_term: Net 30}\nname: A", []),  # holds it already
        ("change_account\naccount: acme\nname: A", []),
        ("change_contact\ncontact: ann\nname: A\nactor: ines", []),
        ("change_contact\ncontact: ann\nname: A\nactor: ines\nfrom: 2026-05-31", ["not-permitted"]),
        ("change_contact\ncontact: ann\nname: A\nactor: maria\nfrom: 2026-05-31", []),
        ("change_charge\ncharge: seats\nname: A\nfrom: 2029-12-31", []),
        ("change_charge\ncharge: seats\nname: A\nfrom: 2030-01-01", ["not-permitted"]),
    ],
)
def test_conditions_ask_what_is_changed_and_from_when(operation: str, codes: list[str]) -> None:
    if codes:
        assert refused(BOOK, f"operation: {operation}", policy=RULES) == codes
    else:
        plan(BOOK, f"operation: {operation}", policy=RULES)


def test_what_is_no_name_of_an_attribute_is_told() -> None:
    rule = "exceptions: [{{id: x, operations: [{}], when: {{{}: true}}, then: {{permission: refused}}}}]"
    assert policy_refused(rule.format("change_account", "changes.payment_terms")) == ["field-unknown"]
    assert policy_refused(rule.format("change_contact", "changes.payment_term")) == ["field-unknown"]
    assert policy_refused(rule.format("create_payment", "changes.name")) == ["field-unknown"]
    (found,) = refusals(rule.format("change_account", "changes.payment_terms"))
    assert found.hint == "did you mean `changes.payment_term`?"


def test_a_change_is_followed_by_a_bill_run() -> None:
    follow = "follow_ups: [{id: at-once, after: subscription_changed, then: bill_run}]"
    chain = plan(BOOK, CHANGE, policy=follow)
    assert [one.operation for one in in_turn(chain)] == ["change_subscribed_charge", "bill_run"]
    quiet = plan(BOOK, "operation: change_contact\ncontact: ann\nname: A", policy=follow)
    assert not quiet.follow_ups


def test_a_follow_up_asks_about_values_of_its_day() -> None:
    """The plan is another one from July on: today it is none."""
    later = "operation: change_subscription\ndate: 2026-05-01\nfrom: 2026-07-01\nsubscription: S1\nplan: big"
    rule = "after: subscription_changed, when: {subscription.plan: big}, then: bill_run"
    book = book_after(BOOK, later)
    for date, steps in (("2026-06-16", 0), ("2026-07-16", 1)):
        change = CHANGE.replace("2026-05-16", date)
        assert len(plan(book, change, policy=f"follow_ups: [{{id: big, {rule}}}]").follow_ups) == steps


def test_planning_does_not_change_the_book() -> None:
    book = book_from(BOOK)
    plan(book, CHANGE)
    assert book.subscriptions == book_from(BOOK).subscriptions


CHANGES: dict[str, tuple[type[MasterRecord], frozenset[str]]] = {
    "change_account": (Account, frozenset()),
    "change_contact": (Contact, frozenset({"retired_on"})),  # by `retire_contact`
    "change_subscription": (Subscription, frozenset({"term_end"})),  # by `renew_subscription`
    "change_charge": (Charge, frozenset()),
}
"""What changes a record, and which of its fields another operation gives."""


@pytest.mark.parametrize("operation", CHANGES)
def test_what_a_request_can_give_has_a_history_and_can_be_asked_about(operation: str) -> None:
    """The fields stand in the model of the request, in the history and in the vocabulary: a new one in all three."""
    kind, elsewhere = CHANGES[operation]
    common = {field.name for field in fields(ChangeRequest)} | {operation.removeprefix("change_"), "custom"}
    own = {field.name for field in fields(OPERATIONS[operation].request) if field.name not in common}
    assert own | elsewhere == {name for name in FIELDS[kind] if not name.endswith(".")}
    asked = {field.name for field in VOCABULARY[operation].fields if field.name.startswith("changes.")}
    assert asked == {f"changes.{name}" for name in own}
