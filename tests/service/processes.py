"""The service as it is run: a process, or several, that a test starts, asks, kills and stops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.helpers.paths import ROOT
from tests.service.conftest import STORY

SECONDS = 60
"""How long anything may take here before the test fails."""


class Running:
    """One that runs; its log is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        message = str(self.until("serving")["message"])
        self.port = int(message.rpartition(":")[2])
        self.address = f"http://127.0.0.1:{self.port}"

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._came:
                self.lines.append(json.loads(line) if line.startswith("{") else {"event": "other", "message": line})
                self._came.notify_all()
        self.process.stderr.close()

    def until(self, event: str, count: int = 1) -> dict[str, Any]:
        """The line of this event, when so many have come."""
        with self._came:
            came = self._came.wait_for(lambda: len(self.of(event)) >= count, SECONDS)
            assert came, f"no {event}: {self.lines[-10:]}"
            return self.of(event)[count - 1]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.lines if one["event"] == event]

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.address, timeout=SECONDS)

    def workers(self, count: int = 2) -> list[int]:
        """Their process ids, when there are so many."""
        ask = ["ps", "--no-headers", "-o", "pid", "--ppid", str(self.process.pid)]
        until, found = time.monotonic() + SECONDS, list[int]()
        while len(found) < count and time.monotonic() < until:
            told = subprocess.run(ask, check=False, capture_output=True, text=True)
            found = [int(one) for one in re.findall(r"\d+", told.stdout)]
        assert len(found) == count
        return found

    def ended(self) -> None:
        """Wait until no process has its standard error open any more."""
        self._reading.join(SECONDS)
        assert not self._reading.is_alive()

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code."""
        self.process.send_signal(sig)
        code = self.process.wait(SECONDS)
        self._reading.join(SECONDS)
        return code


@contextmanager
def running(*typed: str, policy: str = str(STORY / "policy.yaml")) -> Iterator[Running]:
    """`billpolicy serve` with the policy of the story, at a port that is free."""
    words = ["-m", "billpolicy", "--log-format", "json", "serve", "--policy", policy, "--port", "0", *typed]
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # Its standard error is closed by who reads it: a process that lives on must fail a test, and not let it hang.
