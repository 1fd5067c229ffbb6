"""Addresses of ledgers as they are told: without the passwords that may stand in them."""

from __future__ import annotations

import re

_USER = re.compile(r"^(postgres(?:ql)?://[^:/@?]*):[^/?]*@")
_OPTION = re.compile(r"((?:ssl)?password=)[^&]*")


def told_address(url: str) -> str:
    """An address without a password."""
    return _OPTION.sub(r"\1…", _USER.sub(r"\1@", url))
