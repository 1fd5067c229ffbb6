"""TEMPORARY stand-in of the lead so that others can run the CLI; the owner of matching/ overwrites this file."""
from __future__ import annotations
from collections.abc import Iterable
from typing import Literal
from billpolicy.matching.protocol import Matcher
from billpolicy.matching.reference import ReferenceMatcher
from billpolicy.policy.model import ExceptionRule

Engine = Literal["python", "durable", "both"]


def engine_matcher(engine: Engine, name: str, exceptions: Iterable[ExceptionRule]) -> Matcher:
    return ReferenceMatcher(exceptions)


def default_engine() -> Engine:
    return "both"


def why_no_engine() -> str:
    return ""
