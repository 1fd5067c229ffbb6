"""How the log of the service is written: as lines of the log of this program, or in words; and never waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from billpolicy.cli.logs import log
from billpolicy.cli.unread import never_wait
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible_first

if TYPE_CHECKING:
    from billpolicy.service.telling.log import Write


def writer() -> Write:
    """What writes a line of the log of the service: as a line of this log, or in words. It is called by any thread."""
    current = log()
    never_wait(_say_lost if current is None else lambda count: current.line("warning", "note", message=_lost(count)))
    return _say if current is None else current.write


def _say_lost(count: int) -> str:
    return f"warning: {_lost(count)}\n"


def _lost(count: int) -> str:
    was = "was" if count == 1 else "were"
    return f"{counted(count, 'line')} of this log {was} not written: nobody read it, or its disk was full"


def _say(level: str, event: str, **fields: Any) -> None:
    click.echo(visible_first(_words(level, event, fields)), err=True)


def _words(level: str, event: str, said: dict[str, Any]) -> str:
    if event == "request":
        reasons = filter(None, (said["problem"], ", ".join(said["codes"] or ())))
        took = f"{said['seconds'] * 1000:.1f} ms"
        who = said["caller"] or "nobody"
        return f"{said['status']} {said['method']} {said['route']} {who} {took} {' '.join((said['request'], *reasons))}"
    if event == "operation":
        made = ", ".join(said.get("documents") or said.get("codes") or ())
        return f"{said['operation']} {said['outcome']} {made}".rstrip()
    if event == "finding":
        at = ":".join(str(one) for one in (said["file"], said["line"], said["column"]) if one is not None)
        return f"{level}: {at + ': ' if at else ''}{said['message']} [{said['code']}]"
    return f"note: {said['message']}" if level == "info" else f"{level}: {said['message']}"
