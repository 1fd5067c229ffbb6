"""`unapply_payment` and `unapply_credit_memo`: recorded applications undone by their own links (docs/domain.md 2.6).

What was applied is taken back from exactly the items it was put on, by an application of the negative amount; the two
stay on record. Nothing of today's policy can move it elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from billpolicy.allocation.item_rules import fill
from billpolicy.allocation.residual import split
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import Application, Part, Payment, SourceDocument
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import Money, from_minor, to_minor
from billpolicy.operations.shared.amounts import positive
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Text


@record
class FromDocument:
    """A document to take money back from; without `amount`, all of it."""

    document: Text
    amount: Amount | None = None


@record
class Unapply(Request):
    """Without `unapply`, everything that is applied."""

    unapply: tuple[FromDocument, ...] = ()


def plan_unapply(planning: Planning, request: Unapply, source: SourceDocument) -> None:
    """Take applications of a source back."""
    account = planning.account(source.account)
    net = {
        target: links
        for target, links in planning.book.links_from(source.number).items()
        # What was transferred to another account is that account's; it goes back by a transfer.
        if links and not isinstance(planning.book.numbered.get(target), Payment)
    }
    _check_date(planning, source)
    amounts = _amounts(planning, request, source, net)
    if not amounts:
        planning.problem("nothing-applied", f"nothing of {source.number} is applied", hint="there is nothing to undo")
    whole = Money(sum(amounts.values(), ZERO), source.currency)
    resolved = resolve(planning, account, source, amount=whole)
    planning.decide(resolved)
    for number, amount in amounts.items():
        target = planning.numbered(number)
        made = [one for one in planning.book.applications_from[source.number] if one.to == number]
        taken_back = _taken_back(net[number], made, amount, source.currency, resolved)
        planning.apply(source, target, planning.date, taken_back)
    planning.stop_if_refused()


def _amounts(
    planning: Planning, request: Unapply, source: SourceDocument, net: dict[str, tuple[Part, ...]]
) -> dict[str, Decimal]:
    applied = {number: sum((part.amount for part in links), ZERO) for number, links in net.items()}
    if not request.unapply:
        return applied
    amounts: dict[str, Decimal] = {}
    for index, wanted in enumerate(request.unapply):
        path = ("unapply", index)
        here = applied.get(wanted.document, ZERO)
        if wanted.document in amounts:
            planning.problem("document-repeated", f"{wanted.document} is named twice", *path, hint="name it once")
        amount = here if wanted.amount is None else positive(planning, wanted.amount, source.currency, *path, "amount")
        if amount > here or not here:
            message = f"nothing of {source.number} is applied to {wanted.document}"
            if here:
                message = f"{amount} is more than the {here} of {source.number} that is applied to {wanted.document}"
            hint = f"unapply at most {here} {source.currency}" if here else "name a document it is applied to"
            planning.problem("over-unapplied", message, *path, hint=hint)
        amounts[wanted.document] = amount
    return amounts


def _check_date(planning: Planning, source: SourceDocument) -> None:
    """Not before the latest application or refund of the source (docs/domain.md 2.6), and in an open period."""
    used = [application.date for application in planning.book.applications_from.get(source.number, ())]
    used += [refund.date for refund in planning.book.refunds_of.get(source.number, ())]
    if used:
        planning.check_not_before(planning.date, max(used), f"the latest use of {source.number}", "date")
    planning.check_date()


def _taken_back(
    links: tuple[Part, ...], made: Sequence[Application], amount: Decimal, currency: str, resolved: Resolved
) -> tuple[Part, ...]:
    """The links with negative amounts: all of them, or a part spread by the rule over what each link put. `made`: the
    applications that the links are the sum of, as they came."""
    whole = sum((part.amount for part in links), ZERO)
    if amount == whole:
        return tuple(replace(part, amount=-part.amount) for part in links)
    minor, room, rule = to_minor(amount, currency), _room(links, currency), resolved.text("allocation")
    if rule == "lifo":
        shares = _last_first(minor, links, made, room, currency)
    else:
        shares = (fill if rule == "fifo" else split)(minor, room)
    return tuple(
        replace(part, amount=-from_minor(share, currency)) for part, share in zip(links, shares, strict=True) if share
    )


def _last_first(
    amount: int, links: Sequence[Part], made: Sequence[Application], room: Sequence[int], currency: str
) -> list[int]:
    """What was put last is taken back first: of several applications of one link each by itself, and of one
    application its last item first. What was taken back before was the last that its link had then."""
    at = {_link(part): i for i, part in enumerate(links)}
    puts: list[list[int]] = []
    """Link and minor units, as they were put, less what was taken back."""
    for part in (part for application in made for part in application.parts if _link(part) in at):
        i, minor = at[_link(part)], to_minor(part.amount, currency)
        if minor > 0:
            puts.append([i, minor])
        for put in reversed(puts) if minor < 0 else ():
            taken = min(-minor, put[1]) if put[0] == i else 0
            put[1] -= taken
            minor += taken
    shares = [0] * len(links)
    for i, minor in reversed(puts):
        taken = min(amount, minor, room[i] - shares[i])
        shares[i] += taken
        amount -= taken
    return shares


def _link(part: Part) -> tuple[str, str | None, str | None, str | None]:
    """Which item of the source is on which item of the document."""
    return part.item, part.tax, part.source_item, part.source_tax


def _room(links: tuple[Part, ...], currency: str) -> list[int]:
    """How much each link can give back as long as not all of them do; it adds up to all that they put.

    Links below zero settled what reduces a document (a discount's tax). They stay to the last, and with them as much
    of the positive links on the same place of the other side: else more would come back there than was ever taken.
    """
    room = [max(to_minor(part.amount, currency), 0) for part in links]
    on_target: dict[Place, Decimal] = {}
    for part in links:
        place = Place(part.item, part.tax)
        on_target[place] = on_target.get(place, ZERO) + part.amount
    for part in links:
        kept = -min(to_minor(part.amount, currency), 0)
        reduces_target = on_target[Place(part.item, part.tax)] < 0
        for i, other in enumerate(links if kept else ()):
            same_source = (part.source_item, part.source_tax) == (other.source_item, other.source_tax)
            same_target = (part.item, part.tax) == (other.item, other.tax)
            if same_source if reduces_target else same_target:
                taken = min(kept, room[i])
                room[i] -= taken
                kept -= taken
    return room
