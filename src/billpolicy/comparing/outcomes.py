"""What of an operation comes out otherwise under one policy than under another.

An outcome is the value and the level of each decision, the number series, what documents say and what they come to,
where money goes, what follows, and the codes of a refusal. Ids of rules, reasons, names and the counters of numbers are
none, so documents that are made go by what they are: the first credit memo of an operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple, Protocol

from billpolicy.book.changes import Applied, Issued
from billpolicy.book.model import Application
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import Plan, PlannedDocument, in_turn
from billpolicy.planning.requested import requested
from billpolicy.policy.model import Policy, Setting
from billpolicy.source.codec import canonical

Kind = Literal[
    "value",
    "level",
    "series",
    "due_date",
    "amount",
    "documents",
    "placed",
    "follows",
    "refused",
    "no_longer_refused",
    "refused_otherwise",
    "other",
]
"""What kind of a difference it is: another value; the same from another level; another number series; another due date;
another amount of a document; more, fewer or other documents; money put elsewhere; other steps that follow; a refusal
in place of what was done, the reverse, or another reason; and whatever else is recorded."""


class Apart(NamedTuple):
    """One thing that comes out otherwise."""

    kind: Kind
    operation: str
    """The operation, or the step that follows it."""
    key: str | None
    """The decision, of `value` and `level`; the kind of the document, of what is about one."""
    old: str | None
    new: str | None


class PlanOrRefusal(Protocol):
    """What came of an operation: a plan, or why it is refused."""

    @property
    def plan(self) -> Plan | None:
        """What it does, with all that follows it."""

    @property
    def problems(self) -> Sequence[Diagnostic]:
        """Why it is refused."""


Kinds = Mapping[str, Collection[str]]
"""Attribute -> the kinds of documents that have it."""


def kinds(*policies: Policy) -> Kinds:
    """Which documents have which attribute, under one of the policies or another."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for name, attribute in policy.attributes.items():
            found.setdefault(name, set()).update(attribute.documents)
    return found


def apart(operation: str, old: PlanOrRefusal, new: PlanOrRefusal, has: Kinds) -> tuple[Apart, ...]:
    """All that comes out otherwise of one operation, each thing once."""
    if old.plan is not None and new.plan is not None:
        return tuple(dict.fromkeys(_plans(old.plan, new.plan, has)))
    before, after = _codes(old.problems), _codes(new.problems)
    if old.plan is None and new.plan is None:
        return () if before == after else (Apart("refused_otherwise", operation, None, before, after),)
    if new.plan is None:
        return (Apart("refused", operation, None, None, after),)
    return (Apart("no_longer_refused", operation, None, before, None),)


def _codes(problems: Sequence[Diagnostic]) -> str:
    return ", ".join(sorted({one.code for one in problems}))


def _plans(old: Plan, new: Plan, has: Kinds) -> Iterator[Apart]:
    """Of an operation with all that follows it."""
    before, after = _steps(old), _steps(new)
    for name in dict.fromkeys((*before, *after)):
        for one, other in zip_longest(before.get(name, ()), after.get(name, ())):
            if one is None or other is None:
                before_, after_ = (None if side is None else "follows" for side in (one, other))
                yield Apart("follows", name, None, before_, after_)
                continue
            found = list(_plan(one, other, has))
            yield from found
            if not found and one.changes != other.changes and _recorded(old, one) != _recorded(new, other):
                yield Apart("other", name, None, None, None)


def _steps(plan: Plan) -> dict[str, list[Plan]]:
    """An operation and its steps by what they are, the operation itself first."""
    found: dict[str, list[Plan]] = {}
    for step in in_turn(plan):
        found.setdefault(step.operation, []).append(step)
    return found


def _plan(old: Plan, new: Plan, has: Kinds) -> Iterator[Apart]:
    """Of one operation by itself."""
    for one, other in zip_longest(old.resolved, new.resolved):
        if one is not None and other is not None:
            yield from _decided(old, one, new, other, has)
    before, after = _documents(old), _documents(new)
    for kind in dict.fromkeys((*before, *after)):
        mine, theirs = before.get(kind, []), after.get(kind, [])
        if len(mine) != len(theirs):
            yield Apart("documents", old.operation, kind, _count(mine), _count(theirs))
        for a, b in zip(mine, theirs, strict=False):
            yield from _document(old.operation, kind, a, b)
    placed, elsewhere = _placed(old), _placed(new)
    if placed != elsewhere:
        yield Apart("placed", old.operation, None, _money(placed - elsewhere), _money(elsewhere - placed))


def _decided(old: Plan, one: Resolved, new: Plan, other: Resolved, has: Kinds) -> Iterator[Apart]:
    """Decisions, but for those where the request itself says what counts, and for attributes that none of the documents
    has: what a bill run decides for invoices is no outcome where it makes a credit memo."""
    asked = {**requested(old, one), **requested(new, other)}
    made = {each.document.kind for each in old.documents if each.resolved is one}
    made |= {each.document.kind for each in new.documents if each.resolved is other}
    for key in dict.fromkeys((*one.resolutions, *other.resolutions)):
        if key in asked and not asked[key].on:
            continue
        if made and key in has and made.isdisjoint(has[key]):
            continue
        a, b = one.resolutions.get(key), other.resolutions.get(key)
        if a is None or b is None or a.value != b.value:
            before, after = (None if side is None else str(Setting(side.value)) for side in (a, b))
            yield Apart("value", one.operation, key, before, after)
        elif a.level != b.level:
            yield Apart("level", one.operation, key, a.level, b.level)


def _documents(plan: Plan) -> dict[str, list[PlannedDocument]]:
    found: dict[str, list[PlannedDocument]] = {}
    for one in plan.documents:
        found.setdefault(one.document.kind, []).append(one)
    return found


def _count(documents: Sequence[PlannedDocument]) -> str | None:
    return str(len(documents)) if documents else None


def _document(operation: str, kind: str, old: PlannedDocument, new: PlannedDocument) -> Iterator[Apart]:
    before, after = old.document, new.document
    said = (
        ("series", old.draw.prefix, new.draw.prefix),
        ("due_date", getattr(before, "due_date", None), getattr(after, "due_date", None)),
        ("amount", f"{before.amount:,} {before.currency}", f"{after.amount:,} {after.currency}"),
    )
    for what, one, other in said:
        if one != other:
            yield Apart(what, operation, kind, one and str(one), other and str(other))  # type: ignore[arg-type]


def _placed(plan: Plan) -> Counter[tuple[str, str, str]]:
    """Money as it is put from one document on another: from, to, amount."""
    names = _names(plan)

    def line(one: Application) -> tuple[str, str, str]:
        amount = f"{one.amount:,} {plan.currency_of(one)}"
        return names.get(one.from_, one.from_), names.get(one.to, one.to), amount

    return Counter(map(line, plan.applications))


def _money(lines: Counter[tuple[str, str, str]]) -> str | None:
    return "; ".join(f"{amount} from {from_} on {to}" for from_, to, amount in sorted(lines.elements())) or None


def _names(plan: Plan) -> dict[str, str]:
    """Number of each document that is made -> what it is; the counters of numbers are no outcome."""
    return {
        one.document.number: f"the new {kind.replace('_', ' ')}" + (f" {place}" if place > 1 else "")
        for kind, documents in _documents(plan).items()
        for place, one in enumerate(documents, start=1)
    }


def _recorded(whole: Plan, plan: Plan) -> str:
    """All that a step changes, without the numbers that are drawn in the whole of it."""
    text = canonical([(type(one).__name__, one) for one in plan.changes if not isinstance(one, Applied | Issued)])
    text += canonical([one.document for one in plan.of(Issued)])
    for number, name in {k: v for step in in_turn(whole) for k, v in _names(step).items()}.items():
        text = text.replace(f'"{number}', f'"{name}')
    return text
