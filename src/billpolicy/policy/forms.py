"""Values of a policy file that can be written in several forms: decisions, constraints, defaults, accounts and rates.

Each with its reader, and with the JSON Schema of what that takes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from billpolicy.diagnostics.meaning import meant as meanings
from billpolicy.policy.approval import APPROVAL, APPROVAL_SCHEMA, Approval, read_approval
from billpolicy.source.mended import operator_of
from billpolicy.source.scalars import Scalar, read_prose, read_text

OPERATORS = ("one_of", "none_of", "at_least", "at_most", "above", "below", "within")
LISTS = ("one_of", "none_of")
"""The operators that take a list of any field; the others take one only of amounts, in several currencies."""
_OTHERS = "other_currencies"


class Decided(NamedTuple):
    """A decision as written: a chain of levels, or one value; with its reason if the long form was used."""

    chain: tuple[str, ...] | None
    value: str | None
    because: str | None
    approval: Approval | None = None
    """Of `{approval: {by: [lead], count: 2}}`, whose text is the value: the roles are still to be looked up."""


class Default(NamedTuple):
    """A default as written: one value, or one for each value of a field of the account."""

    otherwise: str | None
    """What holds where nothing else does; None where there is no value then."""
    by: str = ""
    """A field of accounts, like `account.legal_entity`; empty where there is one value for all."""
    values: tuple[tuple[str, str], ...] = ()
    """What the field may be, and the default then."""


def _read_default(value: Any) -> Default:
    """`DEFAULT`, or `{by: account.legal_entity, values: {DE: ACME-DE}, otherwise: DEFAULT}`."""
    if not isinstance(value, dict):
        return Default(read_text(value))
    values = value.get("values")
    if (
        not {"by", "values"} <= value.keys() <= {"by", "values", "otherwise"}
        or not isinstance(values, dict)
        or not values
    ):
        raise ValueError("write a value, or `{by: account.field, values: {A: one, B: another}, otherwise: a-third}`")
    otherwise = value.get("otherwise")
    pairs = tuple((read_text(name), read_text(one)) for name, one in values.items())
    return Default(None if otherwise is None else read_text(otherwise), read_text(value["by"]), pairs)


class Accounts(NamedTuple):
    """The accounts of one role as written: one, and others by what is posted there."""

    otherwise: str
    by: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """Of each `by_reason` and the like, without `by_`: what it may be, and the account then."""
    because: str | None = None


def _read_accounts(value: Any) -> Accounts:
    """`assets:bank`, or `{otherwise: assets:bank, by_currency: {USD: assets:bank:usd}, because: text}`."""
    if not isinstance(value, dict):
        return Accounts(read_text(value))
    otherwise, because = value.get("otherwise"), value.get("because")
    by = {key.removeprefix("by_"): values for key, values in value.items() if key.startswith("by_")}
    unknown = [key for key in value if key not in ("otherwise", "because") and not key.startswith("by_")]
    if otherwise is None or unknown or not all(isinstance(values, dict) and values for values in by.values()):
        raise ValueError("write an account, or `{otherwise: assets:bank, by_currency: {USD: assets:bank:usd}}`")
    pairs = {name: tuple((read_text(one), read_text(account)) for one, account in by[name].items()) for name in by}
    return Accounts(read_text(otherwise), tuple(pairs.items()), None if because is None else read_prose(because))


class Constraint(NamedTuple):
    """What a field must be, as written. `presence` is `set` or `unset`; else operators with their values."""

    operators: tuple[tuple[str, tuple[str, ...]], ...]
    presence: Literal["set", "unset"] | None = None
    others: Literal["holds", "fails"] | None = None
    """Of an amount what comes of currencies that it does not name, if it says so."""


def _read_decided(value: Any) -> Decided:
    """`[invoice, account]`, `Write-off`, or the long forms `{from: [...], because: ...}`, `{is: ..., because: ...}`."""
    if not isinstance(value, dict):
        return _short_form(value, None)
    if list(value) == [APPROVAL]:
        return _short_form(value, None)
    because = value.get("because")
    rest = [key for key in value if key != "because"]
    if rest == [APPROVAL]:
        raise ValueError("with its reason it is written `{is: {approval: ...}, because: text}`")
    if rest not in (["from"], ["is"]):
        raise ValueError(
            "write a list of levels, a value, or `{from: [levels], because: text}`; of `permission` also "
            "`{approval: {by: [roles], count: 2}}`"
        )
    if rest == ["from"] and not isinstance(value["from"], list):
        raise ValueError("`from` is a list of levels, like `[invoice, account]`")
    return _short_form(value[rest[0]], read_prose(because) if because is not None else None)


def _short_form(value: Any, because: str | None) -> Decided:
    if isinstance(value, list):
        return Decided(tuple(read_text(level) for level in value), None, because)
    if isinstance(value, str):
        return Decided(None, value, because)
    if isinstance(value, dict) and list(value) == [APPROVAL]:
        approval = read_approval(value[APPROVAL])
        return Decided(None, str(approval), because, approval)
    raise ValueError("write a list of levels, like `[invoice, account]`, or a value")


def _read_constraint(value: Any) -> Constraint:
    """A value, a list of values, `{is: set}`, or a mapping of the operators."""
    if isinstance(value, str):
        return Constraint((("one_of", (value,)),))
    if isinstance(value, list):
        return Constraint((("one_of", _values(value)),))
    if not isinstance(value, dict) or not value:
        raise ValueError("say what this field must be: a value, a list of values, or `{at_least: ...}`")
    if "is" in value:
        presence = value["is"]
        if len(value) > 1 or presence not in ("set", "unset"):
            raise ValueError("`is` stands alone and says `set` or `unset`")
        return Constraint((), presence="set" if presence == "set" else "unset")
    unknown = sorted(set(value) - {*OPERATORS, _OTHERS})
    if unknown:
        there_are = f"there are: {', '.join(OPERATORS)}, and `is: set`"
        meant = operator_of(unknown[0]) or next(iter(meanings(unknown[0], sorted(OPERATORS))), None)
        raise ValueError(f"`{unknown[0]}` is not a comparison; {f'write `{meant}`' if meant else there_are}")
    others = value.get(_OTHERS)
    if others not in (None, "holds", "fails"):
        raise ValueError(f"`{_OTHERS}` says `holds` or `fails`: what comes of a currency that is not named")
    operators = {operator: operand for operator, operand in value.items() if operator != _OTHERS}
    if not operators:
        raise ValueError(f"`{_OTHERS}` goes with a comparison, like `{{above: 500.00 EUR, {_OTHERS}: holds}}`")
    return Constraint(
        tuple(
            # An amount has a bound in each of several currencies; what is no amount takes one (`typed.py`).
            (operator, _values(operand) if operator in LISTS or isinstance(operand, list) else (_one(operand),))
            for operator, operand in operators.items()
        ),
        others=others,
    )


def _values(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise ValueError("a list with at least one value is wanted here")
    return tuple(_one(value) for value in values)


def _one(value: Any) -> str:
    if not isinstance(value, str):
        if value is None:
            raise ValueError("one value is wanted here; to ask for absence write `{is: unset}`")
        example = "" if isinstance(value, list) else "; of several currencies write `{above: [500.00 EUR, 600.00 USD]}`"
        raise ValueError(f"one value is wanted here, not a {'list' if isinstance(value, list) else 'mapping'}{example}")
    return value


_LEVELS_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
_VALUE_SCHEMA = {"type": ["string", "number", "boolean"]}
_DECIDED_SCHEMA = {
    "oneOf": [
        _LEVELS_SCHEMA,
        _VALUE_SCHEMA,
        APPROVAL_SCHEMA,
        *(
            {
                "type": "object",
                "properties": {key: schema, "because": {"type": "string"}},
                "required": [key],
                "additionalProperties": False,
            }
            for key, schema in (("from", _LEVELS_SCHEMA), ("is", {"oneOf": [_VALUE_SCHEMA, APPROVAL_SCHEMA]}))
        ),
    ]
}
_VALUES_SCHEMA = {"type": "array", "items": _VALUE_SCHEMA, "minItems": 1}
_BOUND_SCHEMA = {"oneOf": [_VALUE_SCHEMA, _VALUES_SCHEMA]}
_CONSTRAINT_SCHEMA = {
    "oneOf": [
        _VALUE_SCHEMA,
        _VALUES_SCHEMA,
        {
            "type": "object",
            "properties": {"is": {"enum": ["set", "unset"]}},
            "required": ["is"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                **{name: _VALUES_SCHEMA if name in LISTS else _BOUND_SCHEMA for name in OPERATORS},
                _OTHERS: {"enum": ["holds", "fails"]},
            },
            "additionalProperties": False,
            "anyOf": [{"required": [name]} for name in OPERATORS],
        },
    ]
}
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?%")


def _read_rate(value: Any) -> Decimal:
    """`19%` as `0.19`, 0% to 100%."""
    text = read_text(value)
    if not _PERCENT.fullmatch(text):
        raise ValueError(f"`{text[:40]}` is not a tax rate; write it in percent, like `19%` or `9.975%`")
    rate = Decimal(text[:-1]).scaleb(-2)
    if rate > 1:
        raise ValueError(f"`{text}` is not a tax rate: it is above 100%")
    return rate


RateText = Annotated[Decimal, Scalar(_read_rate, (("type", "string"), ("pattern", f"^{_PERCENT.pattern}$")))]
_DEFAULT_SCHEMA = {
    "oneOf": [
        _VALUE_SCHEMA,
        {
            "type": "object",
            "properties": {
                "by": {"type": "string"},
                "values": {"type": "object", "additionalProperties": _VALUE_SCHEMA, "minProperties": 1},
                "otherwise": _VALUE_SCHEMA,
            },
            "required": ["by", "values"],
            "additionalProperties": False,
        },
    ]
}
_ACCOUNTS_SCHEMA = {
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"otherwise": {"type": "string"}, "because": {"type": "string"}},
            "patternProperties": {
                "^by_": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}
            },
            "required": ["otherwise"],
            "additionalProperties": False,
        },
    ]
}
AccountsText = Annotated[Accounts, Scalar(_read_accounts, tuple(_ACCOUNTS_SCHEMA.items()))]
DefaultText = Annotated[Default, Scalar(_read_default, tuple(_DEFAULT_SCHEMA.items()))]
DecidedText = Annotated[Decided, Scalar(_read_decided, tuple(_DECIDED_SCHEMA.items()))]
ConstraintText = Annotated[Constraint, Scalar(_read_constraint, tuple(_CONSTRAINT_SCHEMA.items()))]
