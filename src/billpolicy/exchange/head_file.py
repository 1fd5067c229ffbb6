"""A head of a ledger as it was kept: the digest alone, or the file that `ledger head --format json` wrote."""

from __future__ import annotations

import re
from pathlib import Path

from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.posting.stats import KeptHead
from billpolicy.report.stats import HeadReport
from billpolicy.source.codec import CodecError, decode
from billpolicy.source.plain_file import is_there, read_plain

_DIGEST = re.compile("[0-9a-f]{64}")
_TEXT = re.compile(rb"head +[0-9a-f]{64}\s")
"""How what `ledger head` shows as text begins."""
_MOST = 1 << 20
"""Bytes that such a file has at most."""


def load_head(kept: str) -> KeptHead:
    """What was kept: `kept` is the digest, or the path of the file. Raises `Refused` where it is neither."""
    expect(kept, str, "`kept` must be a text: the digest, or the path of the file")
    if _DIGEST.fullmatch(kept):
        return KeptHead(kept)
    path = Path(kept)
    hint = "give the 64 characters that `billpolicy ledger head` shows, or the file that it wrote with --format json"
    try:
        if not is_there(path):
            message = f"`{kept}` is no head of a ledger, nor is there such a file"
            raise Refused([Diagnostic("head-wrong", message, hint=hint)])
        raw = read_plain(path, _MOST)
        found = decode(HeadReport, raw)
    except CodecError:
        found = None
    except OSError as error:
        message = f"this file cannot be read: {(error.strerror or str(error)).lower()}"
        raise Refused([Diagnostic("file-unreadable", message, Position(kept), "check the path")]) from None
    if found is None or not _DIGEST.fullmatch(found.digest):
        message = "this file has no head of a ledger"
        if _TEXT.match(raw):
            message = "this file has a head as text; numbers that are gone could not be told by it"
            hint = "write it with --format json, or give the 64 characters that stand in it"
        raise Refused([Diagnostic("head-wrong", message, Position(kept), hint)])
    return KeptHead(found.digest, found.numbers)
