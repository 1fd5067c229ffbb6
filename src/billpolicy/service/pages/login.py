"""Where a browser says who it is, with a token: from then on it has a cookie. And where it gives that back."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.gate.entry import UNKNOWN_PER_SECOND
from billpolicy.service.pages.forms import filled_in, hidden
from billpolicy.service.pages.frame import bare
from billpolicy.service.pages.links import asked_for, way_back
from billpolicy.service.problems import Problem

FIRST = "/pages/matrix"
"""Where one goes who came from nowhere."""


def to_login(request: Request) -> Response:
    """Lead somebody whom nobody knows to the page, and from there back to where they were going."""
    where = f"/login?next={quote(asked_for(request.scope['path'], request.url.query))}"
    if "hx-request" in request.headers:  # a part of a page was asked for: the whole of it has to go
        return Response(status_code=401, headers={"hx-redirect": where})
    return Response(status_code=303, headers={"location": where})


def _show(asked: Asked) -> Answer:
    if asked.serving.callers.only_here:  # nobody has a token, nor needs one
        return Answer(Html(""), 303, {"location": FIRST})
    return _page(way_back(asked.query.get("next", ""), FIRST))


def _begin(asked: Asked) -> Answer:
    if asked.body is None:  # of a token in an address there would be traces
        raise Problem("body-type", "a form with a token is sent here, as the page has it")
    sent = filled_in(asked)
    where = way_back(sent.get("next", ""), FIRST)
    cookie = asked.serving.callers.begin_session(sent.get("token", "").strip())
    if cookie is None:
        asked.serving.rates.take(f"address {asked.client}", UNKNOWN_PER_SECOND)
        asked.noted.problem = "unauthenticated"
        return _page(where, "This token is nobody's: it may be cut off, or no longer in the file of callers.", 401)
    return Answer(Html(""), 303, {"location": where, "set-cookie": cookie})


def _end(asked: Asked) -> Answer:
    return Answer(Html(""), 303, {"location": "/login", "set-cookie": asked.serving.callers.end_session()})


def _page(where: str, wrong: str | None = None, status: int = 200) -> Answer:
    """The page, which says nothing of the policy: whoever sees it is nobody yet."""
    field = el(
        "input",
        id="token",
        name="token",
        type="password",
        autocomplete="current-password",
        required=True,
        autofocus=True,
        aria_describedby="wrong" if wrong is not None else None,
    )
    form = el(
        "form",
        el("p", el("label", "Token", for_="token"), " ", field),
        hidden("next", where),
        el("p", el("button", "Log in", type="submit")),
        method="post",
        action="/login",
    )
    whence = el(
        "p", "You have it from whoever runs this service, who makes one for each person and program.", class_="note"
    )
    told = () if wrong is None else (el("p", wrong, id="wrong", role="alert"),)
    return Answer(bare("Log in", joined((*told, form, el("p", whence, class_="note")), LINE)), status)


PAGE = Endpoint("GET", "/login", "Where a browser says who it is.", None, _show, quick=True)
BEGIN = Endpoint("POST", "/login", "Takes a token, and gives a cookie.", None, _begin, quick=True)
END = Endpoint("POST", "/logout", "Takes the cookie back.", None, _end, quick=True)
