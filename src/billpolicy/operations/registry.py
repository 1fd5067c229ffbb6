"""The operations, one file each. To add one: write its file, its entry in `vocabulary/operations.py`, its line here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from billpolicy.planning.operation import Operation


class Operations(Mapping[str, Operation]):
    """Operations by name, each imported when it is asked for: a command needs few of them."""

    def __init__(self, where: Mapping[str, str]) -> None:
        self._where = where
        self.loaded: dict[str, Operation] = {}
        """Those that were asked for."""

    def __getitem__(self, name: str) -> Operation:
        if name not in self.loaded:
            file, _, called = self._where[name].partition(":")
            module = importlib.import_module(f"billpolicy.operations.{file}")
            self.loaded[name] = getattr(module, called or "OPERATION")
        return self.loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


OPERATIONS = Operations(
    {
        "credit_memo_from_invoice": "credit_memo_from_invoice",
        "debit_memo_from_invoice": "debit_memo_from_invoice",
        "write_off_invoice": "write_off_invoice",
        "write_off_debit_memo": "write_off_debit_memo",
        "reverse_invoice": "reverse_invoice",
        "reverse_credit_memo": "reverse_credit_memo",
        "credit_memo_from_charge": "credit_memo_from_charge",
        "debit_memo_from_charge": "debit_memo_from_charge",
        "create_payment": "create_payment",
        "apply_payment": "apply_payment",
        "unapply_payment": "unapply_payment",
        "apply_credit_memo": "apply_credit_memo",
        "unapply_credit_memo": "unapply_credit_memo",
        "apply_credits": "apply_credits",
        "transfer_payment": "transfer_payment",
        "reverse_payment": "reverse_payment",
        "create_refund": "create_refund",
        "bill_run": "bill_run",
        "credit_only": "credit_only",
        "credit_rebill": "credit_rebill",
        "record_usage": "record_usage",
        "post_draft": "post_draft",
        "cancel_draft": "cancel_draft",
        "cancel_subscription": "cancel_subscription",
        "change_cancellation": "change_cancellation",
        "undo_cancellation": "undo_cancellation",
        "undo_write_off": "undo_write_off",
        "transfer_negative_invoice": "transfer_negative_invoice",
        "apply_credit_balance": "apply_credit_balance",
        "refund_credit_balance": "refund_credit_balance",
        "adjust_credit_balance": "adjust_credit_balance",
        "undo_credit_adjustment": "undo_credit_adjustment",
        "create_account": "master.create_account",
        "change_account": "master.change_account",
        "create_contact": "master.create_contact",
        "change_contact": "master.change_contact",
        "retire_contact": "master.retire_contact",
        "create_subscription": "master.create_subscription",
        "change_subscription": "master.change_subscription",
        "renew_subscription": "master.renew_subscription",
        "add_subscribed_charge": "master.add_subscribed_charge",
        "change_subscribed_charge": "master.change_subscribed_charge",
        "end_subscribed_charge": "master.end_subscribed_charge",
        "create_charge": "master.create_charge",
        "change_charge": "master.change_charge",
        "create_accounting_period": "master.accounting_periods:CREATE",
        "close_accounting_period": "master.accounting_periods:CLOSE",
        "reopen_accounting_period": "master.accounting_periods:REOPEN",
    }
)
"""Name -> its file in this folder, and its name there if not `OPERATION`. Follow-ups are planned in this order."""
