"""The matchers by the names that users give them, `--engine python|durable|both`, and the one that asks both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from billpolicy.deciding.matching.durable import DurableMatcher, available, unavailable
from billpolicy.deciding.matching.protocol import EngineError, Matcher
from billpolicy.deciding.matching.reference import ReferenceMatcher
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import ExceptionRule

EngineName = Literal["python", "durable", "both"]


def default_engine() -> EngineName:
    """Both, where the rules engine loads; plain Python means the same everywhere else."""
    return "both" if available() else "python"


def engine_matcher(engine: EngineName, name: str, exceptions: Sequence[ExceptionRule]) -> Matcher:
    """The exceptions of operation `name`, compiled. Raises `EngineError` if the engine cannot be used here."""
    if engine == "python":
        return ReferenceMatcher(exceptions)
    reason = unavailable()
    if reason is not None:
        raise EngineError(reason)
    durable = DurableMatcher(name, exceptions)
    return durable if engine == "durable" else BothMatcher(name, ReferenceMatcher(exceptions), durable)


class BothMatcher:
    """Asks the reference and the rules engine, and answers only what both say: the engine never decides alone."""

    def __init__(self, name: str, reference: Matcher, engine: Matcher) -> None:
        self._name = name
        self._reference = reference
        self._engine = engine

    def match(self, facts: Facts) -> tuple[str, ...]:
        meant = self._reference.match(facts)
        answered = self._engine.match(facts)
        if meant != answered:
            raise EngineError(self._disagreement(meant, answered, facts))
        return meant

    def _disagreement(self, meant: tuple[str, ...], answered: tuple[str, ...], facts: Facts) -> str:
        missed = ", ".join(f"`{id}`" for id in meant if id not in answered)
        invented = ", ".join(f"`{id}`" for id in answered if id not in meant)
        said = [f"missed {missed}"] if missed else []
        said += [f"matched {invented}, which does not hold"] if invented else []
        known = ", ".join(f"{fact}: {facts[fact]!r}" for fact in sorted(facts))
        return (
            f"the rules engine is wrong about `{self._name}`: it {' and '.join(said)}; the facts are {known or 'none'}"
        )
