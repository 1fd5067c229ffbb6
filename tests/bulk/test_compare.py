"""Rows are compared as deciding each of them under either policy says: of every row what comes out differently."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import billpolicy
from billpolicy.bulk import compare
from billpolicy.bulk.compare import Comparing, RowOutcome, TableDifference
from billpolicy.bulk.tables import Bulk
from billpolicy.deciding.columns import fields_of
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from tests.bulk.arrow import rows_of_payments, table
from tests.bulk.test_tables import drawn_rows
from tests.deciding.test_decider import HELD, NAMES, POLICY, columns, small
from tests.helpers.plain_policies import DOCUMENTS_OF, SMALL, Drawn, frames, loaded, rules, world
from tests.helpers.properties import examples
from tests.helpers.scenes import versions

Group = tuple[str, str | None, str]
DAY = datetime.date(2026, 3, 1)
FINE = {"date": DAY, "amount": Decimal("10.00"), "amount.currency": "EUR", "request.note": "asked for"}


def resolved(policy: Versions, operation: str | Sequence[str], rows: pa.Table) -> list[dict[str, Any]]:
    """What is decided of each row, by the other path."""
    bulk = Bulk(policy, operation, rows.schema, vocabulary=SMALL)
    return [row for batch in rows.to_batches() for row in bulk.decide(batch).to_pylist()]


def apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[tuple[str | None, str]]:
    """How one row differs, by hand: by key and kind."""
    was, now = (None if row["refused"] is None else codes(row["refused"]) for row in (old, new))
    if was is not None or now is not None:
        if was is None or now is None:
            return {(None, "refused" if was is None else "no_longer_refused")}
        return {(None, "refused_otherwise")} if was != now else set()
    found: set[tuple[str | None, str]] = set()
    for name in old.keys() | new.keys():
        if name != "refused" and not name.endswith((".level", ".rule")):
            if old.get(name) != new.get(name):
                found.add((name, "value"))
            elif old.get(f"{name}.level") != new.get(f"{name}.level"):
                found.add((name, "level"))
    return found


def codes(reasons: str) -> set[str]:
    return {one.partition(":")[0] for one in reasons.split("; ")}


def held_against_each_row(
    difference: TableDifference, operations: Sequence[str], old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    counts: Counter[Group] = Counter()
    where: dict[Group, list[int]] = {}
    differing = 0
    for number, (operation, one, other) in enumerate(zip(operations, old, new, strict=True), start=1):
        found = apart(one, other)
        differing += bool(found)
        for key, kind in found:
            counts[operation, key, kind] += 1
            where.setdefault((operation, key, kind), []).append(number)
    assert (difference.rows, difference.differing) == (len(old), differing)
    assert {(one.operation, one.key, one.kind): one.rows for one in difference.changes} == counts
    for change in difference.changes:
        numbers = where[change.operation, change.key, change.kind]
        assert [one.row for one in change.examples] == numbers[: compare.EXAMPLES]
        for example in change.examples:
            for side, rows in ((example.old, old), (example.new, new)):
                row = rows[example.row - 1]
                if change.key is None:
                    assert (side and side.value) == row["refused"]
                else:
                    names = (change.key, f"{change.key}.level", f"{change.key}.rule")
                    assert side == RowOutcome(*(row.get(name) for name in names))


@st.composite
def changes(draw: st.DrawFn) -> tuple[Drawn, Drawn]:
    """A policy, and one with other rules."""
    frame = draw(frames())
    one, other = (draw(rules(frame, 5)) for _ in range(2))
    old = frame._replace(plain=frame.plain._replace(rules=one))
    return old, frame._replace(plain=frame.plain._replace(rules=other))


@examples(25)
@given(changes(), st.integers(0, 2**32).map(random.Random))
def test_rows_are_compared_as_each_is_decided(drawn: tuple[Drawn, Drawn], chance: random.Random) -> None:
    policies = [loaded(one.plain) for one in drawn]
    old, new = (Versions([Resolver(policy, "python")]) for policy in policies)
    own = {operation: columns(operation) for operation in drawn[0].operations}
    names = list(dict.fromkeys(name for each in own.values() for name in each))
    fields = {field.name: field for one in own for policy in policies for field in fields_of(policy, SMALL[one])}
    rows: list[Mapping[str, Any]] = [{"operation": "no such"}]
    for operation, its in own.items():
        if next(iter(world(drawn[1].plain, operation, drawn[1].groups)), None) is None:
            continue  # what is assumed leaves no facts
        for row in drawn_rows(policies[1], operation, drawn[1], its, chance, 40):
            # Often several levels hold the same, and only the level differs.
            held = {name: "same" for name in its if name.split(".")[-1] in DOCUMENTS_OF and chance.random() < 0.4}
            rows.append({**row, **held, "operation": operation})
    chance.shuffle(rows)
    together = table(rows, ["operation", *names], fields, chance)
    comparing = Comparing(old, new, list(own), together.schema, vocabulary=SMALL)
    for batch in together.to_batches():
        comparing.compare(batch)
    operations = [row["operation"] for row in rows]
    answers = (resolved(one, list(own), together) for one in (old, new))
    held_against_each_row(comparing.difference, operations, *answers)


def compared(old: str, new: str, rows: Sequence[Mapping[str, Any]], **options: Any) -> TableDifference:
    policies = [small(text) for text in (old, new)]
    fields = {field.name: field for policy in policies for field in fields_of(policy, SMALL["credit_only"])}
    names = list(dict.fromkeys((*NAMES, *HELD, *(name for row in rows for name in row))))
    names = [name for name in names if name not in options.get("unset", ())]
    together = table(rows, names, fields, random.Random(3))
    one, other = (Versions([Resolver(policy, "python")]) for policy in policies)
    comparing = Comparing(one, other, "credit_only", together.schema, vocabulary=SMALL, **options)
    for batch in together.to_batches():
        comparing.compare(batch)
    return comparing.difference


def test_what_differs_is_told_with_both_outcomes_and_what_is_kept() -> None:
    rows = [
        {**FINE, "id": "a", "account.country": "DE", "account.note": "had"},  # asked first of all: another value
        {**FINE, "id": "b", "account.country": "DE", "account.note": "asked for"},  # the same value, by another level
        {**FINE, "id": "c", "account.country": "DE"},  # only the request has one, under either
        {**FINE, "id": "d", "account.country": "AT", "account.note": "had"},  # not German
    ]
    found = compared(POLICY, POLICY.replace("DE}, then: {note: [account, ", "DE}, then: {note: ["), rows, keep=["id"])
    assert (found.rows, found.differing) == (4, 2)
    value, level = sorted(found.changes, key=lambda one: one.examples[0].row)
    assert value[:4] == ("credit_only", "note", "value", 1)
    assert value.examples == ((1, {"id": "a"}, ("had", "account", "german"), ("asked for", "request", "german")),)
    assert level[:4] == ("credit_only", "note", "level", 1)
    assert level.examples == ((2, {"id": "b"}, ("asked for", "account", "german"), ("asked for", "request", "german")),)


def test_a_refusal_in_place_of_decisions_the_reverse_and_another_one() -> None:
    only_account = POLICY.replace("note: [request, account]", "note: [account]")
    no_b = POLICY.replace("[A, B]", "[A]")
    rows = [FINE, {**FINE, "reason": "B"}, {**FINE, "reason": "B", "request.note": None}]
    (refused,) = compared(POLICY, only_account, rows[:1]).changes
    assert refused == ("credit_only", None, "refused", 1, ((1, {}, None, ("chain-exhausted: note", None, None)),))
    (reverse,) = compared(only_account, POLICY, rows[:1]).changes
    assert reverse[:4] == ("credit_only", None, "no_longer_refused", 1)
    assert [(one.kind, one.rows) for one in compared(POLICY, no_b, rows).changes] == [
        ("refused", 1),
        ("refused_otherwise", 1),
    ]


def test_the_line_of_an_assumption_is_no_difference() -> None:
    assumed = "assumptions: [{id: vips-are-german, when: {account.vip: true}, then: {account.country: DE}}]\n"
    rows = [{**FINE, "account.vip": True, "account.country": "AT"}]
    found = compared(POLICY + assumed, POLICY + "\n\n" + assumed, rows)
    assert (found.rows, found.differing, found.changes) == (1, 0, ())


ANOTHER = POLICY.replace("account.seats: {type: integer}", "account.tier: {type: text}").replace(
    "account.seats: {above: 5}", "account.tier: gold"
)
GOLD = {**FINE, "account.vip": True, "reason": "A", "account.note": "had"}


def test_each_policy_has_columns_that_only_it_knows() -> None:
    found = compared(POLICY, ANOTHER, [{**GOLD, "account.seats": 5, "account.tier": tier} for tier in ("gold", "tin")])
    (change,) = found.changes
    assert change.examples == ((1, {}, ("asked for", "request", "credit_only.note"), ("had", "account", "large")),)
    same = compared(POLICY, ANOTHER, [{**GOLD, "account.seats": 6}], unset=["account.tier"])
    assert [one.examples[0].old for one in same.changes] == [("had", "account", "large")]


def test_what_neither_policy_can_do_without_is_told_of_both() -> None:
    with pytest.raises(Refused) as refused:
        compared(POLICY, ANOTHER, [GOLD], unset=["account.seats", "no.such"])
    assert sorted(one.message for one in refused.value.diagnostics) == [
        "`credit_only` has no field and no level with a value that is called `no.such`",
        "there is no column `account.tier`, which `large` asks for",
    ]


def test_a_key_that_only_one_policy_decides_is_a_value_more() -> None:
    more = POLICY.replace("}}\nreason_codes", "}, other: {type: text, documents: [credit_memo]}}\nreason_codes")
    more = more.replace("permission: allowed", "permission: allowed, other: [default]") + "defaults: {other: x}\n"
    (change,) = compared(POLICY, more, [FINE]).changes
    assert change[:4] == ("credit_only", "other", "value", 1)
    assert change.examples[0][2:] == ((None, None, None), ("x", "default", "credit_only.other"))


NUMBERED_APART = """
exceptions:
- id: german-payments
  operations: [create_payment]
  when: {account.country: DE}
  then: {sequence_set: [default]}
  because: test
"""


def test_a_table_and_a_reader_of_it_are_compared_alike_and_as_many_examples_told_as_are_wanted() -> None:
    old, new = versions(""), versions(NUMBERED_APART)
    rows = rows_of_payments(5_000, random.Random(1))
    one, two, none = (
        billpolicy.compare_tables(old, new, "create_payment", data, unset=["reference_is"], keep=["id"], **more)
        for data, more in ((rows, {}), (rows.to_reader(700), {"examples": 7}), (rows, {"examples": 0}))
    )
    assert one.rows == two.rows == none.rows == 5_000
    assert one.differing == two.differing == none.differing
    # A German account's own set is not asked any more; without one the default counted all along.
    in_force = [row for row in rows.to_pylist() if row["date"] >= datetime.date(2000, 1, 1)]
    other = [row for row in in_force if row["account.country"] == "DE" and row["account.sequence_set"]]
    decided = [row for row in other if row["amount"] is None or row["amount.currency"] == "KWD" or row["amount"] == 1]
    value = next(change for change in one.changes if change.kind == "value")
    assert value[:4] == ("create_payment", "sequence_set", "value", len(decided))
    assert [example.kept["id"] for example in value.examples] == [row["id"] for row in decided[:3]]
    assert [[len(each.examples) for each in found.changes] for found in (two, none)] == [[7], [0]]
