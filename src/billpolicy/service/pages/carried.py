"""A plan as a form carries it, from the page that shows it to the post that is to be exactly it.

It is the text of a plan file, packed. Whoever changes it posts nothing else by that: the operation is planned again,
and what comes out is held against it.
"""

from __future__ import annotations

import base64
import binascii
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.plan_file import plan_of

if TYPE_CHECKING:
    import datetime

    from billpolicy import Instruction, Outcome, PlanFile, Versions

_NAME = Path("page")
_MOST_PACKED = 4 * 1024 * 1024
"""Of a form; with more, a request is larger than is read."""
_MOST = 16 * 1024 * 1024
"""Bytes, unpacked."""
_READING = threading.Lock()
"""One is read at a time: of 16 MB that a few kilobytes unpack to, data may be made that takes fifty times as much."""


def carried(versions: Versions, day: datetime.date, asked: Instruction, outcomes: Sequence[Outcome]) -> str | None:
    """The plan of what was planned, packed; None where it is too large for a form."""
    raw = billpolicy.plan_file(versions, day, [asked], outcomes).encode()
    if len(raw) > _MOST:
        return None
    packed = base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode()
    return packed if len(packed) <= _MOST_PACKED else None


def unpacked(packed: str) -> PlanFile:
    """The plan of one operation that a form carries. Raises `Refused` for what is none, or was changed on its way."""
    try:
        reading = zlib.decompressobj()
        text = reading.decompress(base64.b64decode(packed.encode("ascii"), altchars=b"-_", validate=True), _MOST)
        if not reading.eof:
            raise ValueError
    except (ValueError, binascii.Error, zlib.error):
        raise _changed() from None
    with _READING:
        plan = plan_of(text, _NAME)
    if len(plan.operations) != 1:
        raise _changed()
    return plan


def _changed() -> Refused:
    hint = "plan the operation again"
    return Refused([Diagnostic("plan-edited", "this plan is not as the page had it", hint=hint)])
