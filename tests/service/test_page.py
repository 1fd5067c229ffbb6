"""docs/service.md tells every address that can be asked, with the scope that it takes."""

from __future__ import annotations

import re

from billpolicy.service.registry import ENDPOINTS
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")


def test_every_address_has_its_row_and_its_scope() -> None:
    told = set()
    for addresses, scopes in re.findall(r"^\| (`(?:GET|POST) [^|]*) \| ([a-z, ]*)\| ", PAGE, re.MULTILINE):
        each = re.findall(r"`(GET|POST) ([^`]+)`", addresses)
        named = [scope.strip() for scope in scopes.split(",")] or [""]
        named *= len(each) if len(named) == 1 else 1
        told |= {(method, path, scope) for (method, path), scope in zip(each, named, strict=True)}
    assert told == {(one.method, one.path, " or ".join(one.scopes)) for one in ENDPOINTS}


def test_every_status_of_one_operation_is_told() -> None:
    statuses = set(map(int, re.findall(r"\d{3}", " ".join(re.findall(r"^\| (\d[\d, ]*) \|", PAGE, re.MULTILINE)))))
    assert statuses == {200, 201, 202, 403, 409, 412, 422, 429, 503}
