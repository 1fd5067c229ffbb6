"""The policies that something was posted under, as they were read then."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from billpolicy.ledger.chain import content_of
from billpolicy.ledger.journal import damaged
from billpolicy.ledger.schema import policies
from billpolicy.ledger.statements import Answer, Connection
from billpolicy.policy.layers import digest_of_texts
from billpolicy.policy.model import LayerText
from billpolicy.posting.store import PolicyText
from billpolicy.source.codec import CodecError, decode, encode

_KNOWN = "SELECT digest FROM policies WHERE digest IN {keys}"
_THESE = "SELECT digest, name, layers FROM policies WHERE digest IN {keys}"
_ALL = "SELECT digest, layers FROM policies ORDER BY digest"


def ask_known(connection: Connection, texts: Collection[PolicyText]) -> Answer:
    """Which of these are there."""
    return connection.ask(_KNOWN, [one.digest for one in texts])


def keep_policies(connection: Connection, texts: Collection[PolicyText], asked: Answer) -> dict[str, str]:
    """Write those that are not there yet. Gives the digest of what was written of each of them. `asked`: which are."""
    known = {row[0] for row in asked()}
    new = [(one.digest, one.name, encode(one.layers)) for one in texts if one.digest not in known]
    connection.insert(policies, new)
    return {row[0]: content_of(row) for row in new}


def policies_of(connection: Connection, digests: Collection[str]) -> dict[str, PolicyText]:
    """Those of these that are kept. Raises `Refused` where one is not what it was any more."""
    found = {}
    for digest, name, text in connection.rows(_THESE, digests):
        layers = _layers(digest, text)
        if layers is None:
            raise damaged(f"the policy `{name}` that this was posted under is not what it was any more")
        found[digest] = PolicyText(digest, name, layers)
    return found


def differing_policies(connection: Connection) -> Iterator[str]:
    """The digests of policies whose text is not what it was any more."""
    for digest, text in connection.each(_ALL):
        if _layers(digest, text) is None:
            yield digest


def _layers(digest: str, text: str) -> tuple[LayerText, ...] | None:
    try:
        layers = decode(tuple[LayerText, ...], text)
    except (CodecError, TypeError):
        return None
    return layers if digest_of_texts(layers) == digest else None
