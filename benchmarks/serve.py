"""The service under load on loopback: one decision over HTTP, with the level and the rule of each value.

The peer is the same endpoint as somebody writes it in an afternoon (`plain_service.py`): FastAPI and uvicorn, with
uvloop and httptools as ours, and the same function that decides. Both are processes of their own, and so is the load;
they take turns, and their answers are compared before anything is timed. Ours does more for each request: it knows who
asks, counts, logs a line of JSON, and names the policy. What a person waits for, a page and what a change would do, is
told as it is: there is no other program that does it.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from benchmarks.goals import Goal
from benchmarks.http_load import at_most, at_rate, request
from benchmarks.rounds import ratio, table
from benchmarks.validate import rules_on_one_operation

ROOT = Path(__file__).parents[1]
OPERATION = "credit_memo_from_invoice"
RULES = 300
CONNECTIONS = 8
BOOK = "accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann, payment_term: Net 30}}]\n"


class Server(NamedTuple):
    """A service that listens."""

    name: str
    port: int
    pid: int

    @property
    def megabytes(self) -> float:
        """The memory that it has now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


@contextmanager
def _listening(name: str, words: Sequence[str], log: Path, env: Mapping[str, str]) -> Iterator[Server]:
    port = _free_port()
    with log.open("wb") as told:
        command = [word.replace("PORT", str(port)) for word in words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=told, env={**os.environ, **env})
        try:
            until = time.monotonic() + 60
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{name} does not listen: {log.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(0.05)
            yield Server(name, port, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def ours(folder: Path, *options: str) -> Iterator[Server]:
    """`billpolicy serve`, with its log as JSON."""
    words = [
        sys.executable,
        "-m",
        "billpolicy",
        "--log-format",
        "json",
        "serve",
        "--policy",
        str(folder / "policy.yaml"),
    ]
    words += ["--book", str(folder / "book.yaml"), "--port", "PORT", *options]
    with _listening("billpolicy serve", words, folder / "ours.log", {}) as server:
        yield server


@contextmanager
def plain(folder: Path) -> Iterator[Server]:
    """FastAPI and uvicorn, as fast as they go."""
    words = [sys.executable, "-m", "uvicorn", "benchmarks.plain_service:app", "--port", "PORT", "--no-access-log"]
    words += ["--loop", "uvloop", "--http", "httptools"]
    with _listening(
        "FastAPI and uvicorn", words, folder / "plain.log", {"POLICY": str(folder / "policy.yaml")}
    ) as server:
        yield server


def bodies(count: int, seed: int) -> list[bytes]:
    """The facts of so many documents, no two of them alike."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        facts = {
            "date": "2026-03-01",
            "account.region": f"C{chance.randrange(120):03d}",
            "amount": f"{chance.randrange(1, 5_000)}.{number % 100:02d}",
            "amount.currency": "EUR",
            "invoice.bill_to_contact": f"contact-{seed}-{number}",
            "account.bill_to_contact": "ann",
            "request.sequence_set": None,
            "invoice.sequence_set": None,
            "account.sequence_set": chance.choice([None, "EU"]),
        }
        made.append(json.dumps({"operation": OPERATION, "facts": facts}).encode())
    return made


class Endpoint(NamedTuple):
    """Where a server is asked."""

    name: str
    server: Server
    path: str

    def requests(self, every: Sequence[bytes]) -> list[bytes]:
        """What goes over the connection."""
        return [request(self.path, body, self.server.port) for body in every]


def asked(one: Endpoint, body: bytes) -> Any:
    """What it decides and why, whatever else stands in its answer."""
    headers = {"content-type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{one.server.port}{one.path}", body, headers)) as answer:
        decisions = json.load(answer)["decisions"]
    return {
        key: (each["value"], each.get("level"), each["rule"]["id"], _line(each["rule"]), each["rule"].get("because"))
        for key, each in decisions.items()
    }


def _line(rule: Any) -> int:
    return int(rule["line"] if "line" in rule else rule["position"]["line"])


def same_answers(endpoints: Sequence[Endpoint], every: Sequence[bytes]) -> None:
    """Raises `AssertionError` where two of them decide otherwise, or say otherwise why."""
    for body in every:
        first, *others = (asked(one, body) for one in endpoints)
        assert all(one == first for one in others), body


def throughput(endpoints: Sequence[Endpoint], count: int, rounds: int) -> dict[str, list[float]]:
    """Requests a second, as many as each answers, in turns; the first round does not count."""
    found: dict[str, list[float]] = {one.name: [] for one in endpoints}
    for number in range(rounds + 1):
        every = bodies(count, number)
        for one in endpoints:
            load = at_most(one.server.port, one.requests(every), CONNECTIONS)
            assert not load.wrong, f"{load.wrong} answers of {one.name} were refusals"
            if number:
                found[one.name].append(load.rate)
    return found


def memory(one: Endpoint, total: int) -> list[float]:
    """Megabytes after each tenth of so many requests with ever new facts."""
    found = []
    for number in range(10):
        load = at_most(one.server.port, one.requests(bodies(total // 10, 1000 + number)), CONNECTIONS)
        assert not load.wrong
        found.append(one.server.megabytes)
    return found


def milliseconds(server: Server, path: str, times: int = 9) -> list[float]:
    """How long a page takes from the request to its last byte, also the first time."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        with urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            answer.read()
        found.append((time.perf_counter() - start) * 1000)
    return found


def main(count: int = 20_000, rounds: int = 5, endurance: int = 200_000, rules: int = RULES) -> tuple[Goal, ...]:
    """Measure, print, and give what was to be reached. Each of the numbers may be smaller, to see that it runs."""
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        (folder / "policy.yaml").write_text(rules_on_one_operation(rules), encoding="utf-8")
        (folder / "book.yaml").write_text(BOOK, encoding="utf-8")
        with ours(folder) as served, plain(folder) as peer:
            pages = milliseconds(served, "/pages/matrix")
            mine = Endpoint("billpolicy serve", served, "/decide")
            models = Endpoint("FastAPI, models", peer, "/decide")
            hurried = Endpoint("FastAPI, unchecked answer", peer, "/unchecked")
            every = (mine, models, hurried)
            same_answers(every, bodies(50, 7))
            found = throughput(every, count, rounds)
            print(f"serve: one decision by a policy of {rules} rules over HTTP, {CONNECTIONS} connections")
            print(table(found, "requests"))
            times = [ratio(found, mine.name, other.name) for other in (models, hurried)]
            print(f"  {times[0]:.2f} and {times[1]:.2f} times as many as FastAPI")
            half = statistics.median(found[mine.name]) / 2
            load = at_rate(served.port, mine.requests(bodies(min(count, int(half * 5)), 99)), 64, half)
            median, late = load.percentile(0.5), load.percentile(0.99)
            print(f"  at {half:,.0f} a second: median {median * 1000:.2f} ms, 99th percentile {late * 1000:.2f} ms")
            megabytes = memory(mine, endurance)
            told = ", ".join(f"{one:.0f}" for one in megabytes)
            print(f"  memory after each {endurance // 10:,} requests: {told} MB")
            first, then = pages[0], statistics.median(pages[1:])
            print(f"  the first page: {first:.0f} ms the first time, {then:.0f} ms then")
    return (
        Goal("a decision over HTTP beside FastAPI and uvicorn", "2 times the requests", f"{times[0]:.2f} times"),
        Goal("the same beside an answer that nothing checks", "(told beside)", f"{times[1]:.2f} times"),
        Goal("99th percentile at half the load", "at most 4 times the median", f"{late / median:.1f} times"),
        Goal(f"memory over {endurance:,} requests", "flat", f"{megabytes[-1] / megabytes[0]:.2f} times"),
        Goal(f"first page, {rules} rules", "at most 150 ms", f"{first:.0f} ms, then {then:.0f} ms"),
    )
