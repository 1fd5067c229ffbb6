"""The formats of a journal that other programs read. A new one is a function and its line here."""

from __future__ import annotations

from collections.abc import Callable

from billpolicy.accounting.journal import JournalExport
from billpolicy.report.journal.beancount import beancount
from billpolicy.report.journal.csv import csv_journal
from billpolicy.report.journal.hledger import hledger
from billpolicy.report.journal.words import Part

FORMATS: dict[str, Callable[[JournalExport, Part], str]] = {
    "hledger": hledger,
    "beancount": beancount,
    "csv": csv_journal,
}
