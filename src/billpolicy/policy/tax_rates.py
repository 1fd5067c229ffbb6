"""What a policy says under `tax_rates`: the taxes of each tax code, by country or region, with the days of their rates.

A code that is said again replaces that of the base, as a payment term does (docs/policy-language.md rule 8). Which of
its rates a line has is told by `billing/rate_table.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from itertools import groupby

from billpolicy.policy.declarations import Declarations
from billpolicy.policy.language import EffectiveText, TaxRateText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import TaxCode, TaxRate
from billpolicy.source.tree import Tree


def tax_codes(declared: Declarations, layer: Layer) -> Iterator[TaxCode]:
    """The tax codes of one layer; what is wrong with them is noted at its place."""
    for name, texts, tree in entries(layer, lambda file: file.tax_rates):
        at = tree.at("tax_rates", name, key=True)
        if not texts:
            hint = "add one, like `- {country: DE, name: VAT, rate: 19%, from: 2026-01-01}`, or remove the code"
            declared.problem("tax-rates-empty", f"the tax code `{name}` has no rates", at, hint)
        code = TaxCode(name, _rates(declared, name, texts, tree), at)
        _apart(declared, code)
        yield code


def _rates(declared: Declarations, code: str, texts: Sequence[TaxRateText], tree: Tree) -> tuple[TaxRate, ...]:
    """The rates of a code, by country, region, name and first day: the order of lines never matters."""
    found = []
    for index, text in enumerate(texts):
        path = ("tax_rates", code, index)
        effective = declared.effective(EffectiveText(from_=text.from_, until=text.until), tree, *path)
        found.append(TaxRate(text.country, text.region, text.name, text.rate, effective, tree.at(*path)))
    return tuple(sorted(found, key=lambda rate: (*_tax(rate), rate.effective.from_)))


def _apart(declared: Declarations, code: TaxCode) -> None:
    """On no day has a tax two rates. A gap is no mistake here: a bill run that meets it is refused."""
    for _, rates in groupby(code.rates, key=_tax):
        latest: TaxRate | None = None
        for rate in rates:
            if latest is not None and rate.effective.from_ < _end(latest):
                whose = f"`{rate.name}` of {rate.jurisdiction} has two rates of `{code.name}` at the same time"
                message = f"{whose}: this one {rate.effective}, and one {latest.effective} ({latest.position})"
                declared.problem("tax-rates-overlap", message, rate.position, _hint(latest, rate))
            if latest is None or _end(rate) > _end(latest):
                latest = rate


def _hint(earlier: TaxRate, later: TaxRate) -> str:
    if earlier.effective.from_ == later.effective.from_:
        return "keep one of the two"
    return f"end the earlier one: `until: {later.effective.from_}`"


def _tax(rate: TaxRate) -> tuple[str, str, str]:
    """Which tax it is a rate of, in its code."""
    return rate.country, rate.region or "", rate.name


def _end(rate: TaxRate) -> datetime.date:
    return rate.effective.until or datetime.date.max
