"""`tax_rates`: dated rates by country and region, closed and checked; docs/tax.md."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove
from tests.helpers.refusals import refused
from tests.helpers.scenes import HEAD, layered, layered_refusals, policy, refused_codes

EE = "{country: EE, name: VAT, rate: 22%, from: 2024-01-01, until: 2025-07-01}"
SINCE_JULY = "{country: EE, name: VAT, rate: 24%, from: 2025-07-01}"


def rates(*lines: str) -> str:
    return "tax_rates:\n  standard:\n" + "".join(f"    - {line}\n" for line in lines)


def test_a_rate_is_read_in_percent_with_its_place_and_days() -> None:
    code = policy(rates("{country: CA, region: QC, name: QST, rate: 9.975%, from: 2013-01-01}", EE)).tax_rates[
        "standard"
    ]
    quebec, estonia = code.rates
    assert (code.name, code.position.line, code.position.column) == ("standard", 5, 3)
    assert (quebec.country, quebec.region, quebec.name, quebec.rate) == ("CA", "QC", "QST", Decimal("0.09975"))
    assert (quebec.jurisdiction, estonia.jurisdiction) == ("CA-QC", "EE")
    assert (quebec.position.line, str(quebec.effective)) == (6, "from 2013-01-01")
    assert (str(estonia.rate), str(estonia.effective)) == ("0.22", "from 2024-01-01 until 2025-07-01")


def test_the_order_of_lines_never_matters() -> None:
    one, other = (policy(rates(*lines)).tax_rates["standard"].rates for lines in ((EE, SINCE_JULY), (SINCE_JULY, EE)))
    assert [rate._replace(position=one[0].position) for rate in one] == [
        rate._replace(position=one[0].position) for rate in other
    ]


def test_norway_is_a_text() -> None:
    (rate,) = policy(rates("{country: NO, name: MVA, rate: 25%, from: 2005-01-01}")).tax_rates["standard"].rates
    assert rate.country == "NO"


def test_a_layer_that_says_a_code_again_replaces_its_rates(tmp_path: Path) -> None:
    base = rates(EE, SINCE_JULY) + "  books: [{country: EE, name: VAT, rate: 9%, from: 2024-01-01}]\n"
    found = layered(tmp_path, base, rates("{country: FI, name: ALV, rate: 25.5%, from: 2024-09-01}")).tax_rates
    assert {name: [rate.country for rate in code.rates] for name, code in found.items()} == {
        "books": ["EE"],
        "standard": ["FI"],
    }
    assert found["standard"].position.file.endswith("layer1.yaml")


@pytest.mark.parametrize("rate", ["19", "0.19", "101%", "-1%", "19 %", "1e1%", "19,5%", "0.00001%", "true"])
def test_what_is_no_rate(rate: str) -> None:
    assert refused_codes(rates(f"{{country: DE, name: VAT, rate: {rate!r}, from: 2021-01-01}}")) == ["value-wrong"]


@pytest.mark.parametrize("rate", ["0%", "100%", "0.0001%", "100.0000%"])
def test_the_least_and_the_most(rate: str) -> None:
    text = rates(f"{{country: DE, name: VAT, rate: {rate}, from: 2021-01-01}}")
    assert policy(text).tax_rates["standard"].rates[0].rate == Decimal(rate[:-1]) / 100


@pytest.mark.parametrize("missing", ["country", "name", "rate", "from"])
def test_what_a_rate_cannot_do_without(missing: str) -> None:
    said = {"country": "DE", "region": "BY", "name": "VAT", "rate": "19%", "from": "2021-01-01"}
    text = ", ".join(f"{key}: {value}" for key, value in said.items() if key != missing)
    assert refused_codes(rates(f"{{{text}}}")) == ["key-missing"]


def test_what_is_said_of_rates_that_are_wrong(tmp_path: Path) -> None:
    text = rates(EE.replace(", until: 2025-07-01", ""), SINCE_JULY, SINCE_JULY.replace("24%", "25%"))
    text += "  empty: []\n  ends: [{country: EE, name: VAT, rate: 1%, from: 2025-01-01, until: 2025-01-01}]\n"
    found = layered_refusals(tmp_path, text)
    assert [(problem.code, problem.position and problem.position.line, problem.hint) for problem in found] == [
        ("tax-rates-overlap", 7, "end the earlier one: `until: 2025-07-01`"),
        ("tax-rates-overlap", 8, "end the earlier one: `until: 2025-07-01`"),
        (
            "tax-rates-empty",
            9,
            "add one, like `- {country: DE, name: VAT, rate: 19%, from: 2026-01-01}`, or remove the code",
        ),
        ("effective-empty", 10, "`until` is the first day on which it no longer holds"),
    ]
    assert found[0].message.startswith(
        "`VAT` of EE has two rates of `standard` at the same time: this one from 2025-07-01, and one from 2024-01-01 ("
    )


@pytest.mark.parametrize(
    "other",
    [
        "{country: EE, name: Levy, rate: 24%, from: 2024-01-01}",
        "{country: EE, region: Saaremaa, name: VAT, rate: 24%, from: 2024-01-01}",
        "{country: FI, name: VAT, rate: 24%, from: 2024-01-01}",
        "{country: EE, name: VAT, rate: 24%, from: 2025-07-01}",
        "{country: EE, name: VAT, rate: 24%, from: 2025-12-01}",
        "{country: EE, name: VAT, rate: 24%, from: 2023-01-01, until: 2024-01-01}",
    ],
)
def test_other_names_places_and_days_stand_beside_it(other: str) -> None:
    assert len(policy(rates(EE, other)).tax_rates["standard"].rates) == 2


def test_a_short_rate_within_a_long_one_is_found_behind_another() -> None:
    within = [f"{{country: EE, name: VAT, rate: 1%, from: 2024-0{m}-01, until: 2024-0{m + 1}-01}}" for m in (2, 5)]
    assert refused_codes(rates(EE, *within)) == ["tax-rates-overlap"]


def test_a_code_is_said_once_in_a_layer(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(HEAD + rates(EE), encoding="utf-8")
    (tmp_path / "rates.yaml").write_text(rates(SINCE_JULY), encoding="utf-8")
    (problem,) = refused(lambda: prove(tmp_path)).diagnostics
    assert (problem.code, problem.position and problem.position.line) == ("said-twice", 2)


def test_the_standard_policy_has_none() -> None:
    assert policy().tax_rates == {}
