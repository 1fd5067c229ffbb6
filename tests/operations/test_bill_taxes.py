"""The taxes of bill runs: docs/tax.md, docs/domain.md 6.2 and 9.5."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.rating import BilledLine, Line
from billpolicy.book.model import ChargePeriod, CreditMemo, Invoice, TaxItem
from billpolicy.deciding.tax_engine import Tax, TaxableLine
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.billing.bill_taxes import taxed
from billpolicy.operations.billing.bills import bills_of
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.planning.planning import Planning
from tests.helpers.books import book_from
from tests.helpers.plan_views import documents
from tests.helpers.planning import dry_run, plan_on
from tests.helpers.properties import examples
from tests.helpers.refusals import refused as refusal
from tests.helpers.scenes import TODAY, book_after, operations, plan, refused, run, versions

RATES = """
tax_rates:
  standard:
    - {country: EE, name: VAT, rate: 22%, from: 2024-01-01, until: 2025-07-01}
    - {country: EE, name: VAT, rate: 24%, from: 2025-07-01}
    - {country: FI, name: ALV, rate: 25.5%, from: 2024-09-01}
  exempt: [{country: EE, name: VAT, rate: 0%, from: 2024-01-01}]
"""
RUN = "operation: bill_run\ndate: 2025-07-01\n"


def book(*charges: str, account: str = "country: EE", subscription: str = "", rest: str = "") -> str:
    """An account with one subscription from 1 July 2025, with these charges."""
    return f"""
accounts: [{{id: a, currency: EUR, {account}{", " if account else ""}attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
charges: [{{id: SEAT, name: Seats, tax_code: standard}}, {{id: PLAIN, name: Plain}}]
subscriptions:
- {{id: s, account: a, start: 2025-07-01, {subscription}charges: [{", ".join(f"{{{one}}}" for one in charges)}]}}
{rest}"""


def bills(found: Plan) -> list[Invoice | CreditMemo]:
    return [document for document in documents(found) if isinstance(document, Invoice | CreditMemo)]


def taxes(found: Plan) -> dict[str, list[str]]:
    """Charge -> the taxes of its items, over all documents."""
    told: dict[str, list[str]] = {}
    for document in bills(found):
        for item in document.items:
            told.setdefault(item.subscribed_charge or "", []).extend(f"{tax.name} {tax.amount}" for tax in item.taxes)
    return told


# -- what is taxed -------------------------------------------------------------------------------------------------


def test_a_tax_item_says_all_that_there_is_to_say_of_it() -> None:
    (invoice,) = bills(plan(book("id: x, charge: SEAT, rate: 100.00"), RUN, policy=RATES))
    (item,) = invoice.items
    assert item.taxes == (
        TaxItem(
            id="VAT", name="VAT", rate=Decimal("0.24"), amount=Decimal("24.00"), jurisdiction="EE", code="standard"
        ),
    )
    assert str(invoice.amount) == "124.00"


def test_the_subscribed_charge_comes_before_the_product() -> None:
    charges = (
        "id: own, charge: SEAT, rate: 100.00, tax_code: exempt",
        "id: product, charge: SEAT, rate: 100.00",
        "id: without, charge: PLAIN, rate: 100.00",
        "id: nameless, rate: 100.00",
    )
    assert taxes(plan(book(*charges), RUN, policy=RATES)) == {
        "own": ["VAT 0.00"],
        "product": ["VAT 24.00"],
        "without": [],
        "nameless": [],
    }


def test_usage_is_taxed_by_the_first_day_of_its_period() -> None:
    used = "usage: [{id: u, subscription: s, charge: x, date: 2025-06-15, quantity: 200}]"
    metered = book("id: x, charge: SEAT, rate: 0.10, usage: true, start: 2025-06-01", rest=used)
    metered = metered.replace("start: 2025-07-01", "start: 2025-06-01")
    assert taxes(plan(metered, RUN, policy=RATES)) == {"x": ["VAT 4.40"]}  # 200 x 0.10 at the 22% of June


def test_credits_are_taxed_and_no_document_is_on_the_wrong_side_of_zero() -> None:
    # -10.00 and 9.00 are -1.00, but with the tax of 2.16 there is 1.16 to pay: an invoice.
    charges = "id: x, rate: -10.00, tax_code: exempt", "id: y, rate: 9.00, tax_code: standard"
    (invoice,) = bills(plan(book(*charges), RUN, policy=RATES))
    assert isinstance(invoice, Invoice)
    assert [(str(item.amount), *(str(tax.amount) for tax in item.taxes)) for item in invoice.items] == [
        ("-10.00", "0.00"),
        ("9.00", "2.16"),
    ]
    assert str(invoice.amount) == "1.16"
    # The other way round 10.00 and -9.00 are 1.00, with the tax -1.16: a credit memo.
    charges = "id: x, rate: 10.00, tax_code: exempt", "id: y, rate: -9.00, tax_code: standard"
    (memo,) = bills(plan(book(*charges), RUN, policy=RATES))
    assert isinstance(memo, CreditMemo)
    assert str(memo.amount) == "1.16"


@pytest.mark.parametrize(("place", "told"), [("country: EE", "VAT 24.00"), ("country: FI", "ALV 25.50")])
def test_the_account_says_the_country(place: str, told: str) -> None:
    # The bill-to contact is somewhere else.
    text = book("id: x, charge: SEAT, rate: 100.00", account=place).replace(
        "account: a}]", "account: a, country: LV}]", 1
    )
    assert taxes(plan(text, RUN, policy=RATES)) == {"x": [told]}


@pytest.mark.parametrize(("values_of", "told"), [("latest", "ALV 25.50"), ("document_date", "VAT 24.00")])
def test_the_country_is_that_of_the_day_whose_values_count(values_of: str, told: str) -> None:
    # It moved to Finland on 1 August, and July is billed late.
    moved = "[{field: country, value: EE}, {field: country, value: FI, since: 2025-08-01}]"
    text = book("id: x, charge: SEAT, rate: 100.00", account=f"country: FI, history: {moved}")
    own = RATES + f"operations: {{bill_run: {{values_of: {values_of}}}}}\n"
    assert taxes(plan(text, RUN, policy=own)) == {"x": [told]}


def test_a_discount_of_a_charge_that_ended_has_the_code_of_that_charge() -> None:
    charges = "id: x, charge: SEAT, rate: 10.00, until: 2025-08-01", "id: off, rate: -1.00, discounts: x"
    found = plan(book(*charges), RUN + "target_date: 2025-08-01", policy=RATES)
    assert taxes(found) == {"x": ["VAT 2.40"], "off": ["VAT -0.24", "VAT -0.24"]}


def test_subscriptions_that_round_otherwise_are_not_on_one_invoice() -> None:
    two = book("id: x, rate: 0.02, tax_code: standard", subscription="plan: p, ") + (
        "- {id: t, account: a, start: 2025-07-01, charges: [{id: y, rate: 0.02, tax_code: standard}]}\n"
    )
    own = """
exceptions:
  - {id: by-document, operations: [bill_run], when: {subscription.plan: p}, then: {tax_rounding: document}}
"""
    assert len(bills(plan(two, RUN, policy=RATES))) == 1
    assert len(bills(plan(two, RUN, policy=RATES + own))) == 2


def test_a_draft_keeps_its_taxes_when_it_is_posted() -> None:
    draft = RUN + "bill_as: draft\ntarget_date: 2025-07-01"
    text = book("id: x, charge: SEAT, rate: 100.00")
    after = book_after(text, draft, "operation: post_draft\ndraft: TMP-INV-00000001\ndate: 2025-08-01", policy=RATES)
    (posted,) = (one for one in after.numbered.values() if isinstance(one, Invoice) and one.status == "posted")
    assert [[str(tax.amount) for tax in item.taxes] for item in posted.items] == [["24.00"]]


# -- what is left alone --------------------------------------------------------------------------------------------


def left(line: Line) -> tuple[TaxItem, ...]:
    """The taxes of a line of the charge `x`, which has a tax code, after it was taxed."""
    (asked,) = operations(RUN)
    planning = Planning(versions(RATES), book_from(book("id: x, charge: SEAT, rate: 100.00")), asked, TODAY)
    (bill,) = bills_of(planning, planning.book.subscriptions.values(), datetime.date(2025, 7, 1))
    (found,) = taxed(
        planning, [bill], [line._replace(subscription=bill.subscription, charge=bill.subscription.charges[0])]
    )
    return found.taxes


def one_line(**fields: Any) -> Line:
    day = datetime.date(2025, 7, 1)
    return Line(None, None, False, day, day, 10000, "", **fields)  # type: ignore[arg-type]


OLD = TaxItem(id="old", amount=Decimal("1.00"))


def again(tax_code: str | None) -> ChargePeriod:
    day = datetime.date(2025, 7, 1)
    return ChargePeriod(
        id="I/1",
        subscription="s",
        charge="x",
        from_=day,
        until=day,
        currency="EUR",
        status="reopened",
        tax_code=tax_code,
    )


def test_lines_that_have_their_taxes_from_others_are_left_alone() -> None:
    assert left(one_line(corrects=BilledLine("I", "1"))) == ()
    assert left(one_line(corrects=BilledLine("I", "1"), taxes=(OLD,))) == (OLD,)
    assert left(one_line(taxes=(OLD,))) == (OLD,)
    assert left(one_line(again=again(None))) == ()
    assert [tax.code for tax in left(one_line(again=again("exempt")))] == ["exempt"]
    assert [tax.code for tax in left(one_line())] == ["standard"]


def test_what_of_a_minimum_is_given_back_takes_its_part_of_the_tax_along() -> None:
    """A minimum of 40.10 at 24% has a tax of 9.62. Of it 10.10, 15.00 and 15.00 are given back: 2.42, then 6.02 less
    2.42, then the rest."""
    calls = "id: calls, item: line, rate: 1.00, usage: true, tax_code: standard"
    least = "id: least, item: line, rate: 100.00, bills: minimum, tax_code: standard"
    found = book_after(book(calls, least), used("u", "59.90"), RUN.replace("07-01", "08-01"), policy=RATES)
    told = []
    for id, quantity in (("v", "10.10"), ("w", "15"), ("x", "15")):
        found = book_after(found, used(id, quantity), RUN.replace("07-01", "08-01"), policy=RATES)
        memo = list(found.numbered.values())[-1]
        assert isinstance(memo, Invoice)
        told.append([str(tax.amount) for item in memo.items for tax in item.taxes])
    assert told == [["2.42", "-2.42"], ["3.60", "-3.60"], ["3.60", "-3.60"]]


def used(id: str, quantity: str) -> str:
    record = f"{{id: {id}, subscription: s, charge: calls, date: 2025-07-10, quantity: {quantity}}}"
    return f"operation: record_usage\nrecords: [{record}]"


# -- what is refused -----------------------------------------------------------------------------------------------


def test_everything_that_cannot_be_taxed_is_told_at_once() -> None:
    text = book("id: x, charge: SEAT, rate: 1.00", "id: y, rate: 1.00, tax_code: standrd", account="country: LV")
    text += "- {id: t, account: b, start: 2025-07-01, charges: [{id: z, rate: 1.00, tax_code: exempt}]}\n"
    text = text.replace("accounts: [", "accounts: [{id: b, currency: EUR, attributes: {bill_to_contact: d}}, ")
    text = text.replace("contacts: [", "contacts: [{id: d, account: b}, ")
    assert refused(text, RUN, policy=RATES) == ["tax-code-unknown", "tax-country-missing", "tax-rate-missing"]


def test_what_is_refused_says_what_to_do() -> None:
    (planned,) = run(book("id: x, charge: SEAT, rate: 1.00", account="country: LV"), RUN, policy=RATES)
    (problem,) = planned.problems
    assert problem.message == "the policy has no rate of the tax code `standard` for LV on 2025-07-01"
    assert problem.position is not None
    assert problem.position.file == "operations.yaml"
    assert problem.hint is not None
    assert problem.hint.startswith("add it under `tax_rates: standard:` (")
    assert problem.hint.endswith("policy.yaml:6:3); `rate: 0%` where nothing is to be paid")


def test_nothing_without_a_tax_code_needs_a_country_or_a_rate() -> None:
    assert taxes(plan(book("id: x, rate: 1.00", account=""), RUN)) == {"x": []}


def test_a_total_that_is_too_large_with_its_tax_is_refused() -> None:
    # 10**15 - 0.01 is the most that an amount can be; 90% of it and a tax of 24% are more.
    assert refused(book("id: x, rate: 900000000000000.00, tax_code: standard"), RUN, policy=RATES) == [
        "amount-too-large"
    ]


# -- by hand, over documents ---------------------------------------------------------------------------------------

CURRENCIES = {"JPY": Decimal(1), "EUR": Decimal("0.01"), "KWD": Decimal("0.001")}


@given(
    currency=st.sampled_from(sorted(CURRENCIES)),
    units=st.lists(st.integers(-9999, 9999).filter(bool), min_size=1, max_size=6),
    rounding=st.sampled_from(["item", "document"]),
    negative=st.sampled_from(["one_document", "negative_charges", "negative_invoice"]),
)
@examples(60)
def test_each_document_is_taxed_by_itself(currency: str, units: list[int], rounding: str, negative: str) -> None:
    one = CURRENCIES[currency]
    charges = [f"id: c{n}, rate: {unit * one}, tax_code: standard" for n, unit in enumerate(units)]
    own = f"operations: {{bill_run: {{tax_rounding: {rounding}, negative_totals: {negative}}}}}\n"
    text = book(*charges, account="country: FI").replace("currency: EUR", f"currency: {currency}")
    found = bills(plan(text, RUN, policy=RATES + own))
    assert sum(len(document.items) for document in found) == len(units)
    for document in found:
        exact = sum((item.amount * Decimal("0.255") for item in document.items), Decimal(0))
        each = [tax.amount for item in document.items for tax in item.taxes]
        together = sum(each, Decimal(0))
        if rounding == "item":
            assert each == [(item.amount * Decimal("0.255")).quantize(one, ROUND_HALF_UP) for item in document.items]
        else:
            assert together == exact.quantize(one, ROUND_HALF_UP)
            assert abs(together - exact) * 2 <= one
        assert document.amount == sum((item.amount for item in document.items), Decimal(0)) + together
        assert not any(str(amount).startswith("-0") and not amount for amount in each)


# -- an engine of the program --------------------------------------------------------------------------------------


class Stub:
    """Answers what it is given to answer, and remembers what it was asked."""

    def __init__(self, *answer: Any, wrong: Any = None) -> None:
        self.answer, self.wrong = answer, wrong
        self.asked: dict[str, list[Sequence[TaxableLine]]] = defaultdict(list)

    def taxes(self, lines: Sequence[TaxableLine], rounding: str) -> Any:
        self.asked[rounding].append(lines)
        return [list(self.answer) for _ in lines] if self.wrong is None else self.wrong


def asked_of(engine: Any, text: str, operation: str = RUN, policy: str = "") -> Plan:
    (asked,) = operations(operation)
    found, _ = plan_on(versions(policy).with_tax_engine(engine), book_from(text), asked, TODAY)
    return found


def test_an_engine_is_asked_about_what_has_a_tax_code_and_the_rates_of_the_policy_are_not() -> None:
    engine = Stub(Tax("Levy", Decimal("1.5"), Decimal("0.015"), "EE-37"))
    text = book("id: x, rate: 100.00, tax_code: anything", "id: y, rate: 1.00", account="country: EE, region: 37")
    found = asked_of(engine, text, policy="operations: {bill_run: {tax_rounding: document}}\n")
    (line,) = engine.asked["document"][0]
    assert line == TaxableLine("s", "x", "anything", "EE", "37", datetime.date(2025, 7, 1), Decimal("100.00"), "EUR")
    assert taxes(found) == {"x": ["Levy 1.50"], "y": []}
    assert bills(found)[0].items[0].taxes[0].jurisdiction == "EE-37"
    assert found.notes == ("taxes are told by the tax engine of the program, not by the policy's `tax_rates`",)


def test_nothing_is_asked_where_nothing_has_a_tax_code() -> None:
    engine = Stub()
    asked_of(engine, book("id: x, rate: 100.00"))
    assert not engine.asked


def test_an_engine_is_asked_about_steps_and_follow_ups_too() -> None:
    engine = Stub(Tax("Levy", Decimal("2.00")))
    found = asked_of(
        engine,
        book("id: x, rate: 31.00, tax_code: any"),
        "operation: cancel_subscription\nsubscription: s\ndate: 2025-07-10\neffective_date: 2025-07-20\nat: date",
    )
    (invoice,) = (one for step in in_turn(found) for one in bills(step))
    assert [str(tax.amount) for tax in invoice.items[0].taxes] == ["2.00"]


def test_the_policy_itself_is_left_as_it_is() -> None:
    policy = versions(RATES)
    other = policy.with_tax_engine(Stub())
    assert policy.tax_engine is None
    assert other.policies == policy.policies
    with pytest.raises(TypeError, match=r"must have a method `taxes\(lines, rounding\)`, which `str` has not"):
        policy.with_tax_engine("the table")  # type: ignore[arg-type]


TAX: Any = Tax("T", Decimal("1.00"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("T 1.00", "gives `str` in place of a list of taxes for each line"),
        (17, "gives `int` in place of a list of taxes for each line"),
        ([], "was asked for the taxes of 1 lines, and gives those of 0"),
        ([[TAX], [TAX]], "was asked for the taxes of 1 lines, and gives those of 2"),
        ([TAX._replace(name="U")], "gives something else than a list of `Tax` for"),
        ([["T"]], "gives something else than a list of `Tax` for"),
        ([None], "gives something else than a list of `Tax` for"),
        ([[TAX, TAX]], "gives the tax `T` more than once for"),
        ([[TAX._replace(name="")]], "gives a tax with a wrong name (a text is wanted here, not an empty one) for"),
        ([[TAX._replace(name=None)]], "gives a tax with a wrong name (`NoneType` is no text) for"),
        ([[TAX._replace(name="a\nb")]], "gives a tax with a wrong name ("),
        ([[TAX._replace(jurisdiction=7)]], "gives a tax with a wrong jurisdiction (`int` is no text) for"),
        ([[TAX._replace(rate=Decimal("-0.1"))]], "gives the rate `-0.1`, which is no Decimal of zero or above"),
        ([[TAX._replace(rate=Decimal("1E-9"))]], "gives the rate `1E-9`, which is no Decimal of zero or above"),
        ([[TAX._replace(rate=0.19)]], "gives the rate `0.19`, which is no Decimal of zero or above"),
        ([[TAX._replace(amount=1.0)]], "gives the amount `1.0`, which is no Decimal, for"),
        ([[TAX._replace(amount=Decimal("NaN"))]], "gives the amount `NaN`, which is no Decimal, for"),
        (
            [[TAX._replace(amount=Decimal("0.005"))]],
            "gives an amount that is not exact (`0.005` has more decimals than",
        ),
        ([[TAX._replace(amount=Decimal("1E+80"))]], "gives an amount that is not exact (this amount is out of range)"),
        ([[TAX._replace(amount=Decimal("-1.00"))]], "gives a tax of -1.00 on 100.00, of another sign, for"),
    ],
)
def test_what_an_engine_may_not_give_back(answer: Any, told: str) -> None:
    text = book("id: x, rate: 100.00, tax_code: any")
    (problem,) = refusal(lambda: asked_of(Stub(wrong=answer), text)).diagnostics
    assert problem.code == "tax-engine-wrong"
    assert problem.message.startswith(f"the tax engine {told}")
    assert problem.position is not None


def test_a_line_of_nothing_has_taxes_of_nothing() -> None:
    text = book("id: x, rate: 0.00, tax_code: any")
    (problem,) = refusal(lambda: asked_of(Stub(TAX), text)).diagnostics
    assert problem.message.startswith("the tax engine gives a tax of 1.00 on 0.00, of another sign,")
    assert taxes(asked_of(Stub(TAX._replace(amount=Decimal(0))), text)) == {"x": ["T 0.00"]}


def test_an_engine_that_cannot_tell_refuses_that_operation_alone() -> None:
    class Picky:
        def taxes(self, lines: Sequence[TaxableLine], rounding: str) -> list[list[Tax]]:
            if any(line.country == "LV" for line in lines):
                raise Refused([Diagnostic("tax-rate-missing", "no nexus in LV", hint="ask the tax desk")])
            return [[] for _ in lines]

    both = book("id: x, rate: 1.00, tax_code: any")
    latvian = book("id: x, rate: 1.00, tax_code: any", account="country: LV")
    asked = operations(RUN)
    policy = versions().with_tax_engine(Picky())
    (planned,) = dry_run(policy, book_from(latvian), asked, TODAY)
    assert [(one.message, one.position and one.position.file) for one in planned.problems] == [
        ("no nexus in LV", "operations.yaml")
    ]
    (fine,) = dry_run(policy, book_from(both), asked, TODAY)
    assert fine.plan is not None
