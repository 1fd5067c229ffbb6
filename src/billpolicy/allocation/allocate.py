"""The one entry: money of a source, put on documents by rules. Pure; the operations check and post."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billpolicy.allocation.model import Allocation, Rules, Source, Target


def allocate(source: Source, targets: Sequence[Target], amount: Decimal, rules: Rules) -> Allocation:
    """Put up to `amount` of a source on the targets; what finds no place is `left`."""
    raise NotImplementedError
