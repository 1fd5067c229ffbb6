"""Millions of rows: a Parquet file of documents in, one with three values, levels and rules of each out.

Twelve operations in one file, by 40 and by 400 rules, with up to 40,000 combinations of what the rules ask for and
20,000 contacts. The first peer decides nothing: pyarrow reads the same columns and writes the same result, which it has
in memory. DuckDB decides by the CASE that a person would write. Measured is the CPU time of all threads, as other work
takes turns with them. Answers are compared first: with DuckDB row by row, and with the rules in Python on a sample.
"""

from __future__ import annotations

import datetime
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import rules as bench
from benchmarks.goals import Goal
from benchmarks.rounds import Contestant, ratio, table
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions

ROWS = 1_000_000
SAMPLE = 20_000
CONTACTS, OTHERS = 20_000, 30
"""How many contacts there are, and how many payment terms and sequence sets."""
SHARES = {"request": 0.7, "subscription": 0.5, "account": 1.0}
"""In how many rows a level has a value."""
RESULT = tuple(f"{name}{part}" for name in bench.ATTRIBUTES for part in ("", ".level", ".rule"))
_GROUP = 1 << 20
_ONCE = """
import sys
from pathlib import Path
from benchmarks import bulk
bulk.billpolicy(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def write(path: Path, count: int) -> None:
    """So many random documents, the same every time."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    chance = np.random.default_rng(20260301)

    def words(of: Sequence[str], rows: int, share: float = 1.0, weights: Any = None) -> Any:
        places = pa.array(chance.choice(len(of), rows, p=weights), pa.int32(), mask=chance.random(rows) >= share)
        return pa.DictionaryArray.from_arrays(places, pa.array(of)).cast(pa.string())

    def amounts(rows: int) -> Any:
        raw = np.zeros((rows, 2), np.int64)
        raw[:, 0] = chance.integers(1, 300_000, rows)
        return pa.Array.from_buffers(pa.decimal128(18, 2), rows, [None, pa.py_buffer(raw)])

    first = datetime.date(2026, 1, 1).toordinal() - datetime.date(1970, 1, 1).toordinal()
    writer = None
    for begins in range(0, count, _GROUP):
        rows = min(_GROUP, count - begins)
        columns = {
            "id": pa.array(np.arange(begins, begins + rows)),
            "date": pa.array((first + chance.integers(0, 365, rows)).astype(np.int32)).cast(pa.date32()),
            "operation": words(bench.OPERATIONS, rows, weights=np.array(bench.WEIGHTS) / sum(bench.WEIGHTS)),
            "account.region": words(bench.REGIONS, rows),
            "amount": amounts(rows),
            "amount.currency": words(bench.CURRENCIES, rows),
            "reason": words(bench.REASONS, rows),
            "subscription.plan": words(bench.PLANS, rows),
        }
        for level, name in itertools.product(bench.LEVELS, bench.ATTRIBUTES):
            many = CONTACTS if name == bench.ATTRIBUTES[0] else OTHERS
            columns[f"{level}.{name}"] = words([f"{level}-{name}-{n}" for n in range(many)], rows, SHARES[level])
        made = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, made.schema, compression="zstd")
        writer.write_table(made)
    assert writer is not None
    writer.close()


def billpolicy(rules: int, data: Path, out: Path) -> None:
    """The command, from the policy on."""
    from billpolicy.bulk.files import resolve_file

    versions = Versions([Resolver(bench.policy(bench.rules(rules)), "python")])
    with out.open("wb") as into:
        resolve_file(versions, bench.OPERATIONS, data, into, format="parquet", keep=["id"], vocabulary=bench.VOCABULARY)


def only_read_and_written(data: Path, result: Any, out: Path) -> None:
    """pyarrow at its best: texts as dictionaries, and reading, writing and what is between by a thread each."""
    from pyarrow import parquet

    texts = [field.name for field in parquet.read_schema(data) if str(field.type) == "string"]
    file = parquet.ParquetFile(data, read_dictionary=texts)
    writer = parquet.ParquetWriter(out, result.schema, compression="zstd")

    def read() -> Iterator[Any]:
        yield from file.iter_batches(batch_size=1 << 19)

    with ThreadPoolExecutor(1) as reads, ThreadPoolExecutor(1) as writes:
        coming, batches, written = reads.submit(next, it := read(), None), iter(result.to_batches()), None
        while coming.result() is not None:
            coming = reads.submit(next, it, None)
            if written is not None:
                written.result()
            written = writes.submit(writer.write_batch, next(batches))
        for batch in batches:
            writes.submit(writer.write_batch, batch).result()
    writer.close()


# -- by the CASE that a person would write -----------------------------------------------------------------------------


def sql(rules: Sequence[bench.Rule], source: str) -> str:
    """The rules as one CASE, and the walk down the chain of each attribute by another."""
    rule, chain = ["CASE"], ["CASE"]
    for one in rules:
        asked = f"operation = '{one.operation}' AND {_asked(one)}"
        rule.append(f"WHEN {asked} THEN '{one.id}'")
        chain.append(f"WHEN {asked} THEN {bench.CHAINS.index(one.chain)}")
    rule.append("ELSE operation END AS rule")
    chain.append(f"ELSE {bench.CHAINS.index(bench.BASE)} END AS chain")
    columns = []
    for name in bench.ATTRIBUTES:
        value, level = ["CASE chain"], ["CASE chain"]
        for number, levels in enumerate(bench.CHAINS):
            held = [f"{_quoted(f'{each}.{name}')}" for each in levels]
            value.append(f"WHEN {number} THEN COALESCE({', '.join(held)})")
            walk = " ".join(f"WHEN {each} IS NOT NULL THEN '{one}'" for each, one in zip(held, levels, strict=True))
            level.append(f"WHEN {number} THEN CASE {walk} END")
        columns += [f"{' '.join(value)} END AS {name}", f"{' '.join(level)} END AS {_quoted(f'{name}.level')}"]
        columns.append(f"rule AS {_quoted(f'{name}.rule')}")
    inner = f"SELECT *, {' '.join(rule)}, {' '.join(chain)} FROM {source}"
    return f"SELECT id, {', '.join(columns)} FROM ({inner}) AS decided"


def _asked(rule: bench.Rule) -> str:
    asked = [f"{_quoted('account.region')} IN ({_list(rule.regions)})"]
    asked += [f"reason IN ({_list(rule.reasons)})"] if rule.reasons else []
    asked += [f"{_quoted('subscription.plan')} = '{rule.plan}'"] if rule.plan else []
    asked += [f"{_quoted('amount.currency')} = 'EUR' AND amount >= {rule.at_least}"] if rule.at_least else []
    return " AND ".join(asked)


def _list(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _quoted(name: str) -> str:
    return f'"{name}"'


def duckdb(query: str, out: Path) -> None:
    """A connection of its own, both cores."""
    import duckdb as engine

    with engine.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


# -- the same answers --------------------------------------------------------------------------------------------------


def compare(rules: Sequence[bench.Rule], data: Path, mine: Path, theirs: Path) -> None:
    """Ends in an error where the answers differ. Of a base rule a peer names the operation alone."""
    from pyarrow import parquet

    def plain(path: Path) -> Any:
        table = parquet.read_table(path, columns=["id", *RESULT])
        return table.sort_by("id").to_batches(max_chunksize=_GROUP)

    for one, other in zip(plain(mine), plain(theirs), strict=True):
        for name in RESULT:
            column, peer = (each.column(name).cast("string") for each in (one, other))
            if name.endswith(".rule"):
                column = _operation_alone(column)
            if not column.equals(peer):
                raise SystemExit(f"not the same answers: {name}")
    functions = bench.by_hand(rules)
    rows = next(parquet.ParquetFile(data).iter_batches(batch_size=SAMPLE)).to_pylist()
    found = next(parquet.ParquetFile(mine).iter_batches(batch_size=SAMPLE)).to_pylist()
    for row, result in zip(rows, found, strict=True):
        by_hand = functions[row["operation"]](tuple(row[name] for name in bench.COLUMNS))
        for name, (value, level, rule) in zip(bench.ATTRIBUTES, by_hand, strict=True):
            decided = result[f"{name}.rule"]
            named = decided.partition(".")[0]
            if (result[name], result[f"{name}.level"], named) != (value, level, rule):
                raise SystemExit(f"not the same answers: {name} of row {row['id']}")


def _operation_alone(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(column, r"\..*", "")


# -- the contests ------------------------------------------------------------------------------------------------------


def contest(folder: Path, data: Path, count: int, rules: int, rounds: int) -> list[Goal]:
    """One policy. Prints the table."""
    from pyarrow import parquet

    written = bench.rules(rules)
    mine, theirs, peer = (folder / f"{name}.parquet" for name in ("mine", "duckdb", "peer"))
    query = sql(written, f"read_parquet('{data}')")
    billpolicy(rules, data, mine)
    duckdb(query, theirs)
    compare(written, data, mine, theirs)
    result = parquet.read_table(mine)
    print(f"bulk: {count:,} rows, {rules} rules, 12 operations, 3 attributes, Parquet to Parquet, same answers")
    contestants: dict[str, Contestant] = {
        "billpolicy resolve": lambda: billpolicy(rules, data, mine),
        "pyarrow, only read and written": lambda: only_read_and_written(data, result, peer),
        "DuckDB, CASE by hand": lambda: duckdb(query, theirs),
    }
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for name in [*contestants] * rounds:
        began = time.process_time()
        contestants[name]()
        found[name].append(count / (time.process_time() - began))
    print(table(found, "rows"))
    times = ratio(found, "pyarrow, only read and written", "billpolicy resolve")
    case = ratio(found, "billpolicy resolve", "DuckDB, CASE by hand")
    once = [sys.executable, "-c", _ONCE, str(rules), str(data), str(mine)]
    peak = int(subprocess.run(once, check=True, capture_output=True, text=True).stdout) / 1024
    print(f"  billpolicy / only read and written, CPU time:  {times:.2f}")
    print(f"  DuckDB's CASE / billpolicy, CPU time:          {case:.2f}")
    print(f"  peak memory of `resolve`:                      {peak:,.0f} MB")
    what = f"{count:,} rows decided by {rules} rules, Parquet to Parquet"
    return [
        Goal(
            what,
            "at most 1.5 times the CPU time of reading and writing by pyarrow",
            f"{times:.2f} times",
        ),
        Goal(what, "no more CPU time than a hand-written CASE in DuckDB", f"{1 / case:.2f} times"),
        Goal(f"{what}: memory", "below 1 GB", f"{peak:,.0f} MB"),
    ]


def main(count: int = ROWS, rounds: int = 3) -> tuple[Goal, ...]:
    """Run the contests and print them."""
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data.parquet"
        write(data, count)
        for rules in (40, 400):
            goals += contest(folder, data, count, rules, rounds)
    return tuple(goals)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
