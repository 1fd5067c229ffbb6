"""Charts by arithmetic: what is drawn is as long as what it stands for, and whoever does not see it loses nothing."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy import Book
from billpolicy.accounting.movements import movements_of
from billpolicy.accounting.tables import Column, Group, Table, group
from billpolicy.planning.plan import left_by
from billpolicy.recording.record import Recorded, RecordedDecision, RecordedOperation, RecordedOutcome
from billpolicy.report.html.charts.aging import aging_charts
from billpolicy.report.html.charts.allocation import (
    Allocation,
    Share,
    allocation_chart,
    allocation_of,
    allocations_of,
)
from billpolicy.report.html.charts.balance import balance_charts, standings_of
from billpolicy.report.html.charts.decided import Decision, decisions_chart, decisions_of
from billpolicy.report.html.charts.follow_ups import follow_ups_graph
from billpolicy.report.html.charts.frame import broken, short, wide
from billpolicy.report.html.charts.textures import TEXTURES, Area, texture
from billpolicy.report.plan import PlanReport, plan_report
from billpolicy.source.codec import Raw
from tests.helpers.paths import ROOT, STANDARD

DAY = datetime.date(2026, 6, 30)
TITLES = ("not due", "1-30", "31-60", "61-90", "over 90", "total")
COLUMNS = (Column("account", "account"), *(Column(title, title, "money") for title in TITLES))
BOOK: dict[str, Any] = {
    "accounts": [{"id": "acme", "currency": "USD", "attributes": {"bill_to_contact": "ann", "payment_term": None}}],
    "contacts": [{"id": "ann", "account": "acme"}],
    "invoices": [
        {
            "number": f"INV0000000{n}",
            "account": "acme",
            "date": datetime.date(2026, 6, n),
            "currency": "USD",
            "items": [{"id": "a", "line": 1, "amount": Decimal("100.00")}],
        }
        for n in (1, 2)
    ],
}
PAYMENT = {
    "id": "p-1",
    "operation": "create_payment",
    "account": "acme",
    "amount": Decimal("130.00"),
    "date": datetime.date(2026, 6, 15),
    "apply": [{"document": "INV00000001"}, {"document": "INV00000002", "amount": 20}],
}


def aging(currency: str, *amounts: str) -> Table:
    """What one account owes by bucket."""
    money = [Decimal(one) for one in amounts]
    return Table("aging", "", COLUMNS, (owed(currency, money),))


def owed(currency: str, money: Iterable[Decimal]) -> Group:
    line = tuple(money)
    return group(COLUMNS, currency, currency, [("a", *line, sum(line))], "total")


def rects(chart: str) -> list[dict[str, str]]:
    """The attributes of what is filled."""
    return [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in re.findall(r"<rect([^>]*)>", chart)]


def spans(chart: str) -> list[tuple[float, float]]:
    """Where each bar begins and how long it is, in percent of the width."""
    return [(float(one["x"][:-1]), float(one["width"][:-1])) for one in rects(chart)]


def texts(chart: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r"<text[^>]*>(.*?)</text>", chart)]


def rows(chart: str) -> list[list[str]]:
    """The table beside a chart."""
    body = chart.partition("<tbody>")[2]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", one) for one in body.split("</tr>") if "<th" in one)
    return [[html.unescape(re.sub("<br></br>|<br>", "; ", one)) for one in row] for row in cells]


def test_bars_are_as_long_as_their_amounts() -> None:
    chart = aging_charts(aging("EUR", "100.00", "50.00", "0.00", "25.00", "12.50"), DAY)
    # Of 100.00 that fill the width; nothing is drawn of 0.00.
    assert spans(chart) == [(0, 100), (0, 50), (0, 25), (0, 12.5)]
    assert texts(chart)[:4] == ["not due", "100.00 EUR", "1-30 days", "50.00 EUR"]
    assert "<figcaption>Owed as of 2026-06-30, by days past due: 187.50 EUR</figcaption>" in chart
    assert "thin line" not in chart


def test_what_is_below_zero_lies_on_the_other_side_of_zero() -> None:
    chart = aging_charts(aging("KWD", "1.000", "-3.000", "0.000", "0.000", "0.000"), DAY)
    # From -3 to 1 are 4: zero is at three quarters.
    assert spans(chart) == [(75, 25), (0, 75)]
    assert '<line x1="75%" x2="75%"' in chart
    assert "-3.000 KWD" in texts(chart)


def test_the_least_amount_beside_the_largest_is_seen_and_the_scale_is_told() -> None:
    chart = aging_charts(aging("USD", "0.01", "1000000000.00", "0.00", "0.00", "0.00"), DAY)
    assert spans(chart) == [(0, 100)]
    assert chart.count('class="thin early"') == 1
    assert "The whole width is 1,000,000,000.00 USD. " in chart
    assert chart.partition("is drawn as a thin line: ")[2].startswith("not due.")
    assert {"0.01 USD", "1,000,000,000.00 USD"} <= set(texts(chart))
    # A two-hundredth is drawn as it is, and what is less is not.
    assert "thin" not in aging_charts(aging("USD", "1.00", "200.00", "0.00", "0.00", "0.00"), DAY)
    assert "thin" in aging_charts(aging("USD", "0.99", "200.00", "0.00", "0.00", "0.00"), DAY)


def test_no_two_currencies_have_one_axis() -> None:
    groups = [owed("EUR", map(Decimal, ["1.00"] * 5)), owed("JPY", map(Decimal, ["900"] * 5))]
    chart = aging_charts(Table("aging", "", COLUMNS, tuple(groups)), DAY)
    assert chart.count("<figure") == 2
    assert spans(chart) == [(0, 100)] * 10
    assert "900 JPY" in texts(chart)


def test_nothing_is_told_as_nothing() -> None:
    assert aging_charts(Table("aging", "", COLUMNS, ()), DAY) == "<p>Nothing is owed as of 2026-06-30.</p>"
    zero = aging_charts(aging("JPY", "0", "0", "0", "0", "0"), DAY)
    assert not rects(zero)
    assert texts(zero).count("0 JPY") == 5
    assert allocation_chart(Allocation("P-1", "EUR", ())) == "<p>Nothing of P-1 was put on a document.</p>"
    assert decisions_chart([], "payment_term") == "<p>No decision about payment_term is on record.</p>"
    assert balance_charts([], "acme", DAY) == "<p>Nothing was billed to acme or paid by it until 2026-06-30.</p>"


def share(document: str, open_: str, paid: str) -> Share:
    return Share(document, Decimal(open_), Decimal(paid))


def test_of_each_document_what_is_paid_and_what_is_left() -> None:
    shares = (share("INV1", "100.00", "100.00"), share("INV2", "200.00", "50.00"), share("INV3", "10.00", "-90.00"))
    chart = allocation_chart(Allocation("P-1", "EUR", shares))
    # Of 200: all of 100; 50 and 150 that are left; 10 that were open, and 90 that are open again.
    assert [(one["class"], *at) for one, at in zip(rects(chart), spans(chart), strict=True)] == [
        ("amount", 0, 50),
        ("amount", 0, 25),
        ("left", 25, 75),
        ("left", 0, 5),
        ("back", 5, 45),
    ]
    assert texts(chart)[4:8] == ["INV2", "50.00 EUR", "of 200.00 open", "150.00 left"]
    assert texts(chart)[8:] == ["INV3", "back 90.00 EUR", "10.00 open before", "100.00 left"]
    assert "P-1 on 3 documents: 60.00 EUR" in chart
    assert rows(chart)[1] == ["INV2", "200.00", "50.00", "150.00"]
    assert "<figcaption>P-1 back from 1 document: 90.00 EUR<" in allocation_chart(Allocation("P-1", "EUR", shares[2:]))


@pytest.mark.parametrize(("count", "drawn"), [(13, 13), (14, 12), (60, 12)])
def test_many_documents_stay_readable_and_none_is_lost(count: int, drawn: int) -> None:
    shares = tuple(share(f"INV{at:08}", "10.00", "4.00") for at in range(count))
    chart = allocation_chart(Allocation("CM-1", "EUR", shares))
    assert len(rects(chart)) == 2 * drawn
    assert len(rows(chart)) == count
    rest = count - drawn
    if rest:
        assert texts(chart)[-4:] == [
            f"and {rest} others",
            f"{4 * rest}.00 EUR",
            f"of {10 * rest}.00 open",
            f"{6 * rest}.00 left",
        ]


def planned(operation: dict[str, Any]) -> tuple[PlanReport, Book]:
    """A plan on the book of this module, as it is told, and the book after it."""
    policy = billpolicy.load_policy(STANDARD, engine="python")
    book = billpolicy.book_from(BOOK)
    plan = billpolicy.plan(policy, book, operation, today=DAY)
    return plan_report(plan, policy), left_by(plan, book)


def test_a_plan_and_the_book_after_it_tell_one_allocation() -> None:
    report, after = planned(PAYMENT)
    (planned_,) = allocations_of(report)
    # As it is asked for: the first invoice as far as it goes, and 20.00 of the second one.
    assert planned_.shares == (share("INV00000001", "100.00", "100.00"), share("INV00000002", "100.00", "20.00"))
    assert allocation_of(after, planned_.source) == planned_
    with pytest.raises(KeyError):
        allocation_of(after, "P-none")


def test_what_was_open_is_what_earlier_money_left() -> None:
    report, after = planned(PAYMENT)
    later = {**PAYMENT, "id": "p-2", "amount": Decimal("60.00"), "apply": [{"document": "INV00000002"}]}
    policy = billpolicy.load_policy(STANDARD, engine="python")
    last = left_by(billpolicy.plan(policy, after, later, today=DAY), after)
    (number,) = set(last.numbered) - set(after.numbered)
    # 100.00 less 20.00 of the first payment.
    assert allocation_of(last, number).shares == (share("INV00000002", "80.00", "60.00"),)
    assert allocation_of(last, report.documents[0].number) == allocations_of(report)[0]


def story(name: str, operation: str) -> tuple[PlanReport, Book]:
    """The plan of an operation of an example, as it is told, and the book after it."""
    folder = ROOT / "examples" / name
    policy = billpolicy.load_policy(folder / "policy.yaml", engine="python")
    book = billpolicy.load_book(folder / "book.yaml")
    asked = {one.request.id: one for one in billpolicy.load_operations(folder / "operations.yaml")}
    plan = billpolicy.plan(policy, book, asked[operation], today=DAY)
    return plan_report(plan, policy), left_by(plan, book)


def test_documents_stand_in_the_order_in_which_they_are_paid() -> None:
    report, after = story("terms-decide-what-is-paid-first", "granary-pays")
    (paid,) = allocations_of(report)
    # Its README: what is due first, and then the last instalments. 150.00 are two of 60.00, and half of a third one.
    assert paid.shares == (
        share("INV00000004", "60.00", "60.00"),
        share("INV00000007", "60.00", "60.00"),
        share("INV00000006", "60.00", "30.00"),
    )
    assert allocation_of(after, paid.source) == paid


def test_each_step_stands_behind_what_it_follows_with_its_rule() -> None:
    plan, _ = story("declined-card-canceled-back-dated", "max-never-got-any")
    chart = follow_ups_graph(plan, "step-1")
    # Its README: the final bill run follows of itself, on its date; by two rules a negative invoice becomes credit, and
    # that is used at once, on the day of planning.
    assert [row[:2] + row[3:4] for row in rows(chart)] == [
        ["1", "bill_run on 2026-03-20", "cancel_subscription.final_bill"],
        ["2", "transfer_negative_invoice on 2026-06-30", "negative-invoices-become-credit"],
        ["2.1", "apply_credit_balance on 2026-06-30", "credit-is-used-at-once"],
    ]
    assert re.findall(r'<a href="([^"]*)"', chart) == ["#step-1-1", "#step-1-2", "#step-1-2.1"]
    columns = [int(one["x"]) for one in rects(chart)]
    assert [one - columns[0] for one in columns] == [0, 256, 256, 512]
    assert "<a " not in follow_ups_graph(plan)
    assert follow_ups_graph(replace(plan, steps=())) == ""


@pytest.mark.parametrize(("count", "boxes"), [(4, 5), (5, 5), (60, 5)])
def test_steps_that_are_alike_are_one_box_and_all_in_the_table(count: int, boxes: int) -> None:
    plan, _ = story("declined-card-canceled-back-dated", "max-never-got-any")
    chart = follow_ups_graph(replace(plan, steps=(plan.steps[0],) * count))
    assert len(rects(chart)) == boxes
    assert len(rows(chart)) == count
    if count > 4:
        assert f"and {count - 3} more bill run" in " ".join(texts(chart))


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_columns_are_as_high_as_what_they_count() -> None:
    made = [Decision(day("2026-06-01"), "a")] * 6 + [Decision(day("2026-06-01"), "b")] * 2
    made += [Decision(day("2026-06-04"), "a")] * 2
    chart = decisions_chart(made, "payment_term")
    # The highest column is 8, and as high as the plane of 192: one decision is 24. `a` made more, and so stands below.
    drawn = [(one["x"], one["y"], one["height"]) for one in rects(chart) if one["width"] != "20"]
    assert [(y, height) for _, y, height in drawn] == [("48", "144"), ("144", "48"), ("0", "48")]
    # Four days, of which two have nothing: a column begins every 160 units.
    assert Decimal(drawn[1][0]) - Decimal(drawn[0][0]) == 3 * 160
    assert drawn[2][0] == drawn[0][0]
    assert rows(chart) == [
        ["2026-06-01", "8", "a: 6; b: 2"],
        ["2026-06-02", "0", ""],
        ["2026-06-03", "0", ""],
        ["2026-06-04", "2", "a: 2"],
    ]
    assert texts(chart) == ["8", "2026-06-01", "2026-06-04", "2", "b", "8", "a"]


@pytest.mark.parametrize(
    ("last", "word", "names"),
    [
        ("2026-03-03", "day", ["2026-03-03"]),
        ("2026-04-02", "day", ["2026-03-03", "2026-03-04"]),  # 31 days
        ("2026-04-03", "week from Monday", ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]),
        ("2026-09-01", "month", ["2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09"]),  # 183
        ("2029-03-06", "year", ["2026", "2027", "2028", "2029"]),  # 1100
    ],
)
def test_columns_are_of_days_weeks_months_or_years_and_none_is_left_out(last: str, word: str, names: list[str]) -> None:
    chart = decisions_chart([Decision(day("2026-03-03"), "a"), Decision(day(last), "a")], "x")
    assert f"x: which rules decided, by {word}<" in chart
    told = [row[0] for row in rows(chart)]
    assert told[: len(names)] == names
    assert sum(int(row[1]) for row in rows(chart)) == 2
    if word == "day":
        assert len(told) == (day(last) - day("2026-03-03")).days + 1
    else:
        assert told == names


def test_of_many_rules_seven_are_drawn_and_the_others_together() -> None:
    made = [Decision(DAY, f"rule-{at:02}") for at in range(20) for _ in range(40 - at)]
    chart = decisions_chart(made, "x")
    legend = [one for one in texts(chart) if one.startswith("rule-") or "others" in one]
    assert legend == ["13 others", *(f"rule-{at:02}" for at in reversed(range(7)))]
    # 33 + 32 + ... + 21 = 13 * 27.
    assert "351" in texts(chart)
    (row,) = rows(chart)
    assert row[2].count("rule-") == 20
    # A rule may be called as the others are together.
    named = [*made, *[Decision(DAY, "14 others")] * 90]
    assert [one for one in texts(decisions_chart(named, "x")) if "others" in one] == ["14 others", "14 others"]
    eight = decisions_chart([one for one in made if one.rule < "rule-08"], "x")
    assert "others" not in eight
    assert "rule-07" in texts(eight)


def test_a_single_decision_beside_many_is_seen_and_that_it_is_drawn_larger_is_told() -> None:
    chart = decisions_chart([*[Decision(DAY, "a")] * 5000, Decision(DAY, "b")], "x")
    heights = [Decimal(one["height"]) for one in rects(chart) if one["width"] != "20"]
    assert heights[1] == 2
    assert sum(heights) <= 192
    assert "less than a hundredth" in chart
    assert "less than a hundredth" not in decisions_chart([*[Decision(DAY, "a")] * 50, Decision(DAY, "b")], "x")


def recorded(operation: str, matched: tuple[str, ...], term: str, order: str) -> Recorded:
    """An operation whose payment term one rule decided, and whose document order another one."""
    decision = RecordedDecision(
        operation=operation,
        facts={},
        matched=matched,
        attributes={"payment_term": RecordedOutcome(value="Net 30", rule=term)},
        settings=Raw(f'{{"document_order": {{"value": "oldest_due_first", "rule": "{order}"}}}}'.encode()),
    )
    return Recorded(RecordedOperation(id="x", operation=operation, date=DAY, decisions=(decision,)), None)


def test_what_was_recorded_is_counted_by_the_rule_that_decided() -> None:
    every = [
        recorded("apply_payment", (), "base", "order-base"),
        recorded("apply_payment", ("one", "two"), "one", "two"),
        recorded("bill_run", ("one",), "one", "order-base"),
    ]
    assert [one.rule for one in decisions_of(every, "payment_term")] == ["base", "one", "one"]
    assert [one.rule for one in decisions_of(every, "document_order", "apply_payment")] == ["order-base", "two"]
    assert [one.rule for one in decisions_of(every)] == ["no exception", "one + two", "one"]
    assert decisions_of(every, "reason_code") == []
    assert {one.date for one in decisions_of(every)} == {DAY}


def test_a_ledger_tells_which_rules_decided_also_of_steps(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "declined-card-canceled-back-dated"
    policy = billpolicy.load_policy(folder / "policy.yaml", engine="python")
    asked = [one for one in billpolicy.load_operations(folder / "operations.yaml") if one.request.id.startswith("max")]
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.load_book(folder / "book.yaml"))
        billpolicy.post(policy, ledger, asked[0], who="ann", today=DAY)
        with ledger.reading() as reader:
            every = list(reader.recorded())
    (term,) = decisions_of(every, "payment_term", "bill_run")
    assert term == Decision(day("2026-03-20"), "bill_run.payment_term")
    assert {one.date for one in decisions_of(every, operation="apply_credit_balance")} == {DAY}
    assert "by day<" in decisions_chart([term], "payment_term")


def test_a_balance_is_a_line_that_steps_where_money_moves() -> None:
    _, after = planned(PAYMENT)
    movements = movements_of(after)
    (currency,) = (found := standings_of(movements, "acme", DAY))
    assert currency == "USD"
    # Billed on the 1st and 2nd, and 130.00 paid on the 15th, 10.00 of it on nothing yet: they are money of acme all the
    # same. What is put from one document on another changes nothing of what is owed.
    assert [(one.date.day, int(one.change), int(one.owed)) for one in found["USD"]] == [
        (1, 100, 100),
        (2, 100, 200),
        (15, -130, 70),
    ]
    chart = balance_charts(movements, "acme", DAY)
    # 200 are the 192 units of the plane: 100 lie at 96, and 70 at 192 - 67.2. 29 days are its width of 640.
    assert 'd="M0 192H0V96H22.07V0H308.97V124.8H640"' in chart
    assert "What acme owes as of 2026-06-30: 70.00 USD" in chart
    assert rows(chart)[0][:3] == ["2026-06-15", "-130.00", "70.00"]
    assert len(standings_of(movements, "acme", day("2026-06-14"))["USD"]) == 2
    assert standings_of(movements, "other", DAY) == {}


def test_texts_are_cut_and_broken_where_there_is_no_room() -> None:
    assert short("INV00000001", Decimal(20)) == "INV00000001"
    cut = short("W" * 60, Decimal(20))
    assert cut == "W" * 19 + "…"
    assert wide(cut) <= 20
    assert broken("pilots-keep-their-own-term", Decimal(12), 3) == ["pilots-keep-their-", "own-term"]
    assert broken("a" * 100, Decimal("6.4"), 2) == ["a" * 10, "a" * 8 + "…"]
    assert broken("", Decimal(5), 2) == [""]


@pytest.mark.parametrize("number", range(TEXTURES))
def test_a_texture_stays_within_its_area(number: int) -> None:
    for height in ("2", "7", "30.5", "192"):
        area = Area(Decimal(100), Decimal(50), Decimal(16), Decimal(height))
        drawn = texture(number, area)
        at = (Decimal(0), Decimal(0))
        for command, numbers in re.findall(r"([MLhv])([-\d. ]+)", drawn):
            given = [Decimal(one) for one in numbers.split()]
            at = (
                (given[0], given[1])
                if command in "ML"
                else (at[0] + given[0] * (command == "h"), at[1] + given[0] * (command == "v"))
            )
            assert 100 <= at[0] <= 116
            assert 50 <= at[1] <= 50 + Decimal(height)
        assert bool(drawn) == (number > 0) or Decimal(height) < 7


def test_no_two_textures_are_alike() -> None:
    drawn = [texture(number, Area(Decimal(0), Decimal(0), Decimal(20), Decimal(40))) for number in range(TEXTURES)]
    assert len(set(drawn)) == TEXTURES
    assert all(one != other for one, other in pairwise(drawn))


def test_no_chart_has_a_style_a_script_or_an_id() -> None:
    """The pages of a service forbid the first two, and several charts on one page the third."""
    shares = (share("<script>alert(1)</script>", "1.00", "0.50"), share("חשבונית", "1.00", "0.50"))
    charts = (
        aging_charts(aging("EUR", *["1.00"] * 5), DAY),
        allocation_chart(Allocation("<b>", "EUR", shares)),
        follow_ups_graph(story("declined-card-canceled-back-dated", "max-never-got-any")[0]),
        decisions_chart([Decision(DAY, "<b>"), Decision(day("2026-01-01"), "<i>")], "<u>"),
        balance_charts(movements_of(planned(PAYMENT)[1]), "acme", DAY),
    )
    for chart in charts:
        assert not re.search(r"<(script|style|b|i|u)\b|\s(style|id|on\w+)=", chart)
        assert "<details>" in chart
        assert "<table" in chart
    for chart in charts[:2] + charts[3:]:
        picture = chart.partition("<svg")[2].partition(">")[0]
        assert 'role="img"' in picture
        assert "<title>" in chart
        assert "<desc>" in chart
