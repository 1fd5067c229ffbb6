"""From the words of a `when` or of a book to typed facts: each field has one type (docs/policy-language.md rule 1)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.diagnostics.sentences import any_of
from billpolicy.money import Money
from billpolicy.policy.condition import ALL_NUMBERS, Box, Fact, Numbers, Values, Words
from billpolicy.policy.forms import LISTS, Constraint
from billpolicy.policy.model import Clause
from billpolicy.policy.people import same_name
from billpolicy.source.mended import amounts_meant, comparison, dates_meant, listed_by_commas
from billpolicy.source.scalars import (
    read_boolean,
    read_country,
    read_currency,
    read_date,
    read_days,
    read_free_text,
    read_integer,
    read_money,
    read_text,
)
from billpolicy.vocabulary.fields import ACTOR
from billpolicy.vocabulary.spec import ROLES, FieldSpec, FieldType

_ORDERED = ("integer", "money", "date", "days")
_WORDS = {
    "one_of": "one of",
    "none_of": "none of",
    "at_least": "at least",
    "at_most": "at most",
    "above": "above",
    "below": "below",
    "within": "within",
}
_NOUNS: dict[FieldType, str] = {
    "text": "a text",
    "choice": "a choice",
    "integer": "a whole number",
    "money": "an amount",
    "date": "a date",
    "days": "a length of time",
    "boolean": "true or false",
    "country": "a country",
    "currency": "a currency",
}


def typed(field: FieldSpec, text: Any) -> str | bool | int | Money:
    """One value of a field, as written, in the field's type. Raises `ValueError` with a sentence for the user."""
    if field.type == "choice":
        word = read_text(text)
        if word not in field.choices:
            none = "the policy declares none" + (", under `roles`" if field.codes == ROLES else "")
            allowed = f"allowed: {', '.join(field.choices)}" if field.choices else none
            hint = did_you_mean(word, field.choices) or allowed
            raise ValueError(f"`{word}` is not one of the values of `{field.name}`; {hint}")
        return word
    if field == ACTOR[0]:
        return same_name(read_text(text))
    value = _READERS[field.type](text)
    # Of a field of billpolicy, the values that the policy lists.
    if field.choices and value not in field.choices:
        hint = did_you_mean(str(value), field.choices) or f"allowed: {', '.join(field.choices)}"
        raise ValueError(f"`{value}` is not one of the values of `{field.name}` that the policy lists; {hint}")
    return value


_READERS: dict[str, Callable[[Any], str | bool | int | Money]] = {
    "text": read_free_text,
    "integer": read_integer,
    "money": read_money,
    "date": lambda text: read_date(text).toordinal(),
    "days": read_days,
    "boolean": read_boolean,
    "country": read_country,
    "currency": read_currency,
}


def facts_of(field: FieldSpec, value: str | bool | int | Money) -> dict[str, Fact]:
    """A typed value as primitive facts: money is two of them, minor units and currency."""
    if isinstance(value, Money):
        return {field.name: value.minor, f"{field.name}.currency": value.currency}
    return {field.name: value}


def clause(field: FieldSpec, constraint: Constraint) -> Clause:
    """The clause that a constraint on a field means. Raises `ValueError` with a sentence for the user."""
    if constraint.presence is not None:
        return Clause(field.name, f"`{field.name}` is {constraint.presence}", (_presence(field, constraint.presence),))
    for operator, _ in constraint.operators:
        if operator not in LISTS and field.type not in _ORDERED:
            compared = "amounts, numbers, dates and lengths of time"
            raise ValueError(f"`{operator}` compares {compared}; `{field.name}` is {_NOUNS[field.type]}")
        if operator == "within" and field.type != "days":
            raise ValueError(f"`within` is of lengths of time, like `30 days`; `{field.name}` is {_NOUNS[field.type]}")
    if field.type == "money":
        for _, texts in constraint.operators:
            _refuse_signs(field, texts)
        return _amount_clause(field.name, constraint)
    if constraint.others is not None:
        raise ValueError(f"`other_currencies` is said of amounts; `{field.name}` is {_NOUNS[field.type]}")
    box: dict[str, Values] = {}
    words = []
    for operator, texts in constraint.operators:
        _refuse_signs(field, texts)
        values = [typed(field, text) for text in texts]
        if operator not in LISTS and len(values) > 1:
            raise ValueError(f"`{operator}` takes one value; only amounts have one in each of several currencies")
        for fact, allowed in _allowed(field, operator, values).items():
            box[fact] = box[fact] & allowed if fact in box else allowed
        listed = ", ".join(texts)
        words.append(listed if operator == "one_of" and len(texts) == 1 else f"{_WORDS[operator]} {listed}")
    if any(values.empty for values in box.values()) or (field.type == "date" and _never(box[field.name])):
        raise ValueError(f"no value of `{field.name}` can be {' and '.join(words)}")
    return Clause(field.name, f"`{field.name}` is {' and '.join(words)}", (box,))


# -- amounts, which have bounds in each currency -------------------------------------------------------------------


_Written = Mapping[str, Mapping[str, Sequence[str]]]
"""Currency -> operator -> the amounts in it, as they stand in the file."""


def _amount_clause(name: str, constraint: Constraint) -> Clause:
    """A box for the currencies that have the same bounds, and one for all others where it holds in them."""
    written = _by_currency(constraint)
    same: dict[Numbers, list[str]] = {}
    for currency, by_operator in sorted(written.items()):
        numbers = ALL_NUMBERS
        for operator, texts in by_operator.items():
            numbers = numbers & _numbers(operator, [read_money(text).minor for text in texts])
        if numbers.empty:
            raise ValueError(f"no value of `{name}` can be {' and '.join(_compared(by_operator))}")
        same.setdefault(numbers, []).append(currency)
    named = [(numbers, Words(frozenset(currencies))) for numbers, currencies in same.items()]
    others = [(ALL_NUMBERS, Words(frozenset(written), complement=True))] if constraint.others == "holds" else []
    boxes = (
        {name: Values(numbers), f"{name}.currency": Values(currencies)} for numbers, currencies in (*named, *others)
    )
    ending = f" (other currencies: {constraint.others})" if constraint.others else ""
    return Clause(name, f"`{name}` is {_amounts(constraint, written)}{ending}", tuple(boxes), constraint.others)


def _by_currency(constraint: Constraint) -> _Written:
    """Every comparison has an amount of each currency, and one that is no list has just one."""
    written: dict[str, dict[str, list[str]]] = {}
    for operator, texts in constraint.operators:
        _refuse_commas(texts)
        for text in texts:
            written.setdefault(read_money(text).currency, {}).setdefault(operator, []).append(text)
    for currency, by_operator in written.items():
        for operator, _ in constraint.operators:
            texts_ = by_operator.get(operator)
            if texts_ is None:
                other = next(iter(by_operator))
                raise ValueError(f"`{other}` names {currency}, and `{operator}` does not; name it in both, or in none")
            if operator not in LISTS and len(texts_) > 1:
                raise ValueError(f"`{operator}` has {any_of(texts_)}; one amount is wanted in each currency")
    return written


def _amounts(constraint: Constraint, written: _Written) -> str:
    """The comparisons as they were written, currency by currency where there are several of both."""
    if len(constraint.operators) > 1 and len(written) > 1:
        return ", or ".join(" and ".join(_compared(by_operator)) for by_operator in written.values())
    return " and ".join(_compared(dict(constraint.operators)))


def _compared(by_operator: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for operator, texts in by_operator.items():
        if operator in LISTS:
            alone = operator == "one_of" and len(texts) == 1
            yield texts[0] if alone else f"{_WORDS[operator]} {', '.join(texts)}"
        else:
            yield f"{_WORDS[operator]} {any_of(texts)}"


# -- all other fields ----------------------------------------------------------------------------------------------


def _refuse_signs(field: FieldSpec, texts: Sequence[str]) -> None:
    """Raise `ValueError` for `> 500.00 EUR`: operators are words here."""
    for text in texts:
        signed = comparison(text) if field.type != "text" else None
        if signed is not None:
            operator, value = signed
            meant = amounts_meant(value) if field.type == "money" else dates_meant(value)
            value = str(meant[0]) if meant else value
            write = {"one_of": value, "none_of": f"{{none_of: [{value}]}}"}.get(operator, f"{{{operator}: {value}}}")
            raise ValueError(f"`{text[:40]}` compares by a sign; write `{write}`")


def _refuse_commas(texts: Sequence[str]) -> None:
    """Raise `ValueError` for `[500,00 EUR]`, which is a list of two."""
    for written, meant in listed_by_commas(texts):
        raise ValueError(f"the comma in `{written}` ends a value here; write `{meant}`")


def _never(days: Values) -> bool:
    """Whether no day of the calendar is among them: `below: 0001-01-01`."""
    calendar = Numbers(((datetime.date.min.toordinal(), datetime.date.max.toordinal()),))
    assert isinstance(days.members, Numbers)
    return (days.members & calendar).empty


def _presence(field: FieldSpec, presence: str) -> Box:
    members = _universe(field)
    if presence == "set":
        return {field.name: Values(members.everything)}
    return {field.name: Values(members.everything.inverse(), unset=True)}


def _allowed(field: FieldSpec, operator: str, values: list[Any]) -> Box:
    if field.type in _ORDERED:
        return {field.name: Values(_numbers(operator, values))}
    universe = _universe(field)
    assert isinstance(universe, Words)
    words = Words.of(frozenset(values), complement=operator == "none_of", universe=universe.universe)
    return {field.name: Values(words)}


def _numbers(operator: str, values: list[int]) -> Numbers:
    if operator == "one_of":
        return Numbers.only(*values)
    if operator == "none_of":
        return Numbers.only(*values).inverse()
    bound = values[0]
    return {
        "at_least": Numbers(((bound, None),)),
        "above": Numbers(((bound + 1, None),)),
        "at_most": Numbers(((None, bound),)),
        "below": Numbers(((None, bound - 1),)),
        "within": Numbers(((0, bound),) if bound >= 0 else ()),
    }[operator]


def _universe(field: FieldSpec) -> Words | Numbers:
    if field.type in _ORDERED:
        return Numbers(((None, None),))
    closed: frozenset[str | bool] | None = None
    if field.type == "boolean":
        closed = frozenset((True, False))
    elif field.type == "choice" and not field.codes:
        closed = frozenset(field.choices)
    return Words.of(frozenset(), complement=True, universe=closed)
