"""A mapping that grows without being copied: what changed lies over what was there, and is merged now and then.

A book is immutable, and every planned document gives a new one. Copying its indexes each time would let the cost of a
batch grow with its square; so a change costs about the square root of the size.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from math import isqrt
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
_FEW = 32


class Layered(Mapping[K, V]):
    """Immutable, and in the order of insertion like a dict."""

    __slots__ = ("_base", "_changes")

    def __init__(self, base: Mapping[K, V], changes: dict[K, V] | None = None) -> None:
        """`base` and `changes` are never written to again by anybody."""
        self._base = base
        self._changes: dict[K, V] = {} if changes is None else changes

    @classmethod
    def over(cls, mapping: Mapping[K, V], changes: dict[K, V]) -> Layered[K, V]:
        """The mapping with these changes; the mapping itself stays as it is."""
        if not mapping:
            return cls(changes)
        if not isinstance(mapping, Layered):
            return cls(dict(mapping) if isinstance(mapping, dict) else mapping, changes)
        together = {**mapping._changes, **changes}
        if len(together) > max(_FEW, isqrt(len(mapping._base))):
            return cls({**dict(mapping._base.items()), **together})
        return cls(mapping._base, together)

    def __getitem__(self, key: K) -> V:
        return self._changes[key] if key in self._changes else self._base[key]

    def __contains__(self, key: object) -> bool:
        return key in self._changes or key in self._base

    def __iter__(self) -> Iterator[K]:
        yield from self._base
        yield from (key for key in self._changes if key not in self._base)

    def __len__(self) -> int:
        return len(self._base) + sum(key not in self._base for key in self._changes)

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override]
        """As of a dict."""
        return self._changes[key] if key in self._changes else self._base.get(key, default)

    def items(self) -> ItemsView[K, V]:
        """As of a dict."""
        return super().items() if self._changes else self._base.items()

    def values(self) -> ValuesView[V]:
        """As of a dict."""
        return super().values() if self._changes else self._base.values()
