"""Under which policy a request is to be answered: `If-Match` and `If-None-Match`, with a digest as `ETag` gives it."""

from __future__ import annotations

import re

from billpolicy.service.asked.asked import Asked
from billpolicy.service.problems import Problem

_TAG = re.compile(r'(?:W/)?"([^"]*)"\s*(?:,|$)')
"""One of the tags of a header; commas may stand in it. It begins with no spaces, which would be tried from each of
them: of 30 KB of spaces that takes half a minute."""


def check_policy(asked: Asked) -> None:
    """Raises `Problem` where the policy is none of those that `If-Match` names."""
    wanted = asked.headers.get("if-match")
    if wanted is None or _names(wanted, asked.in_force.digest):
        return
    known = ", ".join(_TAG.findall(wanted)) or wanted
    detail = f"the policy in force is {asked.in_force.digest}, and the request is for {known[:200]}"
    raise Problem("policy-changed", detail, headers={"etag": f'"{asked.in_force.digest}"'})


def is_known(asked: Asked) -> bool:
    """Whether the answer is the one that whoever asks has, since the policy is the same.

    Only for what depends on nothing but the policy and the address, and is about one version of it: of several, where
    the address names no day, today counts, too.
    """
    known = asked.headers.get("if-none-match")
    today_counts = len(asked.versions.policies) > 1 and "on" not in asked.query
    return known is not None and not today_counts and _names(known, asked.in_force.digest)


OR_KNOWN = {200: "Answered.", 304: "The policy is that of `if-none-match`."}


def _names(header: str, digest: str) -> bool:
    return header.strip() == "*" or digest in _TAG.findall(header)
