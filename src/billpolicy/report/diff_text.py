"""A diff as text for an 80-column terminal: the verdict first, then what changes, then real operations."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible
from billpolicy.report.diff import ChangedTold, DiffReport, ImpactTold, Unlike
from billpolicy.report.diff_words import (
    EFFECTS,
    KINDS,
    amounts_text,
    apart_text,
    declared_text,
    differing,
    group_text,
    headline,
    operations_text,
    reasons,
    rule_text,
    rules_text,
    whys,
)
from billpolicy.report.texts import in_lines, table, wrapped


def diff_text(report: DiffReport, *, summary: bool = False) -> str:
    """The whole of it; with `summary` without what each change is by itself."""
    lines = [
        *wrapped("", f"{visible(report.old.path)} -> {visible(report.new.path)}", break_long_words=True),
        *wrapped("", headline(report)),
    ]
    if report.as_if:
        text = "the two are never in force on the same day; they are compared as if both always were"
        lines += wrapped("note: ", text)
    for beyond in report.beyond:
        if beyond.witness is not None and beyond.witness.file is not None:
            lines += wrapped("", f"not allowed, as {beyond.witness.file} shows", break_long_words=True)
    if not summary:
        for one in report.changed:
            lines += ["", *_changed(one)]
        lines += _declared(report)
        lines += _rules(report)
    if report.unproven:
        lines += ["", "not proven to be the same", *(line for one in report.unproven for line in wrapped("  ", one))]
    if report.impact is not None:
        lines += _impact(report.impact, summary)
    return in_lines(lines)


def _changed(one: ChangedTold) -> Iterator[str]:
    about = f"after {one.name}" if one.follows else one.name
    yield from wrapped("", f"{operations_text(one.operations)}: {about}")
    yield from _labelled("now", one.after)
    yield from _labelled("before", one.before)
    for place, where in enumerate(one.where):
        yield from _labelled("where" if place == 0 else "or", where)
    if not one.where:
        yield from _labelled("where", "always")
    if one.new_rules:
        yield from _labelled("rule", rules_text(one.new_rules))
    if reasons(one.new_rules):
        yield from _labelled("because", reasons(one.new_rules))
    if one.old_rules:
        yield from _labelled("was", rules_text(one.old_rules))
    if one.witness is not None and one.witness.file is not None:
        yield from _labelled("witness", one.witness.file)


def _labelled(label: str, text: str, indent: int = 2) -> list[str]:
    return wrapped(f"{' ' * indent}{label:<9}", text, break_long_words=True)


def _declared(report: DiffReport) -> Iterator[str]:
    for effect, title in EFFECTS.items():
        told = [one for one in report.declared if one.effect == effect]
        if told:
            yield ""
            yield f"declared ({title})"
        for one in told:
            yield from wrapped("  ", declared_text(one), break_long_words=True)


def _rules(report: DiffReport) -> Iterator[str]:
    if report.rules:
        yield ""
        yield "rules"
    for one in report.rules:
        yield from wrapped("  ", rule_text(one), break_long_words=True)


def _impact(impact: ImpactTold, summary: bool) -> Iterator[str]:
    yield ""
    yield "real operations"
    told = differing(impact)
    if impact.accounts:
        told += f", of {counted(len(impact.accounts), 'account')}"
    yield from wrapped("  ", told)
    for amounts in amounts_text(impact):
        yield from wrapped("  ", f"in money: {amounts}")
    if impact.groups:
        yield ""
        rows = [(one.operation, group_text(one), KINDS[one.kind], f"{one.count:,}") for one in impact.groups]
        yield from table(("operation", "of", "what comes out", "count"), rows).splitlines()
    for why, count in impact.untold.items():
        yield from wrapped("  ", f"of {count:,} it cannot be told: {why}")
    if not summary:
        for example in impact.examples:
            yield ""
            yield from _example(example)


def _example(example: Unlike) -> Iterator[str]:
    yield from wrapped("", f"{example.id}: {example.operation} on {example.date} ({visible(example.sample)})")
    for one in example.apart:
        step = "" if one.operation == example.operation or one.kind == "follows" else f"{one.operation}: "
        yield from wrapped("  ", step + apart_text(one), break_long_words=True)
        for why in whys(example, one):
            yield from _labelled(why.label, why.text, 4)
            if why.because:
                yield from _labelled("", why.because, 4)
