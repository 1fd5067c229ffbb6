"""Amounts as the ledger keeps them, in minor units. The same come again and again, so each is converted once."""

from __future__ import annotations

from functools import lru_cache

from billpolicy.money import from_minor, to_minor

_MOST = 1 << 16
minor_of = lru_cache(_MOST)(to_minor)
"""As `to_minor`."""
amount_of = lru_cache(_MOST)(from_minor)
"""As `from_minor`."""
