"""The frame of every page: one file that fetches nothing, on a phone as on a screen, in the dark, and printed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from billpolicy.report.html.markup import Html, el


def page(title: str, body: Html, *, styles: Iterable[str] = (), script: str | None = None) -> str:
    """A whole page. `styles` beside those of every page, and `script`: files of this folder."""
    css = "".join(map(_file, ("page.css", *styles)))
    head = (
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", title),
        el("style", Html(css)),
    )
    code = (el("script", Html(_file(script))),) if script else ()
    return f'<!doctype html><html lang="en">{el("head", *head)}\n{el("body", el("main", body), *code)}</html>\n'


def _file(name: str) -> str:
    return files("billpolicy.report.html").joinpath(name).read_text(encoding="utf-8")
