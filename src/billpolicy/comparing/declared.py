"""What a policy declares beside its rules: attributes, fields, defaults, codes, roles, sets, terms, rates and limits.

What changes of it is told by its names, and whether that alone makes an operation come out otherwise: another meaning
of a payment term does, a new one only makes possible what named it and was refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from billpolicy.book.numbers import MIN_DIGITS
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.model import (
    Assumption,
    Attribute,
    BatchLimit,
    JournalAccounts,
    Limit,
    PaymentTerm,
    Policy,
    SequenceSet,
    Series,
    TaxCode,
    TaxRate,
)
from billpolicy.policy.payment_terms import in_words
from billpolicy.vocabulary.spec import FieldSpec

Section = Literal[
    "effective",
    "attributes",
    "fields",
    "defaults",
    "reason_codes",
    "roles",
    "sequence_sets",
    "fiscal_year",
    "payment_terms",
    "cash_steps",
    "tax_rates",
    "accounts",
    "batch_limits",
    "limits",
    "assumptions",
    "recording",
]
SECTIONS: tuple[Section, ...] = get_args(Section)
Effect = Literal["outcomes", "decisions", "names", "none"]
"""`outcomes`: what was asked before comes out otherwise; `decisions`: it does where a decision shows it, as of a
default that a chain reaches; `names`: only what names it, which was or will be refused; `none`: nothing does."""


class Declared(NamedTuple):
    """One thing that is declared otherwise than before, in words."""

    section: Section
    name: str
    how: Literal["added", "removed", "changed"]
    effect: Effect
    before: str | None
    """What it was, in words; None of what is new."""
    after: str | None
    old: Position | None
    new: Position | None


_MASKED = "left out of recordings"


def declared_changes(old: Policy, new: Policy) -> tuple[Declared, ...]:
    """All that is declared otherwise, section by section, by name."""
    return tuple(_changes(old, new))


def _changes(old: Policy, new: Policy) -> Iterator[Declared]:
    if old.effective != new.effective:
        before, after = str(old.effective), str(new.effective)
        yield Declared("effective", "days", "changed", "outcomes", before, after, old.position, new.position)
    yield from _section("attributes", old.attributes, new.attributes, _attribute, _of_attribute)
    yield from _section("fields", _own(old.fields), _own(new.fields), _field, lambda one, other: "names")
    yield from _section("fields", old.narrowed, new.narrowed, lambda values: [*values], _always)
    for attribute in sorted(old.defaults_at.keys() | new.defaults_at.keys()):
        before_value, after_value = old.default_words(attribute), new.default_words(attribute)
        if before_value != after_value:
            yield Declared(
                "defaults",
                attribute,
                _how(before_value, after_value),
                "decisions",
                before_value,
                after_value,
                old.defaults_at.get(attribute),
                new.defaults_at.get(attribute),
            )
    yield from _codes(old.reason_codes, new.reason_codes)
    yield from _roles(old, new)
    yield from _section("sequence_sets", old.sequence_sets, new.sequence_sets, _set, _otherwise)
    yield from _fiscal_years(old, new)
    yield from _section("payment_terms", old.payment_terms, new.payment_terms, _term, _otherwise)
    yield from _section("cash_steps", old.cash_steps, new.cash_steps, lambda step: [str(step)], _always)
    yield from _section("tax_rates", old.tax_rates, new.tax_rates, _tax_code, _otherwise)
    yield from _section("accounts", old.accounts, new.accounts, _accounts, lambda one, other: "none")
    yield from _section("batch_limits", old.batch_limits, new.batch_limits, _limit, _always)
    yield from _section("limits", old.limits, new.limits, _limit_over_time, _always)
    held, now_held = ({one.id: one for one in policy.assumptions} for policy in (old, new))
    yield from _section("assumptions", held, now_held, _assumption, lambda one, other: "names")
    masked, now_masked = (dict.fromkeys(policy.masked, _MASKED) for policy in (old, new))
    yield from _section("recording", masked, now_masked, lambda said: [said], lambda one, other: "none")


def _section(
    section: Section,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    words: Callable[[Any], list[str]],
    effect: Callable[[Any, Any], Effect],
) -> Iterator[Declared]:
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        before, after = [] if one is None else words(one), [] if other is None else words(other)
        if before != after or (one is None) != (other is None):
            at, to = getattr(one, "position", None), getattr(other, "position", None)
            was, now = _without(before, after), _without(after, before)
            yield Declared(section, name, _how(one, other), effect(one, other), was, now, at, to)


def _without(parts: Sequence[str], others: Sequence[str]) -> str | None:
    """What is said on one side and not on the other; nothing where all of it is said on both."""
    return ", ".join(part for part in parts if part not in others) or None


def _own(fields: Mapping[str, FieldSpec]) -> dict[str, FieldSpec]:
    """The fields that are declared, without those that come with them."""
    return {name: field for name, field in fields.items() if not name.startswith("changes.")}


def _how(before: object, after: object) -> Literal["added", "removed", "changed"]:
    return "added" if before is None else "removed" if after is None else "changed"


def _always(before: object, after: object) -> Effect:
    return "outcomes"


def _otherwise(before: object, after: object) -> Effect:
    """Of what is only ever named: another meaning changes what names it, the rest was or will be refused."""
    return "names" if before is None or after is None else "outcomes"


def _of_attribute(before: Attribute | None, after: Attribute | None) -> Effect:
    if before is None or after is None:
        return "outcomes"
    same = before._replace(zuora=after.zuora, exhausted=after.exhausted, position=after.position)
    return "none" if same == after else "outcomes"


def _codes(old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]) -> Iterator[Declared]:
    for category in sorted(old.keys() | new.keys()):
        before, after = old.get(category, ()), new.get(category, ())
        for code in sorted(set(before) ^ set(after)):
            name = f"{category}: {code}"
            gone = code in before
            yield Declared(
                "reason_codes",
                name,
                "removed" if gone else "added",
                "names",
                category if gone else None,
                None if gone else category,
                None,
                None,
            )


def _roles(old: Policy, new: Policy) -> Iterator[Declared]:
    """A person's role counts where a condition asks for roles, which decisions show."""
    for person in sorted(old.roles.keys() | new.roles.keys()):
        before, after = old.roles.get(person), new.roles.get(person)
        if before != after:
            yield Declared("roles", person, _how(before, after), "decisions", before, after, None, None)


# -- in words ------------------------------------------------------------------------------------------------------


def _attribute(one: Attribute) -> list[str]:
    said = [f"type {one.type.replace('_', ' ')}", *(f"on each {kind.replace('_', ' ')}" for kind in one.documents)]
    said += ["splits invoices"] if one.splits_invoices else []
    said += ["may be left without a value, which refuses the document"] if one.exhausted else []
    return said + ([f"in Zuora {one.zuora}"] if one.zuora else [])


def _field(one: FieldSpec) -> list[str]:
    return [one.type, *one.choices]


def _set(one: SequenceSet) -> list[str]:
    return [f"{kind.replace('_', ' ')} {_series(series)}" for kind, series in sorted(one.series.items())]


def _series(one: Series) -> str:
    said = one.before + (f" from {one.start}" if one.start != 1 else "")
    said += f" with {one.width} digits" if one.width != MIN_DIGITS else ""
    said += f" anew {_ANEW[one.reset]}" if one.reset != "never" else ""
    said += f" or after that of its source {one.from_source}" if one.from_source is not None else ""
    return said + (" shared" if one.shared else "")


_ANEW = {"yearly": "each year", "monthly": "each month", "fiscal_year": "each fiscal year"}


def _fiscal_years(old: Policy, new: Policy) -> Iterator[Declared]:
    if old.fiscal_year != new.fiscal_year:
        before, after = (
            None if one is None else f"begins {one.month:02d}-{one.day:02d}, called after the {one.named_by} year"
            for one in (old.fiscal_year, new.fiscal_year)
        )
        how = _how(before, after)
        yield Declared("fiscal_year", "begin", how, "outcomes", before, after, old.position, new.position)


def _term(one: PaymentTerm) -> list[str]:
    return [in_words(one)]


def _tax_code(one: TaxCode) -> list[str]:
    return [*map(_rate, one.rates)]


def _rate(one: TaxRate) -> str:
    percent = format((one.rate * 100).normalize(), "f")
    return f"{one.jurisdiction} {one.name} {percent}% {one.effective}"


def _accounts(one: JournalAccounts) -> list[str]:
    said = (f"{by} {what} {account}" for by, accounts in one.by.items() for what, account in accounts.items())
    return [f"posted to {one.otherwise}", *said]


def _assumption(one: Assumption) -> list[str]:
    where = " and ".join(clause.text for clause in one.when)
    then = " and ".join(clause.text for clause in one.then)
    return [f"where {where}, {then}" if where else then]


def _limit(one: BatchLimit | Limit) -> list[str]:
    said = [f"at most {one.count:,} operations"] if one.count is not None else []
    said += [f"at most {amount:,} {currency}" for currency, amount in sorted(one.amounts.items())]
    return said + ([f"other currencies {one.other_currencies}"] if one.amounts else [])


def _limit_over_time(one: Limit) -> list[str]:
    each = {"actor": " for each actor", "account": " for each account", "all": ""}[one.by]
    return [
        f"a {one.per}{each}",
        *(f"`{operation}`" for operation in one.operations),
        *(f"of role {role}" for role in one.roles),
        *_limit(one),
        f"beyond it {one.beyond}",
    ]
