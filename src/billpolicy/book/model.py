"""What a book holds. Amounts are Decimal in the currency of their document; every record is immutable.

The same records are read from YAML or JSON files, read from the ledger and planned by operations. Names follow the
field's words; attribute values live in one `attributes` mapping on every level that can hold them, because which
attributes exist is declared by policy (docs/domain.md 1.1).
"""

from __future__ import annotations

import datetime
from dataclasses import field, replace
from decimal import Decimal
from typing import ClassVar, Literal

from billpolicy.source.record import record
from billpolicy.source.scalars import (
    Amount,
    Boolean,
    Country,
    Currency,
    Date,
    FreeText,
    Integer,
    Prose,
    Reference,
    Text,
)

Status = Literal["draft", "posted", "canceled"]
"""docs/domain.md 9.3. Reversed is a flag on a posted document, not a status (docs/domain.md 9.1)."""
Attributes = dict[Text, Text | None]
"""Attribute name -> the value held at this level; null or absent means this level holds none."""
Custom = dict[Text, FreeText | None]
"""Custom field name -> its value as written; the policy declares the type."""
_DAY = datetime.timedelta(days=1)
TRANSFERRED = "transferred"
"""The one place of a transferred payment, or of an increase of a credit balance, that money can be put on."""
BillingPeriod = Literal["one_time", "month", "quarter", "half_year", "year"]


@record
class Held:
    """A value that a record holds from a day on: its history is all that it held, in the order in which that came.

    The record itself has the values that came last for their day; `history.py` tells those of any day.
    """

    field: Text
    """As it is written: `name`, `attributes.payment_term`, `custom.segment`."""
    value: FreeText | None = None
    """As text, also of a day, a number or a yes and no; null is none."""
    since: Date | None = None
    """The first day on which it holds; without it, from the beginning."""
    operation: Text | None = None
    """The id of the operation that gave it; without it, it came with the record."""


@record
class Account:
    """Who is billed. Its attributes are the defaults that documents fall back to."""

    id: Text
    currency: Currency
    """What is meant where none is said; documents and money of the account may be in others."""
    name: FreeText | None = None
    country: Country | None = None
    region: Text | None = None
    """The state or province, where taxes differ by it."""
    attributes: Attributes = field(default_factory=dict)
    custom: Custom = field(default_factory=dict)
    created_by: Text | None = None
    """The id of the operation that created it; without it, it came with the book."""
    history: tuple[Held, ...] = ()


@record
class Contact:
    """A person or office of one account that documents can be addressed to."""

    id: Text
    account: Text
    name: FreeText | None = None
    country: Country | None = None
    email: Text | None = None
    retired_on: Date | None = None
    """The first day on which no document may be addressed to it any more; it is never deleted."""
    created_by: Text | None = None
    """The id of the operation that created it; without it, it came with the book."""
    history: tuple[Held, ...] = ()


@record
class SubscribedCharge:
    """A charge as a subscription holds it; `charged_through` is exclusive: the first day not billed yet.

    A bill run rates it: `quantity` x `rate` for each whole billing period. Without `rate` bill runs pass it over.

    With `usage` it is rated by its usage records instead, in arrears, and has no charged-through date: each record
    says which document bills it.
    """

    id: Text
    charge: Text | None = None
    charged_through: Date | None = None
    name: FreeText | None = None
    """As it stands on invoices; without it the name of the product rate plan charge, or the id."""
    rate: Amount | None = None
    """The price of one unit for one whole billing period, in the subscription's currency; below zero it is a credit.
    Of usage, the price of one unit that was used."""
    quantity: Amount = Decimal(1)
    period: BillingPeriod = "month"
    timing: Literal["in_advance", "in_arrears"] = "in_advance"
    start: Date | None = None
    """The first day; without it the subscription's."""
    until: Date | None = None
    """The first day after the last; without it the charge runs as long as its subscription."""
    discounts: Text | None = None
    """On a discount: the charge of the same subscription that it reduces."""
    usage: Boolean = False
    """Whether it is billed by its usage records."""
    included: Amount | None = None
    """Of usage: how much of one whole billing period costs nothing."""
    continues: Text | None = None
    """The charge of the same subscription that it follows, at another rate or quantity: their periods are the same."""
    created_by: Text | None = None
    """The id of the operation that added it; without it, it came with the subscription."""
    item: Text | None = None
    """The subscription item that it is a stream of; without it, it is an item with those that it continues."""
    bills: Literal["rate", "minimum", "maximum"] = "rate"
    """`minimum` and `maximum`: the rate is what its item costs at least, or at most, in one whole billing period. Such
    a charge bills in arrears what the others of its item fall short of that, or gives back what they are above it."""
    drawn_by: tuple[Text, ...] = ()
    """Of a prepaid charge: the items of the same subscription whose usage draws down what was paid."""
    profile: Text | None = None
    """The billing profile: the charges of a subscription that name the same one are billed on one line, period by
    period."""
    tax_code: Text | None = None
    """By which rates of the policy it is taxed; without it, by those of its product rate plan charge, if any."""

    @property
    def first(self) -> str:
        """The id of the first of those that continue each other: the one that it continues, or its own."""
        return self.continues or self.id

    @property
    def of_item(self) -> str:
        """The subscription item that it is a charge of."""
        return self.item or self.first


@record
class Subscription:
    """What an account subscribes to. A missing attribute means: use the account's (docs/domain.md 1.1)."""

    id: Text
    account: Text
    plan: Text | None = None
    start: Date | None = None
    """The first day of service; a bill run needs it, here or on each charge."""
    term_end: Date | None = None
    """The first day after the current term; without it the subscription runs until it is canceled."""
    canceled_on: Date | None = None
    """The cancellation effective date: the first day without service, credited from then on (docs/domain.md 5.3)."""
    bill_day: Integer | None = None
    """The day of the month on which billing periods begin, 1 to 31; without it the day on which the charge starts."""
    invoice_separately: Boolean = False
    """Never on one invoice with other subscriptions (docs/domain.md 1.5)."""
    currency: Currency | None = None
    """Without it the account's."""
    attributes: Attributes = field(default_factory=dict)
    charges: tuple[SubscribedCharge, ...] = ()
    custom: Custom = field(default_factory=dict)
    created_by: Text | None = None
    """The id of the operation that created it; without it, it came with the book."""
    history: tuple[Held, ...] = ()


@record
class Charge:
    """A product rate plan charge of the catalogue, that memos can be made from (docs/domain.md 1.2 rows 10 and 11)."""

    id: Text
    name: FreeText
    type: Literal["one_time", "recurring", "usage"] = "one_time"
    tax_code: Text | None = None
    """By which rates of the policy it is taxed; without it, bill runs tax it by none."""
    created_by: Text | None = None
    """The id of the operation that created it; without it, it came with the book."""
    history: tuple[Held, ...] = ()


@record
class TaxItem:
    """One tax on one item, with a balance of its own (docs/domain.md 2.4)."""

    id: Text
    amount: Amount
    name: FreeText | None = None
    rate: Amount | None = None
    """The rate as written; it is copied, never calculated with (docs/domain.md 3.2)."""
    jurisdiction: Text | None = None
    source_tax: Text | None = None
    """On a memo: the tax item of the source document that this one mirrors."""
    code: Text | None = None
    """The tax code whose rate it is, where a bill run taxed the item."""


@record
class CombinedCharge:
    """What one charge has on a line that bills several of a subscription, for the same days."""

    subscribed_charge: Text
    amount: Amount
    charge: Text | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = None


@record
class Item:
    """One line of a billing document. `amount` is without tax and may be negative (a discount)."""

    id: Text
    amount: Amount
    name: FreeText | None = None
    line: Integer | None = None
    discounts: Text | None = None
    """On a discount: the item of the same document that it reduces; the two are settled as one."""
    subscription: Text | None = None
    subscribed_charge: Text | None = None
    charge: Text | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = None
    service_start: Date | None = None
    service_end: Date | None = None
    source_item: Text | None = None
    """On a memo: the item of the source document that this one mirrors."""
    taxes: tuple[TaxItem, ...] = ()
    source: Text | None = None
    """On a credit that a bill run gives: the number of the invoice that `source_item` is on."""
    combines: tuple[CombinedCharge, ...] = ()
    """On a line of a billing profile: the charges that it bills; they add up to its amount. It names none itself."""

    @property
    def days(self) -> tuple[datetime.date, datetime.date] | None:
        """The days `[first, until)` that it is for; of nothing but a first day, that one. The calendar has a last day:
        what ends on it is until then."""
        if self.service_start is None:
            return None
        last = self.service_end or self.service_start
        return self.service_start, min(last, datetime.date.max - _DAY) + _DAY

    @property
    def by_charge(self) -> tuple[Item, ...]:
        """It as lines of one charge each, without tax: what it has of each charge that it combines; else itself."""
        return tuple(
            replace(
                self,
                combines=(),
                taxes=(),
                subscribed_charge=one.subscribed_charge,
                charge=one.charge,
                quantity=one.quantity,
                unit_price=one.unit_price,
                amount=one.amount,
            )
            for one in self.combines
        ) or (self,)


class Related:
    """What can name another document: what it was made from, pays back or changes."""

    __slots__ = ()
    related_field: ClassVar[str | None] = None
    """The field that names it; each kind has its own word for it."""

    @property
    def related(self) -> str | None:
        """The number of that document."""
        number: str | None = getattr(self, self.related_field) if self.related_field else None
        return number


@record
class Document(Related):
    """A billing document: what invoices, credit memos and debit memos share."""

    kind: ClassVar[str]

    number: Text
    account: Text
    date: Date
    currency: Currency
    items: tuple[Item, ...]
    status: Status = "posted"
    reversed_: Boolean = False
    bill_run: Text | None = None
    auto_apply: Boolean = True
    """Whether rules may use it; named explicitly it can always be used (docs/domain.md 2.2: opt-outs)."""
    priority: Integer | None = None
    """For the document order `by_priority`, of a credit memo for the source order of that name: 1 comes first."""
    attributes: Attributes = field(default_factory=dict)
    comment: Prose | None = None
    posted_as: Text | None = None
    """On a draft that was posted: the number that it has as a posted document."""
    total: Amount | None = None
    """In a file, optional: the total that the items must add up to."""
    balance: Amount | None = None
    """In a file, optional: the balance (of a credit memo: the unapplied amount) that must come out."""

    @property
    def amount(self) -> Decimal:
        """Items and taxes added up."""
        total = Decimal(0)
        for item in self.items:
            total += item.amount
            for tax in item.taxes:
                total += tax.amount
        return total

    @property
    def gross(self) -> Decimal:
        """The same without their signs, and with what lines combine in place of them: no part of any sum is larger."""
        total = Decimal(0)
        for item in self.items:
            total += sum(abs(one.amount) for one in item.combines) if item.combines else abs(item.amount)
            for tax in item.taxes:
                total += abs(tax.amount)
        return total

    @property
    def is_open_draft(self) -> bool:
        """Whether it waits to be posted."""
        return self.status == "draft" and self.posted_as is None

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The subscriptions its items name, sorted, each once."""
        return tuple(sorted({item.subscription for item in self.items if item.subscription}))


@record
class Invoice(Document):
    """What an account owes for."""

    kind: ClassVar[str] = "invoice"

    due_date: Date | None = None
    due_date_from: Text | None = None
    """The payment term that the due date was worked out from, where the document came without one."""
    split: Boolean = False


@record
class CreditMemo(Document):
    """Money given back or not asked for; applied to invoices and debit memos.

    It has no payment term (docs/domain.md 1.1).
    """

    kind: ClassVar[str] = "credit_memo"
    related_field: ClassVar[str | None] = "source"

    reason: Text | None = None
    source: Text | None = None
    """The number of the document that it was created from."""
    write_off: Boolean = False
    """Whether it writes off what is not paid: such a memo is never money."""
    expires_on: Date | None = None
    """The first day on which it is not used any more."""


@record
class DebitMemo(Document):
    """Money asked for beside an invoice."""

    kind: ClassVar[str] = "debit_memo"
    related_field: ClassVar[str | None] = "source"

    due_date: Date | None = None
    due_date_from: Text | None = None
    """As on an invoice."""
    reason: Text | None = None
    source: Text | None = None


@record
class Payment(Related):
    """Money received. What is not applied or refunded is unapplied; of a reversed one nothing is left."""

    kind: ClassVar[str] = "payment"
    related_field: ClassVar[str | None] = "source"

    number: Text
    account: Text
    date: Date
    currency: Currency
    amount: Amount
    status: Status = "posted"
    reversed_: Boolean = False
    """Whether the money is gone: it bounced, or was charged back. Nothing of it is applied, unapplied or refunded."""
    reversed_reason: Text | None = None
    type: Literal["external", "electronic"] = "external"
    reference: Reference | None = None
    """What others know it by, such as the bank; a transferred payment has that of the payment it comes from."""
    attributes: Attributes = field(default_factory=dict)
    source: Text | None = None
    """The number of the payment of another account that it was transferred from."""
    auto_apply: Boolean = True
    priority: Integer | None = None
    """For the source order `by_priority`: 1 comes first."""
    expires_on: Date | None = None
    """The first day on which it is not used any more."""
    comment: Prose | None = None
    balance: Amount | None = None
    """In a file, optional: the unapplied amount that must come out."""


@record
class Part:
    """A share of an amount on one item, or on one tax of it. `source_item`/`source_tax`: where it came from."""

    item: Text
    amount: Amount
    tax: Text | None = None
    source_item: Text | None = None
    source_tax: Text | None = None


@record
class Refund(Related):
    """Money paid back out of the unapplied amount of a payment or a credit memo (`of`), or of a credit balance."""

    kind: ClassVar[str] = "refund"
    related_field: ClassVar[str | None] = "of"

    number: Text
    account: Text
    date: Date
    currency: Currency
    amount: Amount
    of: Text | None = None
    """Without it the money comes from the account's credit balance, whose decrease names this refund."""
    status: Status = "posted"
    type: Literal["external", "electronic"] = "external"
    reference: Reference | None = None
    """What others know it by, such as the bank."""
    reason: Text | None = None
    attributes: Attributes = field(default_factory=dict)
    comment: Prose | None = None
    parts: tuple[Part, ...] = ()
    """Of a credit memo: which of its items were refunded."""


@record
class CreditAdjustment(Related):
    """One change of an account's credit balance (docs/domain.md 6.1): an increase or a decrease, from its date on.

    What is transferred from a negative invoice and what is used on an invoice or debit memo is an application between
    that document and this adjustment; a refund out of the credit balance is named by its decrease.
    """

    kind: ClassVar[str] = "credit_adjustment"
    related_field: ClassVar[str | None] = "document"

    number: Text
    account: Text
    date: Date
    currency: Currency
    amount: Amount
    """Above zero, also of a decrease."""
    type: Literal["increase", "decrease"]
    status: Literal["posted"] = "posted"
    reason: Text | None = None
    document: Text | None = None
    """The negative invoice it came from, the invoice or debit memo it was used on, or the refund that paid it out."""
    comment: Prose | None = None
    attributes: Attributes = field(default_factory=dict)


@record
class Application:
    """Money of one source put on one target on a date: of a payment, a credit memo or a decrease of a credit balance on
    an invoice or a debit memo; or as told below.

    Below zero it was taken back, along the same links as it had been put. Between two payments it is a transfer: the
    target names the source, and its one part is the item `transferred`. So is what a negative invoice gives to a
    credit balance; a decrease of a credit balance is a source like a payment.
    """

    from_: Text
    to: Text
    date: Date
    amount: Amount
    parts: tuple[Part, ...] = ()
    """On which items of the target; a file may leave it out where only one outcome is possible."""


@record
class UsageRecord:
    """What was used of a usage charge on a day; below zero it is given back, as for a holiday stop."""

    id: Text
    subscription: Text
    charge: Text
    """The id of the subscribed charge."""
    date: Date
    quantity: Amount
    operation: Text | None = None
    """The operation that recorded it; without it, it was imported."""
    billed_by: Text | None = None
    """The number of the document that bills it; without it, nothing does yet."""
    amount: Amount | None = None
    """What it was billed at, after the records of its period before it, in the currency of that document."""
    drawn: Amount | None = None
    """What of its worth was drawn from a prepaid charge, and is not billed."""
    drawn_from: Text | None = None
    """The id of the charge period of the prepaid charge that it was drawn from first."""


PeriodStatus = Literal["billed", "excluded_zero_amount", "excluded_zero_quantity", "credited", "reopened", "rebilled"]
EXCLUDED = ("excluded_zero_amount", "excluded_zero_quantity")
"""The statuses of a charge period that no line bills."""
UNWOUND = ("credited", "reopened", "rebilled")
"""The statuses of a charge period whose line was unwound."""
OPEN_AGAIN = ("reopened", "rebilled")
"""Those of them whose time is billed by another line, or will be."""


@record
class ChargePeriod:
    """Days `[from, until)` of a subscribed charge, what they were billed at, and what became of that.

    Of what was billed it is told by the line that billed it (`periods/charge_periods.py`). On record are those of which
    that is not all: what was excluded from billing, what a correction has credited or reopened, and what a book gives.
    """

    id: Text
    """`INV00000001/3`, after the line that billed it; of an excluded period `S-1/seats/2026-01-01`."""
    subscription: Text
    charge: Text
    """Of the subscription."""
    from_: Date
    until: Date
    currency: Currency
    status: PeriodStatus = "billed"
    quantity: Amount | None = None
    """As it was billed; of a reopened one, as it is to be billed. Without it, as its charge says then."""
    rate: Amount | None = None
    amount: Amount | None = None
    """What the line has of it, without discounts and tax."""
    discount: Amount | None = None
    """What discounts took off it; not above zero."""
    tax: Amount | None = None
    document: Text | None = None
    """The number of the invoice whose line billed it; without it, none has."""
    item: Text | None = None
    """That line."""
    tax_code: Text | None = None
    """Of a reopened one: by which rates it is taxed anew. Without it, it has the tax of the line that billed it."""
    memo: Text | None = None
    """The number of the credit memo whose line unwound it."""
    memo_item: Text | None = None
    rebilled_by: Text | None = None
    """The number of the invoice whose line has billed it again."""
    rebilled_item: Text | None = None
    operation: Text | None = None
    """The id of the operation that put it on record as it stands; without it, it came with the book."""


@record
class AccountingPeriod:
    """Days `[from, until)`; documents and applications may only be dated in open ones (docs/domain.md 9.4)."""

    from_: Date
    until: Date
    status: Literal["open", "closed"] = "open"
    created_by: Text | None = None
    """The id of the operation that created it; without it, it came with the book."""
    history: tuple[Held, ...] = ()


@record
class VoidNumber:
    """A number that no document has, and why: it was drawn elsewhere and given up (docs/numbers.md)."""

    number: Text
    kind: Literal["invoice", "credit_memo", "debit_memo", "payment", "refund", "credit_adjustment"]
    """Of which kind of document the number is."""
    reason: Prose
    date: Date | None = None
    """When it was given up."""

    @property
    def related(self) -> None:
        """It is made from no document."""
        return


@record
class BookFile:
    """A book as it stands in a YAML or JSON file."""

    accounts: tuple[Account, ...]
    contacts: tuple[Contact, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    charges: tuple[Charge, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    credit_memos: tuple[CreditMemo, ...] = ()
    debit_memos: tuple[DebitMemo, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    credit_adjustments: tuple[CreditAdjustment, ...] = ()
    applications: tuple[Application, ...] = ()
    usage: tuple[UsageRecord, ...] = ()
    charge_periods: tuple[ChargePeriod, ...] = ()
    accounting_periods: tuple[AccountingPeriod, ...] = ()
    void_numbers: tuple[VoidNumber, ...] = ()
    """Numbers that are missing among those of its documents, each with its reason."""


BillingDocument = Invoice | CreditMemo | DebitMemo
OwedDocument = Invoice | DebitMemo
"""Asks for money."""
SourceDocument = CreditMemo | Payment
"""Its own money is put on others."""
Reversible = BillingDocument | Payment
"""Can be reversed; it stays posted then (docs/domain.md 9.1)."""
MasterRecord = Account | Contact | Subscription | Charge | AccountingPeriod
"""What operations create and give other values from a day on; each keeps its history."""
Numbered = Invoice | CreditMemo | DebitMemo | Payment | Refund | CreditAdjustment
