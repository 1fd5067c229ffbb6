"""What could be better in a policy that is right: every lint is asked, and what `validate` warns of is told, too."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.book.load import where_in
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, refuse_errors
from billpolicy.linting.lint import Subject
from billpolicy.linting.registry import LINTS
from billpolicy.linting.settings import Settings, settings_for
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import build, judged
from billpolicy.source.files import Place, place
from billpolicy.source.kinds import kind_of
from billpolicy.source.read import read_record
from billpolicy.source.tree import Tree, parse
from billpolicy.vocabulary.operations import VOCABULARY

MAX_MEGABYTES = 64
"""Of a file of data, as of a book."""


class Linted(NamedTuple):
    """What was found, before anything of it is ignored or taken for less."""

    found: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    """The files that were looked at: those of the top layer."""


def lint(
    path: str | Path | Place,
    *,
    today: datetime.date,
    data: Sequence[str | Path] = (),
    settings: Settings | None = None,
) -> Linted:
    """Go through a policy, a folder or a file. `data`: books and operations that may use its names. `settings`: where
    the options of lints are from; without them, from the `billpolicy.toml` of the policy.

    What is found is told as it is: `settle` leaves out what is ignored or known. Raises `Refused` with every mistake
    of form and of words; what takes a proof is for `validate`.
    """
    at = place(path)
    settings = settings_for(at) if settings is None else settings
    expect(settings, Settings, "`settings` must be what `settings_for` gives")
    words = frozenset(
        word for file in data for word in _words(parse(Path(file), max_megabytes=MAX_MEGABYTES, look=_look).data)
    )
    layers = read_layers(at.path, at.files)
    policy, problems = judged(layers, VOCABULARY)
    refuse_errors(problems)
    below = build(layers[:-1], VOCABULARY)[0] if len(layers) > 1 else None
    subject = Subject(at, tuple(layers), policy, below, VOCABULARY, today, words if data else None)
    warnings = (one for one in problems if one.position is not None and one.position.file in subject.own)
    return Linted((*warnings, *_asked(subject, settings.options)), tuple(tree.file for _, tree in subject.files))


def _look(begun: Tree) -> None:
    if kind_of(begun.data) == "book":
        read_record(BookFile, begun, where_in(begun))


def _asked(subject: Subject, options: Mapping[str, Mapping[str, int]]) -> Iterator[Diagnostic]:
    for one in (one for one in LINTS if subject.words is not None or not one.needs_data):
        for found in one.check(subject, {**one.options, **options.get(one.code, {})}):
            yield Diagnostic(one.code, found.message, found.position, found.hint, one.severity)


def _words(data: Any) -> Iterable[str]:
    """Every text and key in a tree."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _words(value)
    elif isinstance(data, list):
        for value in data:
            yield from _words(value)
    elif data is not None:
        yield str(data)
