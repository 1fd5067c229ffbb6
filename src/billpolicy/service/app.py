"""The service as an ASGI application: the routes of the registry behind the gate."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from billpolicy.report.html.markup import Html
from billpolicy.service.endpoint import Answer, Asked, Endpoint
from billpolicy.service.files import static
from billpolicy.service.gate import NAMES, body_of, caller_of, problem_in
from billpolicy.service.noted import Noted
from billpolicy.service.passing import Passing
from billpolicy.service.problems import Problem, answer_of
from billpolicy.service.registry import ENDPOINTS, PAGES
from billpolicy.service.serving import Serving
from billpolicy.source.write import plain_data

LINES = "application/x-ndjson"


def app_of(serving: Serving) -> Starlette:
    """The application."""
    routes = [Route(one.path, _asked(serving, one), methods=[one.method]) for one in (*ENDPOINTS, *PAGES)]
    routes.append(Route("/static/{name}", static))

    async def routed(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        name = NAMES.get(status)
        if name is None:
            return _told(problem_in(error), request.state.noted)
        detail = f"there is nothing at {request.url.path}" if status == 404 else f"{request.method} is not for this"
        return _told(Problem(name, detail), request.state.noted)

    handlers = {404: routed, 405: routed, 500: routed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.add_middleware(Passing, serving=serving)
    return app


def _asked(serving: Serving, endpoint: Endpoint) -> Any:
    """What answers the requests for an endpoint."""

    async def answer(request: Request) -> Response:
        noted: Noted = request.state.noted
        noted.route = endpoint.path
        try:
            caller = caller_of(serving, request, endpoint.scope)
            noted.caller = caller.name
            body = await body_of(request, serving.limits) if endpoint.method == "POST" else None
            if not endpoint.quick:
                await serving.turns.take()
                noted.has_turn = True  # until the whole of the answer is sent
            in_force = serving.in_force
            noted.policy = in_force.digest
            asked = Asked(
                serving,
                in_force,
                caller,
                noted.id,
                url_path=request.url.path,
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                body=body,
                noted=noted,
            )
            if endpoint.quick:
                return _response(endpoint.answer(asked), asked)
            return await run_in_threadpool(lambda: _response(endpoint.answer(asked), asked))
        except Exception as error:
            problem = problem_in(error)
            if problem.name == "failed":
                serving.log.failed(noted, error)
            return _told(problem, noted)

    return functools.wraps(endpoint.answer)(answer)


def _response(answer: Answer, asked: Asked) -> Response:
    headers = {"etag": f'"{asked.in_force.digest}"', **answer.headers}
    if isinstance(answer.content, Html):
        return HTMLResponse(answer.content, answer.status, headers)
    if isinstance(answer.content, Iterator):
        lines = (json.dumps(plain_data(one), ensure_ascii=False) + "\n" for one in answer.content)
        return StreamingResponse(lines, answer.status, headers, LINES)
    return _json(answer.content, answer.status, headers, "application/json")


def _told(problem: Problem, noted: Noted) -> Response:
    noted.problem = problem.name
    noted.codes += (one.code for one in problem.diagnostics)
    return answer_of(problem, noted.id)


def _json(content: Any, status: int, headers: Mapping[str, str], type: str) -> Response:
    text = json.dumps(plain_data(content), ensure_ascii=False)
    return Response(text + "\n", status, headers, type)
