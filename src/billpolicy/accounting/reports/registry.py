"""Every report by its name. A report is a function of what is asked, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.reports.aging import aging
from billpolicy.accounting.reports.approvals import approvals
from billpolicy.accounting.reports.balances import balances
from billpolicy.accounting.reports.credit_balances import credit_balances
from billpolicy.accounting.reports.documents import documents
from billpolicy.accounting.reports.numbers import numbers
from billpolicy.accounting.reports.open_items import open_items
from billpolicy.accounting.reports.statement import statement
from billpolicy.accounting.reports.unapplied import unapplied
from billpolicy.accounting.reports.write_offs import write_offs
from billpolicy.accounting.tables import Table

REPORTS: Mapping[str, Callable[[Asked], Table]] = {
    "balances": balances,
    "statement": statement,
    "aging": aging,
    "open-items": open_items,
    "unapplied": unapplied,
    "credit-balances": credit_balances,
    "documents": documents,
    "write-offs": write_offs,
    "approvals": approvals,
    "numbers": numbers,
}
