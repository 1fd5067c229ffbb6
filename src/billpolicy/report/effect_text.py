"""What either option of a correction does, as a table: text for an 80-column terminal, and Markdown for a review."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from billpolicy.periods.charge_periods import line_name
from billpolicy.report.closure import LineName
from billpolicy.report.effect import Effect, EffectLine, OnLine, Option
from billpolicy.report.texts import escaped, in_lines, table, wrapped

_SHOWN = 3
"""Lines of the table, unless all are asked for."""
_DAY = datetime.timedelta(days=1)
COLUMNS = ("charge and period", "now", "credit only", "credit and rebill")
_WIDTHS = (24, 13, 16, 18)
"""Together with what is between them no wider than the screen."""
_Row = tuple[list[str], ...]
"""Of each cell what stands in it, thing by thing."""


def effect_text(effect: Effect, *, every_line: bool) -> str:
    """Line by line what there is and what either option makes of it; of many the first ones, unless `every_line`."""
    shown = table(COLUMNS, rows(effect, every_line=every_line), _WIDTHS)
    told = [*wrapped("", heading(effect)), "", *shown.splitlines()]
    for text in below(effect, every_line=every_line):
        told += wrapped("", text)
    return in_lines(told)


def effect_markdown(effect: Effect, *, every_line: bool) -> str:
    """The same as a section."""
    lines = [f"## {escaped(heading(effect))}", "", f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for row in rows(effect, every_line=every_line):
        lines.append("| " + " | ".join(escaped(", ".join(cell)) for cell in row) + " |")
    told = [f"- {escaped(text)}" for text in below(effect, every_line=every_line)]
    return "\n".join([*lines, *(["", *told] if told else []), ""])


def heading(effect: Effect) -> str:
    """Which option of which operation stands beside the other one."""
    other = "credit_rebill" if effect.asked == "credit_only" else "credit_only"
    return f"{effect.operation_id}: {effect.asked} on {effect.date}, beside {other}"


def rows(effect: Effect, *, every_line: bool) -> Iterator[_Row]:
    """The table below `COLUMNS`: line by line, and at last what the account owes."""
    for line in effect.lines if every_line else effect.lines[:_SHOWN]:
        yield (
            _charge(line),
            [f"billed by {_name(line.line)}", f"{line.billed} {line.currency}"],
            list(_on_line(line.credit_only, effect.credit_only, "period stays closed")),
            list(_on_line(line.credit_rebill, effect.credit_rebill, "period reopened")),
        )
    yield ["the account owes"], [], list(_owes(effect.credit_only)), list(_owes(effect.credit_rebill))


def below(effect: Effect, *, every_line: bool) -> Iterator[str]:
    """What no cell has room for."""
    more = 0 if every_line else len(effect.lines) - _SHOWN
    if more > 0:
        yield f"... and {more:,} more {'line' if more == 1 else 'lines'} (`--verbose` shows all)"
    for name, option in zip(COLUMNS[-2:], (effect.credit_only, effect.credit_rebill), strict=True):
        yield from (f"{name} is refused: {one.message} [{one.code}]" for one in option.refused)


def _charge(line: EffectLine) -> list[str]:
    """Which charge of which days; of a discount that is no charge, nothing but that."""
    charge = f"{line.subscription}/{' + '.join(line.charges)}" if line.charges else "discount"
    return [charge, *([f"{line.from_} to {line.until - _DAY}"] if line.from_ and line.until else [])]


def _on_line(on: OnLine | None, option: Option, period: str) -> Iterator[str]:
    if option.refused:
        yield "refused"
    elif on is None:
        yield "stays billed"
    elif on.left_out is not None:
        yield f"left out: {on.left_out}"
    else:
        yield "nothing left to credit" if on.memo is None else f"credited {on.credited} by {_name(on.memo)}"
        if on.became:
            yield period
        for one in on.billed_again:
            tax = f" + {one.tax} tax" if one.tax else ""
            yield f"billed again at {one.amount}{tax} by {_name(one.line)}"
        if "reopened" in on.became:
            yield "to be billed again"


def _owes(option: Option) -> Iterator[str]:
    """How much more or less the account owes."""
    if not option.refused:
        moved = {currency: more for currency, more in option.owes.items() if more}
        for currency, more in moved.items():
            yield f"{abs(more)} {currency} {'more' if more > 0 else 'less'}"
        if not moved:
            yield "as much as now"


def _name(line: LineName) -> str:
    return line_name(line.document, line.item)
