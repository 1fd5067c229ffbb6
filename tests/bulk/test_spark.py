"""A DataFrame is decided by executors that are processes of their own, each row as in a table.

It takes a Java, and half a minute: one test, which asks for everything.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from benchmarks import bulk
from benchmarks import spark as benchmark
from billpolicy import Refused
from tests.bulk.arrow import rows_of_payments
from tests.helpers.paths import ROOT
from tests.helpers.tools import needs, needs_package


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    needs_package("pyspark")
    needs("java")
    from pyspark.sql import SparkSession

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.executorEnv.PYTHONPATH", path)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "50")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.mark.filterwarnings("default")
def test_each_row_is_decided_by_some_executor_as_in_a_table(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = billpolicy.load_policy("standard")
    table = rows_of_payments(1000, random.Random(3))
    frame = spark.createDataFrame(table.to_pylist(), SPARK).repartition(4)
    options: Any = {"unset": ["reference_is"], "keep": ["id"]}
    decided = billpolicy.resolve_frame(policy, "create_payment", frame, **options)
    found = sorted((row.asDict() for row in decided.collect()), key=lambda row: row["id"])
    expected = billpolicy.resolve_table(policy, "create_payment", table, **options).to_pylist()
    assert found == expected
    assert {row["refused"] for row in found} >= {None, "row-value-wrong: amount"}
    with pytest.raises(Refused, match="reference_is"):
        billpolicy.resolve_frame(policy, "create_payment", frame, keep=["id"])
    # The benchmark, in short: a CASE by hand gives the same answers.
    monkeypatch.setattr(benchmark, "ROWS", 2000)
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    bulk.write(tmp_path / "data.parquet", 2000)
    benchmark.contest(spark, tmp_path, tmp_path / "data.parquet", 40)


SPARK = """id long, date date, `account.country` string, amount decimal(18, 3), `amount.currency` string,
`account.sequence_set` string"""
