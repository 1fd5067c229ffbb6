"""`aging`: what accounts owe by how long it has been due."""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import Decimal

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.tables import Column, Row, Table, group
from billpolicy.book.kinds import is_owed
from billpolicy.book.model import OwedDocument
from billpolicy.money import from_minor


def aging(asked: Asked) -> Table:
    """A line for each account, currency by currency. What has no due date has been due since its own day: nobody has
    said that it can wait. What is due on the day itself is not past due. Raises `ValueError` where the lines do not add
    up to what is open."""
    columns = _columns(asked.buckets)
    lines: dict[tuple[str, str], list[Decimal]] = {}
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for document, amount in asked.open():
        if is_owed(document):
            zero = from_minor(0, document.currency)
            line = lines.setdefault((document.currency, document.account), [zero] * (len(asked.buckets) + 2))
            line[_bucket(asked, days_past_due(document, asked.day))] += amount
            whole[document.currency] += amount
    groups = []
    for currency in sorted(whole):
        rows: list[Row] = [
            (account, *line, sum(line, Decimal(0))) for (of, account), line in sorted(lines.items()) if of == currency
        ]
        found = group(columns, currency, currency, rows, "total")
        if found.total is None or found.total[-1] != whole[currency]:
            raise ValueError(f"the aging in {currency} does not come to {whole[currency]}, which is open")
        groups.append(found)
    return Table("aging", f"aging as of {asked.day}, days past due", columns, tuple(groups))


def days_past_due(document: OwedDocument, day: datetime.date) -> int:
    """How many days a document has been due; below one, it is not."""
    return (day - (document.due_date or document.date)).days


def _bucket(asked: Asked, days: int) -> int:
    return 0 if days < 1 else 1 + sum(days > end for end in asked.buckets)


def _columns(buckets: tuple[int, ...]) -> tuple[Column, ...]:
    begins = (1, *(end + 1 for end in buckets))
    spans = [
        Column(f"days_{first}_{last}", f"{first}-{last}", "money") for first, last in zip(begins, buckets, strict=False)
    ]
    over = Column(f"over_{buckets[-1]}", f"over {buckets[-1]}", "money")
    return (
        Column("account", "account"),
        Column("not_due", "not due", "money"),
        *spans,
        over,
        Column("total", "total", "money"),
    )
