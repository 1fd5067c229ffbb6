"""The operations, one file each. To add one: write its file, its entry in `vocabulary.py`, and its line here."""

from __future__ import annotations

from billpolicy.operations import (
    apply_credit_memo,
    apply_credits,
    apply_payment,
    create_payment,
    create_refund,
    credit_memo_from_charge,
    credit_memo_from_invoice,
    debit_memo_from_charge,
    debit_memo_from_invoice,
    reverse_credit_memo,
    reverse_invoice,
    transfer_payment,
    unapply_credit_memo,
    unapply_payment,
    write_off_invoice,
)
from billpolicy.operations.operation import Operation

OPERATIONS: dict[str, Operation] = {
    operation.spec.name: operation
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
    )
}
