"""One concrete case out of a box, in the words of the policy language: what a proof shows when something is wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping

from billpolicy.money import MINOR_DIGITS, from_minor
from billpolicy.policy.condition import ALL_NUMBERS, Box, Fact, Members, Values, Words
from billpolicy.vocabulary.spec import FieldType


def example(box: Box, types: Mapping[str, FieldType]) -> list[str]:
    """`field: value` for each field that the box confines, sorted; a field that may be anything is left out."""
    shown = []
    for field in sorted(box):
        if types.get(field) == "money":
            text = _money(box[field], box.get(f"{field}.currency"))
        elif types.get(field.removesuffix(".currency")) == "money":
            continue  # it is shown with its amount
        else:
            text = _plain(box[field], types.get(field))
        if text is not None:
            shown.append(f"{field}: {text}")
    return shown


def _plain(values: Values, type_: FieldType | None) -> str | None:
    if values == values.everything:
        return None
    if values.members.empty:
        return "unset"
    if values.members == values.members.everything:
        return "set"
    if isinstance(values.members, Words) and values.members.complement:
        names = sorted(map(str, values.members.names))
        if len(names) > 5:
            names[4:] = [f"and {len(names) - 4} more"]
        return f"{{none_of: [{', '.join(names)}]}}"
    sample = values.members.sample()
    return str(sample).lower() if isinstance(sample, bool) else in_words(type_)(sample)


def day(ordinal: Fact | None) -> str:
    """A date ordinal as people write it; a day outside the calendar is shown as the nearest that is in it."""
    assert isinstance(ordinal, int)
    return datetime.date.fromordinal(min(max(ordinal, 1), datetime.date.max.toordinal())).isoformat()


def days(length: Fact | None) -> str:
    """A length of time as policies and books write it."""
    return f"{length} day" if length == 1 else f"{length} days"


def in_words(type_: FieldType | None) -> Callable[[Fact | None], str]:
    """How a value of a field is written whose type is neither money nor boolean."""
    return {"date": day, "days": days}.get(type_ or "", str)


def _money(amount: Values, currency: Values | None) -> str | None:
    if amount.members.empty:
        return "unset"
    if currency is None and amount.members == ALL_NUMBERS:
        return None if amount.unset else "set"
    code = _currency(None if currency is None else currency.members)
    minor = amount.members.sample()
    assert isinstance(minor, int)
    return f"{from_minor(minor, code)} {code}"


def _currency(allowed: Members | None) -> str:
    usual: Iterable[str] = ("EUR", "USD", *MINOR_DIGITS)
    return next(code for code in usual if allowed is None or code in allowed)
