"""How an amount is spread over the items of a document: one rule a file, all in integer minor units.

A rule takes an amount and balances, both > 0 with amount <= their sum, and gives each balance its part: never above
the balance, always adding up. Domain section 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billpolicy.allocation.fifo import fifo
from billpolicy.allocation.proration import proration

Rule = Callable[[int, Sequence[int]], list[int]]

RULES: dict[str, Rule] = {
    "proration": proration,
    "fifo": fifo,
}
