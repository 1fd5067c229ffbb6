"""Addresses of ledgers as they are told: without the passwords that may stand in them."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import unquote

_USER = re.compile(r"^(\s*postgres[a-z0-9+]*://[^:/@\[]*):(?:[^/]*|(?![0-9]*[,/?]).*)@", re.IGNORECASE)
"""As PostgreSQL reads it, a password may have a `?`; one with a `/` is none, but whoever wrote it meant it as one."""
_OPTION = re.compile(r"([^?&=:/]+)=([^&]*)")
"""An option of an address."""
_OPTION_IN_TEXT = re.compile(r"([^\s?&=:/]+)=([^\s&]*)")
"""The same where other words come after the address."""
_SECRET = ("password", "oauth_client_secret", "scram_client_key", "scram_server_key")
"""How the names of PostgreSQL's options end that have something in them which nobody else may know."""


def told_address(url: str) -> str:
    """An address without a password."""
    return _OPTION.sub(partial(_told, instead="…"), _USER.sub(r"\1@", url))


def without_secrets(text: str, instead: str) -> str:
    """A text in which addresses stand, with something else for what is secret among their options."""
    return _OPTION_IN_TEXT.sub(partial(_told, instead=instead), text)


def _told(option: re.Match[str], instead: str) -> str:
    name = unquote(option[1]).casefold()  # a server reads `pass%77ord` as `password`
    return f"{option[1]}={instead}" if name.endswith(_SECRET) else option[0]
