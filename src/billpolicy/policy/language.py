"""The policy language: what may stand in a policy file, and in which shape. What it means is looked up later."""

from __future__ import annotations

import re
from dataclasses import field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from billpolicy.diagnostics.meaning import meant as meanings
from billpolicy.policy.approval import APPROVAL, APPROVAL_SCHEMA, Approval, read_approval
from billpolicy.policy.model import Beyond, By, OtherCurrencies, Per
from billpolicy.source.mended import operator_of
from billpolicy.source.record import record
from billpolicy.source.scalars import (
    Amount,
    Boolean,
    Country,
    Currency,
    Date,
    Integer,
    Prose,
    Scalar,
    Text,
    read_prose,
    read_text,
)
from billpolicy.vocabulary.spec import DocumentKind, FieldType

NOTHING = "nothing"
"""In `then` of a follow-up: the one of that id in a base policy is switched off."""
OPERATORS = ("one_of", "none_of", "at_least", "at_most", "above", "below", "within")
_LISTS = ("one_of", "none_of")
_OTHERS = "other_currencies"


class Decided(NamedTuple):
    """A decision as written: a chain of levels, or one value; with its reason if the long form was used."""

    chain: tuple[str, ...] | None
    value: str | None
    because: str | None
    approval: Approval | None = None
    """Of `{approval: {by: [lead], count: 2}}`, whose text is the value: the roles are still to be looked up."""


class DefaultBy(NamedTuple):
    """A default as written: one value, or one for each value of a field of the account."""

    otherwise: str | None
    """What holds where nothing else does; None where there is no value then."""
    by: str = ""
    """A field of accounts, like `account.legal_entity`; empty where there is one value for all."""
    values: tuple[tuple[str, str], ...] = ()
    """What the field may be, and the default then."""


def _read_default(value: Any) -> DefaultBy:
    """`DEFAULT`, or `{by: account.legal_entity, values: {DE: ACME-DE}, otherwise: DEFAULT}`."""
    if not isinstance(value, dict):
        return DefaultBy(read_text(value))
    values = value.get("values")
    if (
        not {"by", "values"} <= value.keys() <= {"by", "values", "otherwise"}
        or not isinstance(values, dict)
        or not values
    ):
        raise ValueError("write a value, or `{by: account.field, values: {A: one, B: another}, otherwise: a-third}`")
    otherwise = value.get("otherwise")
    pairs = tuple((read_text(name), read_text(one)) for name, one in values.items())
    return DefaultBy(None if otherwise is None else read_text(otherwise), read_text(value["by"]), pairs)


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
        raise ValueError("write a list of levels, a value, or `{from: [levels], because: text}`")
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
            (operator, _values(operand) if operator in _LISTS or isinstance(operand, list) else (_one(operand),))
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
        raise ValueError(f"one value is wanted here, not a {'list' if isinstance(value, list) else 'mapping'}")
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
                **{name: _VALUES_SCHEMA if name in _LISTS else _BOUND_SCHEMA for name in OPERATORS},
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
DefaultText = Annotated[DefaultBy, Scalar(_read_default, tuple(_DEFAULT_SCHEMA.items()))]
DecidedText = Annotated[Decided, Scalar(_read_decided, tuple(_DECIDED_SCHEMA.items()))]
ConstraintText = Annotated[Constraint, Scalar(_read_constraint, tuple(_CONSTRAINT_SCHEMA.items()))]


@record
class EffectiveText:
    """Days `[from, until)`; without `until` it is open-ended."""

    from_: Date
    until: Date | None = None


@record
class AttributeText:
    """An attribute that documents inherit."""

    documents: tuple[DocumentKind, ...]
    type: Literal["contact", "payment_term", "sequence_set", "text"] = "text"
    zuora: Text | None = None
    splits_invoices: Boolean | None = None
    """Of an attribute of invoices: whether subscriptions with different values are billed apart. Default true."""
    exhausted: Literal["refuse"] | None = None
    """Says that it is meant: a document for which no level has a value is refused."""


@record
class FieldText:
    """A custom field that conditions may ask about, like `account.segment`; or the values that a field of billpolicy
    can have here, like those of `account.country`, which has its type already."""

    type: FieldType | None = None
    values: tuple[Text, ...] = ()


@record
class ExceptionText:
    """In these operations, when this holds, then these decisions are different."""

    id: Text
    operations: tuple[Text, ...]
    then: dict[Text, DecidedText]
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    overrides: tuple[Text, ...] = ()
    effective: EffectiveText | None = None
    because: Prose | None = None


@record
class FollowUpText:
    """After this event, when this holds, this operation is run too, in the same transaction."""

    id: Text
    then: Text
    """The operation; `nothing` switches a follow-up of a base policy off."""
    after: Text | None = None
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    if_refused: Literal["refuse", "leave_out"] = "refuse"
    """When the operation is refused: refuse what it follows too, or leave it out and warn."""
    effective: EffectiveText | None = None
    because: Prose | None = None


@record
class AssumptionText:
    """What holds of every book and ledger: where `when` holds, `then` does."""

    id: Text
    then: dict[Text, ConstraintText]
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    because: Prose | None = None


@record
class SeriesText:
    """The numbers of one kind of document: a prefix, how they are written, and when they begin anew."""

    prefix: Text
    start: Integer = 1
    format: Text = "{prefix}{number}"
    """Such as `{prefix}{year}-{number}`; also of `{month}` and `{fiscal_year}`, those of the document's date."""
    width: Integer = 8
    """The digits that a number has at least."""
    reset: Literal["never", "yearly", "monthly", "fiscal_year"] | None = None
    """When numbers begin anew: must be said of a format that shows a date."""
    from_source: Text | None = None
    """Of documents made from another: `{source}-C{number}` numbers them `INV00000007-C1`."""
    shared: Boolean = False
    """Says that it is meant: other sets use the same numbers."""


@record
class FiscalYearText:
    """On which day of each year a fiscal year begins, and which calendar year it is called after."""

    begins: Text
    """Month and day, like `04-01`."""
    named_by: Literal["first", "last"]
    """The calendar year in which it begins, or the one in which it ends."""


@record
class BatchLimitText:
    """The most operations, and the most money per currency, that one batch may be (inclusive)."""

    count: Integer | None = None
    amounts: dict[Currency, Amount] = field(default_factory=dict)
    other_currencies: OtherCurrencies = "refused"
    """What `amounts` says of a currency that it does not list."""


@record
class LimitText:
    """The most that may be posted of these operations in a day or a month (inclusive)."""

    operations: tuple[Text, ...]
    per: Per
    by: By
    """Whether it is counted for each actor, for each account, or for all together."""
    roles: tuple[Text, ...] = ()
    """Whom it holds; without them everybody."""
    count: Integer | None = None
    amounts: dict[Currency, Amount] = field(default_factory=dict)
    other_currencies: OtherCurrencies = "refused"
    beyond: Beyond = "refused"
    """What becomes of an operation that would go beyond it."""
    because: Prose | None = None


@record
class ProximoText:
    """Due on `due_day` of the next month; one month later when the document is dated after `cutoff_day`."""

    due_day: Integer
    cutoff_day: Integer | None = None
    months: Integer | None = None
    """Which month, counted from that of the document; 1 is the next."""


@record
class PaymentTermText:
    """`{net: 30}` (days), `{net: 0}` (due upon receipt), `{months: 2}`, with or without `end_of_month: true`, which can
    also stand alone; or `{proximo: {due_day: 15, cutoff_day: 25}}`."""

    hint_of_list: ClassVar[str] = (
        "write one due date, like `{net: 30}`; instalments are not in this language yet: bill each of them by itself"
    )

    net: Integer | None = None
    months: Integer | None = None
    """The same day so many months later."""
    end_of_month: Boolean = False
    """After `net` or `months`: on to the last day of that month."""
    day: Integer | None = None
    """After the end of the month: this day of the next month."""
    days_after: Integer | None = None
    """After the end of the month: so many days later."""
    proximo: ProximoText | None = None


@record
class TaxRateText:
    """A tax of a code on days `[from, until)`: in a country, or in a region of it in place of what the country has."""

    country: Country
    region: Text | None = None
    name: Text
    rate: RateText
    """In percent, like `19%`; `0%` where it is exempt."""
    from_: Date
    until: Date | None = None


@record
class RecordingText:
    """What recordings leave out."""

    mask: tuple[Text, ...] = ()
    """Fields, by the names that conditions ask for: `account.name`."""


@record
class PolicyFile:
    """One file of a policy folder. Sections may be spread over files; each thing is said once."""

    policy: Text | None = None
    effective: EffectiveText | None = None
    extends: Text | None = None
    description: Prose | None = None
    attributes: dict[Text, AttributeText] = field(default_factory=dict)
    fields: dict[Text, FieldText] = field(default_factory=dict)
    defaults: dict[Text, DefaultText] = field(default_factory=dict)
    """Attribute -> what holds where no level has a value: one value, or one by a field of the account."""
    reason_codes: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    roles: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Role -> the people who have it; each person has one role."""
    aliases: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Person -> other names of the same person."""
    every_operation: dict[Text, DecidedText] = field(default_factory=dict)
    """Decisions of every operation that has them, where `operations` does not say otherwise."""
    operations: dict[Text, dict[Text, DecidedText]] = field(default_factory=dict)
    exceptions: tuple[ExceptionText, ...] = ()
    follow_ups: tuple[FollowUpText, ...] = ()
    assumptions: tuple[AssumptionText, ...] = ()
    """What proofs may rely on; a book or an operation that contradicts it is refused."""
    sequence_sets: dict[Text, dict[DocumentKind, SeriesText]] = field(default_factory=dict)
    fiscal_year: FiscalYearText | None = None
    cash_steps: dict[Currency, Amount] = field(default_factory=dict)
    """Currency -> the smallest amount that shares are made of, like `CHF: 0.05`."""
    payment_terms: dict[Text, PaymentTermText] = field(default_factory=dict)
    tax_rates: dict[Text, tuple[TaxRateText, ...]] = field(default_factory=dict)
    """Tax code of charges -> the taxes that it stands for, by country or region."""
    batch_limits: dict[Text, BatchLimitText] = field(default_factory=dict)
    """Operation, or `every_operation` for all of them together -> its limits."""
    limits: dict[Text, LimitText] = field(default_factory=dict)
    """What may be posted in a day or a month, by the name of the limit."""
    recording: RecordingText | None = None
    """What `--record` leaves out of recordings."""
