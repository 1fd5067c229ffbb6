"""A mapping of records that are made when they are asked for: of a large book, most never are."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Generic, TypeVar

from billpolicy.source.quick.unsure import Unsure

K = TypeVar("K")
V = TypeVar("V")
P = TypeVar("P")


FEW = 500
"""So many records are read one by one as fast as all of a file that is worth to be kept."""


class Decoded(Mapping[K, V], Generic[K, V, P]):
    """Immutable, in the order of its keys. Whoever asks for all of many gets what reading all at once gives."""

    __slots__ = ("_made", "_make", "_places", "_whole")

    def __init__(self, places: Mapping[K, P], make: Callable[[K, P], V], whole: Callable[[], Mapping[K, V]]) -> None:
        """`make` makes the value of a key from its place; it raises `Unsure` or `LookupError` where that is
        not what it should be, and then what `whole` has decides."""
        self._places, self._make, self._whole = places, make, whole
        self._made: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        if key not in self._made:
            place = self._places[key]
            try:
                self._made[key] = self._make(key, place)
            except (Unsure, LookupError):
                self._made[key] = self._whole()[key]
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and len(self) == len(other) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment] # as of every mapping

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self.items()),)

    def items(self) -> ItemsView[K, V]:
        """As of a dict."""
        return self._whole().items() if len(self) > FEW else super().items()

    def values(self) -> ValuesView[V]:
        """As of a dict."""
        return self._whole().values() if len(self) > FEW else super().values()
