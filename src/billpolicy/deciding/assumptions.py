"""What the policy assumes of every book, held against one: proofs rely on it, so it is never taken on trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from billpolicy.book.book import Book
from billpolicy.deciding.facts import facts_about
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.boxes import hold
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import Assumption, Clause, Policy


def broken_by(facts: Facts, policy: Policy) -> Iterator[Assumption]:
    """The assumptions that these facts contradict, of objects that are there: of each what is not as it says."""
    for assumption in policy.assumptions:
        broken = [part.then for part in assumption.parts if _is_there(part, facts) and not _hold(part.then, facts)]
        if broken and _hold(assumption.when, facts):
            yield assumption._replace(then=tuple(clause for then in broken for clause in then))


def _is_there(assumption: Assumption, facts: Facts) -> bool:
    """Whether all objects that it is about are there."""
    concerned = {field.partition(".")[0] for field in assumption.fields}
    return all(f"{scope}.id" in facts or f"{scope}.number" in facts for scope in concerned)


def broken_in(book: Book, policy: Policy) -> Iterator[Diagnostic]:
    """Of each assumption the first account, subscription or document of a book that contradicts it, as a warning: an
    operation that is decided by it is refused."""
    left = {assumption.id for assumption in policy.assumptions}
    for what, objects in _objects(book) if left else ():
        facts, _ = facts_about(book, objects, policy.fields)
        for assumption in broken_by(facts, policy):
            if assumption.id in left:
                left.discard(assumption.id)
                yield contradiction(assumption, what, "warning")


def contradiction(assumption: Assumption, what: str, severity: Any = "error") -> Diagnostic:
    """That something is not as the policy assumes."""
    then = " and ".join(clause.text for clause in assumption.then)
    when = " and ".join(clause.text for clause in assumption.when)
    where = f" where {when}" if when else ""
    message = f"{what} contradicts the assumption `{assumption.id}` ({assumption.position}): {then}{where}"
    return Diagnostic("assumption-broken", message, None, "mend the book, or the assumption", severity)


def _hold(clauses: Iterable[Clause], facts: Facts) -> bool:
    return all(hold(clause.boxes, facts) for clause in clauses)


def _objects(book: Book) -> Iterator[tuple[str, Mapping[str, list[Any]]]]:
    for account in book.accounts.values():
        yield f"account `{account.id}`", {"account": [account]}
    for subscription in book.subscriptions.values():
        its: dict[str, list[Any]] = {
            "account": [book.accounts[subscription.account]],
            "subscription": [subscription],
        }
        yield f"subscription `{subscription.id}`", its
    for number, document in book.numbered.items():
        if document.kind in ("invoice", "credit_memo", "debit_memo", "payment"):
            words = document.kind.replace("_", " ")
            yield f"{words} `{number}`", {"account": [book.accounts[document.account]], document.kind: [document]}
