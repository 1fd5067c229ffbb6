"""The matchers by the names that users give them, `--engine python|durable|both`, and the one that asks both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from billpolicy.deciding.matching.cells import MOST_KEPT, CellMatcher, Cells
from billpolicy.deciding.matching.durable import DurableMatcher, available, unavailable
from billpolicy.deciding.matching.protocol import EngineError, Matcher
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import ExceptionRule

EngineName = Literal["python", "durable", "both"]


def default_engine() -> EngineName:
    """Both, where the rules engine loads; plain Python means the same everywhere else."""
    return "both" if available() else "python"


def engine_matcher(engine: EngineName, name: str, exceptions: Sequence[ExceptionRule]) -> Matcher:
    """The exceptions of operation `name`, compiled. Raises `EngineError` if the engine cannot be used here."""
    if engine == "python":
        return CellMatcher(exceptions)
    reason = unavailable()
    if reason is not None:
        raise EngineError(reason)
    durable = DurableMatcher(name, exceptions)
    return durable if engine == "durable" else BothMatcher(name, CellMatcher(exceptions), durable)


class BothMatcher:
    """Answers only what plain Python and the rules engine both say: the engine never decides alone.

    Facts that no condition tells apart have one answer, so the engine is asked once for each such cell of facts.
    """

    def __init__(self, name: str, meaning: CellMatcher, engine: Matcher) -> None:
        self._name = name
        self._meaning = meaning
        self._engine = engine
        self._cells = Cells(meaning.boxes, apart=True)
        self._agreed: dict[int, tuple[str, ...]] = {}

    def match(self, facts: Facts) -> tuple[str, ...]:
        cell = self._cells.answer(facts)
        agreed = self._agreed.get(cell)
        return self._ask(cell, facts) if agreed is None else agreed

    def _ask(self, cell: int, facts: Facts) -> tuple[str, ...]:
        meant = self._meaning.match(facts)
        answered = self._engine.match(facts)
        if meant != answered:
            raise EngineError(self._disagreement(meant, answered, facts))
        if len(self._agreed) >= MOST_KEPT:
            self._agreed.clear()
        self._agreed[cell] = meant
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
