"""How often a caller may ask: a bucket each, which a request takes one from and time fills again."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from billpolicy.service.problems import Problem

_MOST = 10_000
"""Buckets that are kept; who did not ask for longest has a full one anyway."""
BURST_SECONDS = 2.0
"""A bucket that nobody took from for so long is full."""


class _Bucket(NamedTuple):
    left: float
    at: float


class Rates:
    """Of one process: with several workers each counts for itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, per_second: float) -> None:
        """Count a request. Raises `Problem` where it is one too many, with when there may be another."""
        now = self._clock()
        most = max(per_second * BURST_SECONDS, 1.0)
        left, at = self._buckets.get(name) or (most, now)
        left = min(most, left + (now - at) * per_second)
        wait = 0.0 if left >= 1 else (1 - left) / per_second
        self._buckets[name] = _Bucket(left if wait else left - 1, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        if wait:
            detail = f"more was asked for than {per_second:g} times a second: wait, and send it again"
            raise Problem("too-many", detail, headers={"retry-after": str(math.ceil(wait))})
