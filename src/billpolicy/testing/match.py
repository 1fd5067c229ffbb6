"""Whether what came of an operation is what is expected of it: every difference, at its place in the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.sentences import counted
from billpolicy.planning.plan import FollowedBy, Plan
from billpolicy.source.tree import Block, Items
from billpolicy.testing.came_out import came_out
from billpolicy.testing.expected import BASE, DECISIONS
from billpolicy.testing.model import Expectation

Path = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)
class Decided:
    """Where a decision that is not as expected was taken: what there is to explain."""

    plan: Plan
    """Of the very operation or step."""
    resolved: Resolved
    key: str


@dataclass(frozen=True, eq=False)
class Mismatch:
    """One thing that is not as expected."""

    operation: str
    """The id of the operation that it is expected of."""
    what: str
    """`bill_to_contact`, `documents[1].amount`."""
    position: Position
    expected: str
    actual: str
    decided: Decided | None = None
    refused: tuple[Diagnostic, ...] = ()
    """Why there is nothing of what is expected: the operation was refused."""


def mismatches(
    id: str, expectation: Expectation, plan: Plan | None, refused: Sequence[Diagnostic]
) -> Iterator[Mismatch]:
    """All that is not as expected, of an operation that is planned or refused."""
    data, at = expectation.data, expectation.tree.at
    codes = sorted({problem.code for problem in refused})
    if "refused" in data:
        expected = sorted(map(str, data["refused"]))
        if plan is not None:
            yield Mismatch(id, "refused", at("refused"), _listed(expected), "it is not refused")
        elif expected != codes:
            found = tuple(refused)
            yield Mismatch(id, "refused", at("refused"), _listed(expected), _listed(codes), refused=found)
    elif plan is None:
        yield Mismatch(id, "", at(), "that it is done", f"it is refused: {_listed(codes)}", refused=tuple(refused))
    else:
        yield from _Matching(id, expectation).plan((), data, plan)


class _Matching:
    def __init__(self, id: str, expectation: Expectation) -> None:
        self._id = id
        self._at = expectation.tree.at

    def plan(self, path: Path, data: Block, plan: Plan) -> Iterator[Mismatch]:
        found = came_out(plan)
        for key, value in data.items():
            here = (*path, key)
            if key == DECISIONS:
                yield from self._decisions(here, value, plan, list(plan.resolved))
            elif key == "documents":
                yield from self._documents(here, value, plan, found["documents"])
            elif key == "follow_ups":
                yield from self._follow_ups(here, value, plan)
            elif key == "steps":
                yield from self._steps(here, value, plan)
            elif key not in _OF_STEP:
                if key in found:
                    yield from self._value(here, value, found[key])
                else:  # of one document, but there are none, or several
                    made = f"it makes {len(plan.documents) or 'no'} document{'s' if plan.documents else ''}"
                    yield self._mismatch(here, _text(value), made)

    def _documents(self, path: Path, data: Items, plan: Plan, found: list[dict[str, Any]]) -> Iterator[Mismatch]:
        if len(data) != len(found):
            named = ", ".join(f"{one['kind'].replace('_', ' ')} {one['number']}" for one in found)
            yield self._mismatch(path, _count(len(data), "document"), named or "it makes none")
            return
        for index, (expected, document) in enumerate(zip(data, found, strict=True)):
            here = (*path, index)
            resolved = plan.documents[index].resolved
            for key, value in expected.items():
                if key == DECISIONS:
                    yield from self._decisions((*here, key), value, plan, [resolved])
                else:
                    yield from self._value((*here, key), value, document[key])

    def _decisions(self, path: Path, data: Block, plan: Plan, of: Sequence[Resolved]) -> Iterator[Mismatch]:
        for key, expected in data.items():
            taken = [(one, one.resolutions[key]) for one in of if key in one.resolutions]
            if not taken:
                yield self._mismatch((*path, key), _decision_text(expected), "it was not decided")
            for resolved, resolution in taken:
                differing = [part for part in expected if not _decides(expected[part], part, resolution, resolved)]
                if differing:
                    value = resolution._asdict() | {"value": _text(resolution.value)}
                    if resolution.rule == f"{resolved.operation}.{key}":
                        value["rule"] = BASE
                    actual = _decision_text({part: value[part] for part in _SHOWN if value[part] is not None})
                    place = (*path, key, differing[0])
                    wanted, about = _decision_text(expected), Decided(plan, resolved, key)
                    yield Mismatch(self._id, _name((*path, key)), self._at(*place), wanted, actual, about)
                    break

    def _follow_ups(self, path: Path, data: Block, plan: Plan) -> Iterator[Mismatch]:
        ran = {one.rule for one in plan.follow_ups}
        for rule, expected in data.items():
            if (expected == "true") != (rule in ran):
                wanted, found = ("runs", "it does not run") if expected == "true" else ("does not run", "it runs")
                yield self._mismatch((*path, rule), wanted, found)

    def _steps(self, path: Path, data: Items, plan: Plan) -> Iterator[Mismatch]:
        if len(data) != len(plan.follow_ups):
            named = ", ".join(f"{one.plan.operation} by {one.rule}" for one in plan.follow_ups)
            yield self._mismatch(path, _count(len(data), "step"), named or "nothing follows")
            return
        for index, (expected, followed) in enumerate(zip(data, plan.follow_ups, strict=True)):
            here = (*path, index)
            told = _step(plan, followed)
            for key in _OF_STEP & expected.keys():
                yield from self._value((*here, key), expected[key], told[key])
            yield from self.plan(here, expected, followed.plan)

    def _value(self, path: Path, expected: Any, found: Any) -> Iterator[Mismatch]:
        if isinstance(expected, Block) and isinstance(found, Mapping):
            for key, value in expected.items():
                if key not in found:
                    named = f"there is only {_listed(found)}" if found else "there is none"
                    yield self._mismatch((*path, key), _text(value), named)
                else:
                    yield from self._value((*path, key), value, found[key])
            if not expected and found:
                yield self._mismatch(path, "none", _listed(found))
        elif isinstance(expected, Items) and isinstance(found, Sequence) and not isinstance(found, str):
            if len(expected) != len(found):
                yield self._mismatch(path, _items_text(expected), _items_text(found))
                return
            for index, (one, other) in enumerate(zip(expected, found, strict=True)):
                yield from self._value((*path, index), one, other)
        elif not _same(expected, found):
            yield self._mismatch(path, _text(expected), "there is none" if found is None else _text(found))

    def _mismatch(self, path: Path, expected: str, actual: str) -> Mismatch:
        return Mismatch(self._id, _name(path), self._at(*path), expected, actual)


_SHOWN = ("value", "level", "rule")
_OF_STEP = {"rule", "operation", "step"}


def _step(plan: Plan, followed: FollowedBy) -> dict[str, str]:
    step = followed.plan
    return {"rule": followed.rule, "operation": step.operation, "step": step.id.removeprefix(f"{plan.id}/")}


def _decides(expected: Any, part: str, resolution: Resolution, resolved: Resolved) -> bool:
    base = f"{resolved.operation}.{resolution.key}"
    if part == "rule" and str(expected) == BASE:
        return resolution.rule == base
    return _same(expected, getattr(resolution, part))


def _same(expected: Any, found: Any) -> bool:
    """Whether a scalar as it is written is what was found, by the type of that: an amount has the same value."""
    if expected is None or found is None:
        return expected is found
    if isinstance(found, Decimal):
        return Decimal(expected) == found
    return str(expected) == _text(found)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(held)}" for key, held in value.items() if held not in (None, [], {})) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _items_text(value)
    return "none" if value is None else str(value)


def _items_text(items: Sequence[Any]) -> str:
    return "; ".join(map(_text, items)) or "none"


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))


def _decision_text(decision: Mapping[str, Any]) -> str:
    """`jonas, from level subscription, by rule R`: of what is told."""
    parts = [str(decision["value"])] if "value" in decision else []
    parts += [f"from level {decision['level']}"] if "level" in decision else []
    parts += [f"by {_rule(decision['rule'])}"] if "rule" in decision else []
    return ", ".join(parts)


def _rule(id: str) -> str:
    return "the base rule" if id == BASE else f"rule {id}"


def _count(count: int, what: str) -> str:
    return f"no {what}" if not count else f"{counted(count, what)}"


def _name(path: Path) -> str:
    """`documents[1].bill_to_contact`."""
    steps = (step for step in path if step != DECISIONS)
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
