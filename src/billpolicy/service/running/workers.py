"""Several processes that serve on one socket: one that ends is begun again, and all of them stop together."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from billpolicy.service.running.changing import EVERY_SECONDS, Changing
from billpolicy.service.running.server import GRACE_SECONDS, Begin, serve
from billpolicy.service.telling.log import Log

_SHORT_SECONDS = 1.0
"""What ended sooner is begun again only after as long: it may end again."""
_CUT_OFF, _FAILED = 1, 3


class Workers:
    """The parent of so many processes. It serves nothing, and holds no connection that they would share."""

    def __init__(self, count: int, begin: Begin, listening: socket.socket, log: Log, changing: Changing) -> None:
        """`changing`: takes what is sound into that which `begin` begins with."""
        self._count = count
        self._parent = os.getpid()
        self._begin = begin
        self._listening = listening
        self._log = log
        self._changing = changing
        self._look_at = time.monotonic() + EVERY_SECONDS
        self._is_to_look = False
        self._running: dict[int, float] = {}
        """Process -> when it began."""
        self._stopping: float | None = None
        self._all_done = True

    def run(self) -> bool:
        """Serve until a signal says to stop. Whether all that was begun was done then."""
        before = {one: signal.signal(one, self._told) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            for _ in range(self._count):
                if self._stopping is None:
                    self._fork()
            while self._running:
                self._reap()
                self._look()
                time.sleep(0.05)
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
        return self._all_done

    def _told(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGHUP:
            sig = signal.SIGTERM
            self._stopping = self._stopping or time.monotonic()
        self._is_to_look = True
        for pid in list(self._running):
            with suppress(ProcessLookupError):
                os.kill(pid, sig)

    def _look(self) -> None:
        """As often as the workers do, and in no thread beside this one: after a fork it would be gone, and what it held
        locked would stay so."""
        if self._stopping or not (self._is_to_look or time.monotonic() >= self._look_at):
            return
        at_once, self._is_to_look = self._is_to_look, False
        self._changing.try_to_look(at_once=at_once)
        self._look_at = time.monotonic() + EVERY_SECONDS

    def _fork(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # none is lost between the fork and its handlers
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        self._running[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _be_worker(self) -> None:
        """What the new process does, to its end."""
        code = _FAILED
        try:
            for one in _SIGNALS:
                signal.signal(one, signal.SIG_DFL)
            for one in (signal.SIGINT, signal.SIGHUP):  # the parent tells when to stop; what changed is read anyway
                signal.signal(one, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            with self._begin() as (serving, changing):
                code = 0 if serve(serving, self._listening, changing, self._parent) else _CUT_OFF
        except Exception as error:
            self._log.broke(error)
        finally:
            sys.stderr.flush()
            os._exit(code)  # what the parent would do at its end is the parent's

    def _reap(self) -> None:
        """See which have ended, and begin others in their place."""
        for pid, began in list(self._running.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found == 0:
                if self._stopping and time.monotonic() > self._stopping + GRACE_SECONDS + 5:
                    os.kill(pid, signal.SIGKILL)
                continue
            del self._running[pid]
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                self._all_done = self._all_done and code in (0, -signal.SIGTERM)
                continue
            how = f"by the signal {-code}" if code < 0 else f"with the exit code {code}"
            self._log.became("worker_ended", f"a worker ended {how}; another one is begun", level="error")
            if time.monotonic() - began < _SHORT_SECONDS:
                time.sleep(_SHORT_SECONDS)
            if not self._stopping:
                self._fork()


_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} if hasattr(signal, "SIGHUP") else set[signal.Signals]()
