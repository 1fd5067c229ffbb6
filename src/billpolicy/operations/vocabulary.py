"""What policies can speak of: the operations with their levels, fields and settings, all on one page.

It stands apart from the planners so that a policy can be checked without loading them. What the settings are set to,
and who inherits what, is policy; here is only what can be said.
"""

from __future__ import annotations

from billpolicy.policy.vocabulary import ROLES, FieldSpec, OperationSpec, SettingSpec, Vocabulary

_DOCUMENT = (
    FieldSpec("number", "text", "its number"),
    FieldSpec("date", "date", "its document date"),
    FieldSpec("amount", "money", "its whole amount, tax included"),
    FieldSpec("balance", "money", "what is open of it"),
)
SCOPES: dict[str, tuple[FieldSpec, ...]] = {
    "account": (
        FieldSpec("id", "text", "the account's id"),
        FieldSpec("name", "text", "the account's name"),
        FieldSpec("country", "text", "the account's country"),
        FieldSpec("currency", "text", "the account's currency"),
    ),
    "subscription": (
        FieldSpec("id", "text", "the subscription's id"),
        FieldSpec("plan", "text", "the subscription's plan"),
    ),
    "invoice": (*_DOCUMENT, FieldSpec("due_date", "date", "when it is due")),
    "credit_memo": (*_DOCUMENT, FieldSpec("reason", "text", "its reason code")),
    "payment": (*_DOCUMENT, FieldSpec("type", "text", "external or electronic")),
}
"""Object -> the fields that conditions can ask about; `operations/facts.py` says where each value comes from."""

_ACTOR = (
    FieldSpec("actor.id", "text", "who asks"),
    FieldSpec("actor.role", "choice", "the role of who asks, as the policy's `roles` say", codes=ROLES),
)


def _of(*scopes: str) -> tuple[FieldSpec, ...]:
    return tuple(
        FieldSpec(f"{scope}.{field.name}", field.type, field.doc) for scope in scopes for field in SCOPES[scope]
    )


# The names of the registries in `allocation/`; a test holds them equal. Policies are checked without loading it.
ITEM_RULES = ("proration", "fifo", "by_component", "source_item")
LINK_RULES = ("proration", "fifo")
DOCUMENT_ORDERS = (
    "as_named",
    "oldest_due_first",
    "oldest_document_first",
    "newest_document_first",
    "largest_balance_first",
    "smallest_balance_first",
    "by_priority",
    "equal_spread",
)
RESIDUALS = ("largest_remainder", "first", "last", "largest_weight")
SPANS = ("document", "component")

_DATE = FieldSpec("date", "date", "the document date of the operation")
_AMOUNT = FieldSpec("amount", "money", "the amount of the new document, tax included")


def _asked(category: str) -> tuple[FieldSpec, ...]:
    """What the request says; the reason is one of the policy's reason codes."""
    return (_DATE, _AMOUNT, FieldSpec("reason", "choice", "the reason that was asked for", codes=category))


def _reason_code(category: str) -> SettingSpec:
    return SettingSpec("reason_code", "choice", "the reason when none is given", codes=category)


_AVAILABLE_TO_CREDIT = SettingSpec(
    "available_to_credit",
    "choice",
    "how much can be credited: `none` (no limit), `header` (the invoice's amount) or `header_and_item`",
    ("none", "header", "header_and_item"),
)
_ZERO_BALANCE_ITEMS = SettingSpec(
    "zero_balance_items",
    "choice",
    "`mirror` items that have nothing open on the memo too, or `leave_out`",
    ("mirror", "leave_out"),
)
_CHARGED_THROUGH = SettingSpec(
    "charged_through",
    "choice",
    "`revert` the charged-through date, so that the next bill run bills the time again, or `keep` it",
    ("revert", "keep"),
)
_ITEM_LIMIT = SettingSpec(
    "item_limit", "integer", "the most items and taxes of one document (whole number, inclusive)", routine=True
)
_DOCUMENT_LIMIT = SettingSpec(
    "document_limit", "integer", "the most documents of one operation (inclusive)", routine=True
)
_ATTRIBUTE_BINDING = SettingSpec(
    "attribute_binding",
    "choice",
    "`snapshot` stores inherited values on the document; `live` leaves them empty: the account's current ones count",
    ("snapshot", "live"),
)
_REFUND_ALLOCATION = SettingSpec("allocation", "choice", "which items are used first", LINK_RULES)
_UNAPPLY_ALLOCATION = SettingSpec(
    "allocation", "choice", "which of the recorded links give back first, where only a part is unapplied", LINK_RULES
)
_SETTLEMENT = (
    SettingSpec(
        "allocation",
        "choice",
        "how an amount is spread over the items of a document",
        tuple(rule for rule in ITEM_RULES if rule != "source_item"),
    ),
    SettingSpec(
        "document_order",
        "choice",
        "which documents come first where their amounts are not named",
        DOCUMENT_ORDERS,
    ),
    SettingSpec("residual", "choice", "where the cents go that a split leaves over", RESIDUALS, routine=True),
    SettingSpec(
        "component_order",
        "choice",
        "for `by_component`: what is settled first",
        ("tax_first", "charge_first"),
        routine=True,
    ),
    SettingSpec(
        "component_span",
        "choice",
        "for `by_component`: finish one `document` first, or one `component` over all documents",
        SPANS,
        routine=True,
    ),
    SettingSpec("zuora_compatible", "boolean", "weigh items before their discounts, as Zuora does", routine=True),
    SettingSpec(
        "grid_limit", "integer", "items x source items that are still prorated (inclusive); fifo above it", routine=True
    ),
    _DOCUMENT_LIMIT,
    SettingSpec(
        "touched_limit", "integer", "the most items and taxes that one operation touches (inclusive)", routine=True
    ),
)
_MEMO_SETTLEMENT = (_SETTLEMENT[0]._replace(choices=ITEM_RULES), *_SETTLEMENT[1:])
"""Only the money of a credit memo has items that it came from."""
_SOURCE_ORDER = SettingSpec(
    "source_order",
    "choice",
    "which money is used first: `credits_first`, `cash_first`, or the `oldest_first` of both",
    ("credits_first", "cash_first", "oldest_first"),
)

_PERMISSION = SettingSpec(
    "permission",
    "choice",
    "whether the actor may do this: `allowed`, `approval` (by a second person) or `refused`",
    ("allowed", "approval", "refused"),
    routine=True,
)
_WHO = SettingSpec(
    "actor", "choice", "whether somebody must be named as the actor", ("optional", "required"), routine=True
)

VOCABULARY: Vocabulary = {
    spec.name: spec._replace(fields=(*spec.fields, *_ACTOR), settings=(*spec.settings, _PERMISSION, _WHO))
    for spec in (
        OperationSpec(
            name="credit_memo_from_invoice",
            doc="a standalone credit memo from an invoice, for a dispute",
            produces="credit_memo",
            levels=("request", "invoice", "subscription", "account", "default"),
            fields=(*_asked("credit_memo"), *_of("account", "subscription", "invoice")),
            settings=(_reason_code("credit_memo"), _AVAILABLE_TO_CREDIT, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="debit_memo_from_invoice",
            doc="a standalone debit memo from an invoice, for an undercharge",
            produces="debit_memo",
            levels=("request", "invoice", "subscription", "account", "default"),
            fields=(*_asked("debit_memo"), *_of("account", "subscription", "invoice")),
            settings=(_reason_code("debit_memo"), _ITEM_LIMIT),
        ),
        OperationSpec(
            name="write_off_invoice",
            doc="write off the open balance of an invoice, for bad debt",
            produces="credit_memo",
            levels=("request", "invoice", "subscription", "account", "default"),
            fields=(*_asked("credit_memo"), *_of("account", "subscription", "invoice")),
            settings=(_reason_code("credit_memo"), _ZERO_BALANCE_ITEMS, _CHARGED_THROUGH, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="reverse_invoice",
            doc="reverse an invoice to correct a mistake",
            produces="credit_memo",
            levels=("request", "invoice", "subscription", "account", "default"),
            fields=(*_asked("credit_memo"), *_of("account", "subscription", "invoice")),
            settings=(_reason_code("credit_memo"), _ZERO_BALANCE_ITEMS, _CHARGED_THROUGH, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="reverse_credit_memo",
            doc="reverse a credit memo to correct a mistake",
            produces="debit_memo",
            levels=("request", "credit_memo", "subscription", "account", "default"),
            fields=(*_asked("debit_memo"), *_of("account", "subscription", "credit_memo")),
            settings=(_reason_code("debit_memo"), _ZERO_BALANCE_ITEMS, _CHARGED_THROUGH, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="credit_memo_from_charge",
            doc="a standalone credit memo from product rate plan charges",
            produces="credit_memo",
            levels=("request", "account", "default"),
            fields=(*_asked("credit_memo"), *_of("account")),
            settings=(_reason_code("credit_memo"), _ATTRIBUTE_BINDING, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="debit_memo_from_charge",
            doc="a standalone debit memo from product rate plan charges",
            produces="debit_memo",
            levels=("request", "account", "default"),
            fields=(*_asked("debit_memo"), *_of("account")),
            settings=(_reason_code("debit_memo"), _ATTRIBUTE_BINDING, _ITEM_LIMIT),
        ),
        OperationSpec(
            name="create_payment",
            doc="record a payment and apply it to named documents",
            produces="payment",
            levels=("request", "account", "default"),
            fields=(_DATE, _AMOUNT, *_of("account")),
            settings=_SETTLEMENT,
        ),
        OperationSpec(
            name="create_refund",
            doc="refund what is unapplied of a payment or credit memo",
            produces="refund",
            levels=("request", "account", "default"),
            fields=(*_asked("refund"), *_of("account")),
            settings=(_reason_code("refund"), _REFUND_ALLOCATION),
        ),
        OperationSpec(
            name="apply_payment",
            doc="put an unapplied payment on invoices and debit memos",
            produces=None,
            levels=("account",),
            fields=(_DATE, _AMOUNT, *_of("account", "payment")),
            settings=_SETTLEMENT,
        ),
        OperationSpec(
            name="unapply_payment",
            doc="take applications of a payment back",
            produces=None,
            levels=("account",),
            fields=(_DATE, _AMOUNT, *_of("account", "payment")),
            settings=(_UNAPPLY_ALLOCATION,),
        ),
        OperationSpec(
            name="apply_credit_memo",
            doc="put an unapplied credit memo on invoices and debit memos",
            produces=None,
            levels=("account",),
            fields=(_DATE, _AMOUNT, *_of("account", "credit_memo")),
            settings=_MEMO_SETTLEMENT,
        ),
        OperationSpec(
            name="unapply_credit_memo",
            doc="take applications of a credit memo back",
            produces=None,
            levels=("account",),
            fields=(_DATE, _AMOUNT, *_of("account", "credit_memo")),
            settings=(_UNAPPLY_ALLOCATION,),
        ),
        OperationSpec(
            name="apply_credits",
            doc="use all unapplied credit memos and payments of an account on its open documents",
            produces=None,
            levels=("account",),
            fields=(_DATE, _AMOUNT, *_of("account")),
            settings=(*_SETTLEMENT, _SOURCE_ORDER),
        ),
        OperationSpec(
            name="transfer_payment",
            doc="transfer what is unapplied of a payment to another account",
            produces="payment",
            levels=("request", "account", "default"),
            fields=(_DATE, _AMOUNT, *_of("account", "payment")),
        ),
    )
}
"""Operation name -> what a policy can say about it. A new operation gets its entry here and its line in `registry`."""
