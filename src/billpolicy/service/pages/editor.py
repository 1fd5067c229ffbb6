"""A text that is edited in a page: its lines are numbered, and what is wrong is marked at its line and leads there."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE, path
from billpolicy.service.pages.forms import field, text_area

STYLES, SCRIPTS = ("editor.css",), ("editor.js",)
"""What a page with one needs."""


def editor(name: str, label: str, text: str, help: str, **attributes: str | int | bool | None) -> Html:
    """The control; without a script it has no numbers, and does all else."""
    area = text_area(name, text, rows=text.count("\n") + 2, aria_describedby=f"{name}-help", **attributes)
    scrolled = el("div", el("div", class_="gutter", aria_hidden="true"), area, class_="editor")
    return field(name, label, scrolled, help=help)


def findings_in(file: str, name: str, found: Iterable[Diagnostic]) -> Html:
    """What was found, as on every page; what is in this file leads to its line in the control of this name."""
    return joined((_finding(file, name, one) for one in found), LINE)


def _finding(file: str, name: str, one: Diagnostic) -> Html:
    at = one.position
    where = Html("")
    if at is not None and at.file == file and at.line:
        place = {"data_line": at.line, "data_column": at.column}
        where = el("a", f"line {at.line}", href=f"#{name}", data_severity=one.severity, **place)
    elif at is not None:
        where = path(at.place)
    head = joined((el("strong", f"{one.severity}:"), said(one.message), el("code", f"[{one.code}]"), where), " ")
    hint = el("div", said(one.hint), class_="soft") if one.hint else ""
    return el("div", head, hint, class_="card wrong" if one.severity == "error" else "card odd")
