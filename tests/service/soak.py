"""The service under everything at once: posters, callers of nothing good, policies that change, and kills.

Whoever posts asks again until it is acknowledged, as a program does. In the end the ledger is checked, each operation
that was acknowledged must stand in it once with the number that was answered, and each refusal that was answered must
stand in the log, under the id of its request, with what it was refused for. What is sent is drawn by a seed; when,
the machine decides, too.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

import billpolicy
from billpolicy.service.callers.known import new_token
from tests.service import processes
from tests.service.processes import Running, running

POSTERS = 4
INVOICES = 200
GOOD = "policy: soak\nextends: standard\neffective: {from: 2026-01-01}\n"
OTHERWISE = GOOD + (
    "exceptions:\n  - {id: disputes-by-the-account, operations: [credit_memo_from_invoice],\n"
    "     when: {reason: Charge Dispute}, then: {bill_to_contact: [account]}, because: soak}\n"
)
BAD = (GOOD + "rolls: {}\n", GOOD.replace("from", "form"), "policy: [", OTHERWISE.replace("[account]", "[acount]"))
HUGE = b'{"id": "' + b"x" * (9 * 1024 * 1024) + b'"}'
DEEP = b'{"a": ' * 500 + b"1" + b"}" * 500
EXPECTED = {400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 431, 503}
"""How anything bad may be answered."""
SECRETS = (b"Traceback", b'File "', b"/src/billpolicy", b"sha256:")


@dataclass
class Soaked:
    """What came of it."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    """Operation -> the number of its memo."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Id of a request -> with which status it was refused."""
    dropped: int = 0
    """Requests without an answer: whoever was to answer was killed."""
    kills: int = 0
    restarts: int = 0
    policies: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What must not be."""

    @property
    def statuses(self) -> Counter[int]:
        """How often it was refused, by status."""
        return Counter(self.refusals.values())


class Soak:
    """So many seconds of it, on a ledger at an address where there is none yet."""

    def __init__(self, url: str, folder: Path, seed: int, seconds: float) -> None:
        self._url, self._folder, self._seed = url, folder, seed
        self._seconds, self._until = seconds, 0.0
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._stack = ExitStack()
        self._count = 0
        self._running: Running | None = None
        self._logs: list[dict[str, Any]] = []
        self.found = Soaked()
        self._tokens = {"poster": new_token(), "reader": new_token()}

    def run(self) -> Soaked:
        """All of it."""
        processes.SECONDS = 60  # where everything happens at once, a start takes its time
        self._write_policy(GOOD)
        poster, reader = (kept for _, kept in self._tokens.values())
        callers = f"  - {{name: poster, token: '{poster}', scopes: [plan, post], actor: ines, rate: 100000}}\n"
        callers += f"  - {{name: reader, token: '{reader}', scopes: [read], rate: 100000}}\n"
        (self._folder / "callers.yaml").write_text(f"callers:\n{callers}", encoding="utf-8")
        with billpolicy.create_ledger(self._url) as ledger:
            ledger.import_book(billpolicy.book_from(_book()))
        work: list[Callable[[random.Random], None]] = [self._bad, self._read, self._change, self._strike]
        work += [self._post] * POSTERS
        with self._stack, ThreadPoolExecutor(len(work)) as threads:
            self._begin()
            self._until = time.monotonic() + self._seconds  # from when it answers
            tasks = [threads.submit(one, random.Random(f"{self._seed} {n}")) for n, one in enumerate(work)]
            for task in tasks:
                task.result()
            self._end()
        self._judge()
        return self.found

    # -- what runs -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        options = ("--ledger", self._url, "--callers", str(self._folder / "callers.yaml"), "--workers", "2")
        self._running = self._stack.enter_context(running(*options, policy=str(self._folder / "policy.yaml")))

    def _end(self) -> None:
        assert self._running is not None
        time.sleep(2)  # one that was killed just now would be told as one that did not finish
        code = self._running.stop()
        self._logs += self._running.lines
        if code != 0:
            why = [one.get("message") for one in self._running.lines if one["event"] not in ("request", "operation")][
                -6:
            ]
            self.found.wrong.append(f"it stopped with exit code {code}: {why}")

    def _is_on(self) -> bool:
        return time.monotonic() < self._until

    def _client(self, name: str | None) -> httpx2.Client:
        assert self._running is not None
        headers = {} if name is None else {"authorization": f"Bearer {self._tokens[name][0]}"}
        return httpx2.Client(base_url=self._running.address, timeout=30, headers=headers)

    def _asked(self, client: httpx2.Client, method: str, path: str, **how: Any) -> httpx2.Response | None:
        """The answer; nothing where whoever was to give it is gone. What is refused is noted."""
        try:
            answer = client.request(method, path, **how)
        except httpx2.TransportError:
            self.found.dropped += 1
            return None
        if answer.status_code >= 400:
            with self._lock:
                self.found.refusals[answer.headers.get("x-request-id", "none")] = answer.status_code
        if answer.status_code >= 500 and answer.status_code != 503:
            self.found.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        if any(one in answer.content for one in SECRETS):
            self.found.wrong.append(f"{method} {path} tells what it must not: {answer.text[:300]}")
        return answer

    def _post(self, chance: random.Random) -> None:
        """Posts credit memos, each until it is acknowledged, also when the others have ended."""
        client = self._client("poster")
        while self._is_on():
            with self._lock:
                self._count += 1
                id = f"memo-{self._count}"
            memo: dict[str, Any] = {
                "id": id,
                "operation": "credit_memo_from_invoice",
                "date": "2026-02-01",
                "reason": "Charge Dispute",
            }
            memo |= {"invoice": f"INV{chance.randrange(INVOICES):08d}", "items": [{"item": "x", "amount": "0.01"}]}
            patience = time.monotonic() + 60
            while True:
                answer = self._asked(client, "POST", "/post", json=memo, headers={"idempotency-key": id})
                if answer is not None and answer.status_code in (200, 201):
                    plan = answer.json()["posted"][0]["plan"]
                    self.found.acknowledged[id] = plan["documents"][0]["record"]["number"]
                    break
                if time.monotonic() > patience:
                    said = "nothing" if answer is None else f"{answer.status_code} {answer.text[:300]}"
                    self.found.wrong.append(f"{id} was not acknowledged within a minute: {said}")
                    return
                time.sleep(0.05)
                client = self._client("poster")  # the service may be another one, at another port
        client.close()

    def _bad(self, chance: random.Random) -> None:
        """Asks what nobody may, in every way that is wrong."""
        json, yaml = {"content-type": "application/json"}, {"content-type": "application/yaml"}
        bad: list[tuple[str | None, str, str, dict[str, Any]]] = [
            (None, "GET", "/matrix", {}),
            (None, "GET", "/matrix", {"headers": {"authorization": "Bearer " + "x" * 43}}),
            (None, "GET", "/matrix", {"headers": {"authorization": "Bearer " + "x" * 9_000}}),
            ("reader", "POST", "/post", {"content": b"{}", "headers": json}),
            ("poster", "POST", "/post", {"content": HUGE, "headers": json}),
            ("poster", "POST", "/plan", {"content": DEEP, "headers": json}),
            ("poster", "POST", "/plan", {"content": b"a: &a [*a, *a]", "headers": yaml}),
            ("poster", "POST", "/plan", {"content": b'{"id": 1e999, "operation": NaN}', "headers": json}),
            ("poster", "POST", "/plan", {"content": b"\xff\xfe\x00", "headers": json}),
            ("poster", "POST", "/explain", {"content": b"x=1", "headers": {"content-type": "text/plain"}}),
            ("poster", "POST", "/approve", {"json": {"id": "memo-1"}}),
            ("poster", "GET", "/nowhere", {}),
            ("poster", "PUT", "/matrix", {}),
            ("reader", "GET", "/documents/nothing", {}),
            ("reader", "GET", "/matrix?on=tomorrow", {}),
            ("poster", "POST", "/plan", {"json": {"id": "x", "operation": "write_off_invoice", "actor": "olaf"}}),
            ("poster", "POST", "/plan", {"json": {}, "headers": {"if-match": '"' + "0" * 64 + '"'}}),
        ]
        while self._is_on():
            name, method, path, how = chance.choice(bad)
            with self._client(name) as client:
                answer = self._asked(client, method, path, **how)
            if answer is not None and answer.status_code not in EXPECTED:
                self.found.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")

    def _read(self, chance: random.Random) -> None:
        paths = ("/matrix", "/accounts", "/policies", "/metrics", "/health", "/pages/matrix", "/pages/accounts")
        while self._is_on():
            with self._client("reader") as client:
                self._asked(client, "GET", chance.choice(paths))
            time.sleep(0.02)

    def _change(self, chance: random.Random) -> None:
        """Changes the policy, to what is right and what is not; in the end it is right."""
        while self._is_on():
            text = chance.choice((GOOD, OTHERWISE, *BAD))
            with self._writing:
                self._write_policy(text)
            self.found.policies["bad" if text in BAD else "good"] += 1
            time.sleep(chance.uniform(0.5, 2.5))
        self._write_policy(GOOD)

    def _write_policy(self, text: str) -> None:
        new = self._folder / "policy.yaml.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self._folder / "policy.yaml")

    def _strike(self, chance: random.Random) -> None:
        """Kills a worker every few seconds, and now and then stops the service and begins it again."""
        while self._is_on():
            time.sleep(chance.uniform(0.5, 4))
            assert self._running is not None
            if chance.random() < 0.1:
                with self._writing:
                    self._write_policy(GOOD)  # it begins with a policy that is right, or not at all
                    self._end()
                    self._begin()
                self.found.restarts += 1
            elif workers := self._running.workers():
                os.kill(chance.choice(workers), signal.SIGKILL)
                self.found.kills += 1

    # -- what became of it ---------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Everything that must hold in the end."""
        wrong = self.found.wrong
        with billpolicy.open_ledger(self._url) as ledger:
            wrong += (f"the ledger does not check: {one.message}" for one in ledger.check())
            made: Counter[str] = Counter()
            with ledger.reading() as reader:
                for recorded in reader.recorded():
                    made.update([recorded.operation.id])
            wrong += (f"{id} was posted {times} times" for id, times in made.items() if times != 1)
            wrong += (f"{id} was acknowledged and is not there" for id in self.found.acknowledged if id not in made)
            for id, number in self.found.acknowledged.items():
                operation = billpolicy.document(ledger, number).operation
                if operation is None or operation.plan.id != id:
                    wrong.append(f"{number}, which was answered for {id}, is of another operation")
        logged = {one["request"]: one for one in self._logs if one["event"] == "request"}
        for id, status in self.found.refusals.items():
            line = logged.get(id)
            if line is None or line["status"] != status or not (line.get("problem") or line.get("codes")):
                wrong.append(f"request {id}, refused with {status}, is not explained by the log: {line}")


def _book() -> dict[str, Any]:
    attributes = {"bill_to_contact": "ann", "payment_term": "Net 30"}
    invoice = {"account": "acme", "date": "2026-01-05", "currency": "EUR"}
    return {
        "accounts": [{"id": "acme", "currency": "EUR", "attributes": attributes}],
        "contacts": [{"id": "ann", "account": "acme"}],
        "invoices": [
            {"number": f"INV{n:08d}", **invoice, "items": [{"id": "x", "amount": "10000.00"}]} for n in range(INVOICES)
        ],
    }


def told(found: Soaked) -> Iterator[str]:
    """What came of it, in lines."""
    yield f"{len(found.acknowledged):,} operations acknowledged, {found.dropped:,} requests without an answer"
    yield f"{found.kills} workers killed, {found.restarts} times stopped and begun again"
    yield f"policies: {found.policies['good']} right, {found.policies['bad']} wrong"
    yield f"refused: {', '.join(f'{count:,} with {status}' for status, count in sorted(found.statuses.items()))}"
    yield from (f"WRONG: {one}" for one in found.wrong)
