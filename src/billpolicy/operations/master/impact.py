"""What a change of master data would change: who takes a value from where it changes, as counts with examples."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.book.changes import Given
from billpolicy.book.model import Account, Contact, Document, Subscription
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.planning.deciding import would_resolve
from billpolicy.planning.planning import Planning

_EXAMPLES = 3


def contact_of(planning: Planning, id: str) -> Contact:
    """The contact, or refuse."""
    contact = planning.book.contacts.get(id)
    if contact is None:
        hint = did_you_mean(id, planning.book.contacts) or "create it with `create_contact`"
        planning.refuse("contact-unknown", f"there is no contact `{id}`", "contact", hint=hint)
    return contact


def tell_who_inherits(planning: Planning, account: str, given: Iterable[Given]) -> None:
    """Note which subscriptions a bill run gives an attribute of the account to, and which open documents do not store
    it: with these, what changes is what they have."""
    changed = [one.held.field.removeprefix("attributes.") for one in given if one.held.field.startswith("attributes.")]
    if not changed:
        return
    book = planning.book
    subscriptions = [one for one in book.subscriptions.values() if one.account == account and one.canceled_on is None]
    decided = {one.id: would_resolve(planning, "bill_run", book.accounts[account], one) for one in subscriptions}
    for name in changed:
        attribute = planning.policy.attributes[name]
        inheriting = [
            id
            for id, resolved in sorted(decided.items())
            if resolved is not None
            and (resolution := resolved.resolutions.get(name)) is not None
            and resolution.level == "account"
        ]
        if inheriting:
            planning.note(f"{_counted(inheriting, 'subscription')} `{name}` from this account: {_some(inheriting)}")
        live = [
            number
            for number, document in sorted(book.numbered.items())
            if document.account == account
            and isinstance(document, Document)
            and document.kind in attribute.documents
            and document.status == "posted"
            and name not in document.attributes
            and book.balance(document)
        ]
        if live:
            planning.note(f"{_counted(live, 'open document')} `{name}` live from this account: {_some(live)}")


def check_nothing_is_billed_in_it(planning: Planning, account: Account) -> None:
    """No rate of a subscription is in the currency of the account: by another one, it would be another amount, and what
    was billed in the one would be credited in the other (docs/domain.md 1.1, 9.5)."""
    subscriptions = planning.book.subscriptions
    those = sorted(id for id, one in subscriptions.items() if one.account == account.id and one.currency is None)
    if those:
        names = "bills in it, since it names none" if len(those) == 1 else "bill in it, since they name none"
        message = f"account `{account.id}` stays in {account.currency}: {_some(those)} {names}"
        hint = "leave it as it is: payments, memos and new subscriptions can name another currency"
        planning.problem("currency-mismatch", message, "currency", hint=hint)


def tell_who_names(planning: Planning, contact: Contact) -> None:
    """Note who still names a contact: its documents to come would be refused."""
    book = planning.book
    account = book.accounts[contact.account]
    holders: list[tuple[str, dict[str, str | None]]] = [(f"account {account.id}", account.attributes)]
    subscriptions: Iterable[Subscription] = sorted(book.subscriptions.values(), key=lambda one: one.id)
    holders += [
        (one.id, one.attributes) for one in subscriptions if one.account == account.id and one.canceled_on is None
    ]
    for name, attribute in sorted(planning.policy.attributes.items()):
        if attribute.type == "contact":
            naming = [who for who, attributes in holders if attributes.get(name) == contact.id]
            if naming:
                names = "names" if len(naming) == 1 else "name"
                planning.warn(
                    "contact-named",
                    f"{_some(naming)} still {names} `{contact.id}` as `{name}`: what is addressed to it is refused",
                )


def _counted(found: list[str], what: str) -> str:
    return f"1 {what} takes" if len(found) == 1 else f"{len(found):,} {what}s take"


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_EXAMPLES])
    more = len(names) - _EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown
