"""The matrix of a policy as text and Markdown. A cell names the exceptions that can change it by their marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from billpolicy.policy.model import Chain, Setting
from billpolicy.report.explanation_text import place_text
from billpolicy.report.matrix import Exceptional, Following, Inherited, Matrix, Settled
from billpolicy.report.results import days_text
from billpolicy.report.texts import code, escaped, in_lines, table, wrapped

_ABSENT = "–"
"""The document that the operation makes does not have the attribute."""


class _Row(NamedTuple):
    """A row in words."""

    operation: str
    makes: str
    chains: tuple[str, ...]
    """A cell for each attribute: `invoice > account [1]`."""
    settings: tuple[tuple[str, str], ...]


def _rows(matrix: Matrix) -> list[_Row]:
    marks = {one.rule.id: f" [{mark}]" for mark, one in enumerate(matrix.exceptions, start=1)}
    return [
        _Row(
            row.operation,
            ", ".join(kind.replace("_", " ") for kind in row.makes) or _ABSENT,
            tuple(_cell(row.attributes.get(name), marks) for name in matrix.attributes),
            tuple((name, _cell(cell, marks)) for name, cell in row.settings.items()),
        )
        for row in matrix.operations
    ]


def _cell(cell: Inherited | Settled | None, marks: Mapping[str, str]) -> str:
    if cell is None:
        return _ABSENT
    outcome = Chain(cell.chain) if isinstance(cell, Inherited) else Setting(cell.value)
    return str(outcome) + "".join(marks[id] for id in cell.exceptions)


def _when(one: Exceptional | Following) -> str:
    return " and ".join(one.when) or "always"


def _then(one: Exceptional) -> str:
    return ", ".join(
        f"{key}: {Chain(outcome)}" if isinstance(outcome, tuple) else f"{key} is {Setting(outcome)}"
        for key, outcome in one.then.items()
    )


def matrix_text(matrix: Matrix, *, with_settings: bool) -> str:
    """The table as plain text, and below it every rule that can change it or follow."""
    rows = _rows(matrix)
    parts = [in_lines([f"policy {matrix.policy}, in force {days_text(matrix.in_force)}, digest {matrix.digest[:12]}"])]
    parts.append(table(("operation", *matrix.attributes), [(row.operation, *row.chains) for row in rows]))
    for mark, one in enumerate(matrix.exceptions, start=1):
        said = {"when": _when(one), "then": _then(one), "in force": days_text(one.in_force)}
        said |= {"beats": ", ".join(one.overrides), "because": one.rule.because or ""}
        parts.append(_entry(f"[{mark}] {one.rule.id}", place_text(one.rule), said))
    for follow_up in matrix.follow_ups:
        said = {"after": follow_up.after, "when": _when(follow_up), "then": follow_up.then}
        said["refused"] = "left out, with a warning" if follow_up.if_refused == "leave_out" else ""
        said |= {"in force": days_text(follow_up.in_force), "because": follow_up.rule.because or ""}
        parts.append(_entry(follow_up.rule.id, place_text(follow_up.rule), said))
    if with_settings:
        shown = [
            (row.operation if place == 0 else "", *setting)
            for row in rows
            for place, setting in enumerate(row.settings)
        ]
        parts.append(table(("operation", "setting", "value"), shown))
    return "\n".join(parts)


def _entry(name: str, place: str, said: Mapping[str, str]) -> str:
    """A rule below the table: what it is called, where it stands, and whatever is said of it."""
    lines = [name, f"    {place}"]
    for label, text in said.items():
        lines += wrapped(f"    {label:<8} ", text)
    return in_lines(lines)


def matrix_markdown(matrix: Matrix) -> str:
    """The table as Markdown."""
    rows = _rows(matrix)
    lines = [
        f"# Policy {escaped(matrix.policy)}",
        "",
        f"In force {days_text(matrix.in_force)}, digest `{matrix.digest[:12]}`.",
        "",
        "| operation | makes | " + " | ".join(map(escaped, matrix.attributes)) + " |",
        "|---" * (2 + len(matrix.attributes)) + "|",
    ]
    lines += [f"| `{row.operation}` | {row.makes} | " + " | ".join(map(escaped, row.chains)) + " |" for row in rows]
    lines += ["", "| operation | settings |", "|---|---|"]
    for row in rows:
        settings = ", ".join(f"{name}: {escaped(value)}" for name, value in row.settings)
        lines.append(f"| `{row.operation}` | {settings} |")
    for mark, one in enumerate(matrix.exceptions, start=1):
        overrides = f" Overrides {escaped(', '.join(one.overrides))}." if one.overrides else ""
        rule = f"[{mark}] **{escaped(one.rule.id)}** ({code(place_text(one.rule))})"
        then = f"when {escaped(_when(one))}, then {escaped(_then(one))}"
        lines += ["", f"{rule}: {then}.{_days(one)}{overrides}{_because(one)}"]
    for follow_up in matrix.follow_ups:
        refused = " If it is refused, it is left out." if follow_up.if_refused == "leave_out" else ""
        rule = f"**{escaped(follow_up.rule.id)}** ({code(place_text(follow_up.rule))})"
        then = f"after `{follow_up.after}`, when {escaped(_when(follow_up))}, then `{follow_up.then}`"
        lines += ["", f"{rule}: {then}.{refused}{_days(follow_up)}{_because(follow_up)}"]
    return in_lines(lines)


def _days(one: Exceptional | Following) -> str:
    return f" In force {days_text(one.in_force)}." if one.in_force else ""


def _because(one: Exceptional | Following) -> str:
    return f" Because: {escaped(one.rule.because)}" if one.rule.because else ""
