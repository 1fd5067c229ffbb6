"""Two matchers that must agree: the rules engine never decides alone."""

from __future__ import annotations

from billpolicy.deciding.matching.protocol import EngineError, Matcher
from billpolicy.policy.condition import Facts


class BothMatcher:
    """Asks the reference and the rules engine, and answers only what both say."""

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
