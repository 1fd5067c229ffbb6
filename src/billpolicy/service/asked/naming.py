"""What an address names and is not there is not found, with what may have been meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.service.problems import Problem


@contextmanager
def found() -> Iterator[None]:
    """While something is looked up by its name. Raises `Problem` where there is nothing of that name."""
    try:
        yield
    except Refused as refused:
        if all(one.code == "unknown" for one in refused.diagnostics):
            raise Problem("not-found", refused.diagnostics[0].message, refused.diagnostics) from None
        raise
