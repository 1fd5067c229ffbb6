"""A DataFrame of Spark on executors that are processes of their own: decided by one call, and by the CASE that a person
would write, by 40 rules and by 400.

The rows are those of `bulk`, the file is written to nowhere (`noop`), so that what is measured is deciding. Answers are
compared row by row first. It takes the packages of `make spark` and a Java, so `make bench` leaves it out:

    make spark && python -m benchmarks.spark
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import billpolicy
from benchmarks import bulk
from benchmarks import rules as bench
from benchmarks.goals import Goal
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions

ROOT = Path(__file__).resolve().parent.parent
ROWS, ROUNDS = 2_000_000, 5


@contextmanager
def spark() -> Iterator[Any]:
    """Two executors with a core each, as Spark's own `local-cluster` begins them."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local-cluster[2,1,2048]")
        .config("spark.executorEnv.PYTHONPATH", os.pathsep.join((str(ROOT / "src"), str(ROOT))))
        .config("spark.executor.memory", "2g")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100000")
        .config("spark.sql.files.maxPartitionBytes", str(64 << 20))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def contest(session: Any, folder: Path, data: Path, rules: int) -> float:
    """How many times as long the CASE takes. Prints the table."""
    written = bench.rules(rules)
    policy = Versions([Resolver(bench.policy(written), "python")])
    frame = session.read.parquet(str(data))
    frame.createOrReplaceTempView("documents")
    query = bulk.sql(written, "documents").replace('"', "`")
    ways: dict[str, Callable[[], Any]] = {
        "billpolicy.resolve_frame": lambda: billpolicy.resolve_frame(
            policy, bench.OPERATIONS, frame, keep=["id"], vocabulary=bench.VOCABULARY
        ),
        "CASE by hand": lambda: session.sql(query),
    }
    files = [_sorted(decided(), folder / f"{rules}-{number}") for number, decided in enumerate(ways.values())]
    bulk.compare(written, data, *files)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for name in [*ways] * ROUNDS:
        began = time.perf_counter()
        ways[name]().write.format("noop").mode("overwrite").save()
        found[name].append(time.perf_counter() - began)
    print(f"spark: {ROWS:,} rows, {rules} rules, 12 operations, 3 attributes, two executors, same answers")
    for name, taken in found.items():
        print(f"  {name:<26} {ROWS / statistics.median(taken):>12,.0f} rows/s")
    mine, by_case = found.values()
    times = statistics.median(b / a for a, b in zip(mine, by_case, strict=True))
    print(f"  CASE / billpolicy: {times:.2f}")
    return times


def _sorted(decided: Any, folder: Path) -> Path:
    """What was decided, in one file, as the rows of the data stand."""
    from pyarrow import parquet

    decided.write.parquet(str(folder))
    file = folder.with_suffix(".parquet")
    parquet.write_table(parquet.read_table(folder).sort_by("id"), file)
    return file


def main(counts: Sequence[int] = (40, 400)) -> tuple[Goal, ...]:
    """Run the contests and print them."""
    goals = []
    with tempfile.TemporaryDirectory() as name, spark() as session:
        data = Path(name) / "data.parquet"
        bulk.write(data, ROWS)
        for rules in counts:
            times = contest(session, Path(name), data, rules)
            goals.append(Goal(f"{rules} rules on Spark beside a CASE by hand", "faster", f"{times:.2f} times as fast"))
    return tuple(goals)


if __name__ == "__main__":
    main()
