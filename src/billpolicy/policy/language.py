"""The policy language: what may stand in a policy file, and in which shape. What it means is looked up later."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar, Literal

from billpolicy.policy.forms import AccountsText, ConstraintText, DecidedText, DefaultText, RateText
from billpolicy.policy.model import Beyond, By, OtherCurrencies, Per
from billpolicy.source.record import record
from billpolicy.source.scalars import (
    Amount,
    AsWritten,
    Boolean,
    Country,
    Currency,
    Date,
    Integer,
    Prose,
    Text,
)
from billpolicy.vocabulary.spec import DocumentKind, FieldType

NOTHING = "nothing"
"""In `then` of a follow-up: the one of that id in a base policy is switched off."""


@record
class EffectiveText:
    """Days `[from, until)`; without `until` it is open-ended."""

    from_: Date
    until: Date | None = None


@record
class AttributeText:
    """An attribute that documents inherit."""

    documents: tuple[DocumentKind, ...]
    type: Literal["contact", "payment_term", "sequence_set", "text"] = "text"
    zuora: Text | None = None
    splits_invoices: Boolean | None = None
    """Of an attribute of invoices: whether subscriptions with different values are billed apart. Default true."""
    exhausted: Literal["refuse"] | None = None
    """Says that it is meant: a document for which no level has a value is refused."""


@record
class FieldText:
    """A custom field that conditions may ask about, like `account.segment`; or the values that a field of billpolicy
    can have here, like those of `account.country`, which has its type already."""

    type: FieldType | None = None
    values: tuple[Text, ...] = ()


@record
class ExceptionText:
    """In these operations, when this holds, then these decisions are different."""

    id: Text
    operations: tuple[Text, ...]
    then: dict[Text, DecidedText]
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    overrides: tuple[Text, ...] = ()
    effective: EffectiveText | None = None
    because: Prose | None = None


@record
class FollowUpText:
    """After this event, when this holds, this operation is run too, in the same transaction."""

    id: Text
    then: Text
    """The operation; `nothing` switches a follow-up of a base policy off."""
    after: Text | None = None
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    if_refused: Literal["refuse", "leave_out"] = "refuse"
    """When the operation is refused: refuse what it follows too, or leave it out and warn."""
    effective: EffectiveText | None = None
    because: Prose | None = None


@record
class AssumptionText:
    """What holds of every book and ledger: where `when` holds, `then` does."""

    id: Text
    then: dict[Text, ConstraintText]
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    because: Prose | None = None


@record
class SeriesText:
    """The numbers of one kind of document: a prefix, how they are written, and when they begin anew."""

    prefix: Text
    start: Integer = 1
    format: Text = "{prefix}{number}"
    """Such as `{prefix}{year}-{number}`; also of `{month}` and `{fiscal_year}`, those of the document's date."""
    width: Integer = 8
    """The digits that a number has at least."""
    reset: Literal["never", "yearly", "monthly", "fiscal_year"] | None = None
    """When numbers begin anew: must be said of a format that shows a date."""
    from_source: Text | None = None
    """Of documents made from another: `{source}-C{number}` numbers them `INV00000007-C1`."""
    shared: Boolean = False
    """Says that it is meant: other sets use the same numbers."""


@record
class FiscalYearText:
    """On which day of each year a fiscal year begins, and which calendar year it is called after."""

    begins: Text
    """Month and day, like `04-01`."""
    named_by: Literal["first", "last"]
    """The calendar year in which it begins, or the one in which it ends."""


@record
class BatchLimitText:
    """The most operations, and the most money per currency, that one batch may be (inclusive)."""

    count: Integer | None = None
    amounts: dict[Currency, Amount] = field(default_factory=dict)
    other_currencies: OtherCurrencies = "refused"
    """What `amounts` says of a currency that it does not list."""


@record
class LimitText:
    """The most that may be posted of these operations in a day or a month (inclusive)."""

    operations: tuple[Text, ...]
    per: Per
    by: By
    """Whether it is counted for each actor, for each account, or for all together."""
    roles: tuple[Text, ...] = ()
    """Whom it holds; without them everybody."""
    count: Integer | None = None
    amounts: dict[Currency, Amount] = field(default_factory=dict)
    other_currencies: OtherCurrencies = "refused"
    beyond: Beyond = "refused"
    """What becomes of an operation that would go beyond it."""
    because: Prose | None = None


@record
class ProximoText:
    """Due on `due_day` of the next month; one month later when the document is dated after `cutoff_day`."""

    due_day: Integer
    cutoff_day: Integer | None = None
    months: Integer | None = None
    """Which month, counted from that of the document; 1 is the next."""


@record
class PaymentTermText:
    """`{net: 30}` (days), `{net: 0}` (due upon receipt), `{months: 2}`, with or without `end_of_month: true`, which can
    also stand alone; or `{proximo: {due_day: 15, cutoff_day: 25}}`."""

    hint_of_list: ClassVar[str] = (
        "write one due date, like `{net: 30}`; instalments are not in this language yet: bill each of them by itself"
    )

    net: Integer | None = None
    months: Integer | None = None
    """The same day so many months later."""
    end_of_month: Boolean = False
    """After `net` or `months`: on to the last day of that month."""
    day: Integer | None = None
    """After the end of the month: this day of the next month."""
    days_after: Integer | None = None
    """After the end of the month: so many days later."""
    proximo: ProximoText | None = None


@record
class TaxRateText:
    """A tax of a code on days `[from, until)`: in a country, or in a region of it in place of what the country has."""

    country: Country
    region: Text | None = None
    name: Text
    rate: RateText
    """In percent, like `19%`; `0%` where it is exempt."""
    from_: Date
    until: Date | None = None


@record
class RecordingText:
    """What recordings leave out."""

    mask: tuple[Text, ...] = ()
    """Fields, by the names that conditions ask for: `account.name`."""


@record
class PolicyFile:
    """One file of a policy folder. Sections may be spread over files; each thing is said once."""

    policy: Text | None = None
    effective: EffectiveText | None = None
    extends: AsWritten | None = None
    description: Prose | None = None
    attributes: dict[Text, AttributeText] = field(default_factory=dict)
    fields: dict[Text, FieldText] = field(default_factory=dict)
    defaults: dict[Text, DefaultText] = field(default_factory=dict)
    """Attribute -> what holds where no level has a value: one value, or one by a field of the account."""
    reason_codes: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    roles: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Role -> the people who have it; each person has one role."""
    aliases: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Person -> other names of the same person."""
    every_operation: dict[Text, DecidedText] = field(default_factory=dict)
    """Decisions of every operation that has them, where `operations` does not say otherwise."""
    operations: dict[Text, dict[Text, DecidedText]] = field(default_factory=dict)
    exceptions: tuple[ExceptionText, ...] = ()
    follow_ups: tuple[FollowUpText, ...] = ()
    assumptions: tuple[AssumptionText, ...] = ()
    """What proofs may rely on; a book or an operation that contradicts it is refused."""
    sequence_sets: dict[Text, dict[DocumentKind, SeriesText]] = field(default_factory=dict)
    fiscal_year: FiscalYearText | None = None
    cash_steps: dict[Currency, Amount] = field(default_factory=dict)
    """Currency -> the smallest amount that shares are made of, like `CHF: 0.05`."""
    payment_terms: dict[Text, PaymentTermText] = field(default_factory=dict)
    tax_rates: dict[Text, tuple[TaxRateText, ...]] = field(default_factory=dict)
    """Tax code of charges -> the taxes that it stands for, by country or region."""
    accounts: dict[Text, AccountsText] = field(default_factory=dict)
    """Role -> the accounts of the journal that it is posted to."""
    batch_limits: dict[Text, BatchLimitText] = field(default_factory=dict)
    """Operation, or `every_operation` for all of them together -> its limits."""
    limits: dict[Text, LimitText] = field(default_factory=dict)
    """What may be posted in a day or a month, by the name of the limit."""
    recording: RecordingText | None = None
    """What `--record` leaves out of recordings."""
