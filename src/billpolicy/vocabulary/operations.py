"""What policies can speak of: the operations with their levels, fields and settings, all on one page.

It stands apart from the planners so that a policy can be checked without loading them. What the settings are set to,
and who inherits what, is policy; here is only what can be said.
"""

from __future__ import annotations

from billpolicy.vocabulary.events import event_after
from billpolicy.vocabulary.fields import ACTOR, AMOUNT, DATE, asked, fields_of, reason_of
from billpolicy.vocabulary.settings import (
    ATTRIBUTE_BINDING,
    AVAILABLE_TO_CREDIT,
    BILLING,
    CHARGED_THROUGH,
    ITEM_LIMIT,
    MEMO_SETTLEMENT,
    PERMISSION,
    REFUND_ALLOCATION,
    SETTLEMENT,
    SOURCE_ORDER,
    UNAPPLY_ALLOCATION,
    WHO,
    ZERO_BALANCE_ITEMS,
    reason_code,
)
from billpolicy.vocabulary.spec import FieldSpec, OperationSpec, SettingSpec, Vocabulary

_SPECS = (
    OperationSpec(
        name="credit_memo_from_invoice",
        doc="a standalone credit memo from an invoice, for a dispute",
        produces=("credit_memo",),
        levels=("request", "invoice", "subscription", "account", "default"),
        fields=(*asked("credit_memo"), *fields_of("account", "subscription", "invoice")),
        settings=(reason_code("credit_memo"), AVAILABLE_TO_CREDIT, ITEM_LIMIT),
        causes=("credit_memo_posted",),
    ),
    OperationSpec(
        name="debit_memo_from_invoice",
        doc="a standalone debit memo from an invoice, for an undercharge",
        produces=("debit_memo",),
        levels=("request", "invoice", "subscription", "account", "default"),
        fields=(*asked("debit_memo"), *fields_of("account", "subscription", "invoice")),
        settings=(reason_code("debit_memo"), ITEM_LIMIT),
        causes=("debit_memo_posted",),
    ),
    OperationSpec(
        name="write_off_invoice",
        doc="write off the open balance of an invoice, for bad debt",
        produces=("credit_memo",),
        levels=("request", "invoice", "subscription", "account", "default"),
        fields=(*asked("credit_memo"), *fields_of("account", "subscription", "invoice")),
        settings=(reason_code("credit_memo"), ZERO_BALANCE_ITEMS, CHARGED_THROUGH, ITEM_LIMIT),
        causes=("charges_reopened",),
    ),
    OperationSpec(
        name="reverse_invoice",
        doc="reverse an invoice to correct a mistake",
        produces=("credit_memo",),
        levels=("request", "invoice", "subscription", "account", "default"),
        fields=(*asked("credit_memo"), *fields_of("account", "subscription", "invoice")),
        settings=(reason_code("credit_memo"), ZERO_BALANCE_ITEMS, CHARGED_THROUGH, ITEM_LIMIT),
        causes=("charges_reopened",),
    ),
    OperationSpec(
        name="reverse_credit_memo",
        doc="reverse a credit memo to correct a mistake",
        produces=("debit_memo",),
        levels=("request", "credit_memo", "subscription", "account", "default"),
        fields=(*asked("debit_memo"), *fields_of("account", "subscription", "credit_memo")),
        settings=(reason_code("debit_memo"), ZERO_BALANCE_ITEMS, CHARGED_THROUGH, ITEM_LIMIT),
        causes=("charges_reopened",),
    ),
    OperationSpec(
        name="credit_memo_from_charge",
        doc="a standalone credit memo from product rate plan charges",
        produces=("credit_memo",),
        levels=("request", "account", "default"),
        fields=(*asked("credit_memo"), *fields_of("account")),
        settings=(reason_code("credit_memo"), ATTRIBUTE_BINDING, ITEM_LIMIT),
        causes=("credit_memo_posted",),
    ),
    OperationSpec(
        name="debit_memo_from_charge",
        doc="a standalone debit memo from product rate plan charges",
        produces=("debit_memo",),
        levels=("request", "account", "default"),
        fields=(*asked("debit_memo"), *fields_of("account")),
        settings=(reason_code("debit_memo"), ATTRIBUTE_BINDING, ITEM_LIMIT),
        causes=("debit_memo_posted",),
    ),
    OperationSpec(
        name="create_payment",
        doc="record a payment and apply it to named documents",
        produces=("payment",),
        levels=("request", "account", "default"),
        fields=(DATE, AMOUNT, *fields_of("account")),
        settings=SETTLEMENT,
        causes=("payment_posted", "invoice_left_open"),
    ),
    OperationSpec(
        name="create_refund",
        doc="refund what is unapplied of a payment or credit memo",
        produces=("refund",),
        levels=("request", "account", "default"),
        fields=(*asked("refund"), *fields_of("account")),
        settings=(reason_code("refund"), REFUND_ALLOCATION),
    ),
    OperationSpec(
        name="apply_payment",
        doc="put an unapplied payment on invoices and debit memos",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account", "payment")),
        settings=SETTLEMENT,
        causes=("invoice_left_open",),
    ),
    OperationSpec(
        name="unapply_payment",
        doc="take applications of a payment back",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account", "payment")),
        settings=(UNAPPLY_ALLOCATION,),
    ),
    OperationSpec(
        name="apply_credit_memo",
        doc="put an unapplied credit memo on invoices and debit memos",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account", "credit_memo")),
        settings=MEMO_SETTLEMENT,
        causes=("invoice_left_open",),
    ),
    OperationSpec(
        name="unapply_credit_memo",
        doc="take applications of a credit memo back",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account", "credit_memo")),
        settings=(UNAPPLY_ALLOCATION,),
    ),
    OperationSpec(
        name="apply_credits",
        doc="use all unapplied credit memos and payments of an account on its open documents",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account")),
        settings=(*SETTLEMENT, SOURCE_ORDER),
        causes=("invoice_left_open",),
    ),
    OperationSpec(
        name="transfer_payment",
        doc="transfer what is unapplied of a payment to another account",
        produces=("payment",),
        levels=("request", "account", "default"),
        fields=(DATE, AMOUNT, *fields_of("account", "payment")),
        causes=("payment_posted",),
    ),
    OperationSpec(
        name="bill_run",
        doc="bill what is due of subscriptions, and credit what was billed and is not used",
        produces=("invoice", "credit_memo"),
        levels=("subscription", "account", "default"),
        fields=(DATE, *fields_of("account", "subscription")),
        settings=(reason_code("credit_memo"), *BILLING),
        causes=("invoice_posted", "credit_memo_posted"),
    ),
    OperationSpec(
        name="post_draft",
        doc="post a draft of a bill run, with its siblings, and number them",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account")),
        causes=("invoice_posted", "credit_memo_posted"),
    ),
    OperationSpec(
        name="cancel_draft",
        doc="cancel a draft of a bill run, with its siblings, so that its time can be billed again",
        produces=(),
        levels=("account",),
        fields=(DATE, AMOUNT, *fields_of("account")),
        causes=("charges_reopened",),
    ),
    OperationSpec(
        name="cancel_subscription",
        doc="cancel a subscription, bill it a last time, and use what is credited on its invoices",
        produces=(),
        levels=("account",),
        fields=(DATE, reason_of("cancellation"), *fields_of("account", "subscription")),
        settings=(
            SettingSpec(
                "final_bill",
                "choice",
                "whether the time until the end is billed or credited at once",
                ("bill", "leave"),
            ),
            SettingSpec(
                "final_credit",
                "choice",
                "whether what the final bill credits is used on the open invoices of the subscription",
                ("apply", "leave"),
            ),
            SettingSpec(
                "shared_invoices",
                "choice",
                "of an invoice that has other subscriptions too: only its `own_items`, or `refuse`",
                ("own_items", "refuse"),
            ),
        ),
        causes=("subscription_canceled",),
    ),
    OperationSpec(
        name="undo_write_off",
        doc="ask for what was written off again, by a debit memo",
        produces=("debit_memo",),
        levels=("request", "credit_memo", "invoice", "subscription", "account", "default"),
        fields=(*asked("debit_memo"), *fields_of("account", "subscription", "credit_memo", "invoice")),
        settings=(
            reason_code("debit_memo"),
            SettingSpec("write_off_reason", "choice", "the reason by which a write-off is known", codes="credit_memo"),
            ITEM_LIMIT,
        ),
        causes=("debit_memo_posted",),
    ),
    OperationSpec(
        name="transfer_negative_invoice",
        doc="turn the negative balance of an invoice into credit balance",
        produces=(),
        levels=("account",),
        fields=(*asked("credit_balance"), *fields_of("account", "subscription", "invoice")),
        settings=(reason_code("credit_balance"),),
        causes=("credit_increased",),
    ),
    OperationSpec(
        name="apply_credit_balance",
        doc="use the credit balance of an account on its open invoices and debit memos",
        produces=(),
        levels=("account",),
        fields=(*asked("credit_balance"), *fields_of("account")),
        settings=(
            reason_code("credit_balance"),
            SettingSpec(
                "corrected_first",
                "boolean",
                "whether the invoices that a negative invoice corrects come before all others",
            ),
            *SETTLEMENT,
        ),
        causes=("invoice_left_open",),
    ),
    OperationSpec(
        name="refund_credit_balance",
        doc="pay credit balance back",
        produces=("refund",),
        levels=("request", "account", "default"),
        fields=(*asked("credit_balance_refund"), *fields_of("account")),
        settings=(reason_code("credit_balance_refund"),),
    ),
    OperationSpec(
        name="adjust_credit_balance",
        doc="increase or decrease a credit balance by hand",
        produces=(),
        levels=("account",),
        fields=(
            *asked("credit_balance"),
            FieldSpec("type", "choice", "whether it is raised or lowered", ("increase", "decrease")),
            *fields_of("account"),
        ),
        settings=(reason_code("credit_balance"),),
        causes=("credit_increased",),
    ),
)

_FOLLOWS: dict[str, tuple[str, ...]] = {
    "bill_run": ("charges_reopened",),
    "transfer_negative_invoice": ("invoice_posted",),
    "apply_credit_balance": ("credit_increased", "invoice_posted", "debit_memo_posted"),
    "refund_credit_balance": ("credit_increased",),
    "apply_credits": ("invoice_posted", "debit_memo_posted", "credit_memo_posted", "payment_posted"),
    "write_off_invoice": ("subscription_canceled", "invoice_posted", "invoice_left_open"),
}
"""Operation -> the events after which a follow-up can run it."""


def _complete(spec: OperationSpec) -> OperationSpec:
    """With what every operation has, and the events that it can follow."""
    return spec._replace(
        fields=(*spec.fields, *ACTOR),
        settings=(*spec.settings, PERMISSION, WHO),
        follows=tuple(
            event_after(event, tuple(each.name for each in _SPECS if event in each.causes))
            for event in _FOLLOWS.get(spec.name, ())
        ),
    )


VOCABULARY: Vocabulary = {spec.name: _complete(spec) for spec in _SPECS}
"""Operation name -> what a policy can say about it. A new operation gets its entry here and its line in `registry`."""
