"""Who sends a request, and how much of it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from billpolicy.exchange.callers_file import NOBODY_KNOWN
from billpolicy.service.asked.bodies import Body
from billpolicy.service.callers.caller import Caller, Scope
from billpolicy.service.gate.limits import MEGABYTE, Limits
from billpolicy.service.problems import Problem
from billpolicy.service.serving import Serving

if TYPE_CHECKING:
    from starlette.requests import Request

UNKNOWN_PER_SECOND = 10.0
"""How often an address may send what nobody is known by."""
_CLOSE = {"connection": "close"}
"""What is still to come is not read."""


def caller_of(serving: Serving, request: Request, needed: Sequence[Scope]) -> Caller:
    """Who sends a request. Raises `Problem` where that is nobody who has one of the scopes, or who asks too often.

    `needed`: none where anybody may ask.
    """
    client = request.client.host if request.client is not None else ""
    caller = serving.callers.caller(client, request.headers)
    if caller is None:
        if not needed:
            return Caller(NOBODY_KNOWN, frozenset())
        serving.rates.take(f"address {client}", UNKNOWN_PER_SECOND)
        headers = {"www-authenticate": "Bearer"}
        detail = "say who you are: send a token, as `authorization: Bearer TOKEN`"
        raise Problem("unauthenticated", detail, headers=headers)
    if caller.rate is not None:
        serving.rates.take(f"caller {caller.name}", caller.rate)
    if needed:
        caller.expect(*needed)
    return caller


async def body_of(request: Request, limits: Limits, *, known: bool) -> Body | None:
    """What is sent with it. Raises `Problem` for more than is read, or where it takes too long to come.

    `known`: whether whoever sends it had to say who they are; of what anybody may send less is read.
    """
    most = limits.body_bytes if known else min(limits.open_body_bytes, limits.body_bytes)
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:
        raise _too_large(most)
    raw = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > most:
                    raise _too_large(most)
    except TimeoutError:
        detail = f"the body was not there after {limits.body_seconds:g} seconds: send it again, or less of it"
        raise Problem("body-too-slow", detail, headers=_CLOSE) from None
    except ClientDisconnect:
        raise Problem(
            "body-too-slow", "the connection ended before all of the body was there", headers=_CLOSE
        ) from None
    type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Body(bytes(raw), type) if raw or type else None


def _too_large(most: int) -> Problem:
    size = f"{most / MEGABYTE:g} MB" if most >= MEGABYTE else f"{most / 1024:g} KB"
    return Problem("body-too-large", f"more was sent than the {size} that are read", headers=_CLOSE)
