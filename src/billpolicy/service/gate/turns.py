"""So many requests are answered at once, some wait for a moment, and the others are sent away to come again."""

from __future__ import annotations

import asyncio

from billpolicy.service.gate.limits import Limits
from billpolicy.service.problems import Problem


class Turns:
    """Of one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.at_once)
        self._waiting = 0

    async def take(self) -> None:
        """Wait for a turn, which is to be given back. Raises `Problem` where there is none for too long."""
        if self._waiting >= self._limits.waiting:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.waiting_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Let another request have it."""
        self._free.release()


def _busy() -> Problem:
    detail = "so many requests are being answered that this one cannot be now: send it again in a moment"
    return Problem("busy", detail, headers={"retry-after": "1"})
