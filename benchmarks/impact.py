"""What a change of a policy does to recorded operations, as a page asks while somebody types, and to rows of a table.

The peer is the loop that a person would write: both policies as if/elif, each document decided by both, and what
differs counted. It is made once for one pair of policies; ours begins with the text of the change, which it reads and
proves. Answers are compared before anything is timed. Measured is the CPU time of all threads.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import billpolicy
from benchmarks import bulk
from benchmarks import rules as bench
from benchmarks.goals import Goal
from benchmarks.policy_ci import APART, CHAINS, KEY, OTHER, policy_text, write_recording
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.recording.lines import load_recording
from billpolicy.recording.record import Recorded

RULES = 300
Decides = Callable[[Mapping[str, Any], Mapping[str, Mapping[str, Any]]], tuple[Any, str] | None]
"""By the facts and what the levels hold: the value and its level."""


# -- recorded operations ---------------------------------------------------------------------------------------------


def changed(rules: int) -> range:
    """The rules that say something else: three that had the default alone."""
    return range(1, rules, max(rules // 6 * 2, 2))


def changed_text(rules: int) -> str:
    """The policy with the change."""
    text = policy_text(APART, rules)
    for number in changed(rules):
        before, rule, after = text.partition(f"id: rule-{number:05d}\n")
        text = before + rule + after.replace(CHAINS[1], OTHER, 1)
    return text


def by_hand(rules: int, others: range = range(0)) -> Decides:
    """The rules of `policy_text` as a person would write them; `others` are changed."""
    source = ["def decide(facts, levels):", "    region, plan = facts['account.region'], facts['subscription.plan']"]
    for number in range(rules):
        chain = (OTHER if number in others else CHAINS[number % 2]).strip("[]").split(", ")
        asked = f"region == 'C{number // 4:04d}' and plan == 'P{number % 4}'"
        source += [f"    {'elif' if number else 'if'} {asked}:", f"        chain = {tuple(chain)!r}"]
    source += ["    else:", "        return None"]
    source += ["    for level in chain:", "        value = levels.get(level, {}).get(KEY)"]
    source += ["        if value is not None:", "            return value, level"]
    space: dict[str, Any] = {"KEY": KEY}
    exec("\n".join(source), space)
    found: Decides = space["decide"]
    return found


def recorded_contest(folder: Path, operations: int, rules: int, rounds: int) -> dict[str, list[float]]:
    """So many recorded operations under a policy of which three rules say something else. Prints the table."""
    file = folder / "policy.yaml"
    file.write_text(policy_text(APART, rules), encoding="utf-8")
    policy = prove(file)
    old = Versions([Resolver(policy, "python")])
    recording = folder / "recording.jsonl"
    write_recording(recording, policy, operations, rules)
    kept: list[Recorded] = list(load_recording(recording))
    documents = [
        (one.facts, {**one.levels, "default": policy.defaults}) for each in kept for one in each.operation.decisions
    ]
    one, other = by_hand(rules), by_hand(rules, changed(rules))
    text = changed_text(rules)
    answers: dict[str, int] = {}

    def typed() -> None:
        new = billpolicy.load_policy(billpolicy.edited(file, {"policy.yaml": text}), engine="python")
        answers["ours"] = billpolicy.impact(old, new, (), recordings=[("kept", kept)]).differing

    def looped() -> None:
        differing = 0
        for facts, levels in documents:
            differing += one(facts, levels) != other(facts, levels)
        answers["by hand"] = differing

    contestants: dict[str, Contestant] = {"billpolicy, from the text of the change": typed, "a loop by hand": looped}
    found = rates(contestants, operations, rounds, clock=time.process_time)
    if answers["ours"] != answers["by hand"] or not answers["ours"]:
        raise SystemExit(f"not the same answers: {answers}")
    print(f"impact: {operations:,} recorded operations, {rules} rules, {answers['ours']:,} come out differently")
    print(table(found, "operations"))
    return found


# -- rows ------------------------------------------------------------------------------------------------------------


def changed_rules(rules: Sequence[bench.Rule]) -> list[bench.Rule]:
    """The same, of which three give another chain."""
    every = max(len(rules) // 3, 1)

    def other(rule: bench.Rule) -> bench.Rule:
        return rule._replace(chain=bench.CHAINS[(bench.CHAINS.index(rule.chain) + 1) % len(bench.CHAINS)])

    return [other(rule) if number % every == 0 else rule for number, rule in enumerate(rules)]


def compare(versions: Sequence[Versions], data: Path) -> Any:
    """All rows of a file under both policies."""
    from pyarrow import parquet

    from billpolicy.bulk.compare import Comparing
    from billpolicy.bulk.tables import sized

    texts = [field.name for field in parquet.read_schema(data) if str(field.type) == "string"]
    file = parquet.ParquetFile(data, read_dictionary=texts)
    old, new = versions
    made = Comparing(old, new, bench.OPERATIONS, file.schema_arrow, keep=["id"], vocabulary=bench.VOCABULARY)
    for batch in sized(file.iter_batches(batch_size=1 << 19)):
        made.compare(batch)
    return made.difference


def compare_by_hand(written: Sequence[Sequence[bench.Rule]], rows: Sequence[bench.Record]) -> Counter[tuple[str, str]]:
    """How many rows have another value of an attribute, or the same from another level."""
    old, new = (bench.by_hand(each) for each in written)
    found: Counter[tuple[str, str]] = Counter()
    for operation, row in rows:
        was, now = old[operation](row), new[operation](row)
        for name, (value, level, _), (value_now, level_now, _) in zip(bench.ATTRIBUTES, was, now, strict=True):
            if value != value_now:
                found[name, "value"] += 1
            elif level != level_now:
                found[name, "level"] += 1
    return found


def rows_contest(folder: Path, count: int, rules: int, rounds: int) -> dict[str, list[float]]:
    """So many rows under two policies. Prints the table."""
    from pyarrow import parquet

    data = folder / "rows.parquet"
    bulk.write(data, count)
    written = bench.rules(rules), changed_rules(bench.rules(rules))
    versions = [Versions([Resolver(bench.policy(each), "python")]) for each in written]
    read = parquet.read_table(data, columns=["operation", *bench.COLUMNS]).to_pylist()
    rows = [bench.Record(row["operation"], tuple(row[name] for name in bench.COLUMNS)) for row in read]
    difference, expected = compare(versions, data), compare_by_hand(written, rows)
    counted: Counter[tuple[str, str]] = Counter()
    for change in difference.changes:
        counted[change.key, change.kind] += change.rows
    if counted != expected or not expected:
        raise SystemExit(f"not the same answers: {counted}, by hand {expected}")
    contestants: dict[str, Contestant] = {
        "billpolicy, from the file": lambda: compare(versions, data),
        "a loop by hand, rows at hand": lambda: compare_by_hand(written, rows),
    }
    found = rates(contestants, count, rounds, warm=False, clock=time.process_time)
    print(f"impact: {count:,} rows, {rules} rules, {difference.differing:,} come out differently, the same as by hand")
    print(table(found, "rows"))
    return found


def main(
    operations: Sequence[int] = (10_000, 100_000), rules: int = RULES, rows: int = 1_000_000, rounds: int = 5
) -> tuple[Goal, ...]:
    """Run and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [recorded_contest(folder, count, rules, rounds) for count in operations]
        of_rows = rows_contest(folder, rows, 40, max(rounds // 2, 1))
    ours, hand = found[0]
    took = [sorted(operations[place] / rate for rate in each[ours]) for place, each in enumerate(found)]
    seconds = [each[len(each) // 2] for each in took]
    times = 1 / ratio(found[0], ours, hand)
    mine, loop = of_rows
    rate = sorted(of_rows[mine])[len(of_rows[mine]) // 2]
    print(
        f"  a change of {rules} rules on {operations[0]:,} operations: {seconds[0]:.2f} s, {times:.1f} times the loop"
    )
    growth = [later / before for before, later in itertools.pairwise(seconds)]
    grown = ", ".join(f"{one:.1f}" for one in growth)
    more = ", ".join(f"{later / before:.0f}" for before, later in itertools.pairwise(operations))
    return (
        Goal(
            f"{operations[0]:,} recorded operations under a changed policy of {rules} rules",
            "under 1 s",
            f"{seconds[0]:.2f} s",
        ),
        Goal("the same beside both policies as if/elif in a loop", "(told beside)", f"{times:.1f} times"),
        Goal(f"{more} times as many operations", f"at most {more} times", f"{grown} times"),
        Goal("10,000,000 rows under two policies of 40 rules", "in a minute", f"{10_000_000 / rate:.0f} s"),
        Goal("the same beside a loop of if/elif", "at least as many rows", f"{ratio(of_rows, mine, loop):.1f} times"),
    )
