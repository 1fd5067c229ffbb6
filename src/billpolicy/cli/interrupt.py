"""Ctrl-C in a batch: what is being posted is finished and told, and nothing more is begun."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from billpolicy.cli.output import say


class Interrupt:
    """Whether Ctrl-C was typed."""

    asked_for = False

    def go_on(self) -> bool:
        """Whether the next group may begin."""
        return not self.asked_for


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """The first Ctrl-C is remembered; the second one interrupts at once."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def remember(_: int, frame: FrameType | None) -> None:
        if interrupt.asked_for:
            raise KeyboardInterrupt
        interrupt.asked_for = True
        say("interrupted: finishing the operations that are being posted")

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
