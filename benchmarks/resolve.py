"""One decision, three attributes with provenance, from the raw row: the same records and answers for every contestant.

billpolicy (`Decider`, in plain Python and with both engines) beside a program that a person would write
(`benchmarks/rules.py`: one `if` after the other, values, levels and rules of all three attributes), datalogic-py and
zen-engine's expressions (each compiled, evaluated once a record, giving the number of the rule) and decision tables
(JDM, precompiled), and durable_rules' public API. Of the peers all but the program find only the rule: the walk down
the chains is then that of the program, and their facts are prepared outside the clock, amounts as whole cents.

Warm: all records were decided before. Unseen: in each round other records that nobody saw before.
"""

from __future__ import annotations

import datetime
import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.goals import Goal
from benchmarks.rounds import rates, ratio, table
from benchmarks.rules import (
    ATTRIBUTES,
    BASE,
    COLUMNS,
    LEVELS,
    OPERATIONS,
    VOCABULARY,
    Record,
    Rule,
    by_hand,
    policy,
    records,
    rules,
    walks,
)
from billpolicy.deciding.decider import Decider
from billpolicy.deciding.matching.durable import available
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.money import to_minor
from billpolicy.policy.condition import Fact

DAY = datetime.date(2026, 3, 1)
HAND = "if/elif by hand"
OURS = "billpolicy, plain Python"
BOTH = "billpolicy, both engines"
READY = "billpolicy, facts and levels ready"
DATALOGIC, ZEN, JDM = "datalogic-py", "zen-engine expressions", "zen-engine JDM"
HOST = "durable_rules public API"
Prepared = list[tuple[Any, ...]]
Named = dict[str, Any]


class Contestant(NamedTuple):
    """How one contestant decides: a function and its arguments for each record."""

    calls: Prepared
    read: Callable[[Any], tuple[tuple[Any, Any], ...]]
    """Value and level of the three attributes, of what the function gave (outside the clock)."""

    def run(self) -> None:
        """Decide every record and keep nothing: this is what is timed."""
        for decide, *given in self.calls:
            decide(*given)

    def answers(self) -> list[tuple[tuple[Any, Any], ...]]:
        """What it decides."""
        return [self.read(decide(*given)) for decide, *given in self.calls]


def _choices(decided: Any) -> tuple[tuple[Any, Any], ...]:
    return tuple(choice[:2] for choice in decided)


def person(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """The program of a person."""
    by_operation = by_hand(written)
    return Contestant([(by_operation[one.operation], one.row) for one in work], _choices)


def deciders(written: Sequence[Rule], engine: EngineName) -> dict[str, Decider]:
    """One for each operation."""
    resolver = Resolver(policy(written), engine)
    return {name: Decider(resolver, spec, ("date", *COLUMNS)) for name, spec in VOCABULARY.items()}


def ours(by_operation: dict[str, Decider], work: Sequence[Record]) -> Contestant:
    """Raw rows."""
    return Contestant([(by_operation[one.operation].decide, (DAY, *one.row)) for one in work], _choices)


def ready(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """The resolver as operations call it, with facts and levels made before."""
    resolver = Resolver(policy(written), "python")
    held = [f"{level}.{name}" for level in LEVELS for name in ATTRIBUTES]
    calls: Prepared = []
    for operation, row in work:
        raw = dict(zip(COLUMNS, row, strict=True))
        facts: dict[str, Fact] = {name: raw[name] for name in COLUMNS if name not in held}
        facts["amount"] = to_minor(raw["amount"], raw["amount.currency"])
        levels = {one: LevelValues(one, {name: raw[f"{one}.{name}"] for name in ATTRIBUTES}) for one in LEVELS}
        calls.append((resolver.resolve, operation, DAY, facts, levels))

    def read(resolved: Any) -> tuple[tuple[Any, Any], ...]:
        return tuple((resolved.resolutions[name].value, resolved.resolutions[name].level) for name in ATTRIBUTES)

    return Contestant(calls, read)


def named(row: Sequence[Any]) -> Named:
    """The facts of a row as the peers want them: plain names, amounts in whole cents."""
    region, amount, currency, reason, plan, *_ = row
    return {
        "region": region,
        "amount": to_minor(amount, currency),
        "currency": currency,
        "reason": reason,
        "plan": plan,
    }


def finder(written: Sequence[Rule], work: Sequence[Record], find: dict[str, Callable[[Named], int]]) -> Contestant:
    """A peer that finds the number of a rule, -1 for none: the rest is as the person wrote it."""
    walk = walks()
    chosen = {number: (walk[rule.chain], rule.id) for number, rule in enumerate(written)}
    base = {operation: (walk[BASE], operation) for operation in OPERATIONS}

    def one(operation: str, row: Any, facts: Named) -> Any:
        number = find[operation](facts)
        way, rule = base[operation] if number < 0 else chosen[number]
        return way(row, rule)

    return Contestant([(one, record.operation, record.row, named(record.row)) for record in work], _choices)


def datalogic(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """One compiled JSONLogic `if` for each operation."""
    from datalogic_py import Engine

    engine = Engine()
    found: dict[str, Callable[[Named], int]] = {}
    for operation in OPERATIONS:
        parts: list[Any] = []
        for number, rule in enumerate(written):
            if rule.operation == operation:
                parts += [{"and": [_json_logic(name, wanted) for name, wanted in asked(rule)]}, number]
        found[operation] = engine.compile(json.dumps({"if": [*parts, -1]})).evaluate
    return finder(written, work, found)


def _json_logic(name: str, wanted: Any) -> Any:
    if isinstance(wanted, int):
        return {">=": [{"var": name}, wanted]}
    if len(wanted) == 1:
        return {"==": [{"var": name}, wanted[0]]}
    return {"in": [{"var": name}, list(wanted)]}


def asked(rule: Rule) -> list[tuple[str, Any]]:
    """What a rule asks: the words that a fact may be, or how much an amount must be."""
    parts: list[tuple[str, Any]] = [("region", rule.regions)]
    parts += [("reason", rule.reasons)] if rule.reasons else []
    parts += [("plan", (rule.plan,))] if rule.plan else []
    return parts + ([("currency", ("EUR",)), ("amount", rule.at_least * 100)] if rule.at_least else [])


def zen_expressions(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """One compiled nested ternary for each operation."""
    import zen

    found: dict[str, Callable[[Named], int]] = {}
    for operation in OPERATIONS:
        parts = [
            f"{' and '.join(_zen(name, wanted) for name, wanted in asked(rule))} ? {number} : "
            for number, rule in enumerate(written)
            if rule.operation == operation
        ]
        found[operation] = zen.compile_expression("".join(parts) + "-1").evaluate
    return finder(written, work, found)


def _zen(name: str, wanted: Any) -> str:
    if isinstance(wanted, int):
        return f"{name} >= {wanted}"
    return f'{name} == "{wanted[0]}"' if len(wanted) == 1 else f"{name} in {json.dumps(wanted)}"


def zen_tables(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """One precompiled decision table for each operation, whose first row that holds counts."""
    import zen

    names = ("region", "reason", "plan", "currency", "amount")
    engine = zen.ZenEngine()
    found: dict[str, Callable[[Named], int]] = {}
    for operation in OPERATIONS:
        lines = []
        for number, rule in enumerate(written):
            if rule.operation == operation:
                cells = {name: _cell(wanted) for name, wanted in asked(rule)}
                lines.append({"_id": str(number), **{n: cells.get(n, "") for n in names}, "found": str(number)})
        lines.append({"_id": "none", **dict.fromkeys(names, ""), "found": "-1"})
        content = {
            "hitPolicy": "first",
            "inputs": [{"id": name, "field": name, "name": name} for name in names],
            "outputs": [{"id": "found", "field": "found", "name": "found"}],
            "rules": lines,
        }
        nodes = [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
            {"id": "out", "type": "outputNode", "name": "out"},
        ]
        edges = [{"id": f"{a}-{b}", "sourceId": a, "targetId": b} for a, b in (("in", "table"), ("table", "out"))]
        decision = engine.create_decision(zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges})))
        found[operation] = _table_asker(decision.evaluate)
    return finder(written, work, found)


def _cell(wanted: Any) -> str:
    return f">= {wanted}" if isinstance(wanted, int) else ", ".join(json.dumps(word) for word in wanted)


def _table_asker(evaluate: Callable[[Named], Any]) -> Callable[[Named], int]:
    return lambda facts: int(evaluate(facts)["result"]["found"])


def durable_host(written: Sequence[Rule], work: Sequence[Record]) -> Contestant:
    """durable_rules' public API, used as safely as it allows: no timers, one sid, assert and retract. Its rules fire in
    no order that can be relied on, so the first that is written counts among those that did."""
    from durable import engine

    class Inline(engine.Host):  # type: ignore[misc]
        def _run(self) -> None:
            """Without the dispatcher thread: actions run inside assert_fact."""

    hits: list[int] = []

    def rule_of(number: int, alternative: list[tuple[str, Any]]) -> dict[str, Any]:
        terms = [{"$gte": {name: value}} if isinstance(value, int) else {name: value} for name, value in alternative]
        return {"all": [{"m": {"$and": terms}}], "run": lambda c: hits.append(number)}

    rulesets: dict[str, dict[str, Any]] = {operation: {} for operation in OPERATIONS}
    for number, rule in enumerate(written):
        for place, alternative in enumerate(_alternatives(asked(rule))):
            rulesets[rule.operation][f"r{number}-{place}"] = rule_of(number, alternative)
    host = Inline({name: its for name, its in rulesets.items() if its})

    def asker(operation: str) -> Callable[[Named], int]:
        def find(facts: Named) -> int:
            hits.clear()
            fact = {**facts, "sid": "1", "id": "1"}
            try:
                host.assert_fact(operation, fact)
                host.retract_fact(operation, fact)
            except engine.MessageNotHandledException:
                pass  # its way of saying that no rule matches
            return min(hits, default=-1)

        return find

    return finder(written, work, {name: asker(name) if its else lambda facts: -1 for name, its in rulesets.items()})


def _alternatives(parts: list[tuple[str, Any]]) -> list[list[tuple[str, Any]]]:
    found: list[list[tuple[str, Any]]] = [[]]
    for name, wanted in parts:
        words = [wanted] if isinstance(wanted, int) else wanted
        found = [[*so_far, (name, word)] for so_far in found for word in words]
    return found


PEERS = {DATALOGIC: datalogic, ZEN: zen_expressions, JDM: zen_tables}
"""Those of requirements-bench.lock."""


def contest(
    count: int, work: Sequence[Record], rounds: int, peers: dict[str, Callable[..., Contestant]]
) -> dict[str, list[float]]:
    """So many rules: all decide the same, then take turns. Prints and gives what each did a second."""
    written = rules(count)
    contestants = {HAND: person(written, work), OURS: ours(deciders(written, "python"), work)}
    if available():
        contestants[BOTH] = ours(deciders(written, "both"), work)
    contestants[READY] = ready(written, work)
    contestants |= {name: peer(written, work) for name, peer in peers.items()}
    answers = {name: contestant.answers() for name, contestant in contestants.items()}
    different = [name for name, answer in answers.items() if answer != answers[HAND]]
    if different:
        raise SystemExit(f"not the same answers: {', '.join(different)}")
    print(f"resolve: {count} rules, {len(ATTRIBUTES)} attributes, {len(work)} records, same answers, warm")
    found = rates({name: contestant.run for name, contestant in contestants.items()}, len(work), rounds)
    print(table(found, "records"))
    for name in found:
        if name != HAND:
            print(f"  {name:<36} takes {ratio(found, HAND, name):7.2f} of the time of the program by hand")
    return found


def unseen(count: int, of_each: int, rounds: int) -> float:
    """How much longer records take that were never seen, beside the same again: medians of rounds. Prints it."""
    by_operation = deciders(rules(count), "python")
    found = []
    for number in range(rounds + 1):
        once = ours(by_operation, records(of_each, seed=number))
        first, again = _cpu(once), _cpu(once)
        if number:  # in the first everything is made
            found.append(first / again)
    middle = statistics.median(found)
    print(f"resolve: {count} rules, records never seen before take {middle:.2f} of the time of the same again")
    return middle


def _cpu(contestant: Contestant) -> float:
    """Seconds of CPU: there are no turns to take here, so other programs must not count."""
    gc.collect()
    began = time.process_time()
    contestant.run()
    return time.process_time() - began


def main(count: int = 20_000, rounds: int = 7, sizes: Sequence[int] = (40, 400, 3_000)) -> tuple[Goal, ...]:
    """Run the contests and print them."""
    goals = []
    work = records(count)
    for size in sizes:
        peers: dict[str, Callable[..., Contestant]] = dict(PEERS if size <= 400 else {})
        if size == 40 and available():
            peers[HOST] = durable_host
        found = contest(size, work, rounds, peers)
        by_hand_goal = {40: "at most 2 times if/elif by hand", 400: "at most 3 times if/elif by hand"}.get(size)
        if by_hand_goal:
            what = f"one decision with provenance from the raw row, {size} rules"
            goals.append(Goal(what, by_hand_goal, f"{ratio(found, HAND, OURS):.2f} times"))
            least = "4" if size == 40 else "2"
            for peer, times in ((DATALOGIC, least), (ZEN, least), (JDM, "50")):
                found_times = f"{ratio(found, OURS, peer):.1f} times"
                goals.append(Goal(f"the same beside {peer}", f"{times} times as fast", found_times))
        if BOTH in found:
            what = f"both engines over a long run, {size} rules"
            spent = 1e6 / statistics.median(found[BOTH])
            told = f"{ratio(found, OURS, BOTH):.2f} times, {spent:.1f} microseconds a decision"
            goals.append(Goal(what, "at most 1.3 times the plain one, 5 microseconds", told))
        more = unseen(size, count, min(rounds, 5))
        goals.append(
            Goal(f"records never seen before, {size} rules", "at most 2 times the same again", f"{more:.2f} times")
        )
    return tuple(goals)


if __name__ == "__main__":
    main()
