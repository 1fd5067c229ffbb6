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
from billpolicy.service.gate import HEADERS, NAMES, body_of, caller_of, new_id, problem_in
from billpolicy.service.problems import TYPE, Problem
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
            return _told(problem_in(error), new_id())
        detail = f"there is nothing at {request.url.path}" if status == 404 else f"{request.method} is not for this"
        return _told(Problem(name, detail), new_id())

    return Starlette(routes=routes, exception_handlers={404: routed, 405: routed, 500: routed})


def _asked(serving: Serving, endpoint: Endpoint) -> Any:
    """What answers the requests for an endpoint."""

    async def answer(request: Request) -> Response:
        id = new_id()
        try:
            caller = caller_of(serving, request, endpoint.scope)
            body = await body_of(request) if endpoint.method == "POST" else None
            asked = Asked(
                serving,
                serving.in_force,
                caller,
                id,
                url_path=request.url.path,
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                body=body,
            )
            if endpoint.quick:
                return _response(endpoint.answer(asked), asked)
            return await run_in_threadpool(lambda: _response(endpoint.answer(asked), asked))
        except Exception as error:
            return _told(problem_in(error), id)

    return functools.wraps(endpoint.answer)(answer)


def _response(answer: Answer, asked: Asked) -> Response:
    headers = {**HEADERS, "x-request-id": asked.id, "etag": f'"{asked.in_force.digest}"', **answer.headers}
    if isinstance(answer.content, Html):
        return HTMLResponse(answer.content, answer.status, headers)
    if isinstance(answer.content, Iterator):
        lines = (json.dumps(plain_data(one), ensure_ascii=False) + "\n" for one in answer.content)
        return StreamingResponse(lines, answer.status, headers, LINES)
    return _json(answer.content, answer.status, headers, "application/json")


def _told(problem: Problem, id: str) -> Response:
    return _json(problem.report(id), problem.status, {**HEADERS, "x-request-id": id, **problem.headers}, TYPE)


def _json(content: Any, status: int, headers: Mapping[str, str], type: str) -> Response:
    text = json.dumps(plain_data(content), ensure_ascii=False)
    return Response(text + "\n", status, headers, type)
