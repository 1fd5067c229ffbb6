"""The roles that accounts of a journal play, and what each can differ by: what a policy says under `accounts`.

Which account plays a role is policy (docs/journal.md). What a journal posts where is told by `accounting/entries.py`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

By = Literal["document", "reason", "charge", "charge_type", "code", "jurisdiction", "type", "currency"]


class AccountRole(NamedTuple):
    """One role: what is posted there, and what it can differ by, of which the first that is listed decides."""

    name: str
    doc: str
    by: tuple[By, ...] = ()
    documents: tuple[str, ...] = ()
    """The kinds of documents that `document` can be."""
    reasons: tuple[str, ...] = ()
    """The categories of the policy's reason codes that `reason` can be of."""


ACCOUNT_ROLES: dict[str, AccountRole] = {
    role.name: role
    for role in (
        AccountRole(
            "receivable",
            "what invoices and debit memos ask for, and what is put on them",
            ("document", "currency"),
            documents=("invoice", "debit_memo"),
        ),
        AccountRole(
            "revenue",
            "items of invoices and memos, without tax",
            ("reason", "charge", "charge_type", "document"),
            documents=("invoice", "credit_memo", "debit_memo"),
            reasons=("credit_memo", "debit_memo"),
        ),
        AccountRole("tax", "taxes of invoices and memos", ("code", "jurisdiction")),
        AccountRole(
            "write_off",
            "items that are written off, and asked for again",
            ("reason", "charge", "charge_type"),
            reasons=("credit_memo", "debit_memo"),
        ),
        AccountRole("write_off_tax", "taxes that are written off, and asked for again", ("code", "jurisdiction")),
        AccountRole("bank", "money that comes in and goes out", ("type", "currency")),
        AccountRole("unapplied_payments", "money that came in and is put on nothing yet", ("type", "currency")),
        AccountRole(
            "unapplied_credit_memos",
            "credit memos that are put on nothing yet",
            ("reason", "currency"),
            reasons=("credit_memo",),
        ),
        AccountRole("credit_balance", "the credit balances of customers", ("currency",)),
        AccountRole(
            "credit_by_hand",
            "what changes a credit balance by hand",
            ("reason", "currency"),
            reasons=("credit_balance",),
        ),
    )
}
"""In the order in which they are told."""
CHARGE_TYPES = ("one_time", "recurring", "usage")
PAYMENT_TYPES = ("external", "electronic")
ROOTS = ("assets", "liabilities", "equity", "income", "expenses")
"""What an account begins with: the five kinds of accounts that hledger and beancount know by these names."""
