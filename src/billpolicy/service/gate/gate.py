"""The way of every request, from the first byte of its head to the last of its answer, whatever it is for.

Outside of all routes, so that also what is not there, is refused or fails has the headers of an answer, an id, a line
in the log, and its place in the metrics.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from billpolicy.service.asked.heads import Head
from billpolicy.service.gate.headers import HEADERS
from billpolicy.service.gate.origins import refuse_other_host, refuse_other_origin
from billpolicy.service.problems import Problem, answer_of
from billpolicy.service.serving import Serving
from billpolicy.service.telling.noted import Noted, id_for

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = frozenset({"/health", "/ready", "/metrics"})
"""What is asked by those who look after the service, every few seconds: also when it is to stop, and without a line of
the log where all is well."""
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Gate:
    """An application in it."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Head(scope)
        method = scope["method"]
        noted = Noted(id_for(headers.get("x-request-id")), method if method in _METHODS else "other")
        scope.setdefault("state", {}).update(noted=noted, head=headers)
        began = time.perf_counter()
        serving = self._serving
        serving.metrics.begun()
        serving.in_flight += 1

        is_whole = is_logged = False

        def log() -> None:
            nonlocal is_logged
            if not is_logged and (noted.route not in ALWAYS or noted.status >= 400):
                serving.log.request(noted, time.perf_counter() - began)
            is_logged = True

        async def told(message: Message) -> None:
            nonlocal is_whole
            if message["type"] == "http.response.start":
                noted.status = message["status"]
                message["headers"] = _with_ours(list(message.get("headers", ())), noted.id)
            elif message["type"] == "http.response.body":
                is_whole = not message.get("more_body", False)
                if is_whole and noted.status >= 400:
                    log()  # first: whoever was refused finds why, also if this process is killed now
            await send(message)

        try:
            self._refuse(scope["path"], method, headers)
            await self._app(scope, receive, told)
        except Exception as error:
            problem = serving.problem(error, noted)
            if is_whole:
                return
            if noted.status:  # the answer has begun: whoever reads it must see that it is cut off
                raise
            await answer_of(problem, noted.id)(scope, receive, told)
        finally:
            if (give_back := scope["state"].get("give_back")) is not None:  # of the turn that it took
                give_back()
            seconds = time.perf_counter() - began
            serving.in_flight -= 1
            serving.metrics.answered(noted, seconds)
            log()

    def _refuse(self, path: str, method: str, headers: Headers) -> None:
        if self._serving.callers.only_here:
            refuse_other_host(headers)
        if path in ALWAYS:
            return
        if self._serving.is_stopping:
            detail = "this is about to stop: send it again in a moment"
            raise Problem("stopping", detail, headers={"retry-after": "1", "connection": "close"})
        refuse_other_origin(method, headers)


def _with_ours(headers: list[tuple[bytes, bytes]], id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those of every answer, but for what the answer says itself."""
    said = {name.lower() for name, _ in headers}
    headers += (one for one in _HEADERS if one[0] not in said)
    if b"x-request-id" not in said:
        headers.append((b"x-request-id", id.encode()))
    return headers
