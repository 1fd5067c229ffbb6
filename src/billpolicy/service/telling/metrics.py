"""What Prometheus is told: numbers with few labels, none of which a caller can make up.

With several workers each keeps its own in a folder that all share, and whichever is asked adds them up: the folder is
named by `PROMETHEUS_MULTIPROC_DIR`, which `cli/serve.py` sets before a worker begins.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from billpolicy.service.telling.noted import Noted

if TYPE_CHECKING:
    from billpolicy.report.log import LogOutcome

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is told by none of several workers
SHARED = "PROMETHEUS_MULTIPROC_DIR"
TYPE = "text/plain; version=0.0.4; charset=utf-8"
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the buckets, in seconds."""


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        own = self._own = CollectorRegistry()
        self._requests = Counter(
            "billpolicy_requests_total", "Requests that were answered.", ["method", "route", "status"], registry=own
        )
        self._seconds = Histogram(
            "billpolicy_request_seconds", "How long requests took.", ["route"], buckets=_QUICK, registry=own
        )
        self._in_flight = Gauge(
            "billpolicy_requests_in_flight",
            "Requests that are being answered.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self._decisions = Counter(
            "billpolicy_decisions_total",
            "Operations, and rows of facts, by what became of them.",
            ["operation", "outcome"],
            registry=own,
        )
        self._refusals = Counter(
            "billpolicy_refusals_total", "Reasons why something was refused.", ["code"], registry=own
        )
        self._waits = Histogram(
            "billpolicy_ledger_wait_seconds",
            "How long a posting waited for its turn at the ledger.",
            buckets=_QUICK,
            registry=own,
        )
        self._not_taken = Counter(
            "billpolicy_policy_changes_refused_total", "Changed policies that were not put in force.", registry=own
        )
        self._taken = Counter("billpolicy_policy_changes_total", "Changed policies put in force.", registry=own)

    def begun(self) -> None:
        """A request came."""
        self._in_flight.inc()

    def answered(self, noted: Noted, seconds: float) -> None:
        """It was answered."""
        self._in_flight.dec()
        self._requests.labels(noted.method, noted.route, str(noted.status)).inc()
        self._seconds.labels(noted.route).observe(seconds)
        for code in noted.codes:
            self._refusals.labels(code).inc()

    def decided(self, operation: str, became: LogOutcome | Literal["decided"]) -> None:
        """What became of an operation, or of a row of facts of it: its name is one of those that there are."""
        self._decisions.labels(operation, became).inc()

    def waited(self, seconds: float) -> None:
        """A posting got its turn."""
        self._waits.observe(seconds)

    def policy_changed(self) -> None:
        """Another policy is in force."""
        self._taken.inc()

    def policy_refused(self) -> None:
        """Another policy was to be in force, and is not."""
        self._not_taken.inc()

    def told(self, policy: Callable[[], tuple[str, datetime.datetime]]) -> bytes:
        """All of them; `policy`: digest and since when, of the policy that this process has in force."""
        registry = self._own
        if SHARED in os.environ:
            registry = CollectorRegistry()
            registry.register(_OfAll(None))  # type: ignore[no-untyped-call]
        asked = CollectorRegistry()
        asked.register(_InForce(policy))
        return bytes(generate_latest(registry) + generate_latest(asked))


class _OfAll(MultiProcessCollector):
    """The numbers of all processes. Of a worker that has just begun, or was killed then, the file may be empty yet; of
    one that ended, some files are taken away."""

    def collect(self) -> Iterable[Metric]:
        """All of them, added up."""
        found = [str(one) for one in Path(self._path).glob("*.db") if not _is_empty(one)]
        merged: Iterable[Metric] = self.merge(found)  # type: ignore[no-untyped-call]
        return merged


def _is_empty(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:  # it was taken away since the folder was read
        return True


class _InForce(Collector):
    """Which policy is in force, in the process that is asked."""

    def __init__(self, policy: Callable[[], tuple[str, datetime.datetime]]) -> None:
        self._policy = policy

    def collect(self) -> Iterator[Metric]:
        """One number, which is when it began."""
        digest, since = self._policy()
        told = GaugeMetricFamily(
            "billpolicy_policy_in_force_since_seconds", "When the policy in force began to be.", labels=["digest"]
        )
        told.add_metric([digest], since.timestamp())
        yield told
