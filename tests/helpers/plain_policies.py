"""Random policies as plain data, and what they mean, written as plainly as docs/policy-language.md says it.

Nothing here knows of boxes: a condition is what was written, and it is asked of one fact at a time. So what is proven
of a policy can be held against this. The text of a policy goes through the real reader: `loaded`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from billpolicy.policy.condition import Fact
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import build
from billpolicy.policy.model import Policy
from billpolicy.source.files import Texts
from billpolicy.vocabulary.fields import fields_of
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldSpec, Vocabulary

OPERATIONS = ("write_off_invoice", "credit_only", "change_account", "apply_payment", "apply_credits")
"""One about an invoice; about what may be on no invoice; a change that holds from a day on; about a payment; and about
no document."""
SMALL: Vocabulary = {name: VOCABULARY[name] for name in OPERATIONS}
FIRST_DAY = datetime.date(2026, 1, 1).toordinal()

Money = tuple[int, str]
"""Minor units and currency."""
Value = str | int | bool | Money | None
Point = Mapping[str, Value]
"""The facts of one operation, by field; None or not there is unset. Dates are ordinals."""
Said = str | tuple[tuple[str, tuple[Value, ...]], ...]
"""What a condition says of a field: `set`, `unset`, or operators with their values, of amounts also `OTHERS`."""
OTHERS = "other_currencies"
Outcome = str | tuple[str, ...]
"""The value of a setting, or the levels of a chain."""


class Rule(NamedTuple):
    """An exception, or a follow-up."""

    id: str
    operations: tuple[str, ...]
    when: tuple[tuple[str, Said], ...]
    then: tuple[tuple[str, Outcome], ...] = ()
    overrides: tuple[str, ...] = ()
    from_: int | None = None
    until: int | None = None
    if_refused: str = "refuse"


class Plain(NamedTuple):
    """A policy."""

    rules: tuple[Rule, ...]
    base: tuple[tuple[tuple[str, str], Outcome], ...]
    """(operation, key) -> what the base rule says."""
    until: int | None = None
    roles: tuple[tuple[str, str], ...] = ()
    """Person, role."""
    codes: tuple[str, ...] = ("A", "B")
    """The reason codes of credit memos."""
    assumptions: tuple[tuple[tuple[tuple[str, Said], ...], tuple[tuple[str, Said], ...]], ...] = ()
    """What holds where what holds."""
    follow_ups: tuple[Rule, ...] = ()
    """After `invoice_posted`."""
    from_: int = FIRST_DAY


DOCUMENTS_OF = {"contact": ("invoice", "credit_memo"), "note": ("credit_memo",)}
"""The attributes and what has them."""
DEFAULTS = {"note": "N"}


# -- what is written ---------------------------------------------------------------------------------------------------


def loaded(plain: Plain, vocabulary: Vocabulary = SMALL) -> Policy:
    """The policy, read from its text."""
    path = Path("policy.yaml")
    policy, problems = build(read_layers(path, Texts({str(path): text_of(plain).encode()})), vocabulary)
    assert problems == [], (text_of(plain), problems)
    return policy


def text_of(plain: Plain) -> str:
    """The policy as a file has it."""
    operations: dict[str, list[str]] = {}
    for (operation, key), outcome in plain.base:
        operations.setdefault(operation, []).append(f"    {key}: {_outcome(outcome)}\n")
    lines = ["policy: small\n", f"effective: {_effective(plain.from_, plain.until)}\n"]
    lines += ["attributes:\n"]
    lines += [f"  {name}: {{type: text, documents: {_list(held)}}}\n" for name, held in DOCUMENTS_OF.items()]
    lines += ["defaults:\n", *(f"  {name}: {value}\n" for name, value in DEFAULTS.items())]
    lines += [f"reason_codes: {{credit_memo: {_list(plain.codes)}}}\n"]
    roles = {role: [who for who, its in plain.roles if its == role] for _, role in plain.roles}
    lines += ["roles:\n" if roles else "", *(f"  {role}: {_list(members)}\n" for role, members in roles.items())]
    lines += ["operations:\n"]
    for operation, said in operations.items():
        lines += [f"  {operation}:\n", *said]
    lines += ["exceptions:\n" if plain.rules else ""]
    for rule in plain.rules:
        then = ", ".join(f"{key}: {_outcome(outcome)}" for key, outcome in rule.then)
        lines += [f"  - id: {rule.id}\n    operations: {_list(rule.operations)}\n    when: {_when(rule.when)}\n"]
        lines += [f"    then: {{{then}}}\n    overrides: {_list(rule.overrides)}\n", *_days(rule)]
    lines += ["follow_ups:\n" if plain.follow_ups else ""]
    for rule in plain.follow_ups:
        lines += [f"  - id: {rule.id}\n    after: invoice_posted\n    then: {rule.operations[0]}\n"]
        lines += [f"    when: {_when(rule.when)}\n    if_refused: {rule.if_refused}\n", *_days(rule)]
    lines += ["assumptions:\n" if plain.assumptions else ""]
    for number, (when, then_) in enumerate(plain.assumptions):
        lines += [f"  - {{id: assumed-{number}, when: {_when(when)}, then: {_when(then_)}}}\n"]
    return "".join(lines)


def _days(rule: Rule) -> list[str]:
    return [] if rule.from_ is None else [f"    effective: {_effective(rule.from_, rule.until)}\n"]


def _effective(from_: int, until: int | None) -> str:
    ends = "" if until is None else f", until: {datetime.date.fromordinal(until)}"
    return f"{{from: {datetime.date.fromordinal(from_)}{ends}}}"


def _list(words: Iterable[str]) -> str:
    return f"[{', '.join(words)}]"


def _outcome(outcome: Outcome) -> str:
    return outcome if isinstance(outcome, str) else _list(outcome)


def _when(when: Sequence[tuple[str, Said]]) -> str:
    return "{" + ", ".join(f"{field}: {_said(field, said)}" for field, said in when) + "}"


def _said(field: str, said: Said) -> str:
    if isinstance(said, str):
        return f"{{is: {said}}}"
    listed = ("one_of", "none_of")
    texts = {op: [_value(field, value) for value in values] for op, values in said}
    if list(texts) == ["one_of"]:
        return _list(texts["one_of"])
    return "{" + ", ".join(f"{op}: {_list(v) if op in listed or v[1:] else v[0]}" for op, v in texts.items()) + "}"


def _value(field: str, value: Value) -> str:
    if isinstance(value, tuple):
        minor, currency = value
        return f"{minor} JPY" if currency == "JPY" else f"{'-' if minor < 0 else ''}{abs(minor) / 100:.2f} {currency}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(datetime.date.fromordinal(value)) if isinstance(value, int) else str(value)


# -- what it means -----------------------------------------------------------------------------------------------------


def meets(said: Said, value: Value) -> bool:
    """A comparison with an unset field is false; of an amount those in its currency count, and where there are none it
    does not match unless the condition says so (rule 2)."""
    if isinstance(said, str):
        return (value is None) == (said == "unset")
    if isinstance(value, tuple):
        compared = [(operator, values) for operator, values in said if operator != OTHERS]
        if value[1] not in currencies_of(said):
            return (OTHERS, ("holds",)) in said
        said = tuple((operator, tuple(one[0] for one in values if one[1] == value[1])) for operator, values in compared)  # type: ignore[index]
        value = value[0]
    return value is not None and all(_compares(operator, values, value) for operator, values in said)


def currencies_of(said: Said) -> set[str]:
    """Those that a condition on an amount names."""
    return (
        set() if isinstance(said, str) else {one[1] for _, values in said for one in values if isinstance(one, tuple)}
    )


def _compares(operator: str, values: Sequence[Value], value: Value) -> bool:
    if operator in ("one_of", "none_of"):
        return (value in values) == (operator == "one_of")
    bound: int = values[0]  # type: ignore[assignment]
    assert isinstance(value, int)
    return {
        "at_least": value >= bound,
        "above": value > bound,
        "at_most": value <= bound,
        "below": value < bound,
        "within": 0 <= value <= bound,
    }[operator]


def in_force(rule: Rule, day: int) -> bool:
    """`[from, until)` (rule 7)."""
    return (rule.from_ is None or rule.from_ <= day) and (rule.until is None or day < rule.until)


def holds(when: Sequence[tuple[str, Said]], point: Point) -> bool:
    """All lines of a `when` must hold."""
    return all(meets(said, point.get(field)) for field, said in when)


def holding(rules: Sequence[Rule], operation: str, point: Point) -> frozenset[str]:
    """The ids of those of an operation that are in force and hold."""
    day = point["date"]
    assert isinstance(day, int)
    return frozenset(
        one.id for one in rules if operation in one.operations and in_force(one, day) and holds(one.when, point)
    )


class Meaning:
    """What a policy decides."""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.by_id = {rule.id: rule for rule in plain.rules}
        self._base = dict(plain.base)
        self._kept: dict[tuple[str, str, frozenset[str]], tuple[str, ...]] = {}

    def overrides(self, one: str, other: str) -> bool:
        """It reaches through a third, whatever becomes of that."""
        direct = self.by_id[one].overrides
        return other in direct or any(self.overrides(between, other) for between in direct)

    def narrower(self, one: str, other: str) -> bool:
        """Everything that satisfies the one satisfies the other as well, and not the other way around."""
        a, b = dict(self.by_id[one].when), dict(self.by_id[other].when)
        values = {field: self._values(field) for field in {**a, **b}}

        def within(inner: Mapping[str, Said], outer: Mapping[str, Said]) -> bool:
            return all(
                meets(said, value)
                for field, said in outer.items()
                for value in values[field]
                if field not in inner or meets(inner[field], value)
            )

        return within(a, b) and not within(b, a)

    def _values(self, field: str) -> list[Value]:
        """Of a field one value of each kind that the drawn conditions tell apart. Roles and reasons are closed lists,
        and choices are, too."""
        spec = FIELDS[field]
        if spec.type == "money":
            return [None, *product(range(-3, 5), CURRENCIES)]
        if spec.type == "date":
            return [None, *range(FIRST_DAY - 3, FIRST_DAY + 9)]
        if spec.type == "boolean":
            return [None, True, False]
        if field == "actor.role":
            return [None, *sorted({role for _, role in self.plain.roles})]
        if field == "reason":
            return [None, *self.plain.codes]
        return [None, *(spec.choices or (*WORDS[field], "another"))]

    def survivors(self, operation: str, key: str, those: frozenset[str]) -> tuple[str, ...]:
        """Which decides, of those that hold (rule 5); sorted. None leaves it to the base rule."""
        found = self._kept.get((operation, key, those))
        if found is None:
            candidates = [id for id in those if key in dict(self.by_id[id].then)]
            remaining = [b for b in candidates if not any(self.overrides(a, b) for a in candidates)]
            left = [b for b in remaining if not any(self.narrower(a, b) for a in remaining)]
            found = self._kept[operation, key, those] = tuple(sorted(left))
        return found

    def said(self, key: str, survivors: Iterable[str]) -> set[Outcome]:
        """What they say, as it was written."""
        return {dict(self.by_id[id].then)[key] for id in survivors}

    def comes(self, operation: str, key: str, those: frozenset[str]) -> frozenset[Outcome]:
        """What comes out where these hold; more than one thing is a conflict."""
        said = self.said(key, self.survivors(operation, key, those))
        if not said and (operation, key) in self._base:
            said = {self._base[operation, key]}
        return frozenset(effect(key, outcome) for outcome in said)

    def decider(self, operation: str, key: str, those: frozenset[str]) -> str:
        """The first by name of the exceptions that decide, or the base rule."""
        return next(iter(self.survivors(operation, key, those)), f"{operation}.{key}")

    def without(self, id: str) -> Meaning:
        """The policy without a rule: nobody overrides it, or what it overrides through it."""
        left = [one for one in self.plain.rules if one.id != id]
        rules = (one._replace(overrides=tuple(each for each in one.overrides if each != id)) for one in left)
        return Meaning(self.plain._replace(rules=tuple(rules)))


def effect(key: str, outcome: Outcome) -> Outcome:
    """Levels after `default`, where there is one, have no effect; a document without the attribute has none, either."""
    if isinstance(outcome, str):
        return outcome
    found: list[str] = []
    for level in outcome:
        if level == "default":
            if key in DEFAULTS:
                return (*found, "default")
        elif level not in ("invoice", "credit_memo", "debit_memo") or level in DOCUMENTS_OF[key]:
            found.append(level)
    return tuple(found)


def is_assumed(plain: Plain, operation: str, point: Point) -> bool:
    """Whether facts are as the policy assumes; of an object that there is none of nothing is assumed."""
    names = {field.name for field in VOCABULARY[operation].fields}
    for when, then in ((said[0], (one,)) for said in plain.assumptions for one in said[1]):
        concerned = {field.partition(".")[0] for field, _ in (*when, *then)}
        there = all(point.get(f"{one}.id") or point.get(f"{one}.number") for one in concerned)
        known = {field for field, _ in (*when, *then)} <= names
        if known and there and holds(when, point) and not holds(then, point):
            return False
    return True


def flat(point: Point) -> dict[str, Fact]:
    """As the conditions of the program have facts: money is two of them."""
    found: dict[str, Fact] = {}
    for field, value in point.items():
        if isinstance(value, tuple):
            found[field], found[f"{field}.currency"] = value
        elif value is not None:
            found[field] = value
    return found


def as_point(case: Mapping[str, Fact | None]) -> dict[str, Value]:
    """The other way around; without those that are unset."""
    facts = {fact: value for fact, value in case.items() if value is not None}
    money = {name for name in facts if name in FIELDS and FIELDS[name].type == "money"}
    found: dict[str, Value] = {name: (int(facts[name]), str(facts[f"{name}.currency"])) for name in money}
    return found | {name: value for name, value in facts.items() if name in FIELDS and name not in money}


# -- all facts of a small world ----------------------------------------------------------------------------------------

CURRENCIES = ("EUR", "USD", "JPY")
"""Conditions name the first two; the last stands for all others."""
PEOPLE = ("ines", "ana", "maria", "bob")
"""Conditions name these; roles are given to some of them."""
WORDS = {
    "account.country": ("DE", "FR"),
    "account.currency": ("EUR", "USD"),
    "subscription.plan": ("gold", "lead"),
    "subscription.id": ("S-1", "S-2"),
    "invoice.currency": ("EUR", "USD"),
    "payment.currency": ("EUR", "USD"),
    "actor.id": PEOPLE,
}
"""What conditions say of texts; one other stands for all others."""
FIELDS: dict[str, FieldSpec] = {
    field.name: field
    for field in (*fields_of("account", "subscription"), *(f for spec in SMALL.values() for f in spec.fields))
}
ABOUT = {
    "day": ("date",),
    "from": ("date", "from", "back_dated"),
    "invoice": ("amount", *(f"invoice.{name}" for name in ("amount", "balance", "balance_is", "settled", "currency"))),
    "amount": ("amount",),
    "payment": ("amount", *(f"payment.{name}" for name in ("amount", "balance", "balance_is", "currency"))),
    "actor": ("actor.id", "actor.role"),
    "reason": ("reason",),
    "country": ("account.country",),
    "currency": ("account.currency",),
    "subscription": ("subscription.id", "subscription.plan", "subscription.status"),
}
"""What drawn conditions ask about, in groups: within a group facts depend on each other."""


_AMOUNTS = {"amount", "invoice", "payment"}


def groups_of(operation: str) -> list[str]:
    """The groups of an operation."""
    names = {field.name for field in VOCABULARY[operation].fields}
    found = [group for group, fields in ABOUT.items() if names.issuperset(fields)]
    # Where there is a document, the amount is in its currency.
    return [group for group in found if group != "amount" or not {"invoice", "payment"}.intersection(found)]


def world(plain: Plain, operation: str, groups: Iterable[str]) -> Iterator[Point]:
    """All facts that there can be, as far as conditions about these groups tell them apart."""
    chosen, parts = {"day", *groups}, []
    if not chosen.isdisjoint(_AMOUNTS):
        chosen |= _AMOUNTS
    for group in groups_of(operation):
        if group != "day" or "from" not in chosen.intersection(groups_of(operation)):  # which has the day, too
            parts.append(_all_of(plain, operation, group) if group in chosen else [_any_of(group)])
    for pieces in product(*parts):
        point: dict[str, Value] = {"account.id": "A-1"}
        for piece in pieces:
            point |= piece
        day = point["date"]
        assert isinstance(day, int)
        in_time = plain.from_ <= day and (plain.until is None or day < plain.until)
        if in_time and is_assumed(plain, operation, point):
            yield point


def _any_of(group: str) -> Point:
    if group in ("invoice", "payment"):
        return _document(group, 2, 2, "JPY")
    if group == "from":
        return {"from": FIRST_DAY + 9, "back_dated": False}
    return {"account.currency": "JPY"} if group == "currency" else {}


def _all_of(plain: Plain, operation: str, group: str) -> list[Point]:
    if group == "day":
        return [{"date": FIRST_DAY + n} for n in range(6)]
    if group == "from":  # what holds from before the document date is dated back; from later on it may be, or not
        days = range(FIRST_DAY - 1, FIRST_DAY + 6)
        return [
            {"date": date, "from": since, "back_dated": back}
            for date in days
            for since in days
            for back in (True, False)
            if back or since >= date
        ]
    if group in ("invoice", "payment"):
        return _documents(group, operation)
    if group == "amount":
        return [{}, *({"amount": (number, code)} for number in range(3) for code in CURRENCIES)]
    if group == "actor":
        roles = dict(plain.roles)
        some = ({"actor.id": who, "actor.role": roles.get(who)} for who in (*PEOPLE, "somebody else"))
        return [{}, *some]
    if group == "reason":
        return [{"reason": code} for code in (None, *plain.codes)]
    if group == "subscription":
        # With an id it is one subscription, which has a status; several may share all but the id.
        every = product((None, "S-1", "S-2", "S-3"), (None, "gold", "lead", "tin"), (None, "active", "canceled"))
        return [
            {"subscription.id": id, "subscription.plan": plan, "subscription.status": status}
            for id, plan, status in every
            if id is None or status is not None
        ]
    field = ABOUT[group][0]
    some_words = (*WORDS[field], "another") if field == "account.country" else CURRENCIES
    return [{field: word} for word in ((None,) if field == "account.country" else ()) + some_words]


def _documents(scope: str, operation: str) -> list[Point]:
    """The document and the amount of the operation, which is in its currency; of no document in any."""
    found: list[Point] = []
    for amount in (None, 0, 1, 2):
        for currency in CURRENCIES:
            own: Point = {} if amount is None else {"amount": (amount, currency)}
            for whole in range(-2 if scope == "invoice" else 0, 4):
                for rest in range(min(whole, 0), max(whole, 0) + 1):
                    found.append({**_document(scope, whole, rest, currency), **own})
            if scope in VOCABULARY[operation].uncertain:
                found.append(own)
    return found


def _document(scope: str, whole: int, rest: int, currency: str) -> Point:
    sign = "below_zero" if rest < 0 else "above_zero" if rest else "zero"
    found: dict[str, Value] = {
        f"{scope}.number": "D-1",
        f"{scope}.currency": currency,
        f"{scope}.amount": (whole, currency),
        f"{scope}.balance": (rest, currency),
        f"{scope}.balance_is": sign,
    }
    if scope == "invoice":
        found["invoice.settled"] = "nothing" if rest == whole else "part" if rest else "all"
    return found


# -- strategies --------------------------------------------------------------------------------------------------------


class Size(NamedTuple):
    """What conditions name."""

    amounts: tuple[int, ...] = (0, 1)
    days: tuple[int, ...] = (0, 1, 2, 3)
    """After the first day of the policy."""
    texts: tuple[str, ...] = ()
    """Of any field of text, instead of `WORDS`."""


TINY = Size()


@st.composite
def conditions(
    draw: st.DrawFn, plain: Plain, fields: Sequence[str], most: int = 3, size: Size = TINY
) -> tuple[tuple[str, Said], ...]:
    """A `when` about some of these fields; each line can be met."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=most)) if fields else []
    return tuple((field, draw(_saids(plain, field, size))) for field in chosen)


@st.composite
def _saids(draw: st.DrawFn, plain: Plain, field: str, size: Size) -> Said:
    spec = FIELDS[field]
    presence: Said | None = draw(st.sampled_from((None, None, None, None, "set", "unset")))
    if presence is not None:
        return presence
    if spec.type == "money":
        operator = draw(st.sampled_from(_COMPARISONS))
        currencies = draw(st.lists(st.sampled_from(CURRENCIES[:2]), unique=True, min_size=1))
        compared: dict[str, tuple[Value, ...]] = {}
        for currency in currencies:
            for each, values in draw(_compared(operator, [(n, currency) for n in size.amounts])):
                compared[each] = (*compared.get(each, ()), *values)
        others = draw(st.sampled_from((None, None, "holds", "fails")))
        return (*compared.items(), *(() if others is None else ((OTHERS, (others,)),)))
    if spec.type == "date":
        return draw(_compared(draw(st.sampled_from(_COMPARISONS)), [FIRST_DAY + n for n in size.days]))
    if spec.type == "boolean":
        return (("one_of", (draw(st.booleans()),)),)
    if field == "actor.role":
        words: Sequence[str] = sorted({role for _, role in plain.roles})
    else:
        # Of people there is one spelling.
        texts = size.texts if spec.type == "text" and field != "actor.id" else WORDS.get(field, ())
        words = plain.codes if field == "reason" else spec.choices or texts or WORDS[field]
    if not words:
        return "unset"
    operator = draw(st.sampled_from(("one_of", "none_of")))
    some: tuple[Value, ...] = tuple(draw(st.lists(st.sampled_from(words), unique=True, min_size=1, max_size=2)))
    closed = bool(spec.choices)
    if operator == "none_of" and closed and len(some) == len(words):
        operator = "one_of"  # that nothing can be met is refused where the list stands in the vocabulary
    return ((operator, some),)


_COMPARISONS = ("one_of", "none_of", "at_least", "at_most", "above", "below", "between")


@st.composite
def _compared(draw: st.DrawFn, operator: str, values: Sequence[Value]) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    if operator == "between":
        low, high = sorted(draw(st.tuples(st.sampled_from(values), st.sampled_from(values))))  # type: ignore[type-var]
        return (("at_least", (low,)), ("at_most", (high,)))
    if operator in ("one_of", "none_of"):
        return ((operator, tuple(draw(st.lists(st.sampled_from(values), unique=True, min_size=1, max_size=2)))),)
    return ((operator, (draw(st.sampled_from(values)),)),)


CHAINS: tuple[Outcome, ...] = (
    ("invoice", "account"),
    ("account", "invoice"),
    ("account",),
    ("account", "default"),
    ("account", "default", "invoice"),
)
PERMISSIONS: tuple[Outcome, ...] = ("allowed", "approval", "refused")


def keys_of(operation: str) -> tuple[str, ...]:
    """What is decided of it here."""
    return ("contact", "note", "permission") if VOCABULARY[operation].produces else ("permission",)


def _outcomes(key: str) -> Sequence[Outcome]:
    if key == "permission":
        return PERMISSIONS
    return CHAINS if key in DEFAULTS else CHAINS[:3]


class Drawn(NamedTuple):
    """A policy and the groups that its conditions are about."""

    plain: Plain
    groups: tuple[str, ...]
    operations: tuple[str, ...]


@st.composite
def frames(draw: st.DrawFn, size: Size = TINY) -> Drawn:
    """What stands around the rules: who has which role, which reasons there are, what the base rules say, what is
    assumed; and what conditions are about."""
    operations = tuple(draw(st.lists(st.sampled_from(OPERATIONS), unique=True, min_size=1, max_size=2)))
    possible = sorted({group for one in operations for group in groups_of(one)} - {"day"})
    groups = tuple(draw(st.lists(st.sampled_from(possible), unique=True, min_size=1, max_size=2)))
    groups = tuple(one for one in groups if one != "payment" or "invoice" not in groups)
    roles = tuple((who, draw(st.sampled_from(("clerk", "lead")))) for who in PEOPLE[: draw(st.integers(0, 3))])
    base = tuple(
        ((operation, key), draw(st.sampled_from(_outcomes(key))))
        for operation in operations
        for key in keys_of(operation)
    )
    until = draw(st.sampled_from((None, FIRST_DAY + 3, FIRST_DAY + 5)))
    plain = Plain((), base, until, roles, draw(st.sampled_from((("A", "B"), ("A",), ("A", "B", "C")))))
    fields = [field for group in groups for field in ABOUT[group] if _of_a_book(field)]
    assumptions = []
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))) if fields else ():
        then = draw(conditions(plain, fields, 1, size))
        if then:
            assumptions.append((draw(conditions(plain, fields, 1, size)), then))
    return Drawn(plain._replace(assumptions=tuple(assumptions)), groups, operations)


def _of_a_book(field: str) -> bool:
    return field.partition(".")[0] in ("account", "subscription", "invoice", "payment")


@st.composite
def rules(draw: st.DrawFn, drawn: Drawn, most: int = 5, names: str = "abc", size: Size = TINY) -> tuple[Rule, ...]:
    """Exceptions that override each other without a circle: each only those that were drawn before it."""
    found: list[Rule] = []
    # A policy without an end has a day in its world on which every rule that ends has ended.
    last = FIRST_DAY + 4 if drawn.plain.until is None else drawn.plain.until - 1
    for number in range(draw(st.integers(1, most))):
        operations = tuple(draw(st.lists(st.sampled_from(drawn.operations), unique=True, min_size=1, max_size=2)))
        keys = [key for key in keys_of(operations[0]) if all(key in keys_of(one) for one in operations)]
        asked = [field for group in ("day", *drawn.groups) for field in ABOUT[group]]
        fields = sorted({f for f in asked if all(f in {s.name for s in SMALL[one].fields} for one in operations)})
        then = draw(st.lists(st.sampled_from(keys), unique=True, min_size=1, max_size=2))
        from_ = draw(st.none() | st.integers(FIRST_DAY, last))
        until = None if from_ is None else draw(st.none() | st.integers(from_ + 1, last + 1))
        earlier = [other.id for other in found]
        found.append(
            Rule(
                f"{draw(st.sampled_from(names))}{number}",
                operations,
                draw(conditions(drawn.plain, fields, size=size)),
                tuple((key, draw(st.sampled_from(_outcomes(key)))) for key in then),
                tuple(draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else ()),
                from_,
                until,
            )
        )
    return tuple(found)


@st.composite
def policies(draw: st.DrawFn, most: int = 5, size: Size = TINY) -> Drawn:
    """Policies of a few exceptions."""
    drawn = draw(frames(size))
    return drawn._replace(plain=drawn.plain._replace(rules=draw(rules(drawn, most, size=size))))
