"""A diff as Markdown for a review comment: the verdict, what changes with counts, and everything else folded."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.sentences import counted
from billpolicy.report.diff import ChangedTold, DiffReport, GroupTold, ImpactTold, Unlike
from billpolicy.report.diff_words import (
    EFFECTS,
    KINDS,
    amounts_text,
    apart_text,
    compared_text,
    declared_text,
    group_text,
    headline,
    operations_text,
    reasons,
    rule_text,
    rules_text,
    sentence,
    whys,
)
from billpolicy.report.texts import code, escaped

MOST_CHANGES = 8
"""Changes that stand in the open; further ones are folded."""
MOST_LINES = 100
"""Lines that are folded together: GitHub takes no comment of more than 65,536 characters."""


def diff_markdown(report: DiffReport, *, summary: bool = False) -> str:
    """The whole of it; with `summary` the verdict and the counts."""
    lines = [f"### Billing policy: {escaped(headline(report))}", ""]
    lines += [f"{code(report.old.path)} → {code(report.new.path)}", ""]
    errors = [one for one in report.diagnostics if one.severity == "error"]
    for wrong in errors:
        place = f" ({code(f'{wrong.position.file}:{wrong.position.line}')})" if wrong.position else ""
        lines.append(f"- ❌ {escaped(wrong.message)}{place} `[{wrong.code}]`")
    lines += [""] if errors else []
    if report.as_if:
        lines += ["The two are never in force on the same day; they are compared as if both always were.", ""]
    if report.impact is not None:
        lines += _counts(report.impact)
        untold = [f"Of {count:,} it cannot be told: {escaped(why)}." for why, count in report.impact.untold.items()]
        lines += [*untold, ""] if untold else []
    if summary:
        return "\n".join(lines).rstrip("\n") + "\n"
    shown, folded = report.changed[:MOST_CHANGES], report.changed[MOST_CHANGES:]
    for one in shown:
        lines.append(_change(one))
    lines += [""] if shown else []
    if folded:
        lines += _folded(counted(len(folded), "more change"), [_change(one) for one in folded])
    outcomes = [one for one in report.declared if one.effect == "outcomes"]
    lines += [f"- {escaped(declared_text(one))}" for one in outcomes] + ([""] if outcomes else [])
    for effect, title in EFFECTS.items():
        told = [f"- {escaped(declared_text(one))}" for one in report.declared if one.effect == effect != "outcomes"]
        if told:
            lines += _folded(f"{len(told)} declared otherwise ({title})", told)
    if report.impact is not None and report.impact.examples:
        told = [line for one in report.impact.examples for line in _example(one)]
        lines += _folded(f"{counted(len(report.impact.examples), 'operation')}, and why", told)
    if report.rules:
        told = [f"- {escaped(rule_text(one))}" for one in report.rules]
        lines += _folded(counted(len(report.rules), "rule"), told)
    if report.unproven:
        lines += _folded("Not proven to be the same", [f"- {escaped(one)}" for one in report.unproven])
    lines.append(f"<sub>{compared_text(report)}</sub>")
    return "\n".join(lines) + "\n"


def _change(one: ChangedTold) -> str:
    """A change in a line, and below it where, by which rule and why."""
    operations = escaped(operations_text(one.operations))
    lines = [f"- **{operations}** {escaped(sentence(one))}"]
    lines.append("  - where " + "; or ".join(map(escaped, one.where)) if one.where else "  - always")
    if one.new_rules:
        because = f": {escaped(reasons(one.new_rules))}" if reasons(one.new_rules) else ""
        lines.append(f"  - by {code(rules_text(one.new_rules))}{because}")
    return "\n".join(lines)


def _counts(impact: ImpactTold) -> Iterator[str]:
    if not impact.groups:
        return
    yield "| operation | of | what comes out | operations |"
    yield "|---|---|---|---:|"
    for one in impact.groups:
        yield f"| `{one.operation}` | {_of(one)} | {KINDS[one.kind]} | {one.count:,} |"
    yield ""
    amounts = "; ".join(amounts_text(impact))
    yield f"They are of {counted(len(impact.accounts), 'account')}" + (f"; in money: {amounts}." if amounts else ".")
    yield ""


def _of(group: GroupTold) -> str:
    return escaped(group_text(group))


def _folded(title: str, lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    end = ["", f"… and {more:,} more lines, which other formats have."] if more > 0 else []
    return [f"<details><summary>{title}</summary>", "", *lines[:MOST_LINES], *end, "", "</details>", ""]


def _example(example: Unlike) -> Iterator[str]:
    yield f"- **{escaped(example.id)}**: `{example.operation}` on {example.date} ({escaped(example.sample)})"
    for one in example.apart:
        step = "" if one.operation == example.operation or one.kind == "follows" else f"{one.operation}: "
        yield f"  - {escaped(step + apart_text(one))}"
        for why in whys(example, one):
            because = f": {escaped(why.because)}" if why.because else ""
            yield f"    - {why.label}: {escaped(why.text)}{because}"
