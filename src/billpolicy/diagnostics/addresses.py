"""Addresses of ledgers as they are told: without the passwords that may stand in them."""

from __future__ import annotations

import re

_USER = re.compile(r"^(\s*postgres[a-z0-9+]*://[^:/@\[]*):(?:[^/]*|(?![0-9]*[,/?]).*)@", re.IGNORECASE)
"""As PostgreSQL reads it, a password may have a `?`; one with a `/` is none, but whoever wrote it meant it as one."""
_OPTION = re.compile(r"((?:ssl)?password=)[^&]*")


def told_address(url: str) -> str:
    """An address without a password."""
    return _OPTION.sub(r"\1…", _USER.sub(r"\1@", url))
