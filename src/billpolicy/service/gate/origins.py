"""Whether a browser was made to ask by a page of somebody else: then it is refused, whatever it would be.

A browser sends along what it has, a cookie or just that it runs on this machine, whichever page makes it ask. It tells
which page that is, in headers that no page can change.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from billpolicy.service.problems import Problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})
"""`none`: a person typed the address, or opened a bookmark."""
_FORWARDED = ("forwarded", "x-forwarded-for")


def refuse_other_origin(method: str, headers: Headers) -> None:
    """Refuse to change anything for a page of another site. Raises `Problem`."""
    if method in _SAFE:
        return
    fetched, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if fetched is not None:
        own = fetched in _OWN
    else:
        own = origin is None or (_host_in(origin) or None) == headers.get("host", "").lower()
    if not own:
        raise Problem("other-origin", "this was sent by a page of another site, and nothing is done for one")


def refuse_other_host(headers: Headers) -> None:
    """Refuse what was sent to another name than one of this machine: where nobody says who they are, a name of
    somebody's own that leads here would let their pages read all of it. Raises `Problem`."""
    if not is_loopback(_name_in(headers.get("host", ""))):
        detail = "this is served to this machine alone: ask for it as 127.0.0.1 or localhost"
        raise Problem("other-origin", detail)
    if any(name in headers for name in _FORWARDED):
        detail = "this came through a proxy, and is served to this machine alone: name who may call with --callers"
        raise Problem("other-origin", detail)


def _host_in(origin: str) -> str | None:
    """The host and port of the address of a page; None where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _name_in(host: str) -> str:
    """The name in a header `host`; nothing where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address is one of this machine, which nobody else reaches."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
