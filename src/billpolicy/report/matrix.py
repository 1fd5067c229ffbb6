"""The operation x attribute table of a policy: from which level each operation inherits each attribute."""

from __future__ import annotations

import html
from dataclasses import dataclass

from billpolicy.policy.model import ALWAYS, Chain, ExceptionRule, FollowUp, Policy
from billpolicy.report.markdown_text import code, escaped
from billpolicy.vocabulary.spec import Vocabulary

ABSENT = "–"
"""The document that the operation makes does not have the attribute."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: what it makes, the chain of each attribute, and its settings."""

    operation: str
    produces: str
    chains: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """An exception, numbered as the cells that it can change are marked."""

    mark: int
    id: str
    where: str
    when: str
    then: str
    because: str
    in_force: str
    overrides: str


@dataclass(frozen=True, slots=True)
class Following:
    """A follow-up: what it comes after, and the operation that is run then."""

    id: str
    where: str
    after: str
    when: str
    then: str
    if_refused: str
    """`refuse` (what it follows, too) or `leave_out`."""
    because: str
    in_force: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole table."""

    policy: str
    in_force: str
    digest: str
    attributes: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    follow_ups: tuple[Following, ...]


def matrix_of(policy: Policy, vocabulary: Vocabulary) -> Matrix:
    """The table of a policy, operations in their own order, a mark on each cell that an exception can change."""
    attributes = tuple(policy.attributes)
    marks = {exception.id: mark for mark, exception in enumerate(policy.exceptions, start=1)}
    rows = []
    for spec in vocabulary.values():
        exceptions = policy.exceptions_for(spec.name)
        marked = {
            key: "".join(f" [{marks[e.id]}]" for e in exceptions if key in e.then)
            for key in {key for e in exceptions for key in e.then}
        }
        chains = []
        for attribute in attributes:
            base = policy.base.get((spec.name, attribute))
            chains.append(f"{base.outcome}{marked.get(attribute, '')}" if base else ABSENT)
        settings = tuple(
            (setting.name, f"{policy.base[spec.name, setting.name].outcome}{marked.get(setting.name, '')}")
            for setting in spec.settings
        )
        rows.append(
            Row(
                spec.name,
                ", ".join(kind.replace("_", " ") for kind in spec.produces) or ABSENT,
                tuple(chains),
                settings,
            )
        )
    notes = tuple(_note(marks[exception.id], exception) for exception in policy.exceptions)
    follow_ups = tuple(_following(follow_up) for follow_up in policy.follow_ups)
    return Matrix(policy.name, str(policy.effective), policy.digest, attributes, tuple(rows), notes, follow_ups)


def _note(mark: int, exception: ExceptionRule) -> Note:
    then = ", ".join(
        f"{key}: {outcome}" if isinstance(outcome, Chain) else f"{key} is {outcome}"
        for key, outcome in sorted(exception.then.items())
    )
    overrides = ", ".join(exception.overrides)
    return Note(
        mark=mark,
        id=exception.id,
        where=_where(exception),
        when=_when(exception),
        then=then,
        because=exception.because or "",
        in_force=_in_force(exception),
        overrides=overrides,
    )


def _following(follow_up: FollowUp) -> Following:
    rule = follow_up.rule
    return Following(
        id=rule.id,
        where=_where(rule),
        after=follow_up.after,
        when=_when(rule),
        then=follow_up.operation,
        if_refused=follow_up.if_refused,
        because=rule.because or "",
        in_force=_in_force(rule),
    )


def _where(rule: ExceptionRule) -> str:
    return rule.position.place


def _when(rule: ExceptionRule) -> str:
    return " and ".join(clause.text for clause in rule.clauses) or "always"


def _in_force(rule: ExceptionRule) -> str:
    return "" if rule.effective == ALWAYS else str(rule.effective)


def matrix_markdown(matrix: Matrix) -> str:
    """The table as Markdown."""
    lines = [
        f"# Policy {escaped(matrix.policy)}",
        "",
        f"In force {matrix.in_force}, digest `{matrix.digest[:12]}`.",
        "",
        "| operation | makes | " + " | ".join(map(escaped, matrix.attributes)) + " |",
        "|---" * (2 + len(matrix.attributes)) + "|",
    ]
    for row in matrix.rows:
        lines.append(f"| `{row.operation}` | {row.produces} | " + " | ".join(map(escaped, row.chains)) + " |")
    lines += ["", "| operation | settings |", "|---|---|"]
    for row in matrix.rows:
        settings = ", ".join(f"{name}: {escaped(value)}" for name, value in row.settings)
        lines.append(f"| `{row.operation}` | {settings} |")
    for note in matrix.notes:
        more = _more(note.in_force, escaped(note.because), overrides=escaped(note.overrides))
        rule = f"[{note.mark}] **{escaped(note.id)}** ({code(note.where)})"
        lines += ["", f"{rule}: when {escaped(note.when)}, then {escaped(note.then)}.{more}"]
    for one in matrix.follow_ups:
        more = _more(one.in_force, escaped(one.because), if_refused=one.if_refused)
        then = f"after `{one.after}`, when {escaped(one.when)}, then `{one.then}`"
        lines += ["", f"**{escaped(one.id)}** ({code(one.where)}): {then}.{more}"]
    return "\n".join(lines) + "\n"


def _more(in_force: str, because: str, overrides: str = "", if_refused: str = "") -> str:
    """What else is said of a rule, each as a sentence of its own."""
    more = " If it is refused, it is left out." if if_refused == "leave_out" else ""
    more += f" In force {in_force}." if in_force else ""
    more += f" Overrides {overrides}." if overrides else ""
    return more + (f" Because: {because}" if because else "")


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100% }
th, td { border: 1px solid #ccc; padding: .35rem .6rem; text-align: left; vertical-align: top }
th { background: #f3f4f6 } td.absent { color: #999 } code { font-size: .95em }
"""


def matrix_html(matrix: Matrix) -> str:
    """The table as one self-contained page."""
    e = html.escape
    head = "".join(f"<th>{e(name)}</th>" for name in ("operation", "makes", *matrix.attributes, "settings"))
    body = []
    for row in matrix.rows:
        chains = "".join(f"<td{' class=absent' if c == ABSENT else ''}>{e(c)}</td>" for c in row.chains)
        settings = "<br>".join(f"{e(name)}: {e(value)}" for name, value in row.settings)
        body.append(
            f"<tr><td><code>{e(row.operation)}</code></td><td>{e(row.produces)}</td>{chains}<td>{settings}</td></tr>"
        )
    notes = "".join(
        f"<tr><td>[{note.mark}]</td><td><b>{e(note.id)}</b><br><code>{e(note.where)}</code></td>"
        f"<td>{e(note.when)}</td><td>{e(note.then)}</td>"
        f"<td>{e(note.in_force)}</td><td>{e(note.overrides)}</td><td>{e(note.because)}</td></tr>"
        for note in matrix.notes
    )
    exceptions = _section("Exceptions", ("", "id", "when", "then", "in force", "overrides", "because"), notes)
    following = "".join(
        f"<tr><td><b>{e(one.id)}</b><br><code>{e(one.where)}</code></td><td>{e(one.after)}</td><td>{e(one.when)}</td>"
        f"<td>{e(one.then)}</td><td>{e(one.if_refused)}</td><td>{e(one.in_force)}</td><td>{e(one.because)}</td></tr>"
        for one in matrix.follow_ups
    )
    headings = ("id", "after", "when", "then", "if refused", "in force", "because")
    follow_ups = _section("Follow-ups", headings, following)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Policy {e(matrix.policy)}</title>'
        f"<style>{_STYLE}</style><h1>Policy {e(matrix.policy)}</h1>"
        f"<p>In force {e(matrix.in_force)}, digest <code>{matrix.digest[:12]}</code>.</p>"
        f"<table><tr>{head}</tr>{''.join(body)}</table>{exceptions}{follow_ups}</html>\n"
    )


def _section(title: str, headings: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{name}</th>" for name in headings)
    return f"<h2>{title}</h2><table><tr>{head}</tr>{rows}</table>" if rows else ""
