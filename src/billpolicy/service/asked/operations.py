"""Operations as they are asked for over HTTP: by whoever calls, and under the key that the request has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import Operations, operations_in
from billpolicy.service.problems import Problem

if TYPE_CHECKING:
    from billpolicy import Instruction, Ledger

LET_WAIT = "let it wait with `?wait=true`; whoever approves it calls `/approve`"
"""What to do with an operation that lacks nothing but approvals."""


def operations_asked(asked: Asked) -> Operations:
    """The operations of the body, each asked by whoever calls.

    Raises `Refused` for a body that is none, and `Problem` where an operation says who asks or approves, or where its
    id is not the key of the request.
    """
    key = _key(asked)
    found = operations_in(asked.body, key)
    if key is not None:
        _check_key(found, key)
    check_people(found.each, asked.caller.actor)
    return found._replace(each=[asked_by(one, asked.caller.actor) for one in found.each])


def check_people(operations: Iterable[Instruction], actor: str | None) -> None:
    """Raises `Problem` where operations name other people than `actor`, who calls."""
    chosen = [problem for one in operations for problem in _chosen(one, actor)]
    if chosen:
        detail = chosen[0].message if len(chosen) == 1 else f"there are {len(chosen)} people in it who do not call"
        raise Problem("actor-chosen", detail, chosen)


def asked_by(one: Instruction, actor: str | None) -> Instruction:
    """An operation as asked for by whoever calls: left out, a rule about their role would not be about them."""
    return one if actor is None else replace(one, request=replace(one.request, actor=actor))


def actor_of(asked: Asked) -> str:
    """Who calls, to the policy. Raises `Problem` where they are nobody to it."""
    if asked.caller.actor is None:
        detail = f"`{asked.caller.name}` is nobody to the policy: whoever posts and approves needs an actor"
        raise Problem("no-actor", detail)
    return asked.caller.actor


def ledger_of(asked: Asked) -> Ledger:
    """The ledger. Raises `Problem` where a book is served."""
    if asked.serving.ledger is None:
        detail = "this service has a book, to which nothing can be posted: start it with `--ledger`"
        raise Problem("no-ledger", detail)
    return asked.serving.ledger


def _key(asked: Asked) -> str | None:
    """The idempotency key, in UTF-8 as bodies are; quotes around it are not of it."""
    key = asked.headers.get("idempotency-key")
    if key is None:
        return None
    try:
        return key.encode("latin-1").decode().strip().removeprefix('"').removesuffix('"')
    except UnicodeError:
        raise Problem("key-differs", "the idempotency key is not UTF-8 text, as ids are") from None


def _check_key(found: Operations, key: str) -> None:
    if not found.alone:
        detail = f"the idempotency key `{key[:80]}` is for one operation: the ids of several are their keys"
        raise Problem("key-differs", detail)
    id = found.each[0].request.id
    if id != key:
        at = found.each[0].at("id")
        detail = f"the idempotency key `{key[:80]}` is not the id of the operation, `{id}`"
        hint = "send the id as the key, or leave one of them out"
        raise Problem("key-differs", detail, [Diagnostic("value-wrong", detail, at, hint)])


def _chosen(one: Instruction, actor: str | None) -> Iterator[Diagnostic]:
    """People in an operation who are not those who call."""
    who = "nobody to the policy" if actor is None else f"`{actor}`"
    if one.request.actor is not None and one.request.actor != actor:
        message = f"the actor of `{one.request.id}` is `{one.request.actor}`, and you are {who}"
        yield Diagnostic("value-not-allowed", message, one.at("actor"), "leave `actor` out: it is whoever calls")
    if one.request.approved_by:
        message = f"`{one.request.id}` says who approved it, which nobody can say for others"
        yield Diagnostic("value-not-allowed", message, one.at("approved_by"), LET_WAIT)
