"""The settings that operations share or need many of: what can be decided, and between what. The values are policy."""

from __future__ import annotations

from billpolicy.vocabulary.spec import SettingSpec

# The names of the registries in `allocation/`; a test holds them equal. Policies are checked without loading it.
ITEM_RULES = ("proration", "fifo", "by_component", "source_item")
LINK_RULES = ("proration", "fifo")
SOURCE_ORDERS = ("credits_first", "cash_first", "oldest_first", "by_priority", "by_expiry")
UNAPPLY_RULES = (*LINK_RULES, "lifo")
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
SPANS = ("document", "component", "aging_bucket")
FUTURES = ("by_order", "next", "last", "equal")


def reason_code(category: str) -> SettingSpec:
    return SettingSpec("reason_code", "choice", "the reason when none is given", codes=category)


AVAILABLE_TO_CREDIT = SettingSpec(
    "available_to_credit",
    "choice",
    "of what no more may be credited than is left: of the invoice and each item (`header_and_item`), of the invoice "
    "alone (`header`), or of neither (`none`)",
    ("none", "header", "header_and_item"),
)
OVER_CREDIT = SettingSpec(
    "over_credit",
    "choice",
    "where more would be given back than is left of what was billed: `refuse` it, `cap` it to what is left, or give it "
    "and `warn`",
    ("refuse", "cap", "warn"),
    routine=True,
    telling=("warn",),
)
OVER_CREDIT_WHOLE = OVER_CREDIT._replace(
    doc="where more would be given back than is left of what was billed: `refuse` it, or do it and `warn`",
    choices=("refuse", "warn"),
)
"""Of what is done as a whole or not at all."""
ZERO_BALANCE_ITEMS = SettingSpec(
    "zero_balance_items",
    "choice",
    "`mirror` items that have nothing open on the memo too, or `leave_out`",
    ("mirror", "leave_out"),
)
EMPTY_DOCUMENTS = SettingSpec(
    "empty_documents",
    "choice",
    "where the memo would have nothing but zeros: `skip` it and reverse without one, or `refuse` to reverse",
    ("skip", "refuse"),
    routine=True,
    telling=("refuse",),
)
"""Of reversals. Whatever else makes documents, but bill runs, is refused where nothing would be in them."""
CHARGED_THROUGH = SettingSpec(
    "charged_through",
    "choice",
    "`revert` the charged-through date, so that the next bill run bills the time again, or `keep` it",
    ("revert", "keep"),
)
PARTIAL_WRITE_OFFS = SettingSpec(
    "partial_write_offs",
    "choice",
    "how an amount that is written off, or asked for again, is spread over items and taxes",
    LINK_RULES,
    routine=True,
)
ITEM_LIMIT = SettingSpec(
    "item_limit", "integer", "the most items and taxes of one document (whole number, inclusive)", routine=True
)
DOCUMENT_LIMIT = SettingSpec(
    "document_limit", "integer", "the most documents of one operation (inclusive)", routine=True
)
ATTRIBUTE_BINDING = SettingSpec(
    "attribute_binding",
    "choice",
    "`snapshot` stores inherited values on the document; `live` leaves them empty: the account's current ones count",
    ("snapshot", "live"),
)
RELATED_CHARGES = SettingSpec(
    "related_charges",
    "choice",
    "whether the lines that belong to those asked for are credited with them: `include`, or `selected_only`",
    ("include", "selected_only"),
)
PAID_CREDIT = SettingSpec(
    "paid_credit",
    "choice",
    "what was paid of the lines: it stays `unapplied` on the memo, or is a `refund`",
    ("unapplied", "refund"),
)
PAID_CREDIT_OF_A_REBILL = SettingSpec(
    "paid_credit",
    "choice",
    "what was paid of the lines: it stays `unapplied` on the memo, is a `refund`, or goes on the new invoice "
    "(`apply_to_rebill`)",
    (*PAID_CREDIT.choices, "apply_to_rebill"),
)
CORRECTION_STYLE = SettingSpec(
    "correction_style",
    "choice",
    "`restate`: credit memos over all that is left of the lines, and an invoice that bills their time in full; "
    "`difference`: both on one invoice, and where less is due than before, a credit memo of what it is less",
    ("restate", "difference"),
    routine=True,
)
SPLIT_INVOICES = SettingSpec(
    "split_invoices",
    "choice",
    "of an invoice that has been split into several: `refuse`, or `warn`",
    ("refuse", "warn"),
    routine=True,
)
REPEATED_REFERENCE = SettingSpec(
    "repeated_reference",
    "choice",
    "where the account has one of the same type, amount and reference already: `refuse`, `warn`, or `allow` it",
    ("refuse", "warn", "allow"),
    routine=True,
)
REFUND_ALLOCATION = SettingSpec("allocation", "choice", "which items are used first", LINK_RULES)
UNAPPLY_ALLOCATION = SettingSpec(
    "allocation",
    "choice",
    "which of the recorded links give back first, where only a part is unapplied: a part of each (`proration`), the "
    "first item (`fifo`), or what was put last (`lifo`)",
    UNAPPLY_RULES,
)
SETTLEMENT = (
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
    SettingSpec(
        "future_documents",
        "choice",
        "what is not due yet: as the order has it (`by_order`), or after all that is due, what is due `next` first, "
        "what is due `last` first, or each the same (`equal`)",
        FUTURES,
        routine=True,
        telling=("next", "last", "equal"),
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
        "for `by_component`: finish one `document` first, one `component` over all documents, or one `aging_bucket` of "
        "documents, the latest first, within which one component over all of them",
        SPANS,
        routine=True,
    ),
    SettingSpec(
        "aging_bucket_days",
        "integer",
        "for the span `aging_bucket`: how many days of being late are one bucket",
        routine=True,
    ),
    SettingSpec("zuora_compatible", "boolean", "weigh items before their discounts, as Zuora does", routine=True),
    SettingSpec(
        "grid_limit", "integer", "items x source items that are still prorated (inclusive); fifo above it", routine=True
    ),
    DOCUMENT_LIMIT,
    SettingSpec(
        "touched_limit", "integer", "the most items and taxes that one operation touches (inclusive)", routine=True
    ),
)
MEMO_SETTLEMENT = (SETTLEMENT[0]._replace(choices=ITEM_RULES), *SETTLEMENT[1:])
"""Only the money of a credit memo has items that it came from."""
CORRECTED_FIRST = SettingSpec(
    "corrected_first",
    "boolean",
    "whether the invoices that a credit corrects come before all others",
)
SOURCE_ORDER = SettingSpec(
    "source_order",
    "choice",
    "which money is used first: `credits_first`, `cash_first`, or of both the `oldest_first`, that with the highest "
    "priority (`by_priority`: 1, and none last; of one that which expires first) or that which expires first "
    "(`by_expiry`: never last)",
    SOURCE_ORDERS,
)

CURRENCIES = SettingSpec(
    "currencies",
    "choice",
    "in which currencies an account may get this: `any`, or only that of the `account`",
    ("any", "account"),
    routine=True,
)
PERMISSION = SettingSpec(
    "permission",
    "choice",
    "whether the actor may do this: `allowed`, `approval` (by a second person, or by whom "
    "`{approval: {by: [role], count: 2}}` says) or `refused`",
    ("allowed", "approval", "refused"),
    routine=True,
)
WHO = SettingSpec(
    "actor", "choice", "whether somebody must be named as the actor", ("optional", "required"), routine=True
)
ENDING = (
    SettingSpec(
        "final_bill", "choice", "whether the time until the end is billed or credited at once", ("bill", "leave")
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
)
"""What happens when the service of a subscription is to end (docs/domain.md 5.2)."""
VALUES_OF = SettingSpec(
    "values_of",
    "choice",
    "which day's values of accounts and subscriptions count: the `latest` ones, or those of the `document_date`",
    ("latest", "document_date"),
    routine=True,
    telling=("document_date",),
    excepted=False,
)
BILLING = (
    SettingSpec(
        "negative_totals",
        "choice",
        "what becomes of negative charges: `one_document` (a total below zero is one credit memo), "
        "`by_charge_below_zero` (of a total below zero each charge goes by its sign), `negative_charges` or "
        "`negative_and_zero_charges` (always a credit memo of their own), or `negative_invoice`",
        (
            "one_document",
            "by_charge_below_zero",
            "negative_charges",
            "negative_and_zero_charges",
            "negative_invoice",
        ),
    ),
    SettingSpec("bill_as", "choice", "whether a bill run leaves `draft`s or `posted` documents", ("posted", "draft")),
    SettingSpec(
        "partial_charges",
        "choice",
        "of a billing period that is cut short: charge the `exact` part, or the `full` period",
        ("exact", "full"),
    ),
    SettingSpec(
        "partial_credits",
        "choice",
        "of a billed period that was used in part: credit the `exact` rest, `whole_months` only, or `none`",
        ("exact", "whole_months", "none"),
    ),
    SettingSpec(
        "proration_basis",
        "choice",
        "a part of a period counted `by_day`, or `by_month_first` and then by day",
        ("by_day", "by_month_first"),
    ),
    SettingSpec(
        "month_length",
        "choice",
        "how long a month is: `actual`, `thirty` days, or strictly `thirty_360` in periods and parts",
        ("actual", "thirty", "thirty_360"),
    ),
    SettingSpec(
        "zero_amounts",
        "choice",
        "lines that come to zero: `bill` them, or `exclude` them from documents; usage is always billed",
        ("bill", "exclude"),
        routine=True,
        telling=("exclude",),
    ),
    EMPTY_DOCUMENTS._replace(
        doc="documents on which every line is zero: `issue` them, or `skip` them as if their lines were excluded",
        choices=("issue", "skip"),
        telling=("skip",),
    ),
    SettingSpec(
        "zero_quantities",
        "choice",
        "charges with a quantity of zero: `bill` them as others, or `exclude` them in the same way",
        ("bill", "exclude"),
        routine=True,
        telling=("exclude",),
    ),
    SettingSpec("credit_one_time", "boolean", "whether one-time charges are credited on cancellation", routine=True),
    OVER_CREDIT,
    SettingSpec(
        "partial_included",
        "choice",
        "of a billing period that is cut short: the `exact` part of what is included of usage, or the `full` quantity",
        ("exact", "full"),
        routine=True,
    ),
    SettingSpec(
        "tax_rounding",
        "choice",
        "each tax is rounded `item` by item, or once over all items of the `document`",
        ("item", "document"),
        routine=True,
        telling=("document",),
    ),
    SettingSpec(
        "tax_date",
        "choice",
        "whose tax rates count: those of the `service_start` of an item, or of the `document_date`",
        ("service_start", "document_date"),
        routine=True,
        telling=("document_date",),
    ),
    SettingSpec(
        "prepaid_unused",
        "choice",
        "what usage has not drawn of a prepaid charge when its period ends: let it `expire`, or `carry_over`",
        ("expire", "carry_over"),
        routine=True,
    ),
)
"""How a bill run rates and splits (docs/domain.md 5.3 and 6.2)."""
