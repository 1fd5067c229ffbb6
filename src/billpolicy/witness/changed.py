"""What a change of master data changes, and from which day on."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from billpolicy.policy.example import days
from billpolicy.witness.scene import Scene
from billpolicy.witness.wanted import Impossible, Wanted, moved

_BACK = 30
"""Days that a change is dated back."""


def first_day(scene: Scene) -> datetime.date:
    """The first day on which a change holds. Where that is ahead and said to be dated back, planning is later.

    Raises `Impossible` where the facts contradict each other.
    """
    wanted = scene.wanted
    back_dated = wanted.facts.get("back_dated")
    usual = wanted.before(_BACK) if back_dated else wanted.date
    day = wanted.day("from", usual)
    if day is None or (back_dated is False and day < wanted.date):
        raise Impossible
    if back_dated and day >= wanted.date:
        scene.today = moved(day, 1)
    return day


def changes(
    scene: Scene, scope: str, plain: Mapping[str, Any], held: Mapping[str, str], account: str, *, at_least: int = 1
) -> dict[str, Any]:
    """The fields of a request that change what is to be changed; if nothing is, `at_least` the first that may be.

    `plain`: other values of the fields that the operation takes; attributes and custom values of the `scope` come with
    them. `held`: the attributes that the record holds.
    """
    wanted = scene.wanted
    attributes = sorted(wanted.attributes) if scope else []
    custom = [name.partition(".")[2] for name in sorted(wanted.fields) if name.startswith(f"{scope}.")]
    names = [*plain, *attributes, *custom]
    chosen = [name for name in names if wanted.is_true(f"changes.{name}")]
    free = (name for name in names if f"changes.{name}" not in wanted.facts)
    found: dict[str, Any] = {"attributes": {}, "custom": {}}
    for name in chosen or list(free)[:at_least]:
        if name in plain:
            found[name] = plain[name]
        elif name in attributes:
            found["attributes"][name] = _another_value(scene, name, held.get(name), account)
        else:
            found["custom"][name] = _another_custom(wanted, f"{scope}.{name}")
    return {key: value for key, value in found.items() if value != {}}


def values_to_change(held: str | None, *values: str) -> str:
    """The first of these values that is another one."""
    return next(value for value in values if value != held)


def _another_value(scene: Scene, name: str, held: str | None, account: str) -> str | None:
    """Another value of an attribute; none, where the policy declares no other."""
    policy = scene.wanted.policy
    type_ = scene.wanted.attributes[name].type
    if type_ in ("payment_term", "sequence_set"):
        declared = policy.payment_terms if type_ == "payment_term" else policy.sequence_sets
        return next((value for value in declared if value != held), None)
    new = f"new-{name}".replace("_", "-")
    if type_ == "contact":
        scene.contact(new, account)
    return new


def _another_custom(wanted: Wanted, fact: str) -> str:
    """Another value of a field that the policy declares."""
    field, held = wanted.fields[fact], wanted.facts.get(fact)
    usual = {
        "text": ("new", "newer"),
        "integer": ("1", "2"),
        "date": ("2026-01-01", "2026-01-02"),
        "days": ("1 day", "2 days"),
        "country": ("DE", "AT"),
        "currency": ("EUR", "USD"),
        "boolean": ("true", "false"),
        "money": ("1.00 EUR", "2.00 EUR"),
    }
    values = field.choices if field.type == "choice" else usual[field.type]
    before = str(held).lower() if isinstance(held, bool) else None if held is None else str(held)
    if field.type == "money" and held == 100:
        before = "1.00 EUR"
    if field.type == "days" and held is not None:
        before = days(held)
    if field.type == "date" and held is not None:
        before = str(wanted.day(fact))
    return next((value for value in values if value != before), values[0])
