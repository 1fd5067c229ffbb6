"""What is done once for each combination of facts, and not once for each row: counted, as no time can be."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal

import pyarrow as pa
import pytest

from benchmarks import rules as bench
from billpolicy.bulk import tables
from billpolicy.bulk.compare import Comparing
from billpolicy.bulk.tables import Bulk
from billpolicy.bulk.values import texts_of
from billpolicy.deciding.decisions import Deciding
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.rows import RowPolicy
from billpolicy.deciding.versions import Versions
from billpolicy.policy.condition import Facts

DAY = datetime.date(2026, 3, 1)


def rows(count: int) -> pa.Table:
    chance = random.Random(count)
    made = [row for operation, row in bench.records(count) if operation == bench.OPERATIONS[0]]
    chance.shuffle(made)
    types = {"amount": pa.decimal128(18, 2)}
    named = zip(bench.COLUMNS, zip(*made, strict=True), strict=True)
    columns = [pa.array(each, types.get(name, pa.string())) for name, each in named]
    return pa.table([pa.array([DAY] * len(made)), *columns], ["date", *bench.COLUMNS])


def test_of_each_combination_one_row_is_decided_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[int] = []
    deciding = RowPolicy.deciding

    def counted(self: RowPolicy, answer: int, facts: Facts) -> tuple[tuple[str, ...], Deciding]:
        decided.append(answer)
        return deciding(self, answer, facts)

    monkeypatch.setattr(RowPolicy, "deciding", counted)
    monkeypatch.setattr(tables, "MOST_ROWS", 700)
    table = rows(8_000)
    versions = Versions([Resolver(bench.policy(bench.rules(40)), "python")])
    bulk = Bulk(versions, bench.OPERATIONS[0], table.schema, vocabulary=bench.VOCABULARY)
    for batch in tables.sized(table.to_batches()):
        bulk.decide(batch)
    mine = [rule for rule in bench.rules(40) if rule.operation == bench.OPERATIONS[0]]
    named = {region for rule in mine for region in rule.regions}
    bounds = sorted({Decimal(rule.at_least) for rule in mine} - {Decimal(0)})

    def combination(row: dict[str, object]) -> tuple[object, ...]:
        region, amount = row["account.region"], row["amount"]
        above = sum(amount >= bound for bound in bounds)  # type: ignore[operator]
        eur = row["amount.currency"] == "EUR"
        return region if region in named else None, above, eur, row["reason"], row["subscription.plan"]

    # Words that the same rules name are told apart by nobody, so there may be fewer.
    most = len({combination(row) for row in table.to_pylist()})
    found = len(decided)
    assert 100 < found <= most < table.num_rows
    for batch in tables.sized(table.to_batches()):
        bulk.decide(batch)
    assert len(decided) == found, "no row of a second time is new"


def test_two_policies_read_each_column_of_a_batch_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[pa.Array] = []

    def counted(column: pa.Array) -> object:
        read.append(column)
        return texts_of(column)

    monkeypatch.setattr("billpolicy.bulk.batch.texts_of", counted)
    table = rows(2_000)
    old, new = (Versions([Resolver(bench.policy(bench.rules(count)), "python")]) for count in (40, 50))
    comparing = Comparing(old, new, bench.OPERATIONS[0], table.schema, vocabulary=bench.VOCABULARY)
    for each in tables.sized(table.to_batches()):
        comparing.compare(each)
    assert comparing.difference.rows == table.num_rows
    assert comparing.difference.differing > 0
    texts = [name for name in table.schema.names if table.schema.field(name).type == pa.string()]
    assert len(read) == len(texts) > 5
