"""A journal as CSV: a row for each line, for spreadsheets and programs that take postings."""

from __future__ import annotations

import csv
import io

from billpolicy.accounting.journal import JournalExport
from billpolicy.diagnostics.spreadsheets import harmless
from billpolicy.report.journal.words import Part, amount_text, description, payee

COLUMNS = (
    *("id", "date", "kind", "description", "account", "debit", "credit", "currency", "customer", "customer_name"),
    *("document", "due_date", "item", "charge", "subscription", "tax", "reason", "operation", "posted_at"),
)


def csv_journal(export: JournalExport, part: Part) -> str:
    """The header is what declares, so that entries can be appended without it."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    if part != "entries":
        rows.writerow(COLUMNS)
    for entry in export.entries if part != "declarations" else ():
        for line in entry.lines:
            amount = amount_text(abs(line.amount), entry.currency)
            posted = f"{entry.posted_at:%Y-%m-%dT%H:%M:%SZ}" if entry.posted_at is not None else None
            cells = (
                *(entry.id, entry.date, entry.kind, description(entry), line.account),
                *((amount, "") if line.amount > 0 else ("", amount)),
                *(entry.currency, line.customer, payee(entry) if line.customer == entry.customer else None),
                *(line.document, line.due_date, line.item, line.charge, line.subscription, line.tax),
                *(entry.reason, entry.operation, posted),
            )
            rows.writerow("" if cell is None else harmless(str(cell)) for cell in cells)
    return file.getvalue()
