"""What every request passes: who sends it, how much of it is read, how it is told, and what no answer may say."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import Response

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.service.bodies import TYPES, Body, UnknownType
from billpolicy.service.callers import Caller, Scope
from billpolicy.service.endpoint import Asked
from billpolicy.service.problems import Problem, ProblemName
from billpolicy.service.serving import Serving

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 8 * 1024 * 1024
"""Of the body of a request."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer: pages run nothing and fetch nothing but what the service itself has."""


def new_id() -> str:
    """The id of a request."""
    return secrets.token_hex(8)


def caller_of(serving: Serving, request: Request, needed: Scope | None) -> Caller:
    """Who sends a request. Raises `Problem` where that is nobody who may."""
    client = request.client.host if request.client is not None else ""
    caller = serving.callers.caller(client, request.headers)
    if caller is None:
        if needed is None:
            return Caller("anybody", frozenset())
        headers = {"www-authenticate": "Bearer"}
        detail = "say who you are: send a token, as `authorization: Bearer TOKEN`"
        raise Problem("unauthenticated", detail, headers=headers)
    if needed is not None and needed not in caller.scopes:
        raise Problem("scope-missing", f"`{caller.name}` may not do this: it takes the scope `{needed}`")
    return caller


async def body_of(request: Request) -> Body | None:
    """What is sent with it. Raises `Problem` for more than is read."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise Problem("body-too-large", f"more was sent than the {MOST_BYTES // 1024**2} MB that are read")
    type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Body(bytes(raw), type) if raw or type else None


def problem_in(error: Exception) -> Problem:
    """What is answered for something that was raised: of what is a bug of ours no more than that it is one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownType):
        return Problem("body-type", f"a body is one of {', '.join(TYPES)}: say which, as its `content-type`")
    if isinstance(error, Refused):
        count = len(error.diagnostics)
        detail = error.diagnostics[0].message if count == 1 else f"there are {count} reasons why this cannot be done"
        return Problem("refused", detail, error.diagnostics)
    return Problem("failed", "this failed by a mistake in the program; its log has more under the id of the request")


Answering = Callable[[Asked], Response]
"""Makes the response of what was asked."""
NAMES: dict[int, ProblemName] = {404: "not-found", 405: "wrong-method"}
"""What a router answers by itself."""
