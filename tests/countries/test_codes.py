"""Which country is meant: the codes of ISO 3166-1, the names of each, and what people write instead."""

from __future__ import annotations

import unicodedata

import pytest

from billpolicy.countries import codes
from billpolicy.countries.codes import CODES, check_country, meant_by
from billpolicy.countries.names import ISO_3166

LINES = [line.split(" ", 2) for line in ISO_3166.strip().splitlines()]


def test_the_list_is_as_long_as_that_of_iso() -> None:
    """249 countries (iso.org, ISO 3166-1), and Kosovo, whose code ISO leaves to its users."""
    assert len(LINES) == 249
    assert {code for code, _, _ in LINES} | {"XK"} == CODES
    assert len({letters for _, letters, _ in LINES}) == 249
    assert [code for code, _, _ in LINES] == sorted(code for code, _, _ in LINES)


@pytest.mark.parametrize(("code", "letters", "names"), LINES)
def test_a_country_is_known_by_all_that_iso_calls_it(code: str, letters: str, names: str) -> None:
    check_country(code)
    for name in (code.lower(), letters, letters.lower(), *names.split("; ")):
        assert meant_by(name) == code
    for name in names.split("; "):
        assert meant_by(f"The {name.upper()}") == code
        plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
        assert meant_by(plain) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Germany", "DE"),
        ("germany ", "DE"),
        ("Germny", "DE"),
        ("uk", "GB"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("England", "GB"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("Untied States", "US"),
        ("the Netherlands", "NL"),
        ("Holland", "NL"),
        ("EL", "GR"),  # so the European Union writes Greece
        ("Republic of Korea", "KR"),
        ("South Korea", "KR"),
        ("Ivory Coast", "CI"),
        ("Czech Republic", "CZ"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        # Names that are close to each other are told apart.
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Ireland", "IE"),
        ("Iceland", "IS"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("Democratic Republic of the Congo", "CD"),
        ("Congo", "CG"),
        ("Kosovo", "XK"),
    ],
)
def test_the_country_that_is_meant(text: str, code: str) -> None:
    assert meant_by(text) == code
    with pytest.raises(ValueError, match=f"use the two-letter code `{code}`"):
        check_country(text)


@pytest.mark.parametrize("text", ["", " ", "EU", "XX", "Atlantis", "?", "D E"])
def test_what_names_no_country_is_no_other_one(text: str) -> None:
    assert meant_by(text) is None
    with pytest.raises(ValueError, match="use its two letters, like `DE`"):
        check_country(text)


def test_the_other_names_are_of_countries_and_not_said_by_iso() -> None:
    said = {codes._plain(form) for _, _, names in LINES for name in names.split("; ") for form in codes._forms(name)}
    for line in codes._ALSO.strip().splitlines():
        code, names = line.split(" ", 1)
        check_country(code)
        assert said.isdisjoint(map(codes._plain, names.split("; ")))
