"""What every request passes: who sends it, how much of it is read, how it is told, and what no answer may say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.service.answers.problems import Problem, ProblemName
from billpolicy.service.asked.bodies import TYPES, Body, UnknownType
from billpolicy.service.callers.caller import Caller, Scope
from billpolicy.service.gate.limits import MEGABYTE, Limits
from billpolicy.service.serving import Serving

if TYPE_CHECKING:
    from starlette.requests import Request

UNKNOWN_PER_SECOND = 10.0
"""How often an address may send what nobody is known by."""
_CLOSE = {"connection": "close"}
"""What is still to come is not read."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer: pages run nothing and fetch nothing but what the service itself has."""


def caller_of(serving: Serving, request: Request, needed: Scope | None) -> Caller:
    """Who sends a request. Raises `Problem` where that is nobody who may, or who asks too often."""
    client = request.client.host if request.client is not None else ""
    caller = serving.callers.caller(client, request.headers)
    if caller is None:
        if needed is None:
            return Caller("anybody", frozenset())
        serving.rates.take(f"address {client}", UNKNOWN_PER_SECOND)
        headers = {"www-authenticate": "Bearer"}
        detail = "say who you are: send a token, as `authorization: Bearer TOKEN`"
        raise Problem("unauthenticated", detail, headers=headers)
    if caller.rate is not None:
        serving.rates.take(f"caller {caller.name}", caller.rate)
    if needed is not None and not caller.may(needed):
        raise Problem("scope-missing", f"`{caller.name}` may not do this: it takes the scope `{needed}`")
    return caller


async def body_of(request: Request, limits: Limits) -> Body | None:
    """What is sent with it. Raises `Problem` for more than is read, or where it takes too long to come."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > limits.body_bytes:
        raise _too_large(limits)
    raw = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        detail = f"the body was not there after {limits.body_seconds:g} seconds: send it again, or less of it"
        raise Problem("body-too-slow", detail, headers=_CLOSE) from None
    except ClientDisconnect:
        raise Problem(
            "body-too-slow", "the connection ended before all of the body was there", headers=_CLOSE
        ) from None
    type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Body(bytes(raw), type) if raw or type else None


def _too_large(limits: Limits) -> Problem:
    megabytes = limits.body_bytes / MEGABYTE
    return Problem("body-too-large", f"more was sent than the {megabytes:g} MB that are read", headers=_CLOSE)


def problem_in(error: Exception) -> Problem:
    """What is answered for something that was raised: of what is a bug of ours no more than that it is one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownType):
        return Problem("body-type", f"a body is one of {', '.join(TYPES)}: say which, as its `content-type`")
    if isinstance(error, Refused) and _is_of_the_ledger(error):
        detail = f"the ledger cannot be used now: {error.diagnostics[0].message}"
        told = [one._replace(position=None, hint=None) for one in error.diagnostics]  # which name the files of it
        return Problem("ledger-fails", detail, told, headers={"retry-after": "5"})
    if isinstance(error, Refused):
        count = len(error.diagnostics)
        detail = error.diagnostics[0].message if count == 1 else f"there are {count} reasons why this cannot be done"
        return Problem("refused", detail, error.diagnostics)
    return Problem("failed", "this failed by a mistake in the program; its log has more under the id of the request")


def _is_of_the_ledger(error: Refused) -> bool:
    """Whether the ledger, or the way to it, is what fails, and nothing that was asked is to blame."""
    return all(one.code.startswith("ledger-") and one.code != "ledger-changed" for one in error.diagnostics)


NAMES: dict[int, ProblemName] = {404: "not-found", 405: "wrong-method"}
"""What a router answers by itself."""
