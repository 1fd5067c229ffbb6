"""Resolving one document: 40 rules, 3 attributes, the same records and the same answers for every contestant.

billpolicy (each engine, with provenance: value, level, rule) beside zen-engine's compiled expressions (one nested
ternary per attribute) and durable_rules' public API (`durable.engine.Host`, one fact asserted and retracted a record).
The peers only find the rule; the walk down the chain of levels is the same few lines for both.
"""

from __future__ import annotations

import datetime
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.rounds import rates, ratio, table
from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver
from billpolicy.policy.condition import Fact
from billpolicy.policy.load import load_policy
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec

OPERATION = "debit_memo_from_invoice"
ATTRIBUTES = ("bill_to_contact", "payment_term", "sequence_set")
COUNTRIES = [f"C{n:02d}" for n in range(25)]
RULED = COUNTRIES[:20]
DAY = datetime.date(2026, 3, 1)
CHAINS = {
    "base": ("invoice", "account"),
    "plain": ("subscription", "account"),
    "large": ("account", "subscription"),
}
SPEC = OperationSpec(
    name=OPERATION,
    doc="the benchmark's operation",
    produces=("debit_memo",),
    levels=("invoice", "subscription", "account"),
    fields=(
        FieldSpec("account.region", "text"),
        FieldSpec("amount", "money"),
        FieldSpec("reason", "text"),
        FieldSpec("subscription.plan", "text"),
    ),
)


class Record(NamedTuple):
    """One document to resolve: its facts and what each level holds."""

    facts: dict[str, Fact]
    levels: dict[Level, LevelValues]


def policy() -> Policy:
    """20 countries, each with a rule and a narrower one for large amounts: 40 rules, each on 3 attributes."""
    lines = ["policy: benchmark", "effective: {from: 2020-01-01}", "attributes:"]
    types = ("contact", "payment_term", "sequence_set")
    lines += [f"  {n}: {{type: {t}, documents: [debit_memo]}}" for n, t in zip(ATTRIBUTES, types, strict=True)]
    lines += ["sequence_sets:", "  DEFAULT:", "    invoice: {prefix: INV}", "    credit_memo: {prefix: CM}"]
    lines += ["    debit_memo: {prefix: DM}", "operations:", f"  {OPERATION}:"]
    lines += [f"    {name}: [{', '.join(CHAINS['base'])}]" for name in ATTRIBUTES]
    lines.append("exceptions:")
    for country in RULED:
        for kind, condition in (("plain", ""), ("large", ", amount: {at_least: 1000.00 EUR}")):
            then = ", ".join(f"{name}: [{', '.join(CHAINS[kind])}]" for name in ATTRIBUTES)
            lines += [f"  - id: {country}-{kind}", f"    operations: [{OPERATION}]"]
            lines += [f"    when: {{account.region: {country}{condition}}}", f"    then: {{{then}}}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text("\n".join(lines), encoding="utf-8")
        return load_policy(file, {OPERATION: SPEC})


def records(count: int) -> list[Record]:
    """Random documents, the same ones every time."""
    chance = random.Random(20260301)
    made = []
    for _ in range(count):
        facts: dict[str, Fact] = {
            "account.region": chance.choice(COUNTRIES),
            "amount": chance.randrange(1, 300_000),
            "amount.currency": chance.choice(("EUR", "USD")),
            "reason": chance.choice(("Charge Dispute", "Other")),
            "subscription.plan": chance.choice(("pilot", "team", "enterprise")),
        }
        keeps: tuple[tuple[Level, float], ...] = (("invoice", 0.7), ("subscription", 0.5), ("account", 1.0))
        levels = {
            level: LevelValues(level, {name: f"{level}-{name}" for name in ATTRIBUTES if chance.random() < share})
            for level, share in keeps
        }
        made.append(Record(facts, levels))
    return made


Answers = list[tuple[Any, ...]]
One = Callable[[Any], Any]


class Contestant(NamedTuple):
    """How one contestant resolves one prepared record, and how its answer is read (outside the clock)."""

    prepared: Sequence[Any]
    one: One
    values: Callable[[Any], tuple[Any, ...]]

    def run(self) -> None:
        """Resolve every record and keep nothing: this is what is timed."""
        one = self.one
        for record in self.prepared:
            one(record)

    def answers(self) -> Answers:
        """The values of the three attributes of each record."""
        return [self.values(self.one(record)) for record in self.prepared]


def billpolicy(resolver: Resolver, work: Sequence[Record]) -> Contestant:
    """The resolver: values with level, rule and all that an explanation needs."""
    resolve = resolver.resolve

    def one(record: Record) -> Resolved:
        return resolve(OPERATION, DAY, record[0], record[1])

    return Contestant(work, one, lambda resolved: tuple(resolved.resolutions[name].value for name in ATTRIBUTES))


def _walk(chain: tuple[str, ...], levels: Any, name: str) -> Any:
    for level in chain:
        value = levels[level].held.get(name)
        if value is not None:
            return value
    raise LookupError(name)


def zen_engine(work: Sequence[Record]) -> Contestant:
    """zen-engine: one compiled expression per attribute, the narrower rule of a country asked first."""
    import zen

    rules = "".join(
        f'country == "{country}" and currency == "EUR" and amount >= 100000 ? "large" : '
        f'country == "{country}" ? "plain" : '
        for country in RULED
    )
    bill_to, term, sequence = (zen.compile_expression(f'{rules}"base"').evaluate for _ in ATTRIBUTES)

    def one(prepared: tuple[dict[str, Any], Any]) -> tuple[Any, ...]:
        context, levels = prepared
        return (
            _walk(CHAINS[bill_to(context)], levels, ATTRIBUTES[0]),
            _walk(CHAINS[term(context)], levels, ATTRIBUTES[1]),
            _walk(CHAINS[sequence(context)], levels, ATTRIBUTES[2]),
        )

    return Contestant([(_named(record), record.levels) for record in work], one, tuple)


def durable_host(work: Sequence[Record]) -> Contestant:
    """durable_rules' public API, used as safely as it allows: no timers, one sid, assert and retract."""
    from durable import engine

    class Inline(engine.Host):  # type: ignore[misc]
        def _run(self) -> None:
            """Without the dispatcher thread: actions run inside assert_fact."""

    hits: list[str] = []

    def rule(country: str, kind: str) -> dict[str, Any]:
        terms: list[dict[str, Any]] = [{"op": OPERATION}, {"country": country}]
        if kind == "large":
            terms += [{"currency": "EUR"}, {"$gte": {"amount": 100_000}}]

        def action(c: Any) -> None:
            hits.append(kind)

        return {"all": [{"m": {"$and": terms}}], "run": action}

    host = Inline({"bench": {f"{name}-{kind}": rule(name, kind) for name in RULED for kind in ("plain", "large")}})

    def one(prepared: tuple[dict[str, Any], Any]) -> tuple[Any, ...]:
        fact, levels = prepared
        hits.clear()
        try:
            host.assert_fact("bench", fact)
            host.retract_fact("bench", fact)
        except engine.MessageNotHandledException:
            pass  # its way of saying that no rule matches
        chain = CHAINS["large" if "large" in hits else "plain" if hits else "base"]
        return tuple([_walk(chain, levels, name) for name in ATTRIBUTES])

    fixed = {"op": OPERATION, "sid": "1", "id": "1"}
    return Contestant([({**_named(record), **fixed}, record.levels) for record in work], one, tuple)


def _named(record: Record) -> dict[str, Any]:
    """The facts under names without dots, as the peers want them."""
    return {
        "country": record.facts["account.region"],
        "amount": record.facts["amount"],
        "currency": record.facts["amount.currency"],
        "reason": record.facts["reason"],
        "plan": record.facts["subscription.plan"],
    }


def main(count: int = 5_000, rounds: int = 9) -> None:
    """Run the contest and print it."""
    rules, work = policy(), records(count)
    contestants = {
        "billpolicy python": billpolicy(Resolver(rules, "python"), work),
        "billpolicy durable": billpolicy(Resolver(rules, "durable"), work),
        "billpolicy both": billpolicy(Resolver(rules, "both"), work),
        "zen-engine expressions": zen_engine(work),
        "durable_rules public API": durable_host(work),
    }
    answers = {name: contestant.answers() for name, contestant in contestants.items()}
    different = [name for name, answer in answers.items() if answer != answers["billpolicy python"]]
    if different:
        raise SystemExit(f"not the same answers: {', '.join(different)}")
    print(f"resolve: {len(rules.exceptions)} rules, {len(ATTRIBUTES)} attributes, {count} records, same answers")
    found = rates({name: contestant.run for name, contestant in contestants.items()}, count, rounds)
    print(table(found, "records"))
    print(f"  python engine / zen-engine:       {ratio(found, 'billpolicy python', 'zen-engine expressions'):.2f}")
    print(f"  durable driver / its public API:  {ratio(found, 'billpolicy durable', 'durable_rules public API'):.2f}")


if __name__ == "__main__":
    main()
