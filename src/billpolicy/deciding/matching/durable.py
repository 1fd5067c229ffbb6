"""The rules engine as a matcher. This is the only file that imports `durable_rules_engine`.

The engine is driven through its C functions, one fact at a time: assert it, collect the rules that fire, retract it
(docs/rules-engine.md 6). It crashes, hangs or answers wrongly when it is fed badly; what is fed here is `terms`,
in rulesets far below every limit, and `guard` refuses beforehand what a policy could still do. Whatever fails, the
ruleset is thrown away and `EngineError` is raised: no answer of a broken engine is ever used.
"""

from __future__ import annotations

import json
import platform
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Protocol, cast

from billpolicy.deciding.matching.protocol import EngineError
from billpolicy.deciding.matching.terms import Conjunction, Term, conjunctions, encoded
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import ExceptionRule

OPERATION = "_operation"
PROBE = "_probe"
SUBJECT = {"sid": "_", "id": "_"}
"""The engine knows subjects and facts by a 32-bit hash, so there is one of each, always the same."""

MOST_RULES = 50
MOST_FIELDS = 200
"""Per ruleset. The engine ends at 65 rules that are true at once, 511 terms side by side, 252 fields of a fact."""

NOT_HANDLED = 1

INSTALL = (
    "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject "
    "pip install --force-reinstall --no-cache-dir durable_rules==2.0.28"
)
"""Builds the engine on every Python. Python 3.13 took out a function that its source calls by that old name; a build
without the new one, also one that pip kept, does not load."""


class EngineFunctions(Protocol):
    """The functions of `durable_rules_engine` 2.0.28 that are used."""

    def create_ruleset(self, name: str, rules: str) -> int: ...
    def delete_ruleset(self, handle: int) -> None: ...
    def delete_state(self, handle: int, sid: str) -> None: ...
    def assert_fact(self, handle: int, fact: str) -> tuple[int, int]: ...
    def retract_fact(self, handle: int, fact: str) -> tuple[int, int]: ...
    def start_action_for_state(self, handle: int, state: int) -> tuple[str, str] | None: ...
    def complete_and_start_action(self, handle: int, state: int) -> str | None: ...


@cache
def unavailable() -> str | None:
    """Why the rules engine cannot be used here, in one sentence; None where it can."""
    try:
        load()
    except ModuleNotFoundError:
        trouble = "is not installed here"
    except (Exception, SystemExit) as error:
        trouble = f"was built in a way that does not load on Python {platform.python_version()} ({error})"
    else:
        return None
    return (
        f"the rules engine {trouble}, and plain Python decides the same without it; "
        f"with a C compiler and Python's headers, `{INSTALL}` installs it"
    )


def broken() -> str | None:
    """Why an engine that is installed cannot be used; None where it can, and where it was left out on purpose."""
    return None if find_spec("durable_rules_engine") is None else unavailable()


def available() -> bool:
    return unavailable() is None


def load() -> EngineFunctions:
    """The engine. Raises `ImportError` where it is not installed, or was built in a way that does not load."""
    import durable_rules_engine

    return cast(EngineFunctions, durable_rules_engine)


class DurableMatcher:
    """The exceptions of one operation in the rules engine. Safe for many threads, one at a time inside."""

    def __init__(self, name: str, exceptions: Iterable[ExceptionRule]) -> None:
        self._name = name
        self._exceptions = tuple(exceptions)
        self._rulesets: list[_Ruleset] | None = None
        self._lock = threading.Lock()

    def match(self, facts: Facts) -> tuple[str, ...]:
        """Ids of the exceptions whose condition holds, sorted. The rulesets are built at the first call."""
        with self._lock:
            try:
                if self._rulesets is None:
                    self._rulesets = [_Ruleset(load(), chunk) for chunk in _chunks(self._exceptions)]
                return tuple(sorted({id for ruleset in self._rulesets for id in ruleset.match(facts)}))
            except BaseException as error:
                # Also an interrupt: a fact that is half in the engine would spoil every later answer.
                for ruleset in self._rulesets or ():
                    ruleset.abandon()
                self._rulesets = None
                if isinstance(error, Exception):
                    raise EngineError(f"the rules engine failed on `{self._name}`: {error}") from error
                raise

    def close(self) -> None:
        """Free the rulesets now rather than with the matcher. A later match builds them again."""
        with self._lock:
            for ruleset in self._rulesets or ():
                ruleset.close()
            self._rulesets = None


def _chunks(exceptions: Iterable[ExceptionRule]) -> Iterator[dict[Conjunction, list[str]]]:
    """The conjunctions and the ids they stand for. Of many, those that name the same value of the fact that most of
    them name are together, so that most rulesets need not be asked; so are those with a common beginning.

    Conditions that are the same share one engine rule: of the same rule the engine takes 255 and dies of the 256th.
    """
    ids: dict[Conjunction, list[str]] = {}
    for exception in exceptions:
        for box in exception.boxes:
            for conjunction in conjunctions(box):
                ids.setdefault(conjunction, []).append(exception.id)
    named = Counter(term.fact for conjunction in ids for term in conjunction if term.operator == "$eq")
    telling = min(named, key=lambda fact: (-named[fact], fact), default="")
    chunk: dict[Conjunction, list[str]] = {}
    fields: set[str] = set()
    before: str | None = None
    for value, conjunction in sorted((_named(telling, conjunction) or "", conjunction) for conjunction in ids):
        fields |= {term.fact for term in conjunction}
        full = len(chunk) == MOST_RULES or len(fields) > MOST_FIELDS
        if chunk and (full or (value and not before and len(ids) > MOST_RULES)):
            yield chunk
            chunk, fields = {}, {term.fact for term in conjunction}
        chunk[conjunction] = ids[conjunction]
        before = value
    if chunk:
        yield chunk


def _named(fact: str, conjunction: Conjunction) -> str | None:
    """The value that a fact must have, as one text for texts and numbers; None where it is not named."""
    return next((repr(term.value) for term in conjunction if term.fact == fact and term.operator == "$eq"), None)


class _Ruleset:
    """One ruleset of the engine, and the handle that must be freed."""

    def __init__(self, engine: EngineFunctions, ids: Mapping[Conjunction, Sequence[str]]) -> None:
        self._engine = engine
        self._ids = {str(number): tuple(of) for number, of in enumerate(ids.values())}
        self._fields = sorted({term.fact for conjunction in ids for term in conjunction})
        self._wanted = {
            fact: wanted for fact in self._fields if None not in (wanted := {_named(fact, one) for one in ids})
        }
        """Facts of which every rule names a value: with any other, none of them can fire."""
        # On its own `$nex` also matches the engine's inner facts, for ever: every rule begins with a positive term.
        rules = {str(number): _rule((Term(OPERATION, "$eq"), *terms)) for number, terms in enumerate(ids)}
        rules[PROBE] = _rule((Term(PROBE, "$eq"),))
        self._handle = engine.create_ruleset("_", json.dumps(rules))
        self._finalizer = weakref.finalize(self, _free, engine, self._handle)
        self._finalizer.atexit = False

    def match(self, facts: Facts) -> Iterator[str]:
        told: dict[str, str | int] = {OPERATION: 1}
        for field in self._fields:
            value = facts.get(field)
            if value is not None:
                told[field] = encoded(value)
        if all(repr(told.get(fact)) in wanted for fact, wanted in self._wanted.items()):
            for rule in _fired(self._engine, self._handle, told):
                yield from self._ids[rule]

    def close(self) -> None:
        self._finalizer()

    def abandon(self) -> None:
        """Free what a failed engine can still be trusted to free: a state in doubt is left behind."""
        if self._finalizer.detach():
            with suppress(Exception):  # what failed before is what is told
                self._engine.delete_ruleset(self._handle)


def _rule(terms: Iterable[Term]) -> dict[str, object]:
    return {"all": [{"m": {"$and": [{term.operator: {term.fact: term.value}} for term in terms]}}]}


def _fired(engine: EngineFunctions, handle: int, told: Mapping[str, str | int]) -> list[str]:
    """The names of the rules that fire for a fact. Afterwards the engine is as it was."""
    fact = json.dumps({**told, **SUBJECT})
    status, state = engine.assert_fact(handle, fact)
    if status == NOT_HANDLED:
        return []
    if status != 0:
        raise RuntimeError(f"it answered with status {status}")
    rules = []
    started = engine.start_action_for_state(handle, state)
    message = started[1] if started else None
    while message:
        rules.append(message[2 : message.index('"', 2)])
        message = engine.complete_and_start_action(handle, state)
    if not rules:
        raise RuntimeError("it took a fact and named no rule")
    engine.retract_fact(handle, fact)
    return rules


def _free(engine: EngineFunctions, handle: int) -> None:
    # A state in which no rule ever fired cannot be deleted: the engine frees memory that it never had.
    _fired(engine, handle, {PROBE: 1})
    engine.delete_state(handle, SUBJECT["sid"])
    engine.delete_ruleset(handle)
