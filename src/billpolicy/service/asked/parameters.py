"""Parts of addresses and heads of requests that have names: those that several endpoints have, and how all are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.service.asked.asked import Asked


class Parameter(NamedTuple):
    """A part of a request that has a name."""

    name: str
    says: str
    within: Literal["path", "query", "header"] = "query"
    pattern: str | None = None
    """What the whole of its value looks like."""
    example: str | None = None
    several: bool = False
    """Whether it may be said more than once."""


DAY = r"\d{4}-\d\d-\d\d"
TRUTH = r"true|false"
TODAY = Parameter(
    "today",
    "The day of planning, of operations without a date; by default that of UTC.",
    pattern=DAY,
    example="2026-03-02",
)
ON = Parameter(
    "on",
    "The version of the policy that is in force on this day; by default today's.",
    pattern=DAY,
    example="2026-03-02",
)
CONFIRM = Parameter(
    "confirm",
    "The digest of what a correction takes with the lines that were selected, as its plan shows it, or at least 8 "
    "characters of it.",
    pattern=r"[0-9a-f]{8,64}",
    example="0a1b2c3d",
    several=True,
)
KEY = Parameter(
    "idempotency-key",
    "The id of the operation that is sent alone: the same again is answered with what was posted. An operation without "
    "an `id` takes this one.",
    within="header",
    example="no-hot-water",
)
IF_MATCH = Parameter(
    "if-match",
    "The digest of the policy that this must be answered under, as `etag` gave it; under another one nothing is done.",
    within="header",
)
IF_NONE_MATCH = Parameter(
    "if-none-match",
    "The digest of the policy whose answer is there already, as `etag` gave it.",
    within="header",
)


def check_query(parameters: Iterable[Parameter], asked: Asked, path: str) -> None:
    """Raises `Refused` for what the address says beside these parameters, or as what they cannot be. `path`: whose."""
    problems = list(_wrong(parameters, asked, path))
    if problems:
        raise Refused(problems)


def _wrong(parameters: Iterable[Parameter], asked: Asked, path: str) -> Iterator[Diagnostic]:
    known = {one.name: one for one in parameters if one.within == "query"}
    for name in asked.query:
        at, values = Position(f"?{name[:40]}"), asked.query.getlist(name)
        parameter = known.get(name)
        if parameter is None:
            there_are = f"parameters here: {', '.join(known)}" if known else "there are none here"
            hint = did_you_mean(name, known) if known else None
            hint = hint if (hint or "").startswith("did you mean") else there_are
            yield Diagnostic("key-unknown", f"`{name[:40]}` is no parameter of {path}", at, hint)
        elif len(values) > 1 and not parameter.several:
            yield Diagnostic("said-twice", f"`{name}` is said {len(values)} times", at, "say it once")
        else:
            yield from (_no_such(parameter, value, at) for value in values if not _fits(parameter, value))


def _fits(parameter: Parameter, value: str) -> bool:
    return parameter.pattern is None or re.fullmatch(parameter.pattern, value, re.ASCII) is not None


def _no_such(parameter: Parameter, value: str, at: Position) -> Diagnostic:
    example = parameter.example or (parameter.pattern or "").partition("|")[0]
    message = f"`{value[:40]}` cannot be the value of `{parameter.name}`"
    return Diagnostic("value-wrong", message, at, f"write it like {parameter.name}={example}")


def is_said(asked: Asked, name: str) -> bool:
    """Whether a parameter that is true or false is true."""
    return asked.query.get(name) == "true"
