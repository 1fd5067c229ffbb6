"""The matchers by the names that users give them: `--engine python|durable|both`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from billpolicy.deciding.matching.both import BothMatcher
from billpolicy.deciding.matching.durable import DurableMatcher, available, unavailable
from billpolicy.deciding.matching.protocol import EngineError, Matcher
from billpolicy.deciding.matching.reference import ReferenceMatcher
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
