"""What a report is asked of: the movements of a book until a day, and which of them are wanted."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billpolicy.accounting.movements import Movement, Stamps, as_of, balances, credit_balances, movements_of
from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Numbered
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.posting.history import Done
from billpolicy.posting.numbering import Numbering

BUCKETS = (30, 60, 90)
"""Days past due after which a bucket of the aging ends."""
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Journal:
    """What only a ledger knows."""

    stamps: Stamps
    done: Mapping[str, Done]
    """Every operation by its id, in the order in which they were posted."""
    numbering: tuple[Numbering, ...]


@dataclass(frozen=True)
class Asked:
    """A book as of the end of a day, and what of it is wanted."""

    book: Book
    day: datetime.date
    first: datetime.date | None = None
    until: datetime.date | None = None
    """The first day after the period; None: it ends with `day`."""
    account: str | None = None
    currency: str | None = None
    buckets: tuple[int, ...] = BUCKETS
    journal: Journal | None = None
    """None where the book is a file."""
    movements: tuple[Movement, ...] = field(init=False)
    """All until the end of the day, also those that are not wanted."""

    def __post_init__(self) -> None:
        _check(self)
        every = movements_of(self.book, None if self.journal is None else self.journal.stamps)
        prove(self.book, every)
        object.__setattr__(self, "movements", as_of(every, self.day))

    @property
    def last(self) -> datetime.date:
        """The last day of the period."""
        return self.day if self.until is None else min(self.day, self.until - _DAY)

    @property
    def period(self) -> str:
        """As it is read: `2026-01-01 to 2026-06-30`, `until 2026-06-30`."""
        return f"until {self.last}" if self.first is None else f"{self.first} to {self.last}"

    def wants(self, account: str, currency: str) -> bool:
        """Whether something of that account and currency is wanted."""
        return self.account in (None, account) and self.currency in (None, currency)

    def within(self, day: datetime.date) -> bool:
        """Whether a day lies in the period."""
        return (self.first is None or self.first <= day) and day <= self.last

    def open(self) -> Iterator[tuple[Numbered, Decimal]]:
        """Each wanted document of which something is open or unapplied as of the day, with that; by account, currency,
        date and number."""
        found = [(self.book.numbered[number], amount) for number, amount in balances(self.movements).items() if amount]
        for document, amount in sorted(found, key=lambda each: _place(each[0])):
            if self.wants(document.account, document.currency):
                yield document, amount

    def credit(self) -> dict[tuple[str, str], Decimal]:
        """The wanted credit balances as of the day, by account and currency."""
        found = sorted(credit_balances(self.movements).items())
        return {key: amount for key, amount in found if amount and self.wants(*key)}

    def name(self, account: str) -> str | None:
        """What an account is called."""
        known = self.book.accounts.get(account)
        return None if known is None else known.name


def prove(book: Book, movements: tuple[Movement, ...]) -> None:
    """Raises `ValueError` where what follows from all movements is not what the book itself says: then no report can be
    trusted (docs/domain.md 9.2)."""
    found = balances(movements)
    for number, document in book.numbered.items():
        if document.status != "posted" or kind_of(document).open_word is None:
            continue
        if found.get(number) != book.balance(document):
            raise ValueError(f"the movements of {number} come to {found.get(number)}, not {book.balance(document)}")
    for (account, currency), amount in credit_balances(movements).items():
        if amount != book.credit_balance(account, currency):
            raise ValueError(f"the movements of the credit balance of `{account}` come to {amount} {currency}")


def _place(document: Numbered) -> tuple[str, str, datetime.date, str]:
    return document.account, document.currency, document.date, document.number


def _check(asked: Asked) -> None:
    """Raises `Refused` with everything that is wrong with what is asked."""
    problems = []
    if asked.account is not None and asked.account not in asked.book.accounts:
        hint = did_you_mean(asked.account, asked.book.accounts) or "name an account of the book or ledger"
        problems.append(Diagnostic("unknown", f"there is no account `{asked.account}`", hint=hint))
    currencies = {one.currency for one in (*asked.book.numbered.values(), *asked.book.accounts.values())}
    if asked.currency is not None and asked.currency not in currencies:
        known = ", ".join(sorted(currencies))
        message = f"nothing here is in the currency `{asked.currency}`"
        problems.append(Diagnostic("unknown", message, hint=f"there is {known}" if known else "there is none at all"))
    if asked.first is not None and asked.first > asked.last:
        message = f"the period begins on {asked.first}, after it ends, on {asked.last}"
        hint = "`--from` is the first day, `--until` the first one after the last; nothing after `--as-of` counts"
        problems.append(Diagnostic("report-unanswerable", message, hint=hint))
    if not asked.buckets or list(asked.buckets) != sorted(set(asked.buckets)) or asked.buckets[0] < 1:
        message = f"`{','.join(map(str, asked.buckets))}` are no buckets"
        hint = "write days past due, each more than the one before, like `30,60,90`"
        problems.append(Diagnostic("report-unanswerable", message, hint=hint))
    if problems:
        raise Refused(problems)
