"""What of all that was found is told: as severe as `billpolicy.toml` takes it, without what is ignored or known.

Every command that finds warnings and hints in a policy goes through here, so all of them agree. Errors pass as they
are: no setting, comment or baseline takes one away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from billpolicy.diagnostics.arguments import expect, expect_each, type_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Severity, in_order
from billpolicy.linting.settings import Settings, worst_first
from billpolicy.source.files import DISK, Files, on_disk
from billpolicy.source.plain_file import read_plain

if TYPE_CHECKING:
    from billpolicy.linting.baseline import Baseline
    from billpolicy.linting.suppressions import Suppression


class Settled(NamedTuple):
    """What is told, and what a baseline would take as known."""

    told: tuple[Diagnostic, ...]
    freezable: tuple[Diagnostic, ...]
    """All that is neither an error nor off nor ignored, whether it was known or not. What is wrong with a comment is
    never known: it is mended at once."""

    def fails(self, level: Severity) -> bool:
        """Whether something is told that is at least so severe."""
        return any(worst_first(one.severity) <= worst_first(level) for one in self.told)


def settle(
    found: Iterable[Diagnostic],
    settings: Settings,
    *,
    files: Collection[str],
    themes: Collection[str],
    baseline: Baseline | None = None,
    comments: bool = False,
    where: Files = DISK,
) -> Settled:
    """`themes`: of the catalogue, what the command looks for, and `files`, where; what is ignored or known beyond that
    is not judged.

    `comments`: whether it also tells which of the comments that ignore something are wrong or do nothing. `where`: what
    the files were read from.
    """
    found = expect_each(found, Diagnostic, "`found` must be diagnostics, in a list")
    expect(settings, Settings, "`settings` must be what `settings_for` gives")
    if baseline is not None and not hasattr(baseline, "unknown"):
        raise TypeError(f"`baseline` must be a Baseline, not {type_of(baseline)}")
    errors = [one for one in found if one.severity == "error"]
    taken = _taken((one for one in found if one.severity != "error"), settings)
    suppressions: list[Suppression] = []
    problems: list[Diagnostic] = []
    if taken or comments:
        with_comments = {one.position.file for one in taken if one.position is not None} | set(files)
        suppressions, problems = _suppressions(sorted(with_comments), where)
    kept = [one for one in taken if not any(suppression.covers(one) for suppression in suppressions)]
    of_comments: list[Diagnostic] = []
    if comments:
        off = {code for code, severity in settings.severity.items() if severity == "off"}
        own = [one for one in suppressions if one.at.file in files]
        wrong = [one for one in problems if one.position is not None and one.position.file in files]
        of_comments = _taken([*wrong, *_unused(own, taken, themes, off)], settings)
    freezable = tuple(in_order(kept))
    if baseline is not None:
        kept = baseline.unknown(freezable)
        kept += _taken(baseline.gone(themes, files), settings)
    return Settled(tuple(in_order([*errors, *of_comments, *kept])), freezable)


def _taken(found: Iterable[Diagnostic], settings: Settings) -> list[Diagnostic]:
    return [taken for one in found if (taken := settings.taken(one)) is not None]


def _suppressions(files: Iterable[str], where: Files) -> tuple[list[Suppression], list[Diagnostic]]:
    # Loaded where something was found only: `validate` of a sound policy needs none of it.
    from billpolicy.linting.suppressions import suppressions_of

    suppressions: list[Suppression] = []
    problems: list[Diagnostic] = []
    for file in files:
        text = _text(file, where)
        if text is not None:
            found, wrong = suppressions_of(text, file)
            suppressions += found
            problems += wrong
    return suppressions, problems


def _text(file: str, where: Files) -> str | None:
    """The text of a file of the policy, as it was read; None where the finding is in no such file."""
    from billpolicy.policy.layers import MAX_MEGABYTES

    try:
        was_read = where.was_read.get(file)
        if was_read is None and not file.endswith((".yaml", ".yml")):
            return None
        raw = was_read.raw if was_read is not None else read_plain(on_disk(file), MAX_MEGABYTES * 1024 * 1024)
        return raw.decode("utf-8-sig")
    except (OSError, ValueError):
        return None


def _unused(
    suppressions: Iterable[Suppression], found: Collection[Diagnostic], themes: Collection[str], off: Collection[str]
) -> Iterator[Diagnostic]:
    from billpolicy.catalogue.entry import theme_of

    for suppression in suppressions:
        unused = [
            (code, at)
            for code, at in suppression.codes
            if theme_of(code) in themes
            and code not in off
            and not any(one.code == code and suppression.covers(one) for one in found)
        ]
        where = "in this file" if suppression.line is None else f"on line {suppression.line}"
        if len(unused) == len(suppression.codes):
            unused = [(" and ".join(code for code, _ in unused), suppression.at)]
        for code, at in unused:
            message = f"`{code}` is ignored here, but not found {where}"
            yield Diagnostic("suppression-unused", message, at, "remove it: `lint --fix` does", "warning")
