"""So many requests are answered at once, some wait for a moment, and the others are sent away to come again.

One caller has half of that at most, so that nobody keeps all others out by taking long over what they asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from billpolicy.service.gate.limits import Limits
from billpolicy.service.problems import Problem


class _Share:
    """What somebody may have of the turns, and of the places to wait in."""

    def __init__(self, turns: int, places: int) -> None:
        self.free = asyncio.Semaphore(turns)
        self.places = places
        """That are left."""


class Turns:
    """Of one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = _Share(limits.at_once, limits.waiting)
        self._of: dict[str, _Share] = {}
        """By the name of a caller: there are as many as the file of callers has."""

    async def take(self, caller: str | None) -> Callable[[], None]:
        """Wait for a turn; what it gives is to be called once, to give it back. None: whoever may have all of them.
        Raises `Problem` where there is none for too long."""
        whole, limits = self._all, self._limits
        own = _Share(limits.at_once, limits.waiting) if caller is None else self._share_of(caller)
        if not whole.places:
            raise _busy()
        if not own.places:
            raise _too_many()
        whole.places -= 1
        own.places -= 1
        lacks = _too_many
        try:
            async with asyncio.timeout(limits.waiting_seconds):
                await own.free.acquire()
                lacks = _busy
                try:
                    await whole.free.acquire()
                except asyncio.CancelledError:
                    own.free.release()
                    raise
        except TimeoutError:
            raise lacks() from None
        finally:
            whole.places += 1
            own.places += 1

        def give_back() -> None:
            own.free.release()
            whole.free.release()

        return give_back

    def _share_of(self, caller: str) -> _Share:
        share = self._of.get(caller)
        if share is None:
            half = _Share(max(self._limits.at_once // 2, 1), max(self._limits.waiting // 2, 1))
            share = self._of[caller] = half
        return share


def _busy() -> Problem:
    detail = "so many requests are being answered that this one cannot be now: send it again in a moment"
    return Problem("busy", detail, headers={"retry-after": "1"})


def _too_many() -> Problem:
    detail = "as many requests of yours as of anybody are being answered: wait for one of them, and send this again"
    return Problem("too-many", detail, headers={"retry-after": "1"})
