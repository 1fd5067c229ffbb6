"""A log that nobody reads, or that no disk takes, stops nothing; what is lost of it is counted, and told when something
is taken again."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from billpolicy.cli.unread import NeverWaiting
from tests.helpers.paths import ROOT
from tests.service.conftest import STORY

LINE = b"x" * 99 + b"\n"
PAGE = 4096


def pipe() -> tuple[int, int]:
    """One that holds a page."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PAGE)
    return reads, writes


def streams() -> tuple[int, int]:
    """A socket, as systemd has for the standard error of what it runs."""
    reads, writes = socket.socketpair()
    writes.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PAGE)
    return reads.detach(), writes.detach()


def lost(count: int) -> bytes:
    return b"%d lost\n" % count


@pytest.fixture
def of_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pipe cannot be opened once more."""

    def refused(*_: Any) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refused)


def full(reads: int, writes: int) -> None:
    """Write until nothing is taken, read, and write again."""
    log = NeverWaiting(writes, lost)
    began = time.monotonic()
    for _ in range(1_000):
        assert log.write(LINE) == len(LINE)
    assert time.monotonic() - began < 5, "once it waits for whoever may read slowly, and not for each line"
    os.set_blocking(reads, False)
    taken = read(reads)
    count = len(taken) // len(LINE)
    assert 10 < count < 1_000
    log.write(b"next\n")
    log.write(b"another\n")
    taken += read(reads)
    whole = taken.replace(LINE, b"")
    assert whole == b"%d lost\nnext\nanother\n" % (1_000 - taken.count(LINE))


def read(reads: int) -> bytes:
    found = b""
    try:
        while piece := os.read(reads, 65_536):
            found += piece
    except BlockingIOError:
        pass
    return found


@pytest.mark.parametrize("of", [pipe, streams])
def test_what_is_not_taken_is_lost_and_counted(of: Callable[[], tuple[int, int]]) -> None:
    full(*of())


@pytest.mark.usefixtures("of_another_user")
def test_also_in_a_pipe_that_cannot_be_opened_again() -> None:
    full(*os.pipe())  # of many pages: it counts as full when its last one is begun


def test_whoever_reads_slowly_misses_nothing() -> None:
    reads, writes = pipe()
    reader = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; time.sleep(0.2); sys.stdout.buffer.write(sys.stdin.buffer.read())"],
        stdin=reads,
        stdout=subprocess.PIPE,
    )
    os.close(reads)
    log = NeverWaiting(writes, lost)
    long = b"y" * 10 * PAGE + b"\n"
    for _ in range(100):
        log.write(LINE)
    log.write(long)
    os.close(writes)
    log.close()
    told, _ = reader.communicate(timeout=20)
    assert told == LINE * 100 + long


def test_that_whoever_read_is_gone_is_no_error() -> None:
    reads, writes = pipe()
    log = NeverWaiting(writes, lost)
    os.close(reads)
    assert log.write(LINE) == len(LINE)


def test_what_a_full_disk_takes_no_more_is_lost_and_counted(tmp_path: Path) -> None:
    """Of a file that may have 1,000 bytes, which 10 lines are."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        log = NeverWaiting(file.fileno(), lost)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            for _ in range(15):
                assert log.write(LINE) == len(LINE)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        log.write(b"next\n")
    assert path.read_bytes() == LINE * 10 + b"5 lost\nnext\n"


@pytest.mark.parametrize("format", ["json", "text"])
def test_a_service_whose_log_is_on_a_full_disk_answers_and_stops(format: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--log-format", format, "serve", "--policy", str(STORY / "policy.yaml"), "--port", str(port)]
    words += ["--book", str(STORY / "book.yaml")]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with Path("/dev/full").open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "billpolicy", *words], stderr=stderr, env=environment)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            while process.poll() is None:
                with suppress(httpx2.ConnectError):
                    client.get("/ready")
                    break
                time.sleep(0.05)
            assert client.get("/nothing").json()["status"] == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_it_is_as_blocking_as_before_for_others() -> None:
    _, writes = pipe()
    NeverWaiting(writes, lost)
    assert os.get_blocking(writes)


@pytest.mark.parametrize(("format", "workers"), [("json", 1), ("text", 2)])
def test_a_service_whose_standard_error_nobody_reads_answers_and_stops(
    format: str, workers: int, tmp_path: Path
) -> None:
    reads, writes = pipe()
    words = ["--log-format", format, "serve", "--policy", str(STORY / "policy.yaml"), "--port", "0"]
    words += ["--book", str(STORY / "book.yaml"), "--workers", str(workers)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen([sys.executable, "-m", "billpolicy", *words], stderr=writes, env=environment)
    os.close(writes)
    try:
        told = b""
        while (address := re.search(rb"serving on (http://[\d.:]+)\W", told)) is None:
            piece = os.read(reads, PAGE)
            assert piece, told
            told += piece
        with httpx2.Client(base_url=address[1].decode(), timeout=20) as client:
            for _ in range(100):
                assert client.get("/nothing").status_code == 404
            assert client.get("/health").status_code == 200
            os.set_blocking(reads, False)
            count = read(reads).count(b"/nothing" if format == "text" else b'"request"')
            assert count < 100
            assert client.get("/nothing").status_code == 404
            told = read(reads)
            for _ in range(100):
                client.get("/nothing")
        assert re.search(rb"\d+ lines of this log were not written: nobody read it", told), told
        if format == "json":
            note, line = (json.loads(one) for one in told.splitlines())
            assert (note["event"], note["level"], line["event"]) == ("note", "warning", "request")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reads)
