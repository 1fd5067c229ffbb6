"""Records to text and back: the very records, whatever they hold, and never half of one."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from billpolicy.book.changes import CHANGES
from billpolicy.book.model import Part
from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.resolver import LevelValues, Resolved, Several
from billpolicy.planning.plan import BalanceChange
from billpolicy.source.codec import CodecError, Raw, canonical, decode, encode
from tests.helpers.kinds_of_change import EACH
from tests.helpers.sample import resolved_for, sample


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_comes_back_as_it_was(name: str) -> None:
    for change in EACH[name](sample(), "op-1").changes:
        (kind,) = (kind for kind in CHANGES.values() if _is(kind, change))
        assert decode(kind, encode(change)) == change


def _is(kind: Any, change: Any) -> bool:
    held = getattr(kind, "__args__", None)
    if held is None:
        return type(change) is kind
    return type(change) is kind.__origin__ and type(getattr(change, "document", None) or change.record) is held[0]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", '"0"'),
        ("0.00", '"0.00"'),
        ("-1.50", '"-1.50"'),
        ("100.10", '"100.10"'),
        ("99999999999999999999.999", '"99999999999999999999.999"'),
        ("2.50", '"2.50"'),
    ],
)
def test_an_amount_is_text_with_all_its_digits(amount: str, text: str) -> None:
    assert encode(Decimal(amount)) == text
    found = decode(Decimal, text)
    assert (type(found), str(found)) == (Decimal, amount)


@pytest.mark.parametrize(
    "text", ["", "a", "é ü €", "\u2028", '"quoted" \\ back', "\U0001f600", "tab\tand\nline", "\x7f"]
)
def test_any_text_comes_back(text: str) -> None:
    assert decode(str, encode(text)) == text
    assert json.loads(encode({"a": text})) == {"a": text}


@pytest.mark.parametrize("day", [datetime.date.min, datetime.date(2028, 2, 29), datetime.date.max])
def test_any_day_comes_back(day: datetime.date) -> None:
    assert decode(datetime.date, encode(day)) == day


def test_a_decision_comes_back_with_all_that_was_looked_at() -> None:
    (document, *_) = sample().numbered.values()
    resolved = resolved_for(document)
    found = decode(Resolved, encode(resolved))
    assert found == resolved
    assert isinstance(found.levels["subscription"], LevelValues)
    assert found.levels["subscription"].held["bill_to_contact"] == Several((("s1", "bob"), ("s2", None)))
    assert found.resolutions["item_limit"] == Resolution("item_limit", 1000, None, "german-disputes")
    flag = Resolution("may", True, None, "rule")
    assert decode(Resolution, encode(flag)).value is True  # not 1
    assert [type(value) for value in found.facts.values()] == [int, str, bool]


def test_what_is_nothing_comes_back_as_nothing() -> None:
    new = BalanceChange("invoice", "INV1", "JPY", None, Decimal(5000))
    assert decode(BalanceChange, encode(new)) == new
    part = Part(item="i1", amount=Decimal("1.00"))
    assert decode(Part, encode(part)) == part
    taxed = replace(part, tax="t1", source_item="c", source_tax="ct")
    assert decode(Part, encode(taxed)) == taxed


def test_the_same_data_gives_the_same_text() -> None:
    one = {"b": [1, {"z": None, "a": True}], "a": "x"}
    other = {"a": "x", "b": [1, {"a": True, "z": None}]}
    assert canonical(one) == canonical(other) == '{"a":"x","b":[1,{"a":true,"z":null}]}'
    assert encode(one) == '{"b":[1,{"z":null,"a":true}],"a":"x"}'
    assert decode(dict, canonical(one)) == one


def test_what_is_in_order_stays_in_it() -> None:
    """Only keys of mappings are sorted: items, parts and changes mean something by their order."""
    assert canonical(["b", "a"]) == '["b","a"]'


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Part, ""),
        (Part, "{"),
        (Part, "[]"),
        (Part, '{"item":"i1"}'),
        (Part, '{"item":1,"amount":"1.00"}'),
        (Part, '{"item":"i1","amount":"one"}'),
        (Part, '{"item":"i1","amount":"1.00"} trailing'),
        (BalanceChange, '{"kind":"invoice","number":"I","currency":"USD","after":"1"}'),
        (Resolution, '["key","value",null]'),
        (Resolution, '["key",1.5,null,"rule"]'),
        (Resolution, '["key","value","nowhere","rule"]'),
        (datetime.date, '"2026-02-30"'),
        (datetime.date, "20260601"),
        (dict, '"text"'),
    ],
)
def test_what_is_no_such_record_is_never_half_read(kind: type, text: str) -> None:
    with pytest.raises(CodecError):
        decode(kind, text)


class _Tagged(NamedTuple):
    kind: str
    rest: Raw


def test_a_part_can_be_read_later() -> None:
    found = decode(_Tagged, '["part", {"item": "i1", "amount": "1.00"}]')
    assert found.kind == "part"
    assert decode(Part, found.rest) == Part(item="i1", amount=Decimal("1.00"))


def test_what_is_nested_too_deeply_is_no_record() -> None:
    with pytest.raises(CodecError):
        decode(dict, '{"a":' * 100_000 + "1" + "}" * 100_000)
