"""Countries in books and operations are codes of ISO 3166, wherever they stand (docs/policy-language.md rule 1)."""

from __future__ import annotations

from typing import Any

import pytest

from billpolicy.book.load import book_from
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.registry import OPERATIONS
from billpolicy.source.given import given
from billpolicy.source.read import read_record

ACCOUNT = {"id": "acme", "currency": "EUR"}


def wrong(**sections: Any) -> Diagnostic:
    """The one thing that is wrong with a book."""
    with pytest.raises(Refused) as refused:
        book_from(sections)
    (found,) = refused.value.diagnostics
    return found


def test_of_an_account() -> None:
    found = wrong(accounts=[{**ACCOUNT, "country": "Germany"}])
    assert found.message == "`Germany` is not a country code of ISO 3166; use the two-letter code `DE`"
    assert str(found.position) == "book.accounts[0].country"


def test_of_a_contact() -> None:
    found = wrong(accounts=[ACCOUNT], contacts=[{"id": "ann", "account": "acme", "country": "uk"}])
    assert "use the two-letter code `GB`" in found.message


def test_of_what_an_account_held_before() -> None:
    """The history says it as it would stand in the field itself."""
    before = [{"field": "country", "value": "Germany"}, {"field": "country", "value": "AT", "since": "2026-01-01"}]
    found = wrong(accounts=[{**ACCOUNT, "country": "AT", "history": before}])
    assert found.code == "history-value"
    assert "`Germany` cannot be a value of `country`" in found.message


@pytest.mark.parametrize("country", ["NO", "GB", "XK", None])
def test_codes_are_taken_as_they_are(country: str | None) -> None:
    assert book_from({"accounts": [{**ACCOUNT, "country": country}]}).accounts["acme"].country == country


@pytest.mark.parametrize(
    "request_",
    [
        {"operation": "create_account", "account": "new", "currency": "EUR"},
        {"operation": "change_account", "account": "acme"},
        {"operation": "create_contact", "contact": "ann", "account": "acme"},
        {"operation": "change_contact", "contact": "ann"},
    ],
)
def test_of_operations(request_: dict[str, str]) -> None:
    asked = {"id": "one", "date": "2026-03-01", **request_, "country": "uk"}
    with pytest.raises(Refused) as refused:
        read_record(OPERATIONS[request_["operation"]].request, given(asked, "operation"))
    assert ["use the two-letter code `GB`" in one.message for one in refused.value.diagnostics] == [True]
