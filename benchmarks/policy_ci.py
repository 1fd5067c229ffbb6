"""What CI asks about a change of a policy: `validate`, `analyze`, `diff` with its proof, what it does to recorded
decisions.

How cost grows: 100, 300, 1,000 and 3,000 rules of one operation and one key, in four shapes, from the YAML files. Each
is done once in this process; what is told are seconds of the processor, and the exponent of growth between the two
largest sizes. The peers answer less: PyYAML only parses, conditions compared each with each only tell which meet, and
one point of each rule, resolved under both policies, is a sample and no proof.
"""

from __future__ import annotations

import datetime
import gc
import itertools
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml

import billpolicy
from billpolicy.comparing.side import load_sides
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.policy.boxes import meet
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Policy
from billpolicy.recording.lines import line, load_recording
from billpolicy.recording.record import RecordedDecision, RecordedOperation, RecordedOutcome
from billpolicy.recording.recorder import recorded_policy
from billpolicy.recording.replay import replay
from billpolicy.source.codec import Raw, encode
from billpolicy.source.collector import collector_paused
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level

T = TypeVar("T")
STANDARD = Path(__file__).parents[1] / "policies" / "standard"
OPERATION, KEY = "debit_memo_from_invoice", "sequence_set"
ASKED = {"amount", "account.region", "subscription.plan"}
MANY = [
    name
    for name, spec in VOCABULARY.items()
    if spec.produces and "request" in spec.levels and {field.name for field in spec.fields} >= ASKED
]
"""The operations that all of these conditions can be about."""
CHAINS = ("[request, account, default]", "[default]")
OTHER = "[account, default]"
DAY = datetime.date(2026, 3, 1)
SIZES = (100, 300, 1_000, 3_000)
CHANGES = ("few", "many", "renamed")
"""Three rules say something else; all do; or ids and order are other ones and nothing else."""


class Shape(NamedTuple):
    """How the conditions of many rules lie."""

    name: str
    when: Callable[[int], str]
    overrides: Callable[[int], bool] = lambda number: False
    """Whether a rule overrides the one before it."""
    operations: Sequence[str] = (OPERATION,)


APART = Shape(
    "a region and a plan each",
    lambda number: f"account.region: C{number // 4:04d}, subscription.plan: P{number % 4}",
)
SHAPES = (
    APART,
    Shape(
        "overlapping amounts of a region",
        lambda number: (
            f"account.region: C{number // 10:04d}, "
            f"amount: {{at_least: {number % 10 * 1000}.00 EUR, below: {(number % 10 + 2) * 1000}.00 EUR}}"
        ),
        lambda number: number % 10 > 0,
    ),
    Shape(
        "each within the one before",
        lambda number: f"amount: {{at_least: {number + 1}.00 EUR}}",
    ),
    APART._replace(name=f"the first, of {len(MANY)} operations", operations=MANY),
)


def policy_text(shape: Shape, count: int, change: str = "") -> str:
    """A policy of so many rules, or what a change has made of it."""
    rules = []
    for number in range(count):
        name = f"other-{count - number:05d}" if change == "renamed" else f"rule-{number:05d}"
        before = f"other-{count - number + 1:05d}" if change == "renamed" else f"rule-{number - 1:05d}"
        changed = change == "many" or (change == "few" and number % max(count // 3, 1) == 0)
        overrides = [f"    overrides: [{before}]"] if shape.overrides(number) else []
        rules.append(
            [
                f"  - id: {name}",
                f"    operations: [{', '.join(shape.operations)}]",
                f"    when: {{{shape.when(number)}}}",
                *overrides,
                f"    then: {{{KEY}: {OTHER if changed else CHAINS[number % 2]}}}",
                f"    because: agreement number {number}",
            ]
        )
    if change == "renamed":
        rules.reverse()
    head = ["policy: large", f"extends: {STANDARD}", "effective: {from: 2026-01-01}", "exceptions:"]
    return "\n".join([*head, *itertools.chain.from_iterable(rules)]) + "\n"


def timed(run: Callable[..., T], *given: Any) -> tuple[float, T]:
    """Seconds of the processor for one call, and what it gives."""
    gc.collect()
    start = time.process_time()
    found = run(*given)
    return time.process_time() - start, found


def parsed(file: Path) -> object:
    """What PyYAML makes of the file."""
    return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def each_with_each(policy: Policy) -> int:
    """How many pairs of conditions meet."""
    conditions = [rule.boxes for rule in policy.exceptions]
    return sum(meet(one, other) for one, other in itertools.combinations(conditions, 2))


def sampled(count: int, old: Policy, new: Policy) -> int:
    """How many of the points, one of each rule, are decided otherwise."""
    resolvers = [Resolver(policy, "python") for policy in (old, new)]
    levels: dict[Level, LevelValues] = {
        level: LevelValues(level, {KEY: level}) for level in ("request", "account", "default")
    }
    differing = 0
    for number in range(count):
        facts = point_apart(number)
        one, other = (
            resolver.resolve(OPERATION, DAY, facts, levels, with_gaps=True).resolutions[KEY].level
            for resolver in resolvers
        )
        differing += one != other
    return differing


def point_apart(number: int) -> dict[str, Fact]:
    """Facts for which a rule of those that lie apart decides."""
    return {"account.region": f"C{number // 4:04d}", "subscription.plan": f"P{number % 4}"}


def growth(times: Sequence[float], sizes: Sequence[int]) -> str:
    """The exponent between the two largest sizes."""
    if len(sizes) < 2 or not times[-2]:
        return ""
    return f"{math.log(times[-1] / times[-2]) / math.log(sizes[-1] / sizes[-2]):.1f}"


def proofs(folder: Path, shape: Shape, count: int) -> Iterator[tuple[str, float]]:
    """What is done with one policy, and how long it took."""
    file = folder / "old.yaml"
    file.write_text(policy_text(shape, count), encoding="utf-8")
    took, policy = timed(prove, file)
    yield "validate", took
    yield "analyze", timed(billpolicy.analyze, file)[0]
    if shape is APART:
        yield "PyYAML parses the file", timed(parsed, file)[0]
        yield "conditions each with each", timed(each_with_each, policy)[0]
    for change in CHANGES:
        other = folder / f"{change}.yaml"
        other.write_text(policy_text(shape, count, change), encoding="utf-8")
        took, (old, new, equivalent) = timed(_differ, file, other)
        yield f"diff, {change}", took
        if equivalent != (change == "renamed"):
            raise SystemExit(f"{shape.name}, {change}: equivalent is {equivalent}")
        if shape is APART:
            took, differing = timed(sampled, count, old, new)
            if equivalent != (not differing):
                raise SystemExit(f"{shape.name}, {change}: {differing} points differ, equivalent is {equivalent}")
            if change == "few":
                yield "a point of each rule under both", took


def _differ(old: Path, new: Path) -> tuple[Policy, Policy, bool]:
    before, after = load_sides(old, new)
    return before.policy, after.policy, billpolicy.diff(before.policy, after.policy).equivalent


def write_recording(file: Path, policy: Policy, count: int, rules: int) -> list[dict[str, Fact]]:
    """A recording of so many operations on different documents, decided by a policy of rules that lie apart; their
    facts."""
    chance = random.Random(20260301)
    resolver = Resolver(policy, "python")
    every = []
    with file.open("w", encoding="utf-8") as stream:
        stream.write(line(recorded_policy(policy)))
        for number in range(count):
            facts: dict[str, Fact] = {
                **point_apart(chance.randrange(rules)),
                "amount": chance.randrange(100, 500_000),
                "amount.currency": "EUR",
                "account.id": f"A{number // 3:06d}",
                "account.currency": "EUR",
                "invoice.number": f"INV{number:06d}",
                "date": DAY.toordinal(),
            }
            resolved = resolver.resolve(OPERATION, DAY, facts, _levels(resolver.policy))
            one = RecordedOperation(
                id=f"op-{number}", operation=OPERATION, date=DAY, digest=policy.digest, decisions=(_recorded(resolved),)
            )
            stream.write(line(one))
            every.append(facts)
    return every


def _recorded(resolved: Resolved) -> RecordedDecision:
    came = {one.key: one for one in resolved.resolutions.values()}
    settings = {key: {"value": one.value, "rule": one.rule} for key, one in came.items() if one.level is None}
    return RecordedDecision(
        operation=OPERATION,
        facts=dict(resolved.facts),
        levels={level: dict(one.held) for level, one in resolved.levels.items() if level != "default"},  # type: ignore[arg-type]
        matched=resolved.matched,
        attributes={
            key: RecordedOutcome(value=one.value, level=one.level, rule=one.rule)
            for key, one in came.items()
            if one.level is not None
        },
        settings=Raw(encode(settings).encode()),
    )


def _levels(policy: Policy) -> dict[Level, LevelValues]:
    held = {"bill_to_contact": "billing", "payment_term": "Net 30", KEY: "DEFAULT"}
    return {
        "account": LevelValues("account", held),
        "invoice": LevelValues("invoice", {"bill_to_contact": "billing"}),
        "default": LevelValues("default", policy.defaults),
    }


def impact(folder: Path, operations: int, rules: int, rounds: int) -> None:
    """Recorded decisions under a policy of which three rules say something else."""
    files = {change: folder / f"impact{change}.yaml" for change in ("", "few")}
    for change, file in files.items():
        file.write_text(policy_text(APART, rules, change), encoding="utf-8")
    old, new = prove(files[""]), prove(files["few"])
    recording = folder / "recording.jsonl"
    every = write_recording(recording, old, operations, rules)
    levels = _levels(new)
    resolver = Resolver(new, "python")
    answers: dict[str, int] = {}

    def versions(policy: Policy) -> Versions:
        return Versions([Resolver(policy, "python")])

    def replayed() -> None:
        with collector_paused():
            told = replay(load_recording(recording), versions(new))
            answers["replay"] = sum(bool(one.differences) for one in told)

    def compared() -> None:
        with collector_paused():
            recordings = [("recording", load_recording(recording))]
            answers["diff"] = billpolicy.impact(versions(old), versions(new), (), recordings=recordings).differing

    def resolved() -> None:
        for facts in every:
            resolver.resolve(OPERATION, DAY, facts, levels)

    contestants = {
        "json.loads of each line": lambda: [json.loads(text) for text in recording.read_bytes().splitlines()],
        "resolve, facts at hand": resolved,
        "replay of the file": replayed,
        "diff --data of the file": compared,
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            times[name].append(timed(run)[0])
    if answers["replay"] != answers["diff"]:
        raise SystemExit(f"not the same answers: {answers}")
    print(f"policy_ci: {operations:,} recorded decisions, {rules:,} rules, {answers['diff']:,} come out otherwise")
    peer, *_ = times.values()
    for name, each in times.items():
        share = statistics.median(one / other for one, other in zip(each, peer, strict=True))
        print(f"  {name:<25} {statistics.median(each):>8.2f} s   {share:.2f} of the time of json.loads")


def main(sizes: Sequence[int] = SIZES, operations: int = 100_000, rounds: int = 3) -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        billpolicy.analyze(STANDARD)  # what is loaded once in a process is no growth
        print(f"policy_ci: processor seconds for so many rules of `{KEY}`, from the files")
        print(f"  {'':<34}{''.join(f'{size:>9,}' for size in sizes)}   growth")
        for shape in SHAPES:
            print(f"  {shape.name}")
            rows: dict[str, list[float]] = {}
            for size in sizes:
                for name, took in proofs(folder, shape, size):
                    rows.setdefault(name, []).append(took)
            for name, times in rows.items():
                print(f"    {name:<32}{''.join(f'{took:>9.3f}' for took in times)}   {growth(times, sizes):>6}")
        impact(folder, operations, min(sizes[-1], 1_000), rounds)


if __name__ == "__main__":
    main()
