"""The service as an ASGI application: the routes of the registry behind the gate."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from billpolicy.report.html.markup import Html
from billpolicy.report.served import ResultLine
from billpolicy.service.answers.streaming import Streamed
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import Body
from billpolicy.service.asked.conditions import check_policy
from billpolicy.service.asked.heads import Requested
from billpolicy.service.asked.parameters import check_query
from billpolicy.service.callers.caller import NOBODY, Caller
from billpolicy.service.endpoint import Answer, Endpoint, Lines
from billpolicy.service.files import static
from billpolicy.service.gate.entry import body_of, caller_of
from billpolicy.service.gate.gate import ALWAYS, Gate
from billpolicy.service.pages.login import to_login
from billpolicy.service.pages.problem import nowhere_page, problem_page, wants_page
from billpolicy.service.problems import NAMES, Problem, answer_of, problem_in
from billpolicy.service.registry import ENDPOINTS, PAGES
from billpolicy.service.serving import InForce, Serving
from billpolicy.service.writing import json_line

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_Answers = Callable[[Request], Awaitable[Response]]


def app_of(serving: Serving) -> ASGIApp:
    """The application."""
    answers = {(one.method, one.path): _asked(serving, one) for one in (*ENDPOINTS, *PAGES)}
    routes = [Route(_pattern(path), answer, methods=[method]) for (method, path), answer in answers.items()]
    routes.append(Route("/static/{name}", static))

    async def routed(request: Request, error: Exception) -> Response:
        noted = request.state.noted
        name = NAMES.get(error.status_code) if isinstance(error, HTTPException) else None
        if name is None:  # the gate gets it, too, and notes it
            return answer_of(problem_in(error), noted.id)
        nowhere = f"there is nothing at {request.url.path}"
        detail = nowhere if name == "not-found" else f"{request.method} is not for this"
        problem = Problem(name, detail, headers=getattr(error, "headers", None))
        told = serving.problem(problem, noted)
        if name == "not-found" and wants_page(request.headers):
            return HTMLResponse(nowhere_page(told, noted.id), told.status)
        return answer_of(told, noted.id)

    handlers = {404: routed, 405: routed, 500: routed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    fixed = {address: answer for address, answer in answers.items() if "{" not in address[1]}
    return Gate(_Straight(app, fixed), serving)


class _Straight:
    """An application in which addresses without names in them are found at once: a router tries one after the other."""

    def __init__(self, app: ASGIApp, answers: Mapping[tuple[Any, str], _Answers]) -> None:
        """`answers`: method and address -> what answers there, in `app`, too."""
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        answers = self._answers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if answers is None:
            await self._app(scope, receive, send)
            return
        response = await answers(Request(scope, receive))
        await response(scope, receive, send)


def _pattern(path: str) -> str:
    """An address as the router has it: names of documents and lines may have slashes in them."""
    return re.sub(r"\{(\w+)\}", r"{\1:path}", path)


def _asked(serving: Serving, endpoint: Endpoint) -> _Answers:
    """What answers the requests for an endpoint."""
    is_for_programs = endpoint in ENDPOINTS

    def checked(request: Requested, caller: Caller, body: Body | None) -> Asked:
        in_force = serving.in_force
        request.noted.policy = in_force.digest
        asked = _asked_by(request, serving, in_force, caller, body)
        if is_for_programs:
            check_query(endpoint.parameters, asked, endpoint.path)
            check_policy(asked)
        return asked

    async def answered(plain: Request) -> Response:
        request = Requested(plain.scope, plain.receive)
        noted = request.noted
        noted.route = endpoint.path
        caller = NOBODY
        try:
            caller = caller_of(serving, request, endpoint.scopes)
            noted.caller = caller.name
            body = None
            if endpoint.method == "POST":
                body = await body_of(request, serving.limits, known=bool(endpoint.scopes))
            if endpoint.at_once is not None:
                asked = checked(request, caller, body)
                if (answer := endpoint.at_once(asked)) is not None:
                    return _response(answer, asked)
            if not endpoint.quick and endpoint.path not in ALWAYS:
                of = None if serving.callers.only_here else caller.name
                request.state.give_back = await serving.turns.take(of)  # when the whole of the answer is sent
            asked = checked(request, caller, body)
            if endpoint.quick:
                return _response(endpoint.answer(asked), asked)
            return await run_in_threadpool(lambda: _response(endpoint.answer(asked), asked))
        except Exception as error:
            problem = serving.problem(error, noted)
            if problem.name == "unauthenticated" and endpoint in PAGES and endpoint.method == "GET":
                return to_login(request)
            if endpoint in PAGES and problem.name != "unauthenticated" and wants_page(request.headers):
                asked = _asked_by(request, serving, serving.in_force, caller)
                return _response(problem_page(asked, problem), asked)
            return answer_of(problem, noted.id)

    return functools.wraps(endpoint.answer)(answered)


def _asked_by(
    request: Requested, serving: Serving, in_force: InForce, caller: Caller, body: Body | None = None
) -> Asked:
    return Asked(
        serving,
        in_force,
        caller,
        request.noted.id,
        url_path=request.scope["path"],
        path=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=body,
        client=request.client.host if request.client is not None else "",
        noted=request.noted,
    )


def _response(answer: Answer, asked: Asked) -> Response:
    headers = {"etag": f'"{asked.in_force.digest}"', **answer.headers}
    content = answer.content
    if isinstance(content, Html):
        return HTMLResponse(content, answer.status, headers)
    if isinstance(content, Lines):
        return _streamed(content, answer.status, headers, asked)
    if isinstance(content, bytes):
        return Response(content, answer.status, headers, "application/json" if content else None)
    return Response(json_line(content), answer.status, headers, "application/json")


def _streamed(lines: Lines, status: int, headers: dict[str, str], asked: Asked) -> Response:
    """What fails before the first line is answered as any other problem."""
    first = next(lines.each)

    def failed(error: Exception) -> ResultLine:
        return ResultLine(problem=asked.serving.problem(error, asked.noted).report(asked.id))

    return Streamed(itertools.chain((first,), lines.each), lines.going_on, failed, status, headers)
