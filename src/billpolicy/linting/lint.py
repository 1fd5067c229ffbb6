"""What a lint is: a code, a severity, and a function that goes through a policy and yields what could be better.

A lint tells nothing that may be meant as it is: cases that it misses are acceptable, false alarms are not. What takes a
proof over all facts is told by `analysis`; a lint looks at single rules and names.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, NamedTuple

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Position, Severity
from billpolicy.policy.language import AssumptionText, ExceptionText, FollowUpText, PolicyFile
from billpolicy.policy.layers import Layer
from billpolicy.policy.model import BaseRule, Clause, ExceptionRule, Policy
from billpolicy.source.files import Place
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.spec import Vocabulary

Category = Literal["reasons", "names", "conditions", "precedence", "dates", "authority", "layers", "comments"]
Options = Mapping[str, int]
"""Option of a lint -> its value."""


@dataclass(frozen=True)
class Subject:
    """A policy that is right, as lints look at it: what its top layer says, and what it comes to with its bases."""

    place: Place
    """The folder or file, and where it is read from."""
    layers: tuple[Layer, ...]
    """The base first."""
    policy: Policy
    below: Policy | None
    """What the bases come to without the top layer; None where it has none."""
    vocabulary: Vocabulary
    today: datetime.date
    words: frozenset[str] | None = field(default=None, repr=False)
    """Every text and key in the data that were given; None where none were."""

    @property
    def files(self) -> tuple[tuple[PolicyFile, Tree], ...]:
        """The files of the top layer. What stands in a base is told when the base is linted."""
        return self.layers[-1].files

    @cached_property
    def own(self) -> frozenset[str]:
        """The names of those files."""
        return frozenset(tree.file for _, tree in self.files)

    @cached_property
    def exceptions(self) -> tuple[ExceptionRule, ...]:
        """The exceptions of the top layer."""
        return tuple(rule for rule in self.policy.exceptions if rule.position.file in self.own)

    @cached_property
    def conditional(self) -> tuple[ExceptionRule, ...]:
        """The rules of the top layer that have a condition: exceptions and follow-ups."""
        return tuple(rule for rule in self.policy.conditional if rule.position.file in self.own)

    @cached_property
    def base(self) -> tuple[BaseRule, ...]:
        """The base rules of the top layer; what it says of every operation is one for each."""
        return tuple(rule for rule in self.policy.base.values() if rule.position.file in self.own)

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """All that has an id and a condition in the top layer, as its file has it."""
        return tuple(
            Written(text, tree, (section, index))
            for file, tree in self.files
            for section in ("exceptions", "follow_ups", "assumptions")
            for index, text in enumerate(getattr(file, section))
        )

    @cached_property
    def texts(self) -> dict[str, Written]:
        """Each exception and follow-up of the top layer by its id."""
        return {one.text.id: one for one in self.written if one.path[0] != "assumptions"}

    def clause_at(self, rule: ExceptionRule, clause: Clause) -> Position:
        """What a rule of the top layer says of one field."""
        return self.texts[rule.id].at("when", clause.field)


class Written(NamedTuple):
    """An exception, a follow-up or an assumption as its file has it, and where."""

    text: ExceptionText | FollowUpText | AssumptionText
    tree: Tree
    path: tuple[str, int]

    def at(self, *path: str | int) -> Position:
        """The place of a part of it."""
        return self.tree.at(*self.path, *path)


class Finding(NamedTuple):
    """What a lint has found: one sentence, its place, and what to do."""

    message: str
    position: Position
    hint: str


class Lint(NamedTuple):
    """One lint. Its page, with an example that gives it and the same mended, is that of its code in the catalogue."""

    code: Code
    severity: Severity
    category: Category
    check: Callable[[Subject, Options], Iterator[Finding]]
    options: Options = MappingProxyType({})
    """Its options with their defaults."""
    needs_data: bool = False
    """Whether nothing can be told without books and operations; it is asked only where some were given."""
