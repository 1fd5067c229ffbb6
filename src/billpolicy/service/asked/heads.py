"""Requests whose headers are asked for again and again: each is found at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from starlette.datastructures import Headers
from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

    from billpolicy.service.telling.noted import Noted


class Head(Headers):
    """The headers of a request; of one that is there several times the first counts, as in any `Headers`."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self.raw)}

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first

    def get(self, key: str, default: Any = None) -> Any:
        """As of any mapping."""
        return self._first.get(key.lower(), default)


class Requested(Request):
    """A request that was noted on its way here."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self.noted: Noted = scope["state"]["noted"]

    @property
    def headers(self) -> Headers:
        """As they were read when it came."""
        return cast(Headers, self.scope["state"]["head"])
