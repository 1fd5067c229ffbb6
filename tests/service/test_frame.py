"""The frame of every page: found by whoever reads it or hears it, and nothing in it runs but what the service has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from tests.service.browsing import visited, wrong_with
from tests.service.conftest import ACTOR


def test_nothing_stands_in_a_page_that_would_run(client: TestClient) -> None:
    page = client.get("/pages/matrix").text
    assert re.findall(r"<script(?! src=\"/static/)[^>]*>", page) == []
    assert re.findall(r" (?:style|on\w+|hx-on[^=]*|hx-vals)=", page) == []


def test_where_one_is_and_who_is_told_on_each_page(client: TestClient, policy: billpolicy.Versions) -> None:
    page = client.get("/pages/matrix").text
    assert re.findall(r'aria-current="page">([^<]*)<', page) == ["Matrix"]
    assert policy.policies[0].digest[:12] in page
    assert f"· {ACTOR}</p>" in page


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
