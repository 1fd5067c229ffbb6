"""The operations, one file each. To add one: write its file, its entry in `vocabulary/operations.py`, its line here."""

from __future__ import annotations

from billpolicy.operations import (
    adjust_credit_balance,
    apply_credit_balance,
    apply_credit_memo,
    apply_credits,
    apply_payment,
    bill_run,
    cancel_draft,
    cancel_subscription,
    create_payment,
    create_refund,
    credit_memo_from_charge,
    credit_memo_from_invoice,
    debit_memo_from_charge,
    debit_memo_from_invoice,
    post_draft,
    refund_credit_balance,
    reverse_credit_memo,
    reverse_invoice,
    transfer_negative_invoice,
    transfer_payment,
    unapply_credit_memo,
    unapply_payment,
    undo_write_off,
    write_off_invoice,
)
from billpolicy.planning.operation import Operation

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        credit_memo_from_invoice.OPERATION,
        debit_memo_from_invoice.OPERATION,
        write_off_invoice.OPERATION,
        reverse_invoice.OPERATION,
        reverse_credit_memo.OPERATION,
        credit_memo_from_charge.OPERATION,
        debit_memo_from_charge.OPERATION,
        create_payment.OPERATION,
        create_refund.OPERATION,
        apply_payment.OPERATION,
        unapply_payment.OPERATION,
        apply_credit_memo.OPERATION,
        unapply_credit_memo.OPERATION,
        apply_credits.OPERATION,
        transfer_payment.OPERATION,
        bill_run.OPERATION,
        post_draft.OPERATION,
        cancel_draft.OPERATION,
        cancel_subscription.OPERATION,
        undo_write_off.OPERATION,
        transfer_negative_invoice.OPERATION,
        apply_credit_balance.OPERATION,
        refund_credit_balance.OPERATION,
        adjust_credit_balance.OPERATION,
    )
}
