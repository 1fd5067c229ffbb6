"""A policy that has been read, typed and layered: plain immutable data, ready to be checked, matched and explained."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal, NamedTuple

from billpolicy.book.numbers import MIN_DIGITS, Counted, FiscalYear, Reset, counted_by_format
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.boxes import Boxes, together
from billpolicy.policy.condition import Lists, Words
from billpolicy.policy.people import same_name
from billpolicy.source.record import value
from billpolicy.vocabulary.spec import DOCUMENT_KINDS, ROLES, DocumentKind, FieldSpec, Level


class Effective(NamedTuple):
    """Days `[from_, until)`; `until` None is open-ended (docs/policy-language.md rule 7)."""

    from_: datetime.date
    until: datetime.date | None = None

    def includes(self, day: datetime.date) -> bool:
        return self.from_ <= day and (self.until is None or day < self.until)

    def meets(self, other: Effective) -> bool:
        """Whether some day is in both."""
        begins = max(self.from_, other.from_)
        return all(one.until is None or begins < one.until for one in (self, other))

    def __str__(self) -> str:
        return f"from {self.from_}" + (f" until {self.until}" if self.until else "")


OtherCurrencies = Literal["refused", "unlimited"]
Per = Literal["day", "month"]
By = Literal["actor", "account", "all"]
Beyond = Literal["refused", "approval"]
ALWAYS = Effective(datetime.date.min)


class Attribute(NamedTuple):
    """What documents inherit: which kinds of document have it, what its values name, its name in Zuora."""

    name: str
    type: Literal["contact", "payment_term", "sequence_set", "text"]
    documents: tuple[DocumentKind, ...]
    position: Position
    zuora: str | None = None
    splits_invoices: bool = False
    """A bill run puts only subscriptions that agree on it on one invoice (docs/domain.md 1.1 and 1.5)."""
    exhausted: bool = False
    """It is meant that a document is refused for which no level of the chain has a value (`exhausted: refuse`)."""

    def is_held_by(self, level: Level) -> bool:
        """Whether a level can have a value of it. A document that does not have the attribute is no level of it,
        whatever a book says of it (docs/policy-language.md, levels and chains)."""
        return level not in DOCUMENT_KINDS or level in self.documents


class DefaultBy(NamedTuple):
    """The values of level `default` of one attribute by a field of the account, as of sets by legal entity."""

    by: str
    """`account.legal_entity`."""
    values: Mapping[str, str]
    """What the field may be -> the default then. Where it is anything else, `Policy.defaults` has the value, if any."""
    by_at: Position
    otherwise_at: Position
    values_at: Mapping[str, tuple[Position, Position]]
    """What the field may be -> where it stands, and the default then."""

    def __str__(self) -> str:
        return f"by {self.by}: " + ", ".join(f"{name} {value}" for name, value in self.values.items())


class Chain(NamedTuple):
    """Levels to try in order; the first that has a value wins."""

    levels: tuple[Level, ...]

    def __str__(self) -> str:
        return " > ".join(self.levels)


class Setting(NamedTuple):
    """A plain value of a decision."""

    value: str | int | bool

    def __str__(self) -> str:
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


Outcome = Chain | Setting


class BaseRule(NamedTuple):
    """The base rule of one decision: what holds when no exception does."""

    operation: str
    key: str
    outcome: Outcome
    position: Position
    because: str | None = None

    @property
    def id(self) -> str:
        return f"{self.operation}.{self.key}"


class Clause(NamedTuple):
    """One line of a `when`: a field, what it may be, and the words of the file that say so."""

    field: str
    text: str
    boxes: Boxes
    """One; of an amount one for each currency that has bounds of its own."""
    others: Literal["holds", "fails"] | None = None
    """What it says of currencies that it does not name, if it does; else it fails in them."""

    @property
    def facts(self) -> frozenset[str]:
        """The facts it speaks of: one, or for money two."""
        return frozenset(self.boxes[0])

    @property
    def words(self) -> Words | None:
        """Of a field that is no number the words that it asks for."""
        members = self.boxes[0][self.field].members
        return members if isinstance(members, Words) else None


def boxes_of(clauses: Iterable[Clause]) -> Boxes:
    """All clauses together; fields are distinct, so their facts are."""
    return together([clause.boxes for clause in clauses])


class Assumption(NamedTuple):
    """What holds of every book, whatever the policy decides: where `when` holds, `then` does. Proofs rely on it."""

    id: str
    when: tuple[Clause, ...]
    then: tuple[Clause, ...]
    position: Position
    because: str | None = None

    @property
    def parts(self) -> tuple[Assumption, ...]:
        """The same, of one field each: what it says of accounts holds also where there is no invoice."""
        return tuple(self._replace(then=(clause,)) for clause in self.then)

    @property
    def fields(self) -> frozenset[str]:
        """All that it is about."""
        return frozenset(clause.field for clause in (*self.when, *self.then))


@dataclass(frozen=True)
class ExceptionRule:
    """A named exception: in these operations, when this holds, these decisions are different."""

    id: str
    operations: tuple[str, ...]
    clauses: tuple[Clause, ...]
    then: Mapping[str, Outcome]
    position: Position
    then_at: Mapping[str, Position]
    overrides: tuple[str, ...] = ()
    effective: Effective = ALWAYS
    because: str | None = None

    @cached_property
    def boxes(self) -> Boxes:
        """All clauses together."""
        return boxes_of(self.clauses)

    @property
    def facts(self) -> frozenset[str]:
        """The facts it speaks of."""
        return frozenset(self.boxes[0])


@value
class FollowUp:
    """After an event, when its condition holds, an operation is run too, in the same transaction."""

    rule: ExceptionRule
    """Its id, condition, dates and reason; it is of one operation and has no decisions."""
    after: str
    """The event that it comes after."""
    if_refused: Literal["refuse", "leave_out"] = "refuse"
    """When the operation is refused: `refuse` what it follows too, or `leave_out` and warn."""

    @property
    def id(self) -> str:
        return self.rule.id

    @property
    def operation(self) -> str:
        """The operation that is run."""
        return self.rule.operations[0]


DEFAULT_SET = "DEFAULT"
"""The sequence set that every policy has."""


class Series(NamedTuple):
    """How one kind of document is numbered in one sequence set (docs/domain.md 8, docs/numbers.md)."""

    prefix: str
    start: int
    position: Position
    before: str
    """What stands before the number: `INV`, or `INV-{year}-`."""
    width: int = MIN_DIGITS
    """The digits that a number has at least."""
    reset: Reset = "never"
    from_source: str | None = None
    """What stands between the number of the document that one is made from and its own, as `-C` in `INV00000007-C1`;
    None if it gets a number of the series all the same."""
    shared: bool = False
    """It is meant that other sets number by it, too."""

    def counted(self, number: str, source: str | None) -> Counted | None:
        """Of which of its counters a number is; None if it is none of it. `source`: of the document that has it."""
        return counted_by_format(
            number, self.before, self.reset, self.width, from_source=self.from_source, source=source
        )

    @property
    def is_plain(self) -> bool:
        """A prefix and eight digits: such numbers are told without a policy."""
        return self.before == self.prefix and self.width == MIN_DIGITS and self.from_source is None


class SequenceSet(NamedTuple):
    """A series per document kind; that of payments or refunds may be missing."""

    name: str
    series: Mapping[DocumentKind, Series]
    position: Position


@value
class BatchLimit:
    """The safety stop of a batch: the most operations, and the most money per currency (inclusive)."""

    count: int | None
    amounts: Mapping[str, Decimal]
    position: Position
    other_currencies: OtherCurrencies = "refused"
    """What it says of a currency that `amounts` does not list; nothing where it lists none."""


@value
class Limit:
    """A limit over time: the most operations, and the most money per currency, of a day or a month (inclusive)."""

    id: str
    operations: tuple[str, ...]
    """By name; together."""
    per: Per
    by: By
    position: Position
    roles: tuple[str, ...] = ()
    """Whom it holds, and whoever has no role at all; without them everybody."""
    count: int | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    other_currencies: OtherCurrencies = "refused"
    """As in `BatchLimit`."""
    beyond: Beyond = "refused"
    because: str | None = None


class PaymentTerm(NamedTuple):
    """When a document is due (docs/domain.md 1.7): so many days or months after its date, at the end of that month, or
    on a day of a month (proximo). `policy/payment_terms.py` counts."""

    name: str
    position: Position
    net: int | None = None
    """Days."""
    months: int | None = None
    """Of a proximo term: how many months after that of the document, by default 1."""
    end_of_month: bool = False
    day: int | None = None
    """After the end of the month: that day of the next."""
    days_after: int | None = None
    """After the end of the month: so many days later."""
    due_day: int | None = None
    """Of a proximo term: the day of the month."""
    cutoff_day: int | None = None
    """Of a proximo term: documents after it are due a month later."""


class TaxRate(NamedTuple):
    """A tax of a country, or of a region of it, on the days of `effective`."""

    country: str
    region: str | None
    name: str
    rate: Decimal
    """0 to 1: `19%` is 0.19."""
    effective: Effective
    position: Position

    @property
    def jurisdiction(self) -> str:
        """Whose tax it is: `DE`, `CA-QC`."""
        return f"{self.country}-{self.region}" if self.region else self.country


class TaxCode(NamedTuple):
    """What charges of a tax code are taxed by: see `policy/tax_rates.py`."""

    name: str
    rates: tuple[TaxRate, ...]
    """By country, region, name and day."""
    position: Position


class JournalAccounts(NamedTuple):
    """The accounts of a journal that one role is posted to (`vocabulary/accounts.py`, docs/journal.md)."""

    role: str
    otherwise: str
    """What holds where nothing else does, so that each case has an account."""
    by: Mapping[str, Mapping[str, str]]
    """What accounts differ by -> what it may be -> the account then. The first that knows what is posted decides."""
    position: Position
    because: str | None = None

    @property
    def every(self) -> frozenset[str]:
        """All of them."""
        return frozenset((self.otherwise, *(name for accounts in self.by.values() for name in accounts.values())))

    def of(self, facts: Mapping[str, str | None]) -> str:
        """The account of what is posted; facts that are not known are absent or None."""
        for name, accounts in self.by.items():
            account = accounts.get(facts.get(name) or "")
            if account is not None:
                return account
        return self.otherwise


class LayerText(NamedTuple):
    """One folder (or one file) of policy as it was read."""

    path: str
    is_folder: bool
    files: tuple[tuple[str, str], ...]
    """Name and text of each, by name."""


@dataclass(frozen=True)
class Policy:
    """Everything one policy says, its base layers included."""

    name: str
    effective: Effective
    position: Position
    digest: str
    """SHA-256 over the names and contents of its files: the same text is the same policy."""
    files: tuple[str, ...] = ()
    file_digests: tuple[str, ...] = ()
    """SHA-256 of each file as it was read."""
    own_files: tuple[str, ...] = ()
    """Those of its topmost layer; the others are of its bases."""
    folders: tuple[str, ...] = ()
    """The folders that were read as a whole."""
    standard: str = ""
    """The digest of the standard policy that comes with the program, where that is what it stands on, or is."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    """Custom fields by dotted name."""
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field of the vocabulary -> the only values that it has under this policy."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Attribute -> the value of level `default`; of one that a field of the account chooses, that for all others."""
    defaults_by: Mapping[str, DefaultBy] = field(default_factory=dict)
    """Attribute -> its values of level `default` by a field of the account."""
    defaults_at: Mapping[str, Position] = field(default_factory=dict)
    reason_codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Category -> its codes (docs/domain.md 9.6)."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Person, as names are compared (`policy/people.py`) -> role. Where there are roles, people are known."""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Person -> their other names, all as names are compared."""
    aliases_at: Mapping[str, Position] = field(default_factory=dict)
    lists: Mapping[str, Lists] = field(default_factory=dict)
    """Operation -> the facts that can only be one of its roles, reason codes or listed values."""
    base: Mapping[tuple[str, str], BaseRule] = field(default_factory=dict)
    """(operation, key) -> its base rule."""
    exceptions: tuple[ExceptionRule, ...] = ()
    """Sorted by id: the order of files and lines never matters."""
    follow_ups: tuple[FollowUp, ...] = ()
    """Sorted by id. An id names one exception or one follow-up."""
    sequence_sets: Mapping[str, SequenceSet] = field(default_factory=dict)
    fiscal_year: FiscalYear | None = None
    cash_steps: Mapping[str, Decimal] = field(default_factory=dict)
    """Currency -> the smallest amount that shares are made of."""
    payment_terms: Mapping[str, PaymentTerm] = field(default_factory=dict)
    tax_rates: Mapping[str, TaxCode] = field(default_factory=dict)
    accounts: Mapping[str, JournalAccounts] = field(default_factory=dict)
    """Role -> the accounts of the journal that it is posted to; none where the policy says nothing of a journal."""
    batch_limits: Mapping[str, BatchLimit] = field(default_factory=dict)
    """Operation, or `every_operation` for all of them together -> its limits."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Limits over time, by id."""
    assumptions: tuple[Assumption, ...] = ()
    """Sorted by id."""
    layers: tuple[LayerText, ...] = field(default=(), repr=False)
    """What it was read from, the base first."""
    masked: tuple[str, ...] = ()
    """Fields that recordings leave out, sorted."""
    warnings: tuple[Diagnostic, ...] = ()
    """What it may say, and has a consequence that its author may not expect."""

    @cached_property
    def _known_as(self) -> Mapping[str, str]:
        return {other: person for person, others in self.aliases.items() for other in others}

    def person(self, name: str) -> str:
        """Who somebody is, by any name and in any spelling: as names are compared."""
        written = same_name(name)
        return self._known_as.get(written, written)

    def knows_not(self, name: str) -> bool:
        """Whether people are known, and this is none of them."""
        return bool(self.roles) and self.person(name) not in self.roles

    def exceptions_for(self, operation: str) -> tuple[ExceptionRule, ...]:
        """The exceptions that name an operation, by id."""
        return tuple(exception for exception in self.exceptions if operation in exception.operations)

    def default_words(self, attribute: str) -> str | None:
        """The value of level `default`, in words; None where there is none."""
        by, value = self.defaults_by.get(attribute), self.defaults.get(attribute)
        return value if by is None else str(by) + (f", otherwise {value}" if value is not None else "")

    @property
    def conditional(self) -> tuple[ExceptionRule, ...]:
        """Every rule that has a condition: the exceptions, and what the follow-ups have of one."""
        return (*self.exceptions, *(follow_up.rule for follow_up in self.follow_ups))

    def choices(self, field: FieldSpec) -> tuple[str, ...]:
        """The closed list of a field; of roles, reason codes and what is narrowed those that the policy has."""
        if field.name in self.narrowed:
            return self.narrowed[field.name]
        if field.codes == ROLES:
            return tuple(sorted(set(self.roles.values())))
        return self.reason_codes.get(field.codes, ()) if field.codes else field.choices

    @property
    def rules(self) -> dict[str, BaseRule | ExceptionRule]:
        """Every rule by the name that explanations and tests give it: an exception or a follow-up by its id, a base
        rule by `operation.key`."""
        found: dict[str, BaseRule | ExceptionRule] = {base.id: base for base in self.base.values()}
        return found | {rule.id: rule for rule in self.conditional}
