"""The frame of every page: found by whoever reads it or hears it, and nothing in it runs but what the service has."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import Caller, Callers, OnThisMachine
from billpolicy.service.serving import InForce, NotTaken, Serving
from tests.service.browsing import visited, wrong_with
from tests.service.conftest import ACTOR, HERE, STORY


def test_nothing_stands_in_a_page_that_would_run(client: TestClient) -> None:
    page = client.get("/pages/matrix").text
    assert re.findall(r"<script(?! src=\"/static/)[^>]*>", page) == []
    assert re.findall(r" (?:style|on\w+|hx-on[^=]*|hx-vals)=", page) == []


def test_htmx_writes_no_styles(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/matrix")
    assert page.evaluate("[htmx.config.includeIndicatorCSS, document.adoptedStyleSheets.length]") == [False, 0]
    assert page.wrong == []


def test_where_one_is_and_who_is_told_on_each_page(client: TestClient, policy: billpolicy.Versions) -> None:
    page = client.get("/pages/matrix").text
    assert re.findall(r'aria-current="page">([^<]*)<', page) == ["Matrix"]
    assert policy.policies[0].digest[:12] in page
    assert f"· {ACTOR}</p>" in page
    assert "Sign out" not in page, "nobody has signed in"


def test_the_first_key_skips_to_the_content(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/matrix")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (800, "dark"), (390, "light")])
def test_everybody_can_read_it_at_any_width(browser: Any, address: str, width: int, scheme: str) -> None:
    page = visited(browser, f"{address}/pages/matrix", width=width, scheme=scheme)
    assert wrong_with(page) == []


def test_an_address_of_nothing_is_a_page_for_people_and_a_record_for_programs(
    client: TestClient, policy: billpolicy.Versions
) -> None:
    page = client.get("/pages/%3Cb%3Enope", headers={"accept": "text/html,*/*"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<p>there is nothing at /pages/&lt;b&gt;nope</p>" in page.text
    assert 'href="/pages/matrix"' in page.text
    assert page.headers["x-request-id"] in page.text
    assert policy.policies[0].digest[:12] not in page.text, "anybody sees it"
    for headers in ({"accept": "application/json"}, {"accept": "text/html", "hx-request": "true"}):
        record = client.get("/pages/nope", headers=headers)
        assert (record.status_code, record.json()["detail"]) == (404, "there is nothing at /pages/nope")


def test_an_address_of_nothing_can_be_read_on_a_phone(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/{'nope' * 60}", width=390)
    page.wrong.clear()  # the browser itself tells of the 404
    assert [one for one in wrong_with(page) if one != "only 6 texts"] == [], "it has no more to say"


def test_what_cannot_be_shown_is_a_page_for_people_and_a_record_for_programs(client: TestClient) -> None:
    asked = "/pages/matrix?on=2025-01-01"
    page = client.get(asked, headers={"accept": "text/html,*/*"})
    assert page.status_code == 422
    assert "<h1>This cannot be done</h1>" in page.text
    assert "no policy is in force on 2025-01-01" in page.text
    assert client.get(asked).json()["type"] == "urn:billpolicy:problem:refused"


def test_a_changed_policy_that_is_not_sound_is_told_on_each_page(policy: billpolicy.Versions) -> None:
    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), OnThisMachine(ACTOR))
    wrong = billpolicy.Diagnostic("key-unknown", "`becaus` is not a key", billpolicy.Position("brands.yaml", 21, 5))
    serving.not_taken = NotTaken(datetime.datetime(2026, 3, 2, 14, 5, tzinfo=datetime.UTC), (wrong,))
    with TestClient(app_of(serving), HERE) as client:
        page = client.get("/pages/explain").text
    assert "changed at 14:05 UTC and is not taken: 1 mistake. The one before stays in force." in page
    assert "brands.yaml:21" in page


def test_nothing_of_the_policy_is_told_to_who_may_not_read_it(policy: billpolicy.Versions) -> None:
    class Posting:
        only_here = True

        def caller(self, client: str, headers: Mapping[str, str]) -> Caller:
            return Caller("till", frozenset({"post"}))

    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), cast(Callers, Posting()))
    with TestClient(app_of(serving), HERE) as client:
        page = client.get("/pages/matrix", headers={"accept": "text/html"})
    assert page.status_code == 403
    assert "<h1>You may not do this</h1>" in page.text
    assert policy.policies[0].name not in page.text
