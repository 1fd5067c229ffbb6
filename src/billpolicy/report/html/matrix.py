"""The matrix of a policy as a page for whoever answers for it: filters, and from each cell a link to its rule.

Base rules that one line of the policy says of several operations are one row of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from billpolicy.policy.model import Chain, Setting
from billpolicy.report.diff_words import NOUNS
from billpolicy.report.explanation_text import place_text
from billpolicy.report.html.graph import Node, picture
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.page import page
from billpolicy.report.html.pieces import LINE, place, spot, terms
from billpolicy.report.matrix import Exceptional, Following, Inherited, Matrix, Row, Said, Settled
from billpolicy.report.results import days_text
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import LEVELS, Level

_ABSENT = "–"
_FEW = 8
"""Numbers of exceptions that stand in a cell; of more, the others are folded."""
_Cell = Inherited | Settled
Opens = Callable[[str, str], Mapping[str, str]]
"""The link of a cell, by its operation and its key, where that leads to more than this page has; its attributes."""


class _BaseRule(NamedTuple):
    """What one line of the policy says of one decision, and of which operations."""

    key: str
    cell: _Cell
    operations: tuple[str, ...]


class _Anchors(NamedTuple):
    """Where on the page a rule stands."""

    base: Mapping[str, str]
    """Id of a base rule -> its row."""
    exceptions: Mapping[str, int]
    """Id of an exception -> its number."""
    new: frozenset[str]
    """The exceptions that the policy below has not, or otherwise."""
    opens: Opens


def matrix_html(matrix: Matrix) -> str:
    """The whole page."""
    title = f"Policy {matrix.policy}"
    body = joined((el("h1", title), matrix_body(matrix)), LINE)
    return page(title, body, styles=("matrix.css", "charts.css"), script="matrix.js")


def matrix_body(matrix: Matrix, opens: Opens | None = None) -> Html:
    """What stands on the page below its title. `opens`: where cells lead, if not to their rules further down, which are
    folded then."""
    rules = _base_rules(matrix.operations)
    anchors = _Anchors(
        {f"{name}.{one.key}": f"base-{at}" for at, one in enumerate(rules, 1) for name in one.operations},
        {one.rule.id: mark for mark, one in enumerate(matrix.exceptions, start=1)},
        frozenset(one.rule.id for one in matrix.exceptions if one.differs),
        opens or _nowhere_else,
    )
    told = _rules(rules, anchors)
    parts = {
        "Matrix": (_filters(matrix, rules), _table(matrix, anchors)),
        "Exceptions": [_exception(one, anchors) for one in matrix.exceptions],
        "Follow-ups": [*_picture(matrix.follow_ups), *map(_follow_up, enumerate(matrix.follow_ups, start=1))],
        "Declared": [*_declared(matrix.declared)],
        "Base rules": [told if opens is None else el("details", el("summary", f"All {len(rules)} of them"), told)],
    }
    shown = {title: content for title, content in parts.items() if content}
    extends = joined((", extends ", matrix.base)) if matrix.base is not None else ""
    body = [
        el("p", f"In force {days_text(matrix.in_force)}, digest ", el("code", matrix.digest[:12]), extends, "."),
        el("nav", *(el("a", title, href=f"#{_anchor(title)}") for title in shown), aria_label="Parts of this page"),
    ]
    for title, content in shown.items():
        body.append(el("section", el("h2", title, id=_anchor(title)), *content, aria_labelledby=_anchor(title)))
    return joined(body, LINE)


def _nowhere_else(operation: str, key: str) -> Mapping[str, str]:
    return {}


def _anchor(title: str) -> str:
    return f"part-{title.lower().replace(' ', '-')}"


def _base_rules(rows: Iterable[Row]) -> list[_BaseRule]:
    found: list[tuple[str, _Cell, str]] = []
    for row in rows:
        found += ((key, inherited, row.operation) for key, inherited in row.attributes.items())
        found += ((key, settled, row.operation) for key, settled in row.settings.items())

    def same(one: tuple[str, _Cell, str]) -> tuple[bool, str, str, int, str, str]:
        key, cell, _ = one
        return (isinstance(cell, Settled), key, cell.rule.file, cell.rule.line, value_text(cell), repr(cell.before))

    found.sort(key=same)
    grouped = (list(group) for _, group in groupby(found, key=same))
    return [_BaseRule(group[0][0], group[0][1], tuple(name for _, _, name in group)) for group in grouped]


def value_text(cell: _Cell) -> str:
    """The chain, or the value, as a policy writes it."""
    return str(Chain(cell.chain) if isinstance(cell, Inherited) else Setting(cell.value))


def outcome_text(to: tuple[Level, ...] | str | int | bool) -> str:
    """What an exception says in its place."""
    return str(Chain(to) if isinstance(to, tuple) else Setting(to))


def before_text(cell: _Cell) -> str | None:
    """The same of the policy below, where that says otherwise."""
    if isinstance(cell, Inherited):
        return str(Chain(cell.before)) if cell.before else None
    return None if cell.before is None else str(Setting(cell.before))


def _filters(matrix: Matrix, rules: Iterable[_BaseRule]) -> Html:
    """Shown by the script; without it, all of the page is."""
    keys = dict.fromkeys((*matrix.attributes, *sorted({one.key for one in rules})))
    choices: dict[str, tuple[str, list[str]]] = {
        "operation": ("Operation", [row.operation for row in matrix.operations]),
        "key": ("Attribute or setting", list(keys)),
        "level": ("Level", [*LEVELS]),
    }
    selects = (
        el("label", title, el("select", el("option", "all", value=""), *(el("option", one) for one in each), name=name))
        for name, (title, each) in choices.items()
    )
    box = el("input", type="checkbox", name="differs")
    told = f"only what differs from {matrix.base}" if matrix.base is not None else "only what differs from a base"
    only = el("label", box, told, class_="box", hidden=matrix.base is None)
    count = el("span", id="count", class_="soft", role="status")
    return el("form", *selects, only, el("button", "All", type="button"), count, class_="filters", hidden=True)


def _table(matrix: Matrix, anchors: _Anchors) -> Html:
    head = el("tr", *(el("th", name, scope="col") for name in ("operation", "makes", *matrix.attributes)))
    rows = []
    for row in matrix.operations:
        if row.attributes:
            makes = ", ".join(kind.replace("_", " ") for kind in row.makes) or _ABSENT
            cells = (_cell(row.operation, name, row.attributes.get(name), anchors) for name in matrix.attributes)
            name = el("th", el("code", row.operation), scope="row")
            rows.append(el("tr", name, el("td", makes, data_label="makes"), *cells, data_operations=row.operation))
    table = el("table", el("thead", head), el("tbody", joined(rows, LINE)), class_="stack", id="matrix")
    return el("div", table, class_="wide", tabindex="0", role="region", aria_label="Operations and attributes")


def _cell(operation: str, name: str, cell: Inherited | None, anchors: _Anchors) -> Html:
    if cell is None:
        return el("td", _ABSENT, class_="absent", data_label=name)
    before = before_text(cell)
    differs = before is not None or not anchors.new.isdisjoint(cell.exceptions)
    link = {"href": f"#{anchors.base[cell.rule.id]}", **anchors.opens(operation, name)}
    return el(
        "td",
        el("a", value_text(cell), title=f"{cell.rule.id}, {place_text(cell.rule)}", **link),
        *_changed(cell, anchors),
        data_label=name,
        data_keys=name,
        data_levels=" ".join(cell.chain),
        data_differs=differs,
        class_="differs" if differs else None,
    )


def _changed(cell: _Cell, anchors: _Anchors) -> Iterator[Html]:
    """A number for each exception that can change it, which leads to it; and what the policy below says."""
    links = [
        el("a", f"[{anchors.exceptions[id]}]", href=f"#exception-{anchors.exceptions[id]}", title=id)
        for id in cell.exceptions
    ]
    few, more = (links, []) if len(links) <= _FEW + 1 else (links[:_FEW], links[_FEW:])
    for link in few:
        yield Html(" ")
        yield link
    if more:
        yield el("details", el("summary", f"and {len(more)} more"), joined(more, Html(" ")))
    before = before_text(cell)
    if before is not None:
        yield el("span", f"was {before}", class_="before")


def _mark(differs: str | None) -> Html:
    return joined((Html(" "), el("mark", {"added": "new", "changed": "changed"}[differs]))) if differs else Html("")


def _when(one: Exceptional | Following) -> Html:
    return said(" and ".join(one.when) or "always")


def _exception(one: Exceptional, anchors: _Anchors) -> Html:
    levels = sorted({level for to in one.then.values() if isinstance(to, tuple) for level in to})
    number = anchors.exceptions[one.rule.id]
    beats = (
        joined(("[", str(anchors.exceptions[id]), "] ", id)) if id in anchors.exceptions else Html("")
        for id in one.overrides
    )
    told = {
        "of": joined((el("code", name) for name in one.operations), ", "),
        "when": _when(one),
        "then": joined((joined((el("code", key), ": ", outcome_text(to))) for key, to in one.then.items()), ", "),
        "in force": days_text(one.in_force),
        "beats": joined(beats, ", "),
        "because": one.rule.because or "",
    }
    return el(
        "article",
        el("h3", f"[{number}] {one.rule.id}", _mark(one.differs)),
        place(one.rule),
        terms(told),
        id=f"exception-{number}",
        class_="card rule" + (" differs" if one.differs else ""),
        data_operations=" ".join(one.operations),
        data_keys=" ".join(one.then),
        data_levels=" ".join(levels),
        data_differs=one.differs is not None,
    )


def _follow_up(numbered: tuple[int, Following]) -> Html:
    number, one = numbered
    told = {
        "after": el("code", one.after),
        "when": _when(one),
        "then": el("code", one.then),
        "refused": "left out, with a warning" if one.if_refused == "leave_out" else "refuses what it follows, too",
        "in force": days_text(one.in_force),
        "because": one.rule.because or "",
    }
    return el(
        "article",
        el("h3", one.rule.id, _mark(one.differs)),
        place(one.rule),
        terms(told),
        id=f"follow-up-{number}",
        class_="card rule" + (" differs" if one.differs else ""),
        data_operations=one.then,
        data_differs=one.differs is not None,
    )


def _picture(follow_ups: tuple[Following, ...]) -> Iterator[Html]:
    """Events, the rules that follow them and the operations that these run, and from an operation back to the events
    that it brings about. Operations that no rule runs are not drawn, though they bring events about as well."""
    if not follow_ups:
        return
    events = sorted({one.after for one in follow_ups})
    run = sorted({one.then for one in follow_ups})
    causes = {event: [name for name, spec in VOCABULARY.items() if event in spec.causes] for event in events}
    nodes = [Node(f"event {name}", "event", f"after {name.replace('_', ' ')}") for name in events]
    nodes += [
        Node(f"rule {one.rule.id}", "rule", one.rule.id, f"#follow-up-{number}")
        for number, one in enumerate(follow_ups, start=1)
    ]
    nodes += [Node(f"operation {name}", "operation", name.replace("_", " ")) for name in run]
    edges = [(f"event {one.after}", f"rule {one.rule.id}") for one in follow_ups]
    edges += [(f"rule {one.rule.id}", f"operation {one.then}") for one in follow_ups]
    edges += [(f"operation {name}", f"event {event}") for event in events for name in causes[event] if name in run]
    label = "; ".join(f"after {one.after}, {one.rule.id} runs {one.then}" for one in follow_ups)
    yield picture(nodes, list(dict.fromkeys(edges)), "Follow-ups as a graph", label)


def _declared(declared: tuple[Said, ...]) -> Iterator[Html]:
    for section, group in groupby(declared, key=lambda one: one.section):
        rows = [
            el(
                "tr",
                el("th", one.name, _mark(one.differs), scope="row"),
                el("td", said(one.says or "")),
                el("td", spot(one.position) if one.position else ""),
                class_="rule" + (" differs" if one.differs else ""),
                data_differs=one.differs is not None,
            )
            for one in group
        ]
        table = el("table", el("tbody", joined(rows, LINE)), class_="stack")
        yield el("details", el("summary", f"{NOUNS[section]} ({len(rows)})"), table, open=True)


def _rules(rules: Iterable[_BaseRule], anchors: _Anchors) -> Html:
    columns = ("decides", "value", "of", "because", "where")
    rows = [
        el(
            "tr",
            el("th", el("code", one.key), scope="row"),
            el(
                "td",
                value_text(one.cell),
                *_changed(one.cell, anchors),
                data_label="value",
            ),
            el("td", joined((el("code", name) for name in one.operations), ", "), data_label="of"),
            el("td", said(one.cell.rule.because or ""), data_label="because"),
            el("td", place(one.cell.rule), data_label="where"),
            id=f"base-{at}",
            class_="rule" + (" differs" if before_text(one.cell) is not None else ""),
            data_operations=" ".join(one.operations),
            data_keys=one.key,
            data_levels=" ".join(one.cell.chain) if isinstance(one.cell, Inherited) else None,
            data_differs=before_text(one.cell) is not None,
        )
        for at, one in enumerate(rules, start=1)
    ]
    head = el("tr", *(el("th", name, scope="col") for name in columns))
    return el("table", el("thead", head), el("tbody", joined(rows, LINE)), class_="stack")
