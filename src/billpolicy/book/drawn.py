"""Can a usage record have drawn from a prepaid charge, as it says? docs/billing.md, Prepaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billpolicy.book.limits import Fault
from billpolicy.book.model import BookFile, Subscription, UsageRecord
from billpolicy.diagnostics.diagnostic import Diagnostic

Names = Mapping[str, tuple[str, str]]
"""What charge periods are called -> subscription and charge."""


def names_of_periods(file: BookFile) -> dict[str, tuple[str, str]]:
    """What the charge periods are called that invoices or the book itself tell."""
    names = {one.id: (one.subscription, one.charge) for one in file.charge_periods}
    for invoice in file.invoices:
        for item in invoice.items:
            subscription, line = item.subscription, f"{invoice.number}/{item.id}"
            if subscription is not None and item.subscribed_charge is not None:
                names.setdefault(line, (subscription, item.subscribed_charge))
            if subscription is not None:
                for one in item.combines:
                    names.setdefault(f"{line}/{one.subscribed_charge}", (subscription, one.subscribed_charge))
    return names


def drawn_faults(used: UsageRecord, subscription: Subscription, names: Names) -> Iterator[Fault]:
    """What is wrong with what a record has drawn, and from which charge period."""
    for field, other in (("drawn", "drawn_from"), ("drawn_from", "drawn")):
        if getattr(used, field) is not None and getattr(used, other) is None:
            message = f"usage `{used.id}` says `{field}`, but no `{other}`"
            hint = "write both: what it drew of its worth, and from which charge period"
            yield Fault(field, Diagnostic("usage-drawn-odd", message, hint=hint))
    if used.billed_by is None and (used.drawn is not None or used.drawn_from is not None):
        message = f"usage `{used.id}` has drawn from a prepaid charge, but is billed by nothing"
        hint = "write `billed_by` and `amount` too (0 if all of it was drawn), or leave out `drawn` and `drawn_from`"
        yield Fault(
            "drawn" if used.drawn is not None else "drawn_from", Diagnostic("usage-drawn-odd", message, hint=hint)
        )
    period = names.get(used.drawn_from or "")
    if period is not None:
        yield from _not_prepaid(used, subscription, period)


def _not_prepaid(used: UsageRecord, subscription: Subscription, period: tuple[str, str]) -> Iterator[Fault]:
    """That the period is of no charge of its subscription that usage of its item draws from."""
    charges = {one.id: one for one in subscription.charges}
    item = charges[used.charge].of_item
    prepaid = charges.get(period[1]) if period[0] == subscription.id else None
    if prepaid is None or item not in prepaid.drawn_by:
        message = f"usage `{used.id}` cannot have drawn from {used.drawn_from}: that is charge `{period[1]}` of "
        message += f"`{period[0]}`, which is not drawn by item `{item}`"
        paid = sorted(id for id, one in charges.items() if item in one.drawn_by)
        hint = (
            f"name a charge period of {_any_of(paid)}"
            if paid
            else f"no charge is drawn by `{item}`: `drawn_by` says so"
        )
        yield Fault("drawn_from", Diagnostic("usage-drawn-odd", message, hint=hint))


def _any_of(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
