"""How much each document gets: what is asked for it, and of the rest its share by the document order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billpolicy.allocation.model import Rules
from billpolicy.allocation.net import Net
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.residual import Cents


def shares_of_documents(amount: int, nets: Sequence[Net], asked: Sequence[int | None], rules: Rules) -> list[int]:
    """Minor units for each document, in the order they stand. `asked` fits the balances and the amount."""
    spread = DOCUMENT_ORDERS[rules.document_order].spread
    cents = Cents(rules.residual, rules.step)
    shares = [0 if one is None else one for one in asked]
    rest = amount - sum(shares)
    free = [i for i, one in enumerate(asked) if one is None and nets[i].total > 0]
    for owed in _owed([nets[i] for i in free], rules):
        room = [min(most, nets[i].total - shares[i]) for i, most in zip(free, owed, strict=True)]
        put = min(rest, sum(room))
        for i, part in zip(free, spread(put, room, cents), strict=True):
            shares[i] += part
        rest -= put
    return shares


def _owed(nets: Sequence[Net], rules: Rules) -> Iterator[list[int]]:
    """What the documents owe: all of it, or one component after the other (`span: component`)."""
    if rules.item_rule != "by_component" or rules.span == "document":
        yield [net.total for net in nets]
        return
    for rank in range(len(rules.components)):
        yield [
            sum(
                balance
                for balance, component in zip(net.columns.balances, net.columns.components, strict=True)
                if component == rank
            )
            for net in nets
        ]
