"""The tax engine that is asked if no program brings another one: the policy's `tax_rates`, exact and rounded half up.

docs/domain.md 9.5, docs/tax.md. Taxes are never on top of one another: each is of the line's own amount.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import floor

from billpolicy.deciding.tax_engine import Tax, TaxableLine, TaxRounding
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.money import from_minor, half_up, to_minor
from billpolicy.policy.model import TaxCode, TaxRate


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of a policy, by tax code."""

    codes: Mapping[str, TaxCode]

    def taxes(self, lines: Sequence[TaxableLine], rounding: TaxRounding) -> list[list[Tax]]:
        """The taxes of each line, by name. Raises `Refused` with every code and place that has no rate on a day.

        A rate of zero is a rate: its tax of nothing is on record.
        """
        rates = [self._rates(line) for line in lines]
        missing = [line for line, found in zip(lines, rates, strict=True) if not found]
        if missing:
            raise Refused(self._problems(missing))
        shares = [
            _Share(number, line.code, rate, Fraction(to_minor(line.amount, line.currency)) * Fraction(rate.rate))
            for number, (line, found) in enumerate(zip(lines, rates, strict=True))
            for rate in found
        ]
        taxes: list[list[Tax]] = [[] for _ in lines]
        for share, minor in zip(shares, _rounded(shares, rounding), strict=True):
            amount = from_minor(minor, lines[share.line].currency)
            taxes[share.line].append(Tax(share.rate.name, amount, share.rate.rate, share.rate.jurisdiction))
        return taxes

    def _rates(self, line: TaxableLine) -> list[TaxRate]:
        """The rates that hold for a line; none where one of them is missing on its day."""
        code = self.codes.get(line.code)
        rates = [] if code is None else _of_place(code, line)
        return [] if _gap(rates, line.day) else [rate for rate in rates if rate.effective.includes(line.day)]

    def _problems(self, missing: Sequence[TaxableLine]) -> Iterator[Diagnostic]:
        """What is said of lines without a rate: of each code and place once, of its first day."""
        by_place = defaultdict(list)
        for line in missing:
            by_place[line.code, line.country, line.region].append(line)
        for lines in by_place.values():
            first = min(lines, key=lambda line: line.day)
            code = self.codes.get(first.code)
            yield _unknown(first, self.codes) if code is None else _missing(first, code)


@dataclass(frozen=True, slots=True)
class _Share:
    """One tax of one line before it is rounded, in minor units."""

    line: int
    code: str
    rate: TaxRate
    exact: Fraction


def _of_place(code: TaxCode, line: TaxableLine) -> list[TaxRate]:
    """The rates of a place, on whatever day: a region that has rates of its own has only those."""
    here = [rate for rate in code.rates if rate.country == line.country]
    own = [rate for rate in here if rate.region == line.region]
    return own or [rate for rate in here if rate.region is None]


def _gap(rates: Sequence[TaxRate], day: datetime.date) -> TaxRate | None:
    """The last rate of a tax before a day on which it has none, though it has one again later; None if there is none.

    A tax that has ended, or has not begun yet, is no gap.
    """
    for _, of_tax in groupby(rates, key=lambda rate: rate.name):
        own = list(of_tax)
        before = [rate for rate in own if rate.effective.until is not None and rate.effective.until <= day]
        after = [rate for rate in own if rate.effective.from_ > day]
        if before and after and len(before) + len(after) == len(own):
            return before[-1]
    return None


def _unknown(line: TaxableLine, known: Mapping[str, TaxCode]) -> Diagnostic:
    whose = f"charge `{line.charge}` of subscription `{line.subscription}`"
    message = f"{whose} has the tax code `{line.code}`, which the policy does not have"
    hint = did_you_mean(line.code, known) or f"add its rates to the policy, under `tax_rates: {line.code}:`"
    return Diagnostic("tax-code-unknown", message, hint=hint)


def _missing(line: TaxableLine, code: TaxCode) -> Diagnostic:
    place = f"{line.country}-{line.region}" if line.region else line.country
    message = f"the policy has no rate of the tax code `{code.name}` for {place} on {line.day}"
    where = f"under `tax_rates: {code.name}:` ({code.position})"
    rates = _of_place(code, line)
    gap = _gap(rates, line.day)
    regions = sorted({rate.region for rate in code.rates if rate.country == line.country and rate.region})
    if gap is not None:
        hint = f"`{gap.name}` has a gap from {gap.effective.until} on ({gap.position}): add the rate that holds then"
    elif not rates and regions and line.region is None:
        hint = f"its rates there are by region ({', '.join(regions)}): give the account a `region`, or add one {where}"
    elif rates:
        hint = f"add the rate that holds on that day {where}"
    else:
        hint = f"add it {where}; `rate: 0%` where nothing is to be paid"
    return Diagnostic("tax-rate-missing", message, hint=hint)


# -- rounding ------------------------------------------------------------------------------------------------------


def _rounded(shares: Sequence[_Share], rounding: TaxRounding) -> list[int]:
    """Each share in whole minor units: by itself, or each tax once over all lines."""
    if rounding == "item":
        return [half_up(share.exact) for share in shares]
    together: dict[tuple[str, str, Decimal], list[int]] = defaultdict(list)
    for number, share in enumerate(shares):
        together[share.code, share.rate.name, share.rate.rate].append(number)
    found = [0] * len(shares)
    for numbers in together.values():
        for number, minor in zip(numbers, _spread([shares[n].exact for n in numbers]), strict=True):
            found[number] = minor
    return found


def _spread(exact: Sequence[Fraction]) -> list[int]:
    """Whole units that add up to the rounded sum, each next to its exact share: what rounding down leaves over goes to
    the largest remainders, of equal ones to the earliest. What is given back is the mirror of what is asked for."""
    total = sum(exact, Fraction(0))
    if total < 0:
        return [-part for part in _spread([-share for share in exact])]
    parts = [floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: exact[n] - parts[n], reverse=True)
    for number in by_remainder[: half_up(total) - sum(parts)]:
        parts[number] += 1
    return parts
