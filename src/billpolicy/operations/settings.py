"""Settings that several operations share. What they are set to is policy; here is only what can be said."""

from __future__ import annotations

from billpolicy.policy.vocabulary import FieldSpec, SettingSpec

AVAILABLE_TO_CREDIT = SettingSpec(
    "available_to_credit",
    "choice",
    "how much can be credited: `none` (no limit), `header` (the invoice's amount) or `header_and_item`",
    ("none", "header", "header_and_item"),
)
ZERO_BALANCE_ITEMS = SettingSpec(
    "zero_balance_items",
    "choice",
    "`mirror` items that have nothing open on the memo too, or `leave_out`",
    ("mirror", "leave_out"),
)
CHARGED_THROUGH = SettingSpec(
    "charged_through",
    "choice",
    "`revert` the charged-through date, so that the next bill run bills the time again, or `keep` it",
    ("revert", "keep"),
)
ITEM_LIMIT = SettingSpec("item_limit", "integer", "the most items and taxes of one document (whole number, inclusive)")
DOCUMENT_LIMIT = SettingSpec("document_limit", "integer", "the most documents of one operation (inclusive)")
ATTRIBUTE_BINDING = SettingSpec(
    "attribute_binding",
    "choice",
    "`snapshot` stores inherited values on the document; `live` leaves them empty: the account's current ones count",
    ("snapshot", "live"),
)
AMOUNT = FieldSpec("amount", "money", "the amount of the new document, tax included")
DATE = FieldSpec("date", "date", "the document date of the operation")


def reason_code(category: str) -> SettingSpec:
    """The reason of a memo or refund when the request names none."""
    return SettingSpec(
        "reason_code", "choice", "the reason when none is given: one of the reason codes", codes=category
    )


def reason(category: str) -> FieldSpec:
    """The reason that the request names."""
    return FieldSpec("reason", "choice", "the reason that was asked for", codes=category)


def allocation(*rules: str) -> SettingSpec:
    """How an amount is spread over the items of a document."""
    return SettingSpec("allocation", "choice", f"how amounts are spread over items: {' or '.join(rules)}", rules)
