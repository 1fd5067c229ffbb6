"""The frame of every page: where one is, who one is, and which policy it is told by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE
from billpolicy.service.endpoint import Answer, Asked


class Stop(NamedTuple):
    """A page that is led to from every other."""

    title: str
    path: str


STOPS = (
    Stop("Matrix", "/pages/matrix"),
    Stop("Explain", "/pages/explain"),
    Stop("What if", "/pages/what-if"),
    Stop("Review", "/pages/review"),
    Stop("Accounts", "/pages/accounts"),
    Stop("Waiting", "/pages/waiting"),
)


def framed(
    asked: Asked, title: str, body: Html, *, styles: Iterable[str] = (), scripts: Iterable[str] = (), status: int = 200
) -> Answer:
    """A whole page. `styles` and `scripts`: files of `files.py`, beside those of every page."""
    head = (
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · billpolicy"),
        *(el("link", rel="stylesheet", href=f"/static/{name}") for name in ("page.css", "service.css", *styles)),
        *(el("script", src=f"/static/{name}", defer=True) for name in ("htmx.min.js", "service.js", *scripts)),
    )
    here = asked.url_path
    links = (
        el("li", el("a", one.title, href=one.path, aria_current="page" if one.path == here else None)) for one in STOPS
    )
    policies = ", ".join(dict.fromkeys(policy.name for policy in asked.versions.policies))
    known = el("p", "Policy ", el("strong", policies), ", ", el("code", asked.in_force.digest[:12]), class_="soft")
    header = el("header", el("nav", el("ul", *links), aria_label="Pages"), known, class_="frame")
    skip = el("a", "Skip to the content", href="#content", class_="skip")
    main = el("main", el("h1", title), body, id="content", tabindex="-1")
    whole = joined((skip, header, main), LINE)
    return Answer(Html(f'<!doctype html><html lang="en">{el("head", *head)}\n{el("body", whole)}</html>\n'), status)


def part(body: Html, status: int = 200) -> Answer:
    """A part of a page, which htmx puts into it."""
    return Answer(body, status)
