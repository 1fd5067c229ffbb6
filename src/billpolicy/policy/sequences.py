"""Sequence sets: how documents are numbered (docs/domain.md 8, docs/numbers.md). Their words, and what must be true of
them as a whole: names, prefixes, formats, and that no number can be reached from two series."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Iterator
from itertools import combinations, groupby

from billpolicy.book.kinds import KINDS
from billpolicy.book.numbers import FIELDS, RESETS, FiscalYear, fields_of
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.language import FiscalYearText, SeriesText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import DEFAULT_SET, Policy, SequenceSet, Series
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.spec import DocumentKind, Vocabulary

_Found = Iterator[Diagnostic]
_SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,14}")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
_FORMAT = re.compile(r"\{prefix\}((?:[A-Za-z0-9/_.-]|\{\w+\})*)\{number\}")
_FROM_SOURCE = re.compile(r"\{source\}([A-Za-z/_.-]+)\{number\}")
_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_MAX_WIDTH = 18
_RESERVED = {
    "PREVIEW-",
    "PM-",
    "PG-",
    *(own for kind in KINDS.values() for own in (kind.draft_prefix, kind.own_prefix) if own),
}
_REQUIRED = tuple(name for name, kind in KINDS.items() if kind.has_items)


def sequence_sets_of(declared: Declarations, layer: Layer) -> Iterator[SequenceSet]:
    """The sequence sets of one layer; what is wrong with their words is noted among the declarations."""
    for name, texts, tree in entries(layer, lambda file: file.sequence_sets):
        series = {kind: _series_of(declared, one, tree, "sequence_sets", name, kind) for kind, one in texts.items()}
        yield SequenceSet(name, series, tree.at("sequence_sets", name, key=True))


def fiscal_year_of(declared: Declarations, layer: Layer) -> FiscalYear | None:
    """The fiscal year of one layer, if it says one."""
    said = [(file.fiscal_year, tree) for file, tree in layer.files if file.fiscal_year is not None]
    for _, tree in said[1:]:
        message = f"`fiscal_year` is said twice in this policy (first at {said[0][1].at('fiscal_year')})"
        declared.problem("said-twice", message, tree.at("fiscal_year"), "keep one of the two")
    found = [_fiscal_year(declared, text, tree) for text, tree in said]
    return found[-1] if found else None


def _series_of(declared: Declarations, text: SeriesText, tree: Tree, *path: str) -> Series:
    """A series as it is written; what is wrong with its format is noted at its place."""
    form = _FORMAT.fullmatch(text.format)
    shown = fields_of(form[1]) if form else ()
    unknown = [field for field in shown if field not in FIELDS]
    if form is None or unknown:
        message = f"`{text.format}` is not a format of numbers"
        message = f"there is no `{{{unknown[0]}}}` in a format of numbers" if unknown else message
        hint = (
            "begin with `{prefix}` and end with `{number}`; between them letters, digits, `-`, `/`, `_`, `.`, "
            "`{year}`, `{month}` and `{fiscal_year}`"
        )
        declared.problem("sequence-format", message, tree.at(*path, "format"), hint)
        form, shown = _FORMAT.fullmatch("{prefix}{number}"), ()
    if not 1 <= text.width <= _MAX_WIDTH:
        message = f"a number cannot have {text.width} digits at least"
        declared.problem("sequence-format", message, tree.at(*path, "width"), f"write 1 to {_MAX_WIDTH}")
    between = _FROM_SOURCE.fullmatch(text.from_source) if text.from_source is not None else None
    if text.from_source is not None and between is None:
        message = f"`{text.from_source}` does not say how a number is made from that of the source"
        hint = "write it like `{source}-C{number}`, with letters or dashes between the two and no digits"
        declared.problem("sequence-format", message, tree.at(*path, "from_source"), hint)
    if text.reset is None and shown:
        message = f"this format shows `{{{shown[0]}}}`, but does not say whether numbers begin anew with it"
        hint = "add `reset: yearly`, `monthly` or `fiscal_year`; or `reset: never`"
        declared.problem("sequence-reset", message, tree.at(*path, "format"), hint)
    before = text.prefix + (form[1] if form else "")
    return Series(
        prefix=text.prefix,
        start=text.start,
        position=tree.at(*path, "prefix"),
        before=before,
        width=text.width,
        reset=text.reset or "never",
        from_source=between[1] if between else None,
        shared=text.shared,
    )


def _fiscal_year(declared: Declarations, text: FiscalYearText, tree: Tree) -> FiscalYear | None:
    """The fiscal year as it is written."""
    found = _DAY.fullmatch(text.begins)
    try:
        if found is None:
            raise ValueError
        day = datetime.date(2026, int(found[1]), int(found[2]))  # 2026 is no leap year
    except ValueError:
        message = f"`{text.begins}` is not a day of every year"
        hint = "write month and day, like `04-01`"
        declared.problem("fiscal-year", message, tree.at("fiscal_year", "begins"), hint)
        return None
    return FiscalYear(day.month, day.day, text.named_by)


def _sequence_sets(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """docs/domain.md 8: names, prefixes, reserved prefixes, the undeletable set DEFAULT."""
    if DEFAULT_SET not in policy.sequence_sets:
        message = f"the sequence set `{DEFAULT_SET}` is missing"
        yield Diagnostic(
            "sequence-default-missing", message, policy.position, "declare it, or extend the standard policy"
        )
    # With series that DEFAULT has under the prefixes of their kinds, as of payments, collisions are told below.
    default = policy.sequence_sets[DEFAULT_SET].series if DEFAULT_SET in policy.sequence_sets else {}
    unnumbered = _RESERVED - {one.before for kind, one in default.items() if one.before == KINDS[kind].own_prefix}
    for sequence_set in policy.sequence_sets.values():
        at = sequence_set.position
        if not _SET_NAME.fullmatch(sequence_set.name):
            hint = "1 to 15 letters, digits and dashes, a letter or digit first"
            message = f"`{sequence_set.name}` cannot be the name of a sequence set"
            yield Diagnostic("sequence-name", message, at, hint)
        for kind in _REQUIRED:
            if kind not in sequence_set.series:
                message = f"`{sequence_set.name}` does not number {kind.replace('_', ' ')}s"
                yield Diagnostic("sequence-incomplete", message, at, f"add `{kind}: {{prefix: ...}}`")
        for kind, series in sequence_set.series.items():
            yield from _series(sequence_set.name, kind, series, unnumbered)
            yield from _kept_apart(policy.fiscal_year, series)


def _series(set_name: str, kind: DocumentKind, series: Series, unnumbered: Collection[str]) -> _Found:
    prefix = series.prefix
    own_default = set_name == DEFAULT_SET and prefix == KINDS[kind].own_prefix
    if not _PREFIX.fullmatch(prefix):
        hint = "1 to 16 letters, digits, `-` and `_`, a letter or digit first"
        yield Diagnostic("prefix-form", f"`{prefix}` cannot be a prefix", series.position, hint)
    elif (reserved := _reserved(series, unnumbered)) is not None and not own_default:
        what = f"numbers of `{series.before}` can be those of a prefix that is reserved, `{reserved}`"
        what = f"the prefix `{prefix}` is reserved" if prefix == reserved else what
        yield Diagnostic("prefix-reserved", what, series.position, "choose another")
    elif prefix[-1].isdigit() and kind in ("payment", "refund"):
        message = f"the prefix `{prefix}` of {kind}s ends in a digit"
        yield Diagnostic(
            "prefix-digit", message, series.position, "only billing documents may have that; add a letter or dash"
        )
    if not 1 <= series.start < 10**12:
        message = f"a series cannot start at {series.start}"
        hint = "start at 1 or above" if series.start < 1 else "start below 1,000,000,000,000"
        yield Diagnostic("sequence-start", message, series.position, hint)


def _reserved(series: Series, unnumbered: Collection[str]) -> str | None:
    """The reserved prefix that a series has, or whose numbers its numbers can be by way of its format. `unnumbered`:
    those that no series has."""
    met = (one for one in sorted(unnumbered) if _meet(_shape(series.before), one))
    return series.prefix if series.prefix in _RESERVED else next(met, None)


def _kept_apart(fiscal_year: FiscalYear | None, series: Series) -> _Found:
    """Numbers that begin anew are kept apart by what the format shows of the date."""
    shown = set(fields_of(series.before))
    if "fiscal_year" in shown and fiscal_year is None:
        message = "this format shows `{fiscal_year}`, but the policy does not say when a fiscal year begins"
        hint = "add `fiscal_year: {begins: 04-01, named_by: first}`, or write `{year}`"
        yield Diagnostic("fiscal-year", message, series.position, hint)
    elif series.reset == "monthly":
        fiscal = fiscal_year is not None and fiscal_year.day == 1 and "fiscal_year" in shown
        if "month" not in shown or not ("year" in shown or fiscal):
            yield _not_apart(series, "write `{year}` and `{month}` in its `format`")
    elif not shown.issuperset(RESETS[series.reset]):
        yield _not_apart(series, f"write `{{{RESETS[series.reset][0]}}}` in its `format`")


def _not_apart(series: Series, hint: str) -> Diagnostic:
    when = {"yearly": "year", "fiscal_year": "fiscal year", "monthly": "month"}[series.reset]
    message = f"numbers of `{series.prefix}` begin anew each {when}, so those of two {when}s would be the same"
    return Diagnostic("sequence-reset", message, series.position, f"{hint}, or write `reset: never`")


def _number_collisions(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """A series numbers one kind of document, and no number can be reached from two series (docs/domain.md 8)."""
    every = [
        (one.name, kind, series)
        # The set that cannot be deleted comes first: it is the other one that is told.
        for one in sorted(policy.sequence_sets.values(), key=lambda one: (one.name != DEFAULT_SET, one.name))
        for kind, series in one.series.items()
    ]
    first: dict[str, tuple[str, DocumentKind, Series]] = {}
    for name, kind, series in every:
        other_name, other_kind, other = first.setdefault(series.before, (name, kind, series))
        if other is not series:
            yield from _alike(name, kind, series, other_name, other_kind, other)
    shapes = sorted(((_shape(before), series) for before, (_, _, series) in first.items()), key=lambda one: one[0])
    # A prefix comes first, and none begins with a date: numbers that begin otherwise are others.
    alike = [list(group) for _, group in groupby(shapes, key=lambda one: one[0][:1])]
    for (shape, series), (other_shape, other) in (pair for group in alike for pair in combinations(group, 2)):
        if _meet(shape, other_shape):
            shorter, longer = (series, other) if len(shape) < len(other_shape) else (other, series)
            both = f"`{longer.before}` and `{shorter.before}` (at {shorter.position})"
            message = f"numbers of the prefixes {both} can be the same"
            hint = "let one of them end in a letter or a dash"
            yield Diagnostic("prefix-collision", message, longer.position, hint)
    yield from _from_sources([(kind, series) for _, kind, series in every])


def _alike(
    name: str, kind: DocumentKind, series: Series, other_name: str, other_kind: DocumentKind, other: Series
) -> _Found:
    """Two series whose numbers look alike: of two kinds never; of two sets only where both say so, and agree."""
    if other_kind != kind:
        message = (
            f"the prefix `{series.prefix}` numbers {kind.replace('_', ' ')}s here and "
            f"{other_kind.replace('_', ' ')}s at {other.position}"
        )
        yield Diagnostic("prefix-shared", message, series.position, "give each kind its own prefix")
        return
    if other.start != series.start:
        starts = f"starts at {series.start} here and at {other.start} in {other.position}"
        message = f"the prefix `{series.prefix}` {starts}"
        hint = "sets that share a prefix share its counter: give both the same start"
        yield Diagnostic("sequence-start", message, series.position, hint)
    if (other.width, other.reset) != (series.width, series.reset):
        message = f"the prefix `{series.prefix}` is not counted here as it is at {other.position}"
        hint = "sets that share a prefix share its counter: give both the same `width` and `reset`"
        yield Diagnostic("sequence-format", message, series.position, hint)
    if not (series.shared and other.shared) and series.prefix not in _RESERVED:
        what = kind.replace("_", " ")
        message = f"{what}s of `{other_name}` and `{name}` are numbered by one counter, that of `{series.prefix}`"
        hint = "give each set its own prefix; or say `shared: true` of both, if it is meant"
        yield Diagnostic("prefix-in-two-sets", message, series.position, hint)


def _meet(one: str, other: str) -> bool:
    """Whether a number can be of both: a shorter text before it, and digits that make up for the rest of the longer."""
    shorter, longer = sorted((one, other), key=len)
    pairs = ((a, b) for a, b in zip(shorter, longer, strict=False) if a != b)
    met = all("#" in (a, b) and {a, b} <= _DIGITS for a, b in pairs)
    return met and all(each in _DIGITS for each in longer[len(shorter) :])


_DIGITS = frozenset("0123456789#")


def _shape(before: str) -> str:
    """The text before a number, with `#` for each digit of a date."""
    return re.sub(r"\{(\w+)\}", lambda found: "#" * FIELDS.get(found[1], 0), before)


def _from_sources(every: list[tuple[DocumentKind, Series]]) -> _Found:
    """Of `INV00000007-C1` everybody knows what it is: no other kind, and no series, has numbers that look like it."""
    first: dict[str, tuple[DocumentKind, Series]] = {}
    for kind, series in every:
        if series.from_source is None:
            continue
        if KINDS[kind].index is None:
            message = f"{kind.replace('_', ' ')}s are not made from another document whose number theirs could continue"
            yield Diagnostic("sequence-format", message, series.position, "remove `from_source` here")
        other_kind, other = first.setdefault(series.from_source, (kind, series))
        if other_kind != kind:
            message = (
                f"`{series.from_source}` after the number of the source numbers {kind.replace('_', ' ')}s here and "
                f"{other_kind.replace('_', ' ')}s at {other.position}"
            )
            yield Diagnostic("prefix-shared", message, series.position, "give each kind its own letters")
        for _, plain in every:
            shape = _shape(plain.before).rstrip("0123456789#")
            before = shape.removesuffix(series.from_source)
            if before != shape and before[-1:] in _DIGITS:
                message = f"numbers of `{plain.before}` can be those that `from_source` makes at {series.position}"
                yield Diagnostic("prefix-collision", message, plain.position, "give one of them other letters")


SEQUENCE_CHECKS: tuple[Callable[[Policy, Vocabulary], Iterator[Diagnostic]], ...] = (_sequence_sets, _number_collisions)
