"""Attributes and custom fields of a book that the policy does not declare: often a misspelling, so they are told.

A book may carry more than a policy uses (an export does), so they are warnings and not refusals.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.book.book import Book
from billpolicy.diagnostics.diagnostic import Diagnostic, did_you_mean
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.policy.model import Policy


def unknown_names(book: Book, policy: Policy) -> list[Diagnostic]:
    """One warning for each name up to the limit, saying where it first stands and what is closest to it."""
    holders = [(f"account `{a.id}`", "account", a) for a in book.accounts.values()]
    holders += [(f"subscription `{s.id}`", "subscription", s) for s in book.subscriptions.values()]  # type: ignore[misc]
    holders += [(number, "", document) for number, document in book.numbered.items()]  # type: ignore[misc]
    found: dict[tuple[str, str], Diagnostic] = {}
    for where, scope, holder in holders:
        if len(found) >= MAX_PROBLEMS:
            break
        for name in (*holder.attributes, *_held(holder, "attributes.")):
            if name not in policy.attributes and ("attribute", name) not in found:
                message = f"`{name}` ({where}) is no attribute that the policy declares; it is not used"
                hint = did_you_mean(name, policy.attributes)
                found["attribute", name] = Diagnostic("attribute-unused", message, None, hint, "warning")
        for name in (*getattr(holder, "custom", {}), *_held(holder, "custom.")):
            field = f"{scope}.{name}"
            if field not in policy.fields and ("field", field) not in found:
                message = f"`{field}` ({where}) is no field that the policy declares; it is not used"
                if name.startswith(f"{scope}."):
                    message = f"`{name}` ({where}) is what conditions call it, and no name in a book; it is not used"
                hint = _hint(scope, name, policy)
                found["field", field] = Diagnostic("field-unused", message, None, hint, "warning")
    return list(found.values())


def _hint(scope: str, name: str, policy: Policy) -> str:
    """What to write instead: a book says `segment` for what conditions call `account.segment`."""
    own = [field.removeprefix(f"{scope}.") for field in policy.fields if field.startswith(f"{scope}.")]
    plain = name.removeprefix(f"{scope}.")
    if plain != name:
        return f"write `{plain}`: in a book it stands without `{scope}.`"
    return did_you_mean(name, own) or f"declare it: `fields: {{{scope}.{name}: {{type: text}}}}`"


def _held(holder: object, prefix: str) -> Iterator[str]:
    """What stands in the history of an account or a subscription under that prefix."""
    for held in getattr(holder, "history", ()):
        if held.field.startswith(prefix):
            yield held.field.removeprefix(prefix)
