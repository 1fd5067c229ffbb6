"""The currencies of one account: each has its own money and its own documents, and the account's is only the default.

docs/domain.md 9.5 and docs/decisions/0015-currencies-of-an-account.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from billpolicy.book.model import Account, OwedDocument, SourceDocument
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.sentences import all_of
from billpolicy.planning.planning import Planning

NEVER_ACROSS = "money is never applied across currencies"


def currency_of(planning: Planning, account: Account, asked: str | None, documents: Iterable[str], what: str) -> str:
    """The currency of money that goes on documents: the one that is asked for, else that of the first document that is
    named, else the account's. `what` is said to be in it where only a document says so and the account does not."""
    if asked is not None:
        return asked
    for number in documents:
        document = planning.book.numbered.get(number)
        if document is not None:
            if document.currency != account.currency:
                planning.note(f"{what} is in {document.currency}, as {number} is; {by_default(account)}")
            return document.currency
    return account.currency


def check_currency(planning: Planning, document: OwedDocument, currency: str, *path: str | int) -> bool:
    """Whether a document that is named is in the currency of the money; another one is a problem."""
    if document.currency == currency:
        return True
    message = f"{document.number} is in {document.currency} and the money in {currency}"
    hint = f"{NEVER_ACROSS}; each takes an operation of its own"
    planning.problem("currency-mismatch", message, *path, hint=hint)
    return False


def check_allowed(planning: Planning, account: Account, currency: str, resolved: Resolved, *path: str | int) -> None:
    """The policy lets the account have this in that currency (`currencies`)."""
    if currency != account.currency and resolved.text("currencies") == "account":
        rule = resolved.resolutions["currencies"].rule
        message = f"rule `{rule}` lets account `{account.id}` have {account.currency} only, and this is in {currency}"
        hint = f"use {account.currency}, or let the policy say `currencies: any`"
        planning.problem("currency-mismatch", message, *path, hint=hint)


# -- in words ------------------------------------------------------------------------------------------------------


def by_default(account: Account) -> str:
    """Which currency an account has where none is said."""
    return f"account `{account.id}` is in {account.currency} by default"


def by_currency(found: Iterable[tuple[OwedDocument | SourceDocument, Decimal]]) -> dict[str, Decimal]:
    """Currency -> what is open or unapplied of these documents together; the currencies in their order."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for document, left in found:
        totals[document.currency] += left
    return dict(sorted(totals.items()))


def in_words(amounts: Mapping[str, Decimal]) -> str:
    """Amounts in several currencies: `5.00 EUR and 10.00 USD`."""
    return all_of(f"{amount} {currency}" for currency, amount in amounts.items())


def but_in_others(amounts: Mapping[str, Decimal], currency: str, state: str) -> str:
    """What of an account is in other currencies than the one that was looked at: `, but 10.00 USD is open`."""
    others = {name: amount for name, amount in amounts.items() if name != currency}
    return f", but {in_words(others)} {'is' if len(others) == 1 else 'are'} {state}" if others else ""
