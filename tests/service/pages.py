"""Pages as they are read: their words in one line, and the forms in them."""

from __future__ import annotations

import html
import re
from typing import Any


def plain(page: str) -> str:
    """What is read of a page, in one line."""
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.partition("<main")[2]))
    return html.unescape(told).replace("\xa0", " ").replace(" .", ".").replace(" ,", ",").replace(" :", ":")


def form_in(page: str, action: str) -> dict[str, str]:
    """What the first form that is sent to an address carries, without its buttons."""
    for form in re.findall(rf'<form[^>]*action="{re.escape(action)}"[^>]*>.*?</form>', page, re.DOTALL):
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
        return {name: html.unescape(value) for name, value in hidden}
    raise AssertionError(f"no form is sent to {action}")


def links_in(page: str, begins: str) -> list[str]:
    """The addresses that begin so, in their order."""
    return [html.unescape(one) for one in re.findall(rf'href="({re.escape(begins)}[^"]*)"', page)]


def rows_in(page: str) -> list[list[str]]:
    """The cells of each row of each table, as text."""
    found = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found)
    return [[_text(cell) for cell in each] for each in cells]


def _text(cell: str) -> str:
    told = re.sub(r"<[^>]*>", "", re.sub(r"</div>(?=<div)", " / ", cell))
    return html.unescape(told).replace("\xa0", " ").strip()


def heading(page: Any) -> str:
    """That of a page in a browser."""
    told: str = page.get_by_role("heading", level=1).inner_text()
    return told
