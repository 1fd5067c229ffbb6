"""The service as a process, or as several on one socket: it listens, and stops when what it has begun is done."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.sentences import counted
from billpolicy.service.app import app_of
from billpolicy.service.running.changing import Changing
from billpolicy.service.serving import Serving

if TYPE_CHECKING:
    import asyncio

GRACE_SECONDS = 30
"""How long what has begun may take when the service is to stop."""
_BACKLOG = 1024
"""Connections that wait to be taken."""
_TOLD_ONCE_MORE = 2


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any that is free. Raises `Refused` where that cannot be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0].lower()
        hint = "stop what listens there, or name another --port or --host"
        message = f"nothing can listen at {host}:{port}: {reason}"
        raise Refused([Diagnostic("listen-failed", message, hint=hint)]) from None


class _Server(uvicorn.Server):
    """Of one process: told to stop, it first refuses what is new, and ends when what it has begun is answered."""

    def __init__(self, config: uvicorn.Config, serving: Serving, parent: int | None) -> None:
        super().__init__(config)
        self._serving = serving
        self._parent = parent
        """The process that began this one, where it is one of several."""
        self._told = 0
        self._until = 0.0
        self._is_logged = False
        self.was_cut_off = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks to stop, a second one to end at once. Of several, the parent tells when."""
        if self._parent is not None and sig == signal.SIGINT:
            return  # whoever typed Ctrl-C told the parent, too
        self.stop()

    def stop(self) -> None:
        """Begin to stop."""
        self._told += 1
        if self._told == 1:
            self._until = time.monotonic() + GRACE_SECONDS
            self._serving.is_stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now; asked ten times a second."""
        if self._parent is not None and os.getppid() != self._parent and not self._told:
            self.stop()  # it was killed, and nobody would tell
        if self._told:
            waits = self._serving.in_flight
            if not self._is_logged:
                self._is_logged = True
                self._serving.log.became("stopping", f"stopping; {counted(waits, 'request')} to be answered yet")
            is_over = self._told >= _TOLD_ONCE_MORE or time.monotonic() > self._until
            if not waits or is_over:
                self.was_cut_off = bool(waits)
                self.should_exit = True
        return await super().on_tick(counter)


def serve(
    serving: Serving, listening: socket.socket, changing: Changing | None = None, parent: int | None = None
) -> bool:
    """Serve in this process until a signal says to stop. Whether all that was begun was done then."""
    server = _Server(config_of(serving), serving, parent)
    if changing is not None:
        threading.Thread(target=changing.watch, name="changes", daemon=True).start()
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: changing.look_now())
    try:
        server.run([listening])
    finally:
        if changing is not None:
            changing.end()
    return not server.was_cut_off


def config_of(serving: Serving) -> uvicorn.Config:
    """How uvicorn serves it. What it would log is told by the log of the service."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        app_of(serving),
        http=_protocol(serving),
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the address of whoever calls is what the connection has
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def _protocol(serving: Serving) -> type[asyncio.Protocol] | str:
    """What reads connections; where there is no httptools, uvicorn's other one, which has bounds of its own."""
    try:
        from billpolicy.service.gate.protocol import bounded
    except ImportError:
        return "h11"
    return bounded(serving.limits)


Begin = Callable[[], AbstractContextManager[tuple[Serving, Changing | None]]]
"""Makes what a process serves: connections of its own, in the process that uses them."""
