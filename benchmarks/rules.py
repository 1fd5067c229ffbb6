"""A generated policy, the same rules as a program that a person would write, and raw records for both.

Twelve operations, three attributes, and rules that are asked in the order in which they are written: each overrides the
next of its operation. A quarter of the rules are of one operation, as in real policies of which most is about invoices.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.policy.load import load_policy
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec, Vocabulary

ATTRIBUTES = ("bill_to_contact", "payment_term", "sequence_set")
OPERATIONS = tuple(f"operation_{n:02d}" for n in range(12))
WEIGHTS = (12, 6, 5, 4, 4, 3, 3, 2, 2, 2, 2, 1)
LEVELS: tuple[Level, ...] = ("request", "subscription", "account")
FIELDS = ("account.region", "amount", "amount.currency", "reason", "subscription.plan")
COLUMNS = (*FIELDS, *(f"{level}.{name}" for level in LEVELS for name in ATTRIBUTES))
"""What a raw record has, in this order."""
REGIONS = tuple(f"R{n:02d}" for n in range(60))
REASONS = ("Charge Dispute", "Goodwill", "Rebill", "Other")
PLANS = ("pilot", "team", "enterprise")
CURRENCIES = ("EUR", "USD")
CHAINS: tuple[tuple[Level, ...], ...] = (
    ("request", "account"),
    ("subscription", "account"),
    ("account", "subscription"),
    ("subscription", "request", "account"),
)
BASE = CHAINS[0]
VOCABULARY: Vocabulary = {
    name: OperationSpec(
        name=name,
        doc="one of the benchmark's operations",
        produces=("debit_memo",),
        levels=LEVELS,
        fields=(
            FieldSpec("account.region", "text"),
            FieldSpec("amount", "money"),
            FieldSpec("reason", "text"),
            FieldSpec("subscription.plan", "text"),
        ),
    )
    for name in OPERATIONS
}
Row = tuple[Any, ...]
Choice = tuple[str, str, str]
"""Value, level and rule of one attribute."""


class Rule(NamedTuple):
    """One rule: what it asks, of each field by name, and the chain that it gives to all three attributes."""

    id: str
    operation: str
    regions: tuple[str, ...]
    at_least: int
    """In euros; 0 where it does not ask for the amount."""
    reasons: tuple[str, ...]
    plan: str
    chain: tuple[str, ...]


class Record(NamedTuple):
    """One document to decide: its operation and its raw row, in the order of `COLUMNS`."""

    operation: str
    row: Row


def rules(count: int) -> list[Rule]:
    """So many rules, the same every time."""
    chance = random.Random(count)
    made = []
    for n in range(count):
        operation = OPERATIONS[0] if n % 4 == 0 else chance.choices(OPERATIONS, WEIGHTS)[0]
        regions = tuple(sorted(chance.sample(REGIONS, chance.choice((1, 1, 2, 3)))))
        at_least = chance.choice((100, 250, 500, 1_000, 2_000)) if chance.random() < 0.5 else 0
        reasons = tuple(sorted(chance.sample(REASONS, chance.choice((1, 2))))) if chance.random() < 0.4 else ()
        plan = chance.choice(PLANS) if chance.random() < 0.3 else ""
        made.append(Rule(f"rule-{n:04d}", operation, regions, at_least, reasons, plan, chance.choice(CHAINS)))
    return made


def policy(written: Iterable[Rule]) -> Policy:
    """The rules as a policy."""
    lines = ["policy: benchmark", "effective: {from: 2020-01-01}", "attributes:"]
    types = ("contact", "payment_term", "sequence_set")
    lines += [f"  {n}: {{type: {t}, documents: [debit_memo]}}" for n, t in zip(ATTRIBUTES, types, strict=True)]
    lines += ["sequence_sets:", "  DEFAULT:", "    invoice: {prefix: INV}", "    credit_memo: {prefix: CM}"]
    lines += ["    debit_memo: {prefix: DM}", "operations:"]
    for operation in OPERATIONS:
        lines += [f"  {operation}:", *(f"    {name}: [{', '.join(BASE)}]" for name in ATTRIBUTES)]
    lines.append("exceptions:")
    by_operation: dict[str, list[Rule]] = {}
    for rule in written:
        by_operation.setdefault(rule.operation, []).append(rule)
    for of_one in by_operation.values():
        for rule, following in zip(of_one, [*of_one[1:], None], strict=True):
            lines += [f"  - id: {rule.id}", f"    operations: [{rule.operation}]"]
            if following is not None:
                lines.append(f"    overrides: [{following.id}]")
            lines += ["    when:", *(f"      {line}" for line in _when(rule)), "    then:"]
            lines += [f"      {name}: [{', '.join(rule.chain)}]" for name in ATTRIBUTES]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load_policy(file, VOCABULARY)


def _when(rule: Rule) -> list[str]:
    asked = [f"account.region: [{', '.join(rule.regions)}]"]
    asked += [f"amount: {{at_least: {rule.at_least}.00 EUR}}"] if rule.at_least else []
    asked += [f"reason: [{', '.join(rule.reasons)}]"] if rule.reasons else []
    return asked + ([f"subscription.plan: {rule.plan}"] if rule.plan else [])


def records(count: int, seed: int = 20260301) -> list[Record]:
    """Random documents, the same every time: amounts are `Decimal`, a level may hold nothing of an attribute."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        asked = (
            chance.choice(REGIONS),
            Decimal(chance.randrange(1, 300_000)).scaleb(-2),
            chance.choice(CURRENCIES),
            chance.choice(REASONS),
            chance.choice(PLANS),
        )
        shares = {"request": 0.7, "subscription": 0.5, "account": 1.0}
        held = [
            f"{level}-{name}" if chance.random() < shares[level] else None for level in LEVELS for name in ATTRIBUTES
        ]
        made.append(Record(chance.choices(OPERATIONS, WEIGHTS)[0], (*asked, *held)))
    return made


NAMES = ("region", "amount", "currency", "reason", "plan")
"""What a person calls the fields."""


def walks() -> dict[tuple[str, ...], Callable[[Row, str], tuple[Choice, ...]]]:
    """The walk down each chain for all three attributes, as a person would write it out: of a row and the rule that
    gave the chain."""
    space: dict[str, Any] = {}
    exec("\n".join(_walks()), space)
    return {chain: space[_walk(chain)] for chain in CHAINS}


def _walk(chain: tuple[str, ...]) -> str:
    return f"walk_{'_'.join(chain)}"


def _walks() -> list[str]:
    held = tuple(f"{level}_{name}" for level in LEVELS for name in ATTRIBUTES)
    source = []
    for chain in CHAINS:
        source += [f"def {_walk(chain)}(row, rule):", f"    {', '.join((*NAMES, *held))} = row"]
        for name in ATTRIBUTES:
            for number, level in enumerate(chain):
                source.append(f"    {'elif' if number else 'if'} {level}_{name} is not None:")
                source.append(f"        {name} = ({level}_{name}, {level!r}, rule)")
            source += ["    else:", f"        raise LookupError({name!r})"]
        source.append(f"    return ({', '.join(ATTRIBUTES)})")
    return source


def by_hand(written: Sequence[Rule]) -> dict[str, Callable[[Row], tuple[Choice, ...]]]:
    """The rules as a person would write them: a function for each operation, one `if` after the other. Each gives
    value, level and rule of the three attributes."""
    source = ["from decimal import Decimal", *_walks()]
    source += [f"BOUND_{bound} = Decimal({bound})" for bound in sorted({rule.at_least for rule in written})]
    for operation in OPERATIONS:
        source += [f"def {operation}(row):", f"    {', '.join(NAMES)}, *_ = row"]
        for rule in written:
            if rule.operation == operation:
                source += [f"    if {_if(rule)}:", f"        return {_walk(rule.chain)}(row, {rule.id!r})"]
        source.append(f"    return {_walk(BASE)}(row, {operation!r})")
    space: dict[str, Any] = {}
    exec("\n".join(source), space)
    return {operation: space[operation] for operation in OPERATIONS}


def _if(rule: Rule) -> str:
    asked = [_among("region", rule.regions)]
    asked += [_among("reason", rule.reasons)] if rule.reasons else []
    asked += [f"plan == {rule.plan!r}"] if rule.plan else []
    asked += [f"currency == 'EUR' and amount is not None and amount >= BOUND_{rule.at_least}"] if rule.at_least else []
    return " and ".join(asked)


def _among(name: str, wanted: tuple[str, ...]) -> str:
    return f"{name} == {wanted[0]!r}" if len(wanted) == 1 else f"{name} in {wanted!r}"
