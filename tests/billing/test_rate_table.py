"""The rate table: exact, rounded by item or by document. Expected values are hand arithmetic in Decimal."""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.rate_table import RateTable
from billpolicy.deciding.tax_engine import Tax, TaxableLine
from billpolicy.diagnostics.diagnostic import Diagnostic
from tests.helpers.properties import examples
from tests.helpers.refusals import refused
from tests.helpers.scenes import policy

ONE = {"JPY": Decimal(1), "EUR": Decimal("0.01"), "KWD": Decimal("0.001")}
"""Currencies of 0, 2 and 3 decimals, with what their amounts are whole numbers of."""
PERCENT = ("0", "0.0001", "5", "9.975", "19", "25.5", "33.3333", "50", "100")
_CODES = "\n".join(
    f"  r{n}: [{{country: AT, name: T, rate: {one}%, from: 2000-01-01}}]" for n, one in enumerate(PERCENT)
)
TABLE = RateTable(policy(f"tax_rates:\n{_CODES}\n").tax_rates)
DAY = datetime.date(2026, 1, 1)


def line(amount: Decimal, code: str, currency: str = "EUR", day: datetime.date = DAY) -> TaxableLine:
    return TaxableLine("s", "c", code, "AT", None, day, amount, currency)


def half_up(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(ONE[currency], ROUND_HALF_UP)


def share(one: TaxableLine) -> Decimal:
    """The exact tax of a line."""
    return one.amount * Decimal(PERCENT[int(one.code[1:])]) / 100


lines_of_a_document = st.sampled_from(sorted(ONE)).flatmap(
    lambda currency: st.lists(
        st.builds(
            lambda minor, code: line(minor * ONE[currency], f"r{code}", currency),
            st.integers(-(10**6), 10**6) | st.integers(-(10**15), 10**15),
            st.integers(0, len(PERCENT) - 1),
        ),
        min_size=1,
        max_size=12,
    )
)


@given(lines_of_a_document)
@examples(300)
def test_by_item_each_tax_is_rounded_by_itself(lines: list[TaxableLine]) -> None:
    found = TABLE.taxes(lines, "item")
    assert [[tax.amount for tax in taxes] for taxes in found] == [[half_up(share(one), one.currency)] for one in lines]


@given(lines_of_a_document)
@examples(300)
def test_by_document_each_tax_is_rounded_once_and_each_item_has_its_share(lines: list[TaxableLine]) -> None:
    found = [tax.amount for (tax,) in TABLE.taxes(lines, "document")]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    exact: dict[str, Decimal] = defaultdict(Decimal)
    for one, amount in zip(lines, found, strict=True):
        sums[one.code] += amount
        exact[one.code] += share(one)
        assert abs(amount - share(one)) < ONE[one.currency]
        assert amount * one.amount >= 0
    for code, together in sums.items():
        assert together == half_up(exact[code], lines[0].currency)
        assert abs(together - exact[code]) * 2 <= ONE[lines[0].currency]


@given(lines_of_a_document, st.sampled_from(["item", "document"]))
@examples(100)
def test_what_is_given_back_is_the_mirror_of_what_is_asked_for(lines: list[TaxableLine], rounding: str) -> None:
    asked, given_back = (
        [tax.amount for (tax,) in TABLE.taxes([one._replace(amount=sign * one.amount) for one in lines], rounding)]  # type: ignore[arg-type]
        for sign in (1, -1)
    )
    exact: dict[str, Decimal] = defaultdict(Decimal)
    for one in lines:
        exact[one.code] += share(one)
    for one, plus, minus in zip(lines, asked, given_back, strict=True):
        if rounding == "item" or exact[one.code] != 0:  # what comes to nothing has no sign that could be mirrored
            assert plus == -minus
        assert str(plus) != "-0.00"
        assert str(minus) != "-0.00"


def test_a_tax_says_its_rate_and_whose_it_is() -> None:
    (taxes,) = TABLE.taxes([line(Decimal("10.00"), "r3")], "item")
    assert taxes == [Tax("T", Decimal("1.00"), Decimal("0.09975"), "AT")]


def problems(text: str, *lines: TaxableLine) -> list[Diagnostic]:
    table = RateTable(policy(f"tax_rates:\n{text}").tax_rates)
    return refused(lambda: table.taxes(lines, "item")).diagnostics


GST_AND_PST = """
  x:
    - {country: AT, name: GST, rate: 5%, from: 2020-01-01, until: 2026-01-01}
    - {country: AT, name: GST, rate: 6%, from: 2026-02-01}
    - {country: AT, name: PST, rate: 7%, from: 2020-01-01}
"""


def test_a_gap_of_one_tax_is_refused_also_where_another_one_goes_on() -> None:
    (problem,) = problems(GST_AND_PST, line(Decimal(1), "x"))
    assert problem.code == "tax-rate-missing"
    assert problem.message == "the policy has no rate of the tax code `x` for AT on 2026-01-01"
    assert problem.hint is not None
    assert problem.hint.startswith("`GST` has a gap from 2026-01-01 on (")


def test_a_tax_that_has_ended_or_has_not_begun_is_not_asked_for() -> None:
    text = GST_AND_PST.replace("2026-02-01", "2026-01-01").replace("7%, from: 2020", "7%, from: 2027")
    text += "    - {country: AT, name: levy, rate: 1%, from: 2019-01-01, until: 2026-01-01}\n"
    table = RateTable(policy(f"tax_rates:\n{text}").tax_rates)
    days = [datetime.date(2025, 12, 31), DAY, datetime.date(2027, 1, 1)]
    found = table.taxes([line(Decimal("100.00"), "x", day=day) for day in days], "item")
    assert [[(tax.name, str(tax.amount)) for tax in taxes] for taxes in found] == [
        [("GST", "5.00"), ("levy", "1.00")],
        [("GST", "6.00")],
        [("GST", "6.00"), ("PST", "7.00")],
    ]


def test_each_code_and_place_is_told_once_with_its_first_day() -> None:
    text = "  x: [{country: AT, region: N, name: T, rate: 5%, from: 2026-01-01}]\n"
    days = [DAY, datetime.date(2025, 5, 1), datetime.date(2025, 6, 1)]
    south = [line(Decimal(1), "x", day=day)._replace(region="S") for day in days]
    north = [line(Decimal(1), "x", day=day)._replace(region="N") for day in days]
    found = problems(text, *south, *north, line(Decimal(1), "x"), line(Decimal(1), "y"))
    assert [(problem.code, problem.message) for problem in found] == [
        ("tax-code-unknown", "charge `c` of subscription `s` has the tax code `y`, which the policy does not have"),
        ("tax-rate-missing", "the policy has no rate of the tax code `x` for AT on 2026-01-01"),
        ("tax-rate-missing", "the policy has no rate of the tax code `x` for AT-N on 2025-05-01"),
        ("tax-rate-missing", "the policy has no rate of the tax code `x` for AT-S on 2025-05-01"),
    ]
    hints = [problem.hint or "" for problem in found]
    assert hints[0] == "known here: `x`"
    assert hints[1].startswith("its rates there are by region (N): give the account a `region`, or add one under")
    assert hints[2].startswith("add the rate that holds on that day under `tax_rates: x:` (")
    assert hints[3].startswith("add it under `tax_rates: x:` (")
