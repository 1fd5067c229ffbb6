"""The item rules by name: how an amount is spread over the items and taxes of the chosen documents."""

from __future__ import annotations

from billpolicy.allocation.by_component import by_component, by_component_fifo
from billpolicy.allocation.columns import ItemRule
from billpolicy.allocation.fifo import fifo
from billpolicy.allocation.proration import proration

ITEM_RULES: dict[str, ItemRule] = {
    "proration": proration,
    "fifo": fifo,
    "by_component": by_component,
    "source_item": proration,  # over the items of the memo; then each goes home (source_item.py)
}

WITHOUT_GRID: dict[str, ItemRule] = {
    "proration": fifo,
    "by_component": by_component_fifo,
}
"""What takes the place of a rule above the grid limit (domain section 2.3)."""
