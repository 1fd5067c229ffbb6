"""What a change of a policy does to operations that were recorded: their decisions are made again under both policies.

What one of the two policies decided when it was recorded is not made again. A step counts with the operation that it
follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

from billpolicy.comparing.outcomes import Apart, Kind
from billpolicy.comparing.tally import Case, Reason, add
from billpolicy.deciding.versions import Versions
from billpolicy.policy.model import Setting
from billpolicy.recording.record import Recorded, RecordedOperation
from billpolicy.recording.replay import Came, Difference, Replayed, replay


class Told(NamedTuple):
    """What is told of one recorded operation with its steps."""

    case: Case | None
    """How it comes out otherwise; nothing where it does not."""
    untold: tuple[str, ...]
    """Why it cannot be told whether something of it does."""


def recorded_cases(old: Versions, new: Versions, recorded: Iterable[Recorded], name: str) -> Iterator[Told]:
    """Each operation that was recorded, if it comes out otherwise; `name`: of the recording."""
    before, after = _Side(old), _Side(new)
    whole: list[tuple[Recorded, Replayed, Replayed]] = []
    for one in recorded:
        if one.operation.step_of is None and whole:
            yield _told(whole, name)
            whole = []
        whole.append((one, before.replayed(one), after.replayed(one)))
    if whole:
        yield _told(whole, name)


class _Side:
    """One of the two policies, to which recorded operations are put one by one."""

    def __init__(self, versions: Versions) -> None:
        self._digests = {policy.digest for policy in versions.policies}
        self._next: list[Recorded] = []
        self._replayed = replay(iter(self._next.pop, None), versions)

    def replayed(self, recorded: Recorded) -> Replayed:
        """What the policy makes of it: just what was recorded, where that was decided by this very policy."""
        if recorded.operation.digest in self._digests:
            return Replayed(recorded)
        self._next.append(recorded)
        return next(self._replayed)


def _told(whole: list[tuple[Recorded, Replayed, Replayed]], name: str) -> Told:
    apart: dict[Apart, Reason] = {}
    untold: list[str] = []
    for recorded, old, new in whole:
        if recorded.operation.refused:
            untold.append("it was refused then, and left no facts to decide again by")
        if old.runs and new.runs:
            apart |= _apart(recorded.operation, old.differences, new.differences)
            untold += [one.why for side in (old, new) for one in side.untold]
    first = whole[0][0].operation
    case = _case(first, [recorded.operation for recorded, *_ in whole], apart, name) if apart else None
    return Told(case, tuple(dict.fromkeys(untold)))


def _apart(operation: RecordedOperation, old: Iterable[Difference], new: Iterable[Difference]) -> dict[Apart, Reason]:
    """What comes out otherwise, by what either side makes of what was recorded."""
    found: dict[Apart, Reason] = {}
    before, after = _by_name(old), _by_name(new)
    for name in dict.fromkeys((*before, *after)):
        for one, other in zip_longest(before.get(name, ()), after.get(name, ())):
            known = one or other
            assert known is not None
            was, now = (known.old if side is None else side.new for side in (one, other))
            kind = _kind(name[1], one, other, was, now)
            if kind is not None:
                key, refuses = name[1], kind in ("refused", "no_longer_refused", "refused_otherwise")
                is_event = kind == "follows"
                said = Apart(
                    kind,
                    name[0],
                    None if refuses or is_event else _document(operation, key, name[2]),
                    _text(was, kind, refused=one is not None and one.kind == "refused"),
                    _text(now, kind, refused=other is not None and other.kind == "refused"),
                )
                found[said] = Reason(None if was is None else was.rule, None if now is None else now.rule)
    return found


def _by_name(differences: Iterable[Difference]) -> dict[tuple[str, str, str | None], list[Difference]]:
    found: dict[tuple[str, str, str | None], list[Difference]] = {}
    for one in differences:
        found.setdefault((one.operation, one.key, one.on), []).append(one)
    return found


def _kind(
    key: str, one: Difference | None, other: Difference | None, was: Came | None, now: Came | None
) -> Kind | None:
    """How the two sides differ; not at all where both differ from what was recorded in the same way."""
    refused, refuses = one is not None and one.kind == "refused", other is not None and other.kind == "refused"
    if refused and refuses:
        return None if was is not None and now is not None and was.value == now.value else "refused_otherwise"
    if refused or refuses:
        return "refused" if refuses else "no_longer_refused"
    if key == "follow_up":
        return "follows" if (one is None) != (other is None) else None
    if was is None or now is None or was.value != now.value:
        return None if was == now else "series" if key == "series" else "due_date" if key == "due_date" else "value"
    return "level" if was.level != now.level else None


def _document(operation: RecordedOperation, key: str, on: str | None) -> str:
    """A decision by its name; what is about a document by the kind of that."""
    if key not in ("series", "due_date"):
        return key
    documents = (one for decision in operation.decisions for one in decision.documents)
    return next((one.kind for one in documents if one.number == on), key)


def _text(came: Came | None, kind: Kind, *, refused: bool) -> str | None:
    if came is None:
        return None
    if kind in ("refused", "no_longer_refused", "refused_otherwise"):
        return str(came.value) if refused else None
    if kind == "follows":
        return "follows"
    return came.level if kind == "level" else str(Setting(came.value))


def _case(first: RecordedOperation, all_of_it: list[RecordedOperation], apart: dict[Apart, Reason], name: str) -> Case:
    documents = [one for each in all_of_it for decision in each.decisions for one in decision.documents]
    amounts: dict[str, Decimal] = {}
    for one in documents:
        if one.amount is not None and one.currency is not None:
            add(amounts, {one.currency: abs(one.amount)})
    kinds = {one.kind for one in apart}
    return Case(
        sample=name,
        id=first.id,
        operation=first.operation,
        date=first.date,
        accounts=tuple(sorted({one.account for one in documents if one.account is not None})),
        old_amounts={} if "no_longer_refused" in kinds else amounts,
        new_amounts={} if "refused" in kinds else amounts,
        apart=tuple(apart),
        reasons=apart,
    )
