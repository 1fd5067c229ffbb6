"""Callers that a file names: each known by a token, by the cookie of a login with it, or by what a proxy says."""

from __future__ import annotations

import ipaddress
import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from starlette.datastructures import Headers

from billpolicy.exchange.callers_file import CallersFile, CallerText, ProxyText
from billpolicy.service.callers.caller import Caller
from billpolicy.service.callers.sessions import Sessions
from billpolicy.service.problems import Problem

_SCHEME = "bearer"


def new_token() -> tuple[str, str]:
    """A token that nobody can guess, and what of it stands in the file of callers."""
    token = secrets.token_urlsafe(32)
    return token, f"sha256:{_digest(token)}"


class _Known(NamedTuple):
    caller: Caller
    digest: str
    """Of the token; empty for somebody who has none."""


class KnownCallers:
    """Those of one reading of the file: where it changes, there are others."""

    only_here = False

    def __init__(self, file: CallersFile, sessions: Sessions) -> None:
        self._sessions = sessions
        self._proxy = file.proxy
        self._known = [_Known(_caller(one), (one.token or "").removeprefix("sha256:")) for one in file.callers]
        self._by_name = {one.caller.name: one for one in self._known}
        self._by_user = {one.user: _caller(one) for one in file.callers if one.user is not None}

    def caller(self, client: str, headers: Headers) -> Caller | None:
        """As `Callers.caller`: by a token where one is sent, else by what the proxy says, else by a cookie."""
        said = headers.getlist("authorization")
        if len(said) > 1:
            raise Problem("unauthenticated", "it is said twice who asks: send one `authorization`")
        user = self._said_by_proxy(self._proxy, client, headers)
        if said:
            scheme, _, token = said[0].partition(" ")
            found = self._by_token(token.strip()) if scheme.lower() == _SCHEME else None
        elif user is not None:
            return self._by_user.get(user)
        else:
            cookie = self._sessions.sent_in(headers.get("cookie", ""))
            found = None if cookie is None else self._by_cookie(cookie)
        return None if found is None else found.caller

    def begin_session(self, token: str) -> str | None:
        """The `set-cookie` of a login with a token; None where it is nobody's."""
        found = self._by_token(token)
        return None if found is None else self._sessions.begin(found.caller.name, found.digest)

    def end_session(self) -> str:
        """The `set-cookie` that takes one back."""
        return self._sessions.end()

    def _by_token(self, token: str) -> _Known | None:
        """In a time that tells nothing of how near it is to one that there is."""
        digest, found = _digest(token), None
        for one in self._known:
            if one.digest and compare_digest(digest, one.digest):
                found = one
        return found

    def _by_cookie(self, cookie: str) -> _Known | None:
        known = self._by_name.get(self._sessions.said_name(cookie))
        if known is None or not known.digest or not self._sessions.holds(cookie, known.digest):
            return None
        return known

    @staticmethod
    def _said_by_proxy(proxy: ProxyText | None, client: str, headers: Headers) -> str | None:
        said = [] if proxy is None else headers.getlist(proxy.header)
        if proxy is None or not said:
            return None
        if not _same_address(client, proxy.address):
            detail = f"`{proxy.header}` was sent by somebody else than the proxy, and is believed of nobody else"
            raise Problem("unauthenticated", detail)
        if len(said) > 1:
            raise Problem("unauthenticated", f"the proxy let a `{proxy.header}` pass that it did not write")
        return said[0]


def _caller(one: CallerText) -> Caller:
    return Caller(one.name, frozenset(one.scopes), one.actor, float(one.rate))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _same_address(client: str, address: str) -> bool:
    """Also where one of them is written as IPv6 has an address of IPv4."""
    try:
        return _plain(client) == _plain(address)
    except ValueError:
        return False


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address)
    return getattr(found, "ipv4_mapped", None) or found
