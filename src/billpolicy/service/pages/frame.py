"""The frame of every page: where one is, who one is, and which policy it is told by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, finding
from billpolicy.report.results import findings
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer


class Stop(NamedTuple):
    """A page that is led to from every other."""

    title: str
    path: str
    leads_to: tuple[str, ...] = ()
    """Where else one gets from it."""


_SESSION = re.compile(r"(?:^|;\s*)(?:__Host-)?billpolicy=[^;]")
"""The cookie of a session (`callers/sessions.py`) among those of a browser."""
STOPS = (
    Stop("Matrix", "/pages/matrix"),
    Stop("Explain", "/pages/explain"),
    Stop("What if", "/pages/what-if"),
    Stop("Review", "/pages/review"),
    Stop("Accounts", "/pages/accounts", ("/pages/documents", "/pages/history")),
    Stop("Plan", "/pages/plan"),
    Stop("Waiting", "/pages/waiting"),
)
_HTMX = '{"includeIndicatorCSS": false, "history": false, "noSwap": [204, 304, "4xx", "5xx"], "defaultTimeout": 30000}'
"""htmx writes no styles, keeps no pages, and puts nothing into a page that is no part of one."""


def framed(
    asked: Asked,
    title: str,
    body: Html,
    *,
    styles: Iterable[str] = (),
    scripts: Iterable[str] = (),
    status: int = 200,
    wide: bool = False,
) -> Answer:
    """A whole page. `styles` and `scripts`: files of `files.py`, beside those of every page; `wide`: for what has many
    columns."""
    head = (
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="htmx-config", content=_HTMX),
        el("title", f"{title} · billpolicy"),
        el("link", rel="icon", href="data:,"),
        *(el("link", rel="stylesheet", href=f"/static/{name}") for name in ("page.css", *styles, "service.css")),
        *(el("script", src=f"/static/{name}", defer=True) for name in ("htmx.min.js", "service.js", *scripts)),
    )
    skip = el("a", "Skip to the content", href="#content", class_="skip")
    main = el(
        "main", _not_taken(asked), el("h1", title), body, id="content", tabindex="-1", class_="broad" if wide else None
    )
    told = el("p", id="said", class_="said", role="status")
    whole = joined((skip, _header(asked), main, told), LINE)
    return Answer(Html(f'<!doctype html><html lang="en">{el("head", *head)}\n{el("body", whole)}</html>\n'), status)


def bare(title: str, body: Html) -> Html:
    """A page that says nothing of the policy and of who one is, for whoever asks."""
    head = (
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · billpolicy"),
        el("link", rel="icon", href="data:,"),
        *(el("link", rel="stylesheet", href=f"/static/{name}") for name in ("page.css", "service.css")),
    )
    main = el("main", el("h1", title), body, id="content", tabindex="-1")
    return Html(f'<!doctype html><html lang="en">{el("head", *head)}\n{el("body", main)}</html>\n')


def _header(asked: Asked) -> Html:
    told = [asked.caller.name]
    if asked.caller.may("read"):
        policies = ", ".join(dict.fromkeys(policy.name for policy in asked.versions.policies))
        told = [el("strong", policies), " ", el("code", asked.in_force.digest[:12]), f" · {asked.caller.name}"]
    known = el("div", el("p", *told), _way_out(asked), class_="known")
    links = (el("li", el("a", one.title, href=one.path, aria_current=_current(one, asked.url_path))) for one in STOPS)
    nav = el("nav", el("ul", *links), aria_label="Pages")
    return el("header", el("a", "billpolicy", href="/pages/matrix", class_="brand"), nav, known, class_="frame")


def _not_taken(asked: Asked) -> Html:
    """That the policy has changed where it is read from, and is not sound: what is told here is by the one before."""
    refused = asked.serving.not_taken
    if refused is None or not asked.caller.may("read"):
        return Html("")
    count = counted(len(refused.diagnostics), "mistake")
    said = f"The policy was changed at {refused.at:%H:%M} UTC and is not taken: {count}. The one before stays in force."
    return el("details", el("summary", said), wrong(refused.diagnostics), class_="card odd")


def _way_out(asked: Asked) -> Html:
    """Ends the session of somebody who has begun one with a token."""
    if asked.serving.callers.only_here or not _SESSION.search(asked.headers.get("cookie", "")):
        return Html("")
    return el("form", el("button", "Sign out"), action="/logout", method="post")


def _current(stop: Stop, here: str) -> str | None:
    """Whether it is the page that one is on, or that from which one gets there."""
    above = (f"{path}/" for path in (stop.path, *stop.leads_to))
    return "page" if stop.path == here else "true" if here.startswith(tuple(above)) else None


def is_for_part(asked: Asked) -> bool:
    """Whether htmx asks, which wants a part of a page; without a script, the same address gives a whole one."""
    return asked.headers.get("hx-request") == "true"


def part(body: Html, status: int = 200) -> Answer:
    """A part of a page, which htmx puts into it."""
    return Answer(body, status)


def wrong(problems: Sequence[Diagnostic]) -> Html:
    """Everything that is wrong, each with where it is and what to do next."""
    return joined(map(finding, findings(problems)), LINE)
