"""Which addresses of a server a ledger can have, and what is wrong with one that it cannot.

The driver says that, too, but in words that may hold a part of a password; so here it is looked for again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.ledger.databases import no_address

SCHEME = "postgresql://"
_BEHIND_THE_SERVER = re.compile(r"^(postgresql://[^/?]*)/?")
_SERVERS = re.compile(r"^postgresql://([^/?]*)")
"""With a user and a password, where they stand before them."""


def check_address(url: str) -> None:
    """Raises `Refused` for what is no address of a database on a server."""
    if not str(url).startswith(SCHEME) or "\0" in str(url):
        raise no_address(url)
    found = _read(url)
    if found is None or not _are_ports(found) or _servers(url).count("@") > 1:
        if told_address(url) != url:  # then what stands in a wrong place may be a part of it
            hint = "leave the password out of the address: `~/.pgpass` or `PGPASSWORD` have it"
            raise _refused("this address with a password in it cannot be read", hint)
        raise next(_wrong(url, found or {}), no_address(url))
    if "dbname" not in found and "service" not in found:
        like = _BEHIND_THE_SERVER.sub(r"\1/books", told_address(url))
        raise _refused("the address names no database", f"write it behind the server, like `{like}`")


def database_named(url: str) -> str:
    """The database that an address names; empty where it leaves that to a service."""
    return str((_read(url) or {}).get("dbname", ""))


def _read(url: str) -> Mapping[str, object] | None:
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return None


def _servers(url: str) -> str:
    found = _SERVERS.match(url)
    return "" if found is None else found[1]


def _are_ports(found: Mapping[str, object]) -> bool:
    return all(_is_port(one) for one in _ports(found))


def _ports(found: Mapping[str, object]) -> list[str]:
    return [one for one in str(found.get("port", "")).split(",") if one]


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def _wrong(url: str, found: Mapping[str, object]) -> Iterator[Refused]:
    for port in _ports(found):
        if not _is_port(port):
            yield _refused(f"`{port}` is not a port number", "write a number from 1 to 65535, like `:5432`")
    known = [option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()]
    for option in url.partition("?")[2].split("&"):
        name, _, value = option.partition("=")
        if unquote(name) not in known:
            hint = did_you_mean(name, known) or "`psql` has a list of them in its manual"
            yield _refused(f"`{name}` is not an option of an address", hint)
        elif "=" in value:
            yield _refused(f"the address has a second `=` in `{name}`", f"write `%3D` for `=` inside `{name}`")


def _refused(message: str, hint: str) -> Refused:
    return Refused([Diagnostic("ledger-address", message, hint=hint)])
