"""Records to text and back, typed both ways: what stands in a journal is read into the very records it was made from.

The library is msgspec: it knows dataclasses, named tuples, dates and decimals, and needs no schema to be built first
(docs/decisions/0011). It takes what a program wrote; what people write is read by `read.py`, which says where and why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
Raw = msgspec.Raw
"""A part that is kept as it was written, to be read later as a type that something else tells."""
CodecError = msgspec.MsgspecError
"""A text that is no such record."""


def encode(value: Any) -> str:
    """The text of a record or of plain data: compact JSON, keys as they come. Amounts are decimal text."""
    return msgspec.json.encode(value).decode()


def canonical(value: Any) -> str:
    """The same with sorted keys: the same data gives the same text."""
    return msgspec.json.encode(value, order="sorted").decode()


def decode(kind: type[T], text: str | bytes | Raw) -> T:
    """The record that `encode` was given. Raises `CodecError` where the text is no such record, or goes too deep."""
    try:
        found: T = _decoder(kind)(text)  # type: ignore[arg-type]
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None
    return found


@cache
def _decoder(kind: Hashable) -> Callable[[Any], Any]:
    return msgspec.json.Decoder(kind).decode


def encode_packed(value: Any) -> bytes:
    """A record or plain data as MessagePack: for what only programs read, and much of it."""
    return msgspec.msgpack.encode(value)


def decode_packed(kind: type[T], packed: bytes) -> T:
    """The record that `encode_packed` was given. Raises `CodecError` where it is no such record."""
    return msgspec.msgpack.decode(packed, type=kind)
