<<<<<<< HEAD
"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post."""
=======
"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post.

Which documents get how much comes first (what is asked for, then the document order), then which of their items (the
item rule), then, for a credit memo, which of its own items it comes from (the grid).
"""
>>>>>>> main

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

<<<<<<< HEAD
from billpolicy.allocation.model import Allocation, Rules, Source, Target


def allocate(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """Put up to `amount` of a source on the targets; what finds no place is `left`."""
    raise NotImplementedError
=======
from billpolicy.allocation.by_component import by_component
from billpolicy.allocation.checks import problems_of
from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.fifo import fifo
from billpolicy.allocation.grid import Cell, spread_grid, walk
from billpolicy.allocation.item_rules import ITEM_RULES
from billpolicy.allocation.model import Allocation, Applied, Problem, Rules, Source, Target
from billpolicy.allocation.net import Net, net_of, settling, slot_parts
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.residual import Cents
from billpolicy.allocation.source_item import homes_of
from billpolicy.book.model import Part
from billpolicy.money import from_minor, to_minor


def allocate(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """Put up to `amount` of a source on the targets; what finds no place is `left`.

    What is asked for single documents is part of `amount`; the rest of it goes to the documents without an amount.
    """
    problems = problems_of(source, targets, amount)
    if problems:
        return Allocation(problems=tuple(problems))
    order = DOCUMENT_ORDERS[rules.document_order]
    targets = order.sorted(targets)
    nets = [_net(target.slots, source, rules) for target in targets]
    amounts = _document_amounts(to_minor(amount, source.currency), source, targets, nets, rules)
    chosen = [_Chosen(*each) for each in zip(targets, nets, amounts, strict=True) if each[2] > 0]
    return _Spreading(source, chosen, amount, rules).outcome()
>>>>>>> main
