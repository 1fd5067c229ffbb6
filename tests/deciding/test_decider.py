"""Raw rows are decided as documents are: held against what a policy means, written plainly, and by hand."""

from __future__ import annotations

import datetime
import random
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import rules as bench
from billpolicy.deciding.decider import Choice, Decider
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import from_minor
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import build
from billpolicy.policy.model import Policy
from billpolicy.source.files import Texts
from billpolicy.vocabulary.spec import DOCUMENT_KINDS
from tests.helpers.plain_policies import (
    DEFAULTS,
    DOCUMENTS_OF,
    FIELDS,
    SMALL,
    Drawn,
    Meaning,
    Outcome,
    Point,
    effect,
    holding,
    loaded,
    policies,
    world,
)
from tests.helpers.properties import examples

DAY = datetime.date(2026, 3, 1)
COUNTRY = {"another": "AT"}
"""What stands for all other countries must be one."""


def raw(point: Point) -> dict[str, Any]:
    """The values of a point as a table of a program has them: amounts are `Decimal`, days are dates."""
    found: dict[str, Any] = {}
    for name, value in point.items():
        if isinstance(value, tuple):
            minor, currency = value
            found |= {name: from_minor(minor, currency), f"{name}.currency": currency}
        elif name in FIELDS and FIELDS[name].type == "date" and isinstance(value, int):
            found[name] = datetime.date.fromordinal(value)
        else:
            found[name] = COUNTRY.get(str(value), value)
    return found


def columns(operation: str) -> list[str]:
    fields = {field.name: field for field in SMALL[operation].fields}
    names = [*fields, *(f"{name}.currency" for name, field in fields.items() if field.type == "money")]
    held = [
        f"{level}.{key}"
        for level in SMALL[operation].levels
        for key, has in DOCUMENTS_OF.items()
        if level != "default" and (level not in DOCUMENT_KINDS or level in has)
    ]
    return [*dict.fromkeys(("date", *names, "actor.id", "actor.role")), *held]


def found_by_hand(outcome: Outcome, key: str, row: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """The value and its level, by the words of the language: the first level that has one."""
    if isinstance(outcome, str):
        return outcome, None
    for level in effect(key, outcome):
        value = DEFAULTS.get(key) if level == "default" else row.get(f"{level}.{key}")
        if value is not None:
            return value, level
    return None


@examples(60)
@given(policies(), st.randoms(use_true_random=False), st.sampled_from(("python", "python", "both")))
def test_it_decides_what_the_policy_means(drawn: Drawn, chance: random.Random, engine: EngineName) -> None:
    policy, meaning = loaded(drawn.plain), Meaning(drawn.plain)
    base = dict(drawn.plain.base)
    operation = drawn.operations[0]
    points = list(world(drawn.plain, operation, drawn.groups))
    names = columns(operation)
    decider = Decider(Resolver(policy, engine), SMALL[operation], names)
    for point in chance.sample(points, min(len(points), 40)):
        values = raw(point)
        values |= {name: name for name in names if name.split(".")[-1] in DOCUMENTS_OF and chance.random() < 0.5}
        row = tuple(values.get(name) for name in names)
        those = holding(drawn.plain.rules, operation, point)
        expected: list[Choice] = []
        refused = False
        for key in decider.keys:
            survivors = meaning.survivors(operation, key, those)
            said = meaning.said(key, survivors) or {base[operation, key]}
            found = found_by_hand(next(iter(said)), key, values)
            if len(said) > 1 or found is None:
                refused = True
                break
            expected.append((*found, meaning.decider(operation, key, those)))
        if refused:
            with pytest.raises(Refused):
                decider.decide(row)
        else:
            assert decider.decide(row) == tuple(expected)
            assert decider.decide(row) == tuple(expected), "also the second time"


# -- beside the program that a person would write ------------------------------------------------------------------


@pytest.mark.parametrize("count", [40, 400])
def test_it_decides_as_the_same_rules_by_hand(count: int) -> None:
    """Of a base rule the program names the operation alone, so of those only value and level are compared."""
    written = bench.rules(count)
    resolver, by_hand = Resolver(bench.policy(written), "python"), bench.by_hand(written)
    deciders = {name: Decider(resolver, spec, ("date", *bench.COLUMNS)) for name, spec in bench.VOCABULARY.items()}
    for operation, row in bench.records(2_000):
        decided = deciders[operation].decide((DAY, *row))
        for mine, theirs in zip(decided, by_hand[operation](row), strict=True):
            assert mine[:2] == theirs[:2]
            assert mine[2] == theirs[2] or (mine[2].startswith(f"{operation}.") and theirs[2] == operation)


# -- what a row cannot be ------------------------------------------------------------------------------------------

POLICY = """
policy: small
effective: {from: 2026-01-01, until: 2027-01-01}
fields: {account.segment: {type: text}, account.vip: {type: boolean}, account.seats: {type: integer}}
attributes: {note: {type: text, documents: [credit_memo]}}
reason_codes: {credit_memo: [A, B]}
operations:
  credit_only: {note: [request, account], permission: allowed}
exceptions:
  - {id: german, operations: [credit_only], when: {account.country: DE}, then: {note: [account, request]}}
  - id: large
    operations: [credit_only]
    when: {amount: {at_least: 10.00 EUR}, reason: A, account.vip: true, account.seats: {above: 5}}
    then: {note: [account]}
    overrides: [german]
    effective: {from: 2026-01-01, until: 2026-07-01}
"""
NAMES = ("date", "account.country", "amount", "amount.currency", "reason", "account.vip", "account.seats")
HELD = ("request.note", "account.note")
NO_DEFAULTS = LevelValues("the policy's defaults", {})
FINE = (DAY, "AT", Decimal("10.00"), "EUR", "A", True, 6, "asked for", "of the account")


def small(text: str = POLICY) -> Policy:
    file = Path("policy.yaml")
    policy, problems = build(read_layers(file, Texts({str(file): text.encode()})), SMALL)
    assert problems == []
    return policy


@pytest.fixture
def decider() -> Decider:
    return Decider(Resolver(small(), "python"), SMALL["credit_only"], (*NAMES, *HELD))


def decided(decider: Decider, **changed: Any) -> Any:
    """What a right row comes to with some other values, by column; dots are written `__`."""
    values = dict(zip((*NAMES, *HELD), FINE, strict=True))
    values |= {name.replace("__", "."): value for name, value in changed.items()}
    return decider.decide(tuple(values.values()))


def test_each_choice_has_its_value_level_and_rule(decider: Decider) -> None:
    assert decider.keys == ("note", "permission")
    assert decided(decider) == (("of the account", "account", "large"), ("allowed", None, "credit_only.permission"))
    # The rule ends with June, asks for more than five seats, for EUR, and for 10.00 or more.
    for changed in (
        {"date": datetime.date(2026, 7, 1)},
        {"account__seats": 5},
        {"amount__currency": "USD"},
        {"amount": Decimal("9.99")},
        {"amount": None, "amount__currency": None},
        {"account__vip": False},
        {"reason": None},
    ):
        assert decided(decider, **changed)[0] == ("asked for", "request", "credit_only.note"), changed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"date": None}, "`date` of a row: each row needs the document date of its operation"),
        ({"date": "2026-03-01"}, "`date` of a row: '2026-03-01' is not a date"),
        ({"date": datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)}, "is not a date"),
        ({"account__country": "Germany"}, "`Germany` is not a country code of ISO 3166; use the two-letter code `DE`"),
        ({"account__country": "de"}, "`de` is not a country code"),
        ({"account__country": 49}, "49 is not a text"),
        ({"account__country": ["DE"]}, "['DE'] is not a text"),
        ({"amount": 10}, "10 is not an amount (Decimal)"),
        ({"amount": 10.0}, "10.0 is not an amount (Decimal)"),
        ({"amount": Decimal("10.001")}, "`10.001` has more decimals than EUR has (2)"),
        ({"amount": Decimal("1e30")}, "too large an amount"),
        ({"amount": Decimal("NaN")}, "is not a number"),
        ({"amount__currency": None}, "10.00 has no currency beside it"),
        ({"amount__currency": "EURO"}, "`EURO` is not an ISO 4217 currency code"),
        ({"reason": "C"}, "`C` is not one of its values"),
        ({"reason": ""}, "not an empty one"),
        ({"account__vip": 1}, "1 is not true or false"),
        ({"account__seats": True}, "True is not a whole number"),
        ({"account__seats": 2**60}, "is too large a number"),
        ({"reason": None, "request__note": ""}, "`request.note` of a row: a text is wanted here, not an empty one"),
        ({"reason": None, "request__note": float("nan")}, "`request.note` of a row: nan is not a text"),
        ({"reason": None, "request__note": ["x"]}, "`request.note` of a row: ['x'] is not a text"),
        ({"reason": None, "request__note": 5}, "`request.note` of a row: 5 is not a text"),
        ({"reason": None, "request__note": "sue "}, "begins or ends with a space"),
        ({"reason": None, "request__note": "a\u200bb"}, "which nobody sees"),
    ],
    ids=str,
)
def test_what_a_value_cannot_be_is_told_and_never_kept(decider: Decider, changed: dict[str, Any], said: str) -> None:
    before = decided(decider)
    for _ in range(2):
        with pytest.raises((Refused, TypeError)) as raised:
            decided(decider, **changed)
        assert said in str(raised.value)
    assert decided(decider) == before


class Written(str):
    """A text that is told as another one, as members of an enumeration are."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another"


@pytest.mark.parametrize("name", ["account__country", "amount__currency", "reason"])
def test_a_text_is_what_its_letters_are_whatever_its_type_adds(decider: Decider, name: str) -> None:
    """Asked first or later: it is as if a plain text stood there."""
    plain = dict(zip((*NAMES, *HELD), FINE, strict=True))[name.replace("__", ".")]
    assert isinstance(plain, str)
    for text in (Written(plain), plain, Written(plain)):
        assert decided(decider, **{name: text})[0] == ("of the account", "account", "large")


def test_what_no_rule_asks_about_must_be_right_also_where_such_a_row_was_seen() -> None:
    text = POLICY[: POLICY.index("exceptions:")]
    decider = Decider(Resolver(small(text), "python"), SMALL["credit_only"], (*NAMES, *HELD))
    assert decided(decider)
    wrong: list[dict[str, Any]] = [
        {"account__country": "Germany"},
        {"amount": Decimal("10.001")},
        {"amount__currency": "EURO"},
        {"reason": "C"},
        {"account__vip": 1},
        {"account__seats": 6.0},
    ]
    for changed in wrong:
        with pytest.raises(Refused):
            decided(decider, **changed)


def test_a_text_means_the_same_composed_or_not() -> None:
    text = POLICY.replace("when: {account.country: DE}", "when: {account.segment: Größe}")
    names = ("date", "account.segment", "account.note", "request.note")
    unset = [name for name in NAMES if name not in names]
    decider = Decider(Resolver(small(text), "python"), SMALL["credit_only"], names, unset=unset)
    for form in ("NFC", "NFD", "NFD"):
        row = (DAY, unicodedata.normalize(form, "Größe"), "of the account", "asked for")
        assert decider.decide(row)[0] == ("of the account", "account", "german"), form


def test_a_default_is_chosen_by_a_text_composed_or_not() -> None:
    text = POLICY[: POLICY.index("operations:")] + (
        "operations: {credit_only: {note: [account, default], permission: allowed}}\n"
        "defaults: {note: {by: account.segment, values: {Größe: big}, otherwise: any}}\n"
    )
    resolver = Resolver(small(text), "python")
    decider = Decider(resolver, SMALL["credit_only"], ("date", "account.segment"), unset=["account.note"])
    for form in ("NFC", "NFD"):
        row = (DAY, unicodedata.normalize(form, "Größe"))
        assert decider.decide(row)[0] == ("big", "default", "credit_only.note"), form
    assert decider.decide((DAY, None))[0] == ("any", "default", "credit_only.note")


def test_no_value_is_not_the_value_that_is_called_none() -> None:
    """An account without the field has what holds otherwise, though Python's word for nothing is a value, too."""
    text = POLICY[: POLICY.index("operations:")] + (
        "operations: {credit_only: {note: [default], permission: allowed}}\n"
        "defaults: {note: {by: account.segment, values: {None: chosen}, otherwise: any}}\n"
    )
    resolver = Resolver(small(text), "python")
    resolved = [
        resolver.resolve("credit_only", DAY, {"date": DAY.toordinal(), **facts}, {"default": NO_DEFAULTS})
        for facts in ({}, {"account.segment": "None"})
    ]
    assert [one.text("note") for one in resolved] == ["any", "chosen"]


def test_the_last_day_of_the_calendar_can_be_asked_for() -> None:
    text = POLICY.replace("when: {account.country: DE}", "when: {date: {at_most: 9999-12-31}}")
    decider = Decider(Resolver(small(text), "python"), SMALL["credit_only"], (*NAMES, *HELD))
    assert decided(decider, account__vip=False)[0] == ("of the account", "account", "german")


def test_all_that_is_wrong_with_a_row_is_told_at_once(decider: Decider) -> None:
    with pytest.raises(Refused) as raised:
        decided(decider, account__country="Germany", reason="C", account__seats="6")
    assert [problem.code for problem in raised.value.diagnostics] == ["row-value-wrong"] * 3


def test_a_row_of_another_length_is_none(decider: Decider) -> None:
    for row in (FINE[:-1], (*FINE, None), ()):
        with pytest.raises(TypeError, match=f"a row has 9 values, .* this one has {len(row)}"):
            decider.decide(row)


@pytest.mark.parametrize(
    "row",
    [dict.fromkeys((*NAMES, *HELD)), "a,b", None, 5, iter(FINE)],
    ids=["names", "text", "nothing", "number", "iterator"],
)
def test_what_is_no_row_at_all_is_told(decider: Decider, row: Any) -> None:
    with pytest.raises(TypeError, match=r"a row has 9 values, in the order of the columns, as a tuple has, not"):
        decider.decide(row)


def test_a_day_without_a_policy_and_a_chain_without_a_value_are_refused(decider: Decider) -> None:
    with pytest.raises(Refused, match="not in force on 2027-01-01"):
        decided(decider, date=datetime.date(2027, 1, 1))
    with pytest.raises(
        Refused, match=r"no level has a value for `note`; tried account \(the account of the row has none\)"
    ):
        decided(decider, account__note=None)


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever new words and ever new cells: what is kept is forgotten before it grows without end."""
    for room in ("decider", "looks"):
        monkeypatch.setattr(f"billpolicy.deciding.{room}.MOST_KEPT", 5)
    decider = Decider(Resolver(small(), "python"), SMALL["credit_only"], (*NAMES, *HELD))
    for country in ("AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB"):
        for seats in (5, 6):
            assert decided(decider, account__country=country, account__seats=seats)
            assert len(decider._kept) <= 5
    words = decider.decide.__globals__["words1"]
    assert len(words) <= 2 + 5


ASSUMED = (
    POLICY
    + """
assumptions:
  - {id: vips-are-german, when: {account.vip: true}, then: {account.country: DE}}
"""
)


def test_of_what_no_row_has_nothing_is_assumed() -> None:
    names = [name for name in NAMES if not name.startswith("account.")]
    unset = [name for name in NAMES if name not in names]
    decider = Decider(Resolver(small(ASSUMED), "python"), SMALL["credit_only"], (*names, *HELD), unset=unset)
    row = dict(zip((*NAMES, *HELD), FINE, strict=True))
    assert decider.decide(tuple(row[name] for name in (*names, *HELD)))


def test_a_row_that_contradicts_the_policy_is_refused() -> None:
    decider = Decider(Resolver(small(ASSUMED), "python"), SMALL["credit_only"], (*NAMES, *HELD))
    assert decided(decider, account__country="DE")
    assert decided(decider, account__vip=False)
    with pytest.raises(Refused, match="this row contradicts the assumption `vips-are-german`"):
        decided(decider)


# -- columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "unset", "codes"),
    [
        ((*NAMES, *HELD, "acount.name"), (), ["row-column-unknown"]),
        ((*NAMES, *HELD, "date"), (), ["row-column-twice"]),
        ((*NAMES[1:], *HELD), (), ["row-column-missing"]),
        ((*NAMES, "request.note"), (), ["row-column-missing"]),
        ((*NAMES[:2], *NAMES[3:], *HELD), ("amount",), ["row-column-missing"]),  # a currency of no amount
        ((*NAMES, "request.note"), ("account.note",), []),
        ((*NAMES, "request.note"), ("account.notes",), ["row-column-missing", "row-column-unknown"]),
        (
            ("date", "amount", *HELD),
            ("account.country", "reason", "account.vip", "account.seats"),
            ["row-column-missing"],
        ),
        ((*NAMES, *HELD), ("account.note",), ["row-column-twice"]),
        ((*NAMES[1:], *HELD), ("date",), ["row-column-missing"]),
    ],
)
def test_columns_that_cannot_be_decided_by(names: tuple[str, ...], unset: tuple[str, ...], codes: list[str]) -> None:
    resolver = Resolver(small(), "python")
    if codes:
        with pytest.raises(Refused) as raised:
            Decider(resolver, SMALL["credit_only"], names, unset=unset)
        assert [problem.code for problem in raised.value.diagnostics] == codes
    else:
        Decider(resolver, SMALL["credit_only"], names, unset=unset)


def test_what_to_do_about_a_column_is_told() -> None:
    names, unset = ("id", "amount", *HELD), ("reason,account.vip",)
    with pytest.raises(Refused) as raised:
        Decider(Resolver(small(), "python"), SMALL["credit_only"], names, unset=unset)
    problems = raised.value.diagnostics
    hints = {re.sub("`credit_only`[^`]*", "", problem.message).split("`")[1]: problem.hint for problem in problems}
    assert (hints["date"], hints["amount.currency"]) == ("add it", "add it")
    assert str(hints["account.country"]).endswith("say so: `--unset account.country`, in Python `unset=`")
    assert str(hints["id"]).endswith("; of a table, `--keep id`, in Python `keep=`, hands it on to the result")
    assert hints["reason,account.vip"] == "name each column by itself: `--unset reason --unset account.vip`"


def test_a_column_may_be_a_field_or_an_attribute_of_a_level() -> None:
    text = POLICY.replace("attributes: {", "attributes: {country: {type: text, documents: [credit_memo]}, ")
    text = text.replace("credit_only: {note", "credit_only: {country: [account], note")
    said = "`account.country` may be a field, or what level `account` holds of the attribute `country`"
    with pytest.raises(Refused, match=said):
        Decider(Resolver(small(text), "python"), SMALL["credit_only"], (*NAMES, *HELD))
