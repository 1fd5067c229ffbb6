"""The cookie of a login: who it is and until when, signed, so that every worker knows it and none keeps anything.

It has no token. What is signed has the digest of the token, too: where that is taken out of the file of callers, or
another one stands there, the cookie is worth nothing any more. The key is made anew at each start of the service.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256

HOURS = 12
"""How long a login holds."""
_BETWEEN = "~"
"""In no name of a caller, and plain in a cookie."""


class Sessions:
    """Signs cookies and knows its own again."""

    def __init__(self, key: bytes, *, secure: bool, clock: Callable[[], float] = time.time) -> None:
        """`secure`: whether browsers reach the service by TLS alone, as they do but on this machine."""
        self._key = key
        self._secure = secure
        self._clock = clock
        self.name = "__Host-billpolicy" if secure else "billpolicy"

    def begin(self, name: str, digest: str) -> str:
        """The `set-cookie` for a caller whose token has this digest."""
        said = f"{name}{_BETWEEN}{int(self._clock()) + HOURS * 3600}"
        return self._cookie(f"{said}{_BETWEEN}{self._signature(said, digest)}", HOURS * 3600)

    def end(self) -> str:
        """The `set-cookie` that takes it back."""
        return self._cookie("", 0)

    def sent_in(self, header: str) -> str | None:
        """Its cookie among those of a request, as it stands there: no cookie of ours has quotes to be read."""
        pairs = (one.strip().partition("=") for one in header.split(";"))
        return next((value for name, _, value in pairs if name == self.name), None)

    def said_name(self, cookie: str) -> str:
        """Who it says it is, which is not yet known to be true."""
        return cookie.partition(_BETWEEN)[0]

    def holds(self, cookie: str, digest: str) -> bool:
        """Whether it was signed here, for whoever has the token of this digest, and is not over."""
        said, _, signature = cookie.rpartition(_BETWEEN)
        if not hmac.compare_digest(signature.encode(), self._signature(said, digest).encode()):
            return False
        return int(said.rpartition(_BETWEEN)[2]) > self._clock()

    def _signature(self, said: str, digest: str) -> str:
        return hmac.new(self._key, f"{said}{_BETWEEN}{digest}".encode(), sha256).hexdigest()

    def _cookie(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
