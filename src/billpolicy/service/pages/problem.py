"""Why a page is not shown, as a page: for programs the same is a record (`problems.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer
from billpolicy.service.pages.frame import bare, framed, wrong
from billpolicy.service.pages.login import FIRST
from billpolicy.service.problems import Problem

_TITLES: Mapping[str, str] = {
    "failed": "This failed",
    "not-found": "There is nothing here",
    "refused": "This cannot be done",
    "scope-missing": "You may not do this",
    "too-many": "Too many at once",
}
_TITLE = "This cannot be shown"


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a person asks, whose browser shows pages, and no program and no part of a page."""
    return "text/html" in headers.get("accept", "") and "hx-request" not in headers


def nowhere_page(problem: Problem, request: str) -> Html:
    """The page of an address at which there is none, for whoever asks. `request`: the id of the request."""
    body = [
        el("p", said(problem.detail)),
        el("p", el("a", "The matrix", href=FIRST), " leads on to all pages."),
        el("p", "Request ", el("code", request), class_="soft"),
    ]
    return bare(_TITLES["not-found"], joined(body, LINE))


def problem_page(asked: Asked, problem: Problem) -> Answer:
    """The page, with every reason and what to do next."""
    body = [
        *([] if problem.diagnostics else [el("p", said(problem.detail))]),
        wrong(problem.diagnostics),
        el("p", "Request ", el("code", asked.id), class_="soft"),
    ]
    page = framed(asked, _TITLES.get(problem.name, _TITLE), joined(body, LINE), status=problem.status)
    return page._replace(headers=problem.headers)
