"""The scene of each operation: how its facts are brought about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from billpolicy.witness import of_documents, of_money
from billpolicy.witness.scene import Scene
from billpolicy.witness.wanted import Wanted

SCENES: Mapping[str, Callable[[Wanted], Scene]] = {
    "credit_memo_from_invoice": of_documents.memo,
    "debit_memo_from_invoice": of_documents.memo,
    "write_off_invoice": partial(of_documents.write_off, kind="invoice"),
    "write_off_debit_memo": partial(of_documents.write_off, kind="debit_memo"),
    "reverse_invoice": partial(of_documents.reversal, kind="invoice"),
    "reverse_credit_memo": partial(of_documents.reversal, kind="credit_memo"),
    "undo_write_off": of_documents.undo,
    "transfer_negative_invoice": of_documents.transfer,
    "credit_memo_from_charge": of_money.from_charge,
    "debit_memo_from_charge": of_money.from_charge,
    "create_payment": of_money.create_payment,
    "create_refund": of_money.create_refund,
    "apply_payment": partial(of_money.apply, kind="payment"),
    "unapply_payment": partial(of_money.unapply, kind="payment"),
    "apply_credit_memo": partial(of_money.apply, kind="credit_memo"),
    "unapply_credit_memo": partial(of_money.unapply, kind="credit_memo"),
    "apply_credits": of_money.apply_credits,
    "transfer_payment": of_money.transfer_payment,
    "reverse_payment": of_money.reverse_payment,
    "apply_credit_balance": of_money.apply_credit_balance,
    "refund_credit_balance": of_money.refund_credit_balance,
    "adjust_credit_balance": of_money.adjust,
    "undo_credit_adjustment": of_money.undo_adjustment,
}
"""Operation -> its scene."""
