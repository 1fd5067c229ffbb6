"""Fair pairing: the contestants take turns, round after round, and the median of each round's ratio counts."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

Contestant = Callable[[], object]


def rates(
    contestants: Mapping[str, Contestant],
    work: int,
    rounds: int,
    *,
    warm: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Units of work per second of each contestant, round by round. Each does `work` units per call.

    Each runs once before it counts, unless it did as much before, on less work (`warm=False`). `clock`:
    `time.process_time` where the work is that of a processor alone.
    """
    for run in contestants.values() if warm else ():
        run()
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()
            start = clock()
            run()
            found[name].append(work / (clock() - start))
    return found


def ratio(found: Mapping[str, list[float]], name: str, peer: str) -> float:
    """The median over the rounds of how much faster `name` was than `peer`."""
    return statistics.median(a / b for a, b in zip(found[name], found[peer], strict=True))


def table(found: Mapping[str, list[float]], unit: str) -> str:
    """One line for each contestant: the median rate, and the slowest and fastest round."""
    width = max(map(len, found))
    return "\n".join(
        f"  {name:<{width}}  {statistics.median(each):>12,.0f} {unit}/s   ({min(each):,.0f} to {max(each):,.0f})"
        for name, each in found.items()
    )
