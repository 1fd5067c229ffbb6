"""The scene of each operation: how its facts are brought about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from billpolicy.witness import of_billing, of_documents, of_master, of_money, of_refunds, of_subscriptions
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
    "create_refund": of_refunds.create_refund,
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
    "bill_run": of_billing.bill_run,
    "credit_only": of_billing.correction,
    "credit_rebill": of_billing.correction,
    "post_draft": of_billing.draft,
    "cancel_draft": of_billing.draft,
    "record_usage": of_billing.usage,
    "cancel_subscription": of_subscriptions.cancel,
    "change_cancellation": of_subscriptions.change_cancellation,
    "undo_cancellation": of_subscriptions.undo_cancellation,
    "create_subscription": of_subscriptions.create,
    "change_subscription": of_subscriptions.change,
    "renew_subscription": of_subscriptions.renew,
    "add_subscribed_charge": of_subscriptions.add_charge,
    "change_subscribed_charge": of_subscriptions.change_charge,
    "end_subscribed_charge": of_subscriptions.end_charge,
    "create_account": of_master.create_account,
    "change_account": of_master.change_account,
    "create_contact": of_master.create_contact,
    "change_contact": of_master.change_contact,
    "retire_contact": of_master.retire_contact,
    "create_charge": of_master.create_charge,
    "change_charge": of_master.change_charge,
    "create_accounting_period": of_master.create_period,
    "close_accounting_period": of_master.close_period,
    "reopen_accounting_period": of_master.reopen_period,
}
"""Operation -> its scene."""
