"""One operation decided from raw rows, as fast as a program that a person writes for one policy: by such a program.

The function is written for the columns it is given: a look into a table for each fact that rules ask about, one `&`
after the other, and for what then decides a walk down each chain that is written out. Whatever it has not seen goes the
way of every other decision (`rows.py`), with all checks, and is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billpolicy.vocabulary.spec import Level

Choice = tuple[str | int | bool, Level | None, str]
"""The value of one decision, the level that had it (None: a setting has none) and the rule that decided."""
Row = Sequence[Any]

MOST_SHAPES = 1_000
"""How many ways down chains get a function of their own: some megabytes."""
