"""The file of those who may call a service: who each is to the policy, what they may ask, and how they are known.

It has no token: of each it has the digest, from which nobody gets the token back. `billpolicy serve --new-token NAME`
makes one.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, refuse_errors
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import Integer, Text
from billpolicy.source.tree import Tree, parse

if TYPE_CHECKING:
    from billpolicy.policy.model import Policy

Scope = Literal["read", "plan", "post", "approve", "metrics"]
"""What a caller may do: see what there is; have operations explained and planned; post them; approve them; and see
nothing but the metrics, which `read` may, too."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
ACTING: frozenset[Scope] = frozenset({"post", "approve"})
"""What somebody must answer for, by name."""
MAX_MEGABYTES = 1
NAME = re.compile(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,63}")
NOBODY_KNOWN = "anybody"
"""What logs call those who do not say who they are."""
NAME_HINT = "write it in letters, digits, `@`, `_`, `-` and dots, at most 64 of them"
_TOKEN = re.compile(r"sha256:[0-9a-f]{64}")
_OF_NO_TOKEN = f"sha256:{sha256(b'').hexdigest()}"
"""What stands there where a script made the digest of a variable that was not set."""
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_TAKEN = frozenset({"authorization", "cookie", "host", "origin"})
"""Headers that say something else."""


@record
class CallerText:
    """Somebody who may call: known by a token, by what a proxy says, or by either."""

    name: Text
    """As logs and metrics have it."""
    token: Text | None = None
    """`sha256:` and the digest of the token."""
    user: Text | None = None
    """What the header of the proxy has for them."""
    scopes: tuple[Scope, ...]
    actor: Text | None = None
    """Who they are to the policy; whoever posts or approves is somebody."""
    rate: Integer = 100
    """How often in a second they may ask, as a mean over two."""


@record
class ProxyText:
    """A proxy that knows who somebody is, and says so in a header."""

    address: Text
    """From which it calls; the header is believed from there alone."""
    header: Text = "x-forwarded-user"


@record
class CallersFile:
    """Who may call."""

    callers: tuple[CallerText, ...]
    proxy: ProxyText | None = None


def load_callers(path: Path, policies: Iterable[Policy]) -> CallersFile:
    """Those of a file. `policies`: which their actors must be known to, where people are. Raises `Refused`."""
    tree = parse(path, max_megabytes=MAX_MEGABYTES)
    file = read_record(CallersFile, tree)
    refuse_errors([*_wrong(file, tree), *_strangers(file, tree, list(policies))])
    return file


def _wrong(file: CallersFile, tree: Tree) -> Iterator[Diagnostic]:
    if not file.callers:
        hint = "name somebody: `billpolicy serve --new-token NAME` prints the lines for it"
        yield Diagnostic("caller-wrong", "there is nobody in this file who may call", tree.at("callers"), hint)
    for number, one in enumerate(file.callers):

        def at(key: str, number: int = number) -> Position:
            return tree.at("callers", number, key)

        if not NAME.fullmatch(one.name):
            yield Diagnostic("caller-wrong", f"`{one.name}` cannot be the name of a caller", at("name"), NAME_HINT)
        if one.name == NOBODY_KNOWN:
            hint = "give this caller another name"
            yield Diagnostic("caller-wrong", f"`{one.name}` is whoever is not known", at("name"), hint)
        if one.token is None and one.user is None:
            hint = f"`billpolicy serve --new-token {one.name}` makes a token, and prints the line for it"
            yield Diagnostic("caller-wrong", f"nothing says how `{one.name}` is known", at("name"), hint)
        if one.token is not None and not _TOKEN.fullmatch(one.token):
            hint = f"no token stands here; `billpolicy serve --new-token {one.name}` prints the line for a new one"
            message = "the digest of a token is wanted here: `sha256:` and 64 characters of 0-9 and a-f"
            yield Diagnostic("caller-wrong", message, at("token"), hint)
        if one.token == _OF_NO_TOKEN:
            hint = f"`billpolicy serve --new-token {one.name}` prints the line for a new one"
            message = f"this is the digest of an empty token, with which anybody would be `{one.name}`"
            yield Diagnostic("caller-wrong", message, at("token"), hint)
        if one.user is not None and file.proxy is None:
            hint = "say under `proxy` from which address the proxy calls, and in which header it names who asks"
            yield Diagnostic("caller-wrong", f"there is no proxy that could say `{one.user}`", at("user"), hint)
        if one.actor is None and ACTING.intersection(one.scopes):
            message = f"`{one.name}` may post or approve, and nobody is named who answers for it"
            yield Diagnostic("caller-wrong", message, at("scopes"), "add `actor: NAME`, as the policy knows them")
        if not one.scopes:
            hint = f"name some of {', '.join(SCOPES)}"
            yield Diagnostic("caller-wrong", f"`{one.name}` may ask for nothing", at("scopes"), hint)
        if one.rate < 1:
            yield Diagnostic("value-wrong", f"nobody can ask {one.rate} times a second", at("rate"), "write 1 or more")
    for key in ("name", "token", "user"):
        values = [getattr(one, key) for one in file.callers]
        counts = Counter(value for value in values if value is not None)
        for number, value in enumerate(values):
            if counts[value] > 1:
                message = f"two callers have the same {key}"
                yield Diagnostic("caller-wrong", message, tree.at("callers", number, key), "give each one of its own")
    if file.proxy is not None:
        yield from _wrong_proxy(file.proxy, tree)


def _wrong_proxy(proxy: ProxyText, tree: Tree) -> Iterator[Diagnostic]:
    try:
        ipaddress.ip_address(proxy.address)
    except ValueError:
        message = f"`{proxy.address}` is not the address of a machine"
        yield Diagnostic("caller-wrong", message, tree.at("proxy", "address"), "write it like 10.0.0.5")
    if not _HEADER.fullmatch(proxy.header) or proxy.header.lower() in _TAKEN:
        message = f"`{proxy.header}` cannot be the header in which a proxy says who asks"
        yield Diagnostic("caller-wrong", message, tree.at("proxy", "header"), "write it like x-forwarded-user")


def _strangers(file: CallersFile, tree: Tree, policies: list[Policy]) -> Iterator[Diagnostic]:
    """Actors whom no version of the policy knows, of which every one knows people."""
    for number, one in enumerate(file.callers):
        if one.actor is not None and all(policy.knows_not(one.actor) for policy in policies):
            message = f"`{one.actor}` is in no role of the policy"
            hint = "write the name as it stands under `roles` in the policy"
            yield Diagnostic("caller-wrong", message, tree.at("callers", number, "actor"), hint)
