"""Amounts and days as a reader writes them: no digit is lost, and nobody's header breaks a page."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from billpolicy.service.pages.written import CHOICES, written_in

LARGE = Decimal("12345678901234567.89")
"""More digits than a float has."""
NARROW, BROAD = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("accepted", "large", "day"),
    [
        # Signs and orders as Unicode's CLDR has them, https://www.unicode.org/cldr/charts/latest/verify/numbers/
        ("en-US", "12,345,678,901,234,567.89", "Mar 2, 2026"),
        ("en-GB", "12,345,678,901,234,567.89", "2 Mar 2026"),
        ("en-IN", "12,34,56,78,90,12,34,567.89", "2 Mar 2026"),
        ("de-DE", "12.345.678.901.234.567,89", "02.03.2026"),
        ("fr-FR", NARROW.join(["12", "345", "678", "901", "234", "567,89"]), "2 mars 2026"),
        ("pl-PL", BROAD.join(["12", "345", "678", "901", "234", "567,89"]), "2 mar 2026"),
        ("ja-JP", "12,345,678,901,234,567.89", "2026/03/02"),
    ],
)
def test_every_language_has_its_own_signs_and_all_digits(accepted: str, large: str, day: str) -> None:
    written = written_in("", accepted)
    assert written.digits(LARGE) == large
    assert written.day(datetime.date(2026, 3, 2)).removesuffix("</time>").rpartition(">")[2] == day


@pytest.mark.parametrize("tag", CHOICES)
@pytest.mark.parametrize("amount", ["0.00", "-0.05", "1234.567", "-1000000", "999", "1000", str(LARGE), "-7000.0"])
def test_an_amount_is_the_same_whoever_reads_it(tag: str, amount: str) -> None:
    written = written_in(tag, "")
    shown = written.digits(Decimal(amount))
    back = shown.replace(written.group, "").replace(written.decimal, ".").replace(written.minus, "-")
    assert back == amount
    assert f'value="{amount}"' in written.amount(Decimal(amount), "EUR")


def test_every_group_of_digits_is_apart() -> None:
    # By Babel's own `format_decimal` this is 12345678901234'567.89.
    swiss = written_in("de-CH", "")
    assert swiss.digits(LARGE).split(swiss.group) == ["12", "345", "678", "901", "234", "567.89"]


def test_minor_units_stay_as_they_are() -> None:
    german = written_in("de-DE", "")
    assert [german.digits(Decimal(one)) for one in ("1.500", "1500", "1.5")] == ["1,500", "1.500", "1,5"]


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("", "en-US"),
        ("*", "en-US"),
        ("xx, fr;q=0.5, de-AT;q=0.9", "de-AT"),
        ("de;q=0, pl", "pl"),
        ("zh-Hant-TW", "zh-TW"),
        ("fr-QQ", "fr"),
        ("../../etc/passwd, nl", "nl"),
        ("de;q=nan, sv", "sv"),
        ("a" * 5000, "en-US"),
        ("," * 5000, "en-US"),
        ("it;q=0.1;q=0.9", "en-US"),
    ],
)
def test_a_browser_says_what_it_likes_best(accepted: str, tag: str) -> None:
    assert written_in("", accepted).tag == tag


def test_a_choice_comes_before_what_the_browser_says() -> None:
    assert written_in("fr-FR", "de").tag == "fr-FR"


def amounts(page: str) -> list[str]:
    return re.findall(r'<data value="[^"]*" class="amount">([^<]*)<', page)


def test_what_is_chosen_is_kept_by_the_browser(client: TestClient) -> None:
    path = "/pages/documents/SQ-INV00000001"
    german = {"accept-language": "de-DE,de;q=0.9"}
    assert amounts(client.get(path, headers=german).text)[0] == "7.000,00\N{NO-BREAK SPACE}USD"
    sent = client.post("/pages/locale", data={"locale": "en-GB", "back": path}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    assert "SameSite=Strict; HttpOnly" in sent.headers["set-cookie"]
    assert amounts(client.get(path, headers=german).text)[0] == "7,000.00\N{NO-BREAK SPACE}USD"
    client.post("/pages/locale", data={"locale": "", "back": path}, follow_redirects=False)
    assert amounts(client.get(path, headers=german).text)[0] == "7.000,00\N{NO-BREAK SPACE}USD"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/login", "/pages/\\x", ""])
def test_a_choice_leads_back_to_no_other_place(client: TestClient, back: str) -> None:
    sent = client.post("/pages/locale", data={"locale": "<script>", "back": back}, follow_redirects=False)
    assert sent.headers["location"] == "/pages/accounts"
    assert "<script>" not in sent.headers["set-cookie"]


def test_nothing_is_chosen_where_there_is_no_way_back(client: TestClient) -> None:
    text = "operation: write_off_invoice\ndate: 2026-03-03\ninvoice: AR-INV00000001\n"
    page = client.post("/pages/plan", data={"by": "yaml", "yaml": text})
    assert "What it would do" in page.text
    assert "/pages/locale" not in page.text


def test_no_line_of_an_address_becomes_a_header(client: TestClient) -> None:
    back = "/pages/accounts\r\nx-evil: 1"
    sent = client.post("/pages/locale", data={"locale": "", "back": back}, follow_redirects=False)
    assert "x-evil" not in sent.headers
