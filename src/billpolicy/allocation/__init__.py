"""How an amount is spread over documents and their items: one rule a file, all in integer minor units.

`allocate` is the entry; docs/allocation.md shows every rule at work. Domain section 2.
"""

from __future__ import annotations

from billpolicy.allocation.columns import ItemRule
from billpolicy.allocation.item_rules import ITEM_RULES

RULES: dict[str, ItemRule] = {name: ITEM_RULES[name] for name in ("proration", "fifo")}
"""The rules that need no more than a name: what `allocation` in a policy can be today."""
