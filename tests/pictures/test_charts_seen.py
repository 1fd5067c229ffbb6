"""Charts in a real browser: readable on a phone and a wide screen, in the dark and on paper, whatever the names are."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billpolicy.accounting.movements import movements_of
from billpolicy.accounting.tables import Table, group
from billpolicy.report.html.charts.aging import aging_charts
from billpolicy.report.html.charts.allocation import Allocation, Share, allocation_chart
from billpolicy.report.html.charts.balance import balance_charts
from billpolicy.report.html.charts.decided import Decision, decisions_chart
from billpolicy.report.html.graph import Node, picture
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.page import page
from tests.pictures.browser import opened, started
from tests.pictures.test_charts import COLUMNS, DAY, PAYMENT, planned
from tests.pictures.test_every_page import LONG, NAMES, QUALITY

MOST = Decimal("999999999999999.99")
"""The largest amount of a currency with two decimals (`money.MAX_MINOR`)."""
WIDE = (*NAMES.values(), LONG, "W" * 40, "@" * 40, "請求書" * 10, "ﷺ फ़ॉर्म ไทย" * 3, "İŞĞ ŁÓDŹ ÆŒ" * 3)
"""Names whose letters are as wide as letters are."""

OVERLAPPING = """() => {
  const found = [];
  for (const picture of document.querySelectorAll(".chart .drawn > svg")) {
    const edge = picture.getBoundingClientRect();
    const told = [...picture.querySelectorAll("text")].map((one) => [one.textContent, one.getBoundingClientRect()]);
    told.forEach(([text, box], at) => {
      if (box.left < edge.left - 1 || box.right > edge.right + 1) found.push(`beyond the edge: ${text}`);
      if (box.top < edge.top - 2 || box.bottom > edge.bottom + 2) found.push(`above or below: ${text}`);
      for (const [other, next] of told.slice(at + 1)) {
        // The box of a line is as high as its font, whose letters fill two thirds of it.
        const both = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
        const beside = box.right + 2 <= next.left || next.right + 2 <= box.left;
        if (both > box.height / 4 && !beside) found.push(`${text} | ${other}`);
      }
    });
  }
  return found;
}"""
FAINT = """() => {
  const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
    .map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [.2126, .7152, .0722][at], 0);
  const behind = getComputedStyle(document.body).backgroundColor;
  const page = light(matchMedia("print").matches ? "rgb(255, 255, 255)" : behind);
  const ratio = (one) => (Math.max(one, page) + .05) / (Math.min(one, page) + .05);
  const colour = (one) => { const { fill, stroke } = getComputedStyle(one); return fill === "none" ? stroke : fill; };
  return [...document.querySelectorAll(".chart rect, .chart .thin, .chart .steps")]
    .filter((one) => ratio(light(colour(one))) < 3).map((one) => one.outerHTML);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


def every_chart() -> Html:
    """Charts of what is hardest to show."""
    line = (Decimal("0.01"), MOST, Decimal("-12.00"), Decimal("0.00"), Decimal("4.00"))
    aging = Table("aging", "", COLUMNS, (group(COLUMNS, "USD", "USD", [("a", *line, sum(line))], "total"),))
    shares = tuple(Share(name, MOST, MOST - at) for at, name in enumerate(WIDE))
    many = tuple(Share(f"INV{at:08}", Decimal(f"{100 + at}.00"), Decimal("50.00")) for at in range(60))
    rules = [
        Decision(DAY - datetime.timedelta(days=40 * at), name)
        for at in range(20)
        for place, name in enumerate(WIDE)
        for _ in range(place + at)
    ]
    boxes = [Node(name, "step", name, more=("by a rule",)) for name in WIDE]
    edges = [(WIDE[0], name) for name in WIDE[1:]]
    return joined(
        (
            aging_charts(aging, DAY),
            allocation_chart(Allocation(LONG, "USD", shares)),
            allocation_chart(Allocation("P-1", "USD", many)),
            decisions_chart(rules, "payment_term"),
            decisions_chart([Decision(DAY, "a"), *[Decision(DAY, NAMES["script"])] * 9000], "one day"),
            balance_charts(movements_of(planned(PAYMENT)[1]), "acme", DAY),
            picture(boxes, edges, "steps", "steps"),
        )
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("charts") / "charts.html"
    body = joined((el("h1", "Charts"), el("section", every_chart())))
    path.write_text(page("Charts", body, styles=("charts.css",)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [
        (320, "light", "screen"),
        (800, "dark", "screen"),
        (1400, "light", "screen"),
        (718, "dark", "print"),
    ],
)
def test_every_text_is_read_and_every_bar_is_seen(
    browser: Any, file: Path, width: int, scheme: str, media: str
) -> None:
    shown = opened(browser, file, width=width, scheme=scheme, script=True)
    shown.emulate_media(media=media)
    assert shown.evaluate(QUALITY) == []
    assert shown.evaluate(OVERLAPPING) == []
    assert shown.evaluate(FAINT) == []
    assert shown.wrong == []
    shown.context.close()


def test_letters_are_as_large_as_the_reader_has_them(browser: Any, file: Path) -> None:
    """On a phone a picture with large letters is scrolled: they do not run into one another."""
    shown = opened(browser, file, width=320)
    size = "parseFloat(getComputedStyle(document.querySelector('.chart text')).fontSize)"
    assert shown.evaluate(size) == pytest.approx(14.4)
    shown.evaluate("document.documentElement.style.fontSize = '32px'")
    assert shown.evaluate(size) == pytest.approx(28.8)
    assert shown.evaluate(OVERLAPPING) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= 320
    drawn = shown.locator(".chart .drawn").first
    assert drawn.evaluate("one => one.scrollWidth > one.clientWidth")


def test_a_picture_is_named_and_its_table_holds_what_it_shows(browser: Any, file: Path) -> None:
    shown = opened(browser, file, width=800, script=False)
    picture = shown.get_by_role("img", name="P-1 on 60 documents: 3,000.00 USD")
    assert picture.count() == 1
    figure = shown.locator("figure", has=picture)
    assert figure.get_by_role("row").count() == 0
    figure.get_by_text("As a table").click()
    assert figure.get_by_role("row").count() == 61
    assert figure.get_by_role("row", name="INV00000059").inner_text().split() == [
        "INV00000059",
        "159.00",
        "50.00",
        "109.00",
    ]


def test_overlapping_texts_are_found(browser: Any, tmp_path: Path) -> None:
    """Else that none are found would prove nothing."""
    drawn = '<svg width="100" height="40"><text x="0" y="20">one</text><text x="5" y="22">two</text>'
    drawn += '<text x="90" y="36">beyond</text></svg>'
    (tmp_path / "x.html").write_text(f'<div class="chart"><div class="drawn">{drawn}</div></div>', encoding="utf-8")
    assert opened(browser, tmp_path / "x.html").evaluate(OVERLAPPING) == ["one | two", "beyond the edge: beyond"]
