"""What is owed by how long it has been due: a chart for each currency, since no two of them have one axis."""

from __future__ import annotations

import datetime
from decimal import Decimal

from billpolicy.accounting.tables import Group, Table, total_of
from billpolicy.report.html.charts.bars import Bar, Piece, bars, scale_note
from billpolicy.report.html.charts.frame import chart
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE, table
from billpolicy.report.html.writing import AS_DATA, Writing


def aging_charts(report: Table, day: datetime.date, writing: Writing = AS_DATA) -> Html:
    """What all accounts of an aging owe, bucket by bucket. `report`: that of `accounting_report(on, "aging")`; `day`:
    as of which it was asked for."""
    if not report.groups:
        return el("p", f"Nothing is owed as of {writing.date(day)}.")
    return joined((_chart(report, group, day, writing) for group in report.groups), LINE)


def _chart(report: Table, group: Group, day: datetime.date, writing: Writing) -> Html:
    total = group.total or total_of(report.columns, group.rows, "total")
    amounts = {
        column.title: cell
        for column, cell in zip(report.columns, total, strict=True)
        if column.kind == "money" and isinstance(cell, Decimal)
    }
    currency = group.currency or ""
    owed = amounts.pop("total")
    kinds = ["early", *["amount"] * (len(amounts) - 1)]
    drawn = bars(
        [
            Bar((_words(bucket), writing.plain(amount, currency)), (Piece(kind, amount),))
            for (bucket, amount), kind in zip(amounts.items(), kinds, strict=True)
        ]
    )
    rows = [(_words(bucket), writing.plain(amount, currency)) for bucket, amount in (*amounts.items(), ("total", owed))]
    return chart(
        f"Owed as of {writing.date(day)}, by days past due: {writing.plain(owed, currency)}",
        "; ".join(f"{bucket}: {amount}" for bucket, amount in rows),
        drawn.height,
        drawn.shapes,
        table(("past due", "amount"), rows, numbers=("amount",)),
        scale_note(drawn, currency, writing),
    )


def _words(bucket: str) -> str:
    """A bucket, which is a span of days."""
    return bucket if bucket in ("not due", "total") else f"{bucket} days"
