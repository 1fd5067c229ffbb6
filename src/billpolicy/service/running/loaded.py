"""Operations that are loaded when the service begins, told by a name that says nothing of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from billpolicy.exchange.operations_file import MAX_MEGABYTES, operations_of
from billpolicy.service.running.watched import watched
from billpolicy.source.files import place
from billpolicy.source.tree import parse

if TYPE_CHECKING:
    from billpolicy import Instruction


def load_operations(path: Path) -> tuple[Instruction, ...]:
    """Those of a file. Raises `Refused` with every mistake of form."""
    at = watched(place(path))
    return tuple(operations_of(parse(at.path, max_megabytes=MAX_MEGABYTES, files=at.files, look=operations_of)))
