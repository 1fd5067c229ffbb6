"""What can be asked: an address, who may ask for it, and a function from what was asked to the answer.

`registry.py` lists them all. From that list come the routes, the OpenAPI document, and the test that asks each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.callers.caller import Scope
from billpolicy.service.problems import ProblemName


class Answer(NamedTuple):
    """What is answered."""

    content: Any
    """A record, which is written as JSON; JSON that is written already, as bytes; a page; or `Lines`."""
    status: int = 200
    headers: Mapping[str, str] = {}


@dataclass
class GoingOn:
    """Whether whoever asked still wants more."""

    wanted: bool = True

    def __call__(self) -> bool:
        return self.wanted


class Lines(NamedTuple):
    """Records, each of them a line of the answer, sent as it comes."""

    each: Iterator[Any]
    going_on: GoingOn
    """Is told where nobody listens any more: then no further group is begun."""


@dataclass(frozen=True)
class Endpoint:
    """One thing that can be asked."""

    method: Literal["GET", "POST"]
    path: str
    says: str
    """What it answers, in a sentence."""
    scope: Scope | None
    """What a caller needs for it; None: anybody may ask."""
    answer: Callable[[Asked], Answer]
    gives: str | None = None
    """The published schema of the answer."""
    type: str = "application/json"
    """Of an answer that no schema is published of."""
    takes: tuple[str, ...] = ()
    """The published schemas of the body, any of them."""
    parameters: tuple[Parameter, ...] = ()
    """What it knows, and refuses to be asked with anything beside; a page takes what its own forms and links say."""
    gives_lines: bool = False
    """Whether it can answer line by line, as NDJSON, and takes operations so."""
    statuses: Mapping[int, str] = field(default_factory=lambda: {200: "Answered."})
    """What it answers where it can, and what that means."""
    problems: tuple[ProblemName, ...] = ()
    """Why it may not be answered, beside what every endpoint has."""
    quick: bool = False
    """Whether it is answered in less time than it takes to hand it to a thread."""
    or_scope: Scope | None = None
    """What does as well."""
    at_once: Callable[[Asked], Answer | None] | None = None
    """Gives the answer where that is so this time, and nothing is wrong; otherwise None, and `answer` is asked."""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Any of them is needed; none: anybody may ask."""
        return tuple(one for one in (self.scope, self.or_scope) if one is not None)
