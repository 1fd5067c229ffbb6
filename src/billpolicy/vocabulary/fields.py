"""The fields that conditions can ask about, by the object that has them. Their values: `deciding/facts.py`."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.vocabulary.spec import DAYS_SINCE, ROLES, FieldSpec

PAYMENT_TYPES = ("external", "electronic")
_SIGNS = ("below_zero", "zero", "above_zero")
_DOCUMENT = (
    FieldSpec("number", "text", "its number", always=True),
    FieldSpec("date", "date", "its document date", always=True),
    FieldSpec("currency", "currency", "its currency", always=True),
    FieldSpec("amount", "money", "its whole amount, tax included", always=True),
    FieldSpec("balance", "money", "what is open of it", always=True),
    FieldSpec(
        "balance_is",
        "choice",
        "whether what is open of it is below or above zero, in any currency",
        _SIGNS,
        always=True,
    ),
)
_POSITIVE = tuple(field._replace(at_least=0) if field.type == "money" else field for field in _DOCUMENT)
"""Only invoices can be negative (docs/domain.md 9.2)."""
SCOPES: dict[str, tuple[FieldSpec, ...]] = {
    "account": (
        FieldSpec("id", "text", "the account's id", always=True),
        FieldSpec("name", "text", "the account's name"),
        FieldSpec("country", "country", "the account's country"),
        FieldSpec("region", "text", "the account's state or province"),
        FieldSpec("currency", "currency", "the account's currency", always=True),
    ),
    "subscription": (
        FieldSpec("id", "text", "the subscription's id", always=True),
        FieldSpec("plan", "text", "the subscription's plan"),
        FieldSpec("status", "choice", "whether it has been canceled", ("active", "canceled"), always=True),
    ),
    "invoice": (
        *_DOCUMENT,
        FieldSpec("due_date", "date", "when it is due"),
        FieldSpec("settled", "choice", "how much of it has been settled", ("nothing", "part", "all"), always=True),
    ),
    "credit_memo": (*_POSITIVE, FieldSpec("reason", "text", "its reason code")),
    "debit_memo": (
        *_POSITIVE,
        FieldSpec("reason", "text", "its reason code"),
        FieldSpec("due_date", "date", "when it is due"),
    ),
    "payment": (*_POSITIVE, FieldSpec("type", "choice", "how it was paid", PAYMENT_TYPES, always=True)),
}
"""Object -> its fields."""
DATED = ("invoice", "credit_memo", "debit_memo", "payment")
"""The documents that conditions can ask about."""
_AGE = FieldSpec(DAYS_SINCE, "days", "from its date to that of the operation; of several, from the first", always=True)
NARROWED = (
    "account.country",
    "account.region",
    "account.currency",
    "subscription.plan",
    "payment.type",
    "credit_memo.reason",
    "debit_memo.reason",
)
"""Fields of which a policy may say which values there are, by a closed list of its own."""
DATE = FieldSpec("date", "date", "the document date of the operation", always=True)
AMOUNT = FieldSpec("amount", "money", "the amount of the new document, tax included", at_least=0)
OF_LINES = AMOUNT._replace(doc="what is left of the lines that are named, tax included", at_least=None)
"""Lines may give money; that they do together is refused only after it was decided."""
OF_A_DRAFT = AMOUNT._replace(doc="the amount of the draft, tax included", at_least=None)
"""That of an invoice may be below zero."""
REFERENCE_IS = FieldSpec(
    "reference_is",
    "choice",
    "of a reference that is given: `new`, `known` of such a payment or refund, or only of one that was `reversed`",
    ("new", "known", "reversed"),
)
_TYPE = FieldSpec("type", "choice", "external or electronic", PAYMENT_TYPES, always=True)
OF_THE_PAYMENT = (_TYPE._replace(name="payment.type"),)
"""Of a payment that is made: what else there is of it the operation says itself."""
OF_THE_REFUND = (_TYPE._replace(name="refund.type"),)
OF_THE_CREDIT = (
    FieldSpec(
        "refund.came_from",
        "choice",
        "what had raised the credit balance by what is paid back of it",
        ("negative_invoices", "by_hand", "both"),
        always=True,
    ),
    FieldSpec(
        f"{DAYS_SINCE}.increase",
        "days",
        "from the first increase that is paid back to the date of the refund",
        always=True,
        at_least=0,
    ),
)
"""docs/domain.md 2.11."""
REFUNDED = (
    FieldSpec("refund.of", "choice", "what is paid back", ("payment", "credit_memo"), always=True),
    FieldSpec(
        "refund.paid",
        "choice",
        "how much of what is paid back had come in for it by payments, and was not paid back before",
        ("nothing", "part", "all"),
        always=True,
    ),
)
"""docs/domain.md 2.11."""
PARTIAL = FieldSpec("partial", "boolean", "whether only a part of what is open is written off", always=True)
FROM = (
    FieldSpec("from", "date", "the first day on which what it changes holds", always=True),
    FieldSpec(
        "back_dated",
        "boolean",
        "whether that day is before the document date or today, whichever is later",
        always=True,
    ),
)
ACTOR = (
    FieldSpec("actor.id", "text", "who asks"),
    FieldSpec("actor.role", "choice", "the role of who asks, as the policy's `roles` say", codes=ROLES),
)


def fields_of(*scopes: str) -> tuple[FieldSpec, ...]:
    """The fields of these objects, by their dotted names, and how old those are that have a date."""
    ages = (_AGE._replace(name=f"{DAYS_SINCE}.{scope}") for scope in scopes if scope in DATED)
    return (*own_fields_of(*scopes), *ages)


def own_fields_of(*scopes: str) -> tuple[FieldSpec, ...]:
    """The fields that they have whatever is done to them."""
    return tuple(field._replace(name=f"{scope}.{field.name}") for scope in scopes for field in SCOPES[scope])


def changes_of(scope: str, attributes: Iterable[str], custom: Iterable[str]) -> tuple[FieldSpec, ...]:
    """What conditions can ask about an operation that changes an object of this scope, beside its own fields: whether
    it changes an attribute or a custom value. `custom`: fields that the policy declares, `account.segment`."""
    if not scope:
        return ()
    own = (name.partition(".")[2] for name in custom if name.startswith(f"{scope}."))
    return changed(*attributes, *own)


def changed(*names: str) -> tuple[FieldSpec, ...]:
    """Whether an operation changes what is called so."""
    return tuple(FieldSpec(f"changes.{name}", "boolean", f"whether it changes `{name}`", always=True) for name in names)


def reason_of(category: str) -> FieldSpec:
    """The reason that the request gives: one of the policy's reason codes."""
    return FieldSpec("reason", "choice", "the reason that was asked for", codes=category)


def asked(category: str) -> tuple[FieldSpec, ...]:
    """What the request of a new document says."""
    return DATE, AMOUNT, reason_of(category)
