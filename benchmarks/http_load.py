"""Load on a service over loopback: so many connections, each with one request on its way, or requests at a rate.

Bounded: it sends as many requests as it is given, and no more. Requests are bytes made before the clock starts, and of
an answer no more is read than where it ends, so that the load takes little of the two cores that there are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Load(NamedTuple):
    """What came of one load."""

    seconds: float
    latencies: Sequence[float]
    """Of each request, in seconds: from when it was to be sent, where that is said by a rate."""
    wrong: int
    """Answers whose status is not 200."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds, of which so large a share of the requests took at most so many."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def request(path: str, body: bytes, port: int) -> bytes:
    """A request with a body of JSON, as it goes over a connection that stays open."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def at_most(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """As fast as it answers: each connection sends the next request when it has the answer to the last one."""
    return asyncio.run(_run(port, requests, connections, None))


def at_rate(port: int, requests: Sequence[bytes], connections: int, rate: float) -> Load:
    """So many requests a second, whether it keeps up or not: a late one counts from when it was to be sent."""
    return asyncio.run(_run(port, requests, connections, rate))


class _Connection(asyncio.Protocol):
    """One connection: tells when an answer is whole."""

    def __init__(self, answered: Callable[[_Connection, bytes], None]) -> None:
        self._answered = answered
        self._rest = b""
        self.transport: asyncio.Transport | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head, end, body = self._rest.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._rest = body[length:]
            self._answered(self, head)


async def _run(port: int, requests: Sequence[bytes], connections: int, rate: float | None) -> Load:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    latencies: list[float] = []
    waiting: Iterator[bytes] = iter(requests)
    wrong, free = 0, []

    def answered(one: _Connection, head: bytes) -> None:
        nonlocal wrong
        latencies.append(time.perf_counter() - one.since)
        wrong += not head.startswith(b"HTTP/1.1 200")
        if len(latencies) == len(requests):
            done.set_result(None)
        elif rate is None:
            send(one, time.perf_counter())
        else:
            free.append(one)

    def send(one: _Connection, since: float) -> None:
        found = next(waiting, None)
        if found is not None:
            one.since = since
            assert one.transport is not None
            one.transport.write(found)

    made = [await loop.create_connection(lambda: _Connection(answered), "127.0.0.1", port) for _ in range(connections)]
    began = time.perf_counter()
    if rate is None:
        for _, one in made:
            send(one, time.perf_counter())
        await done
    else:
        free = [one for _, one in made]
        for number in range(len(requests)):
            due = began + number / rate
            while time.perf_counter() < due or not free:
                await asyncio.sleep(0 if not free else max(0.0, due - time.perf_counter()))
            send(free.pop(), due)
        await done
    seconds = time.perf_counter() - began
    for transport, _ in made:
        transport.close()
    return Load(seconds, latencies, wrong)
