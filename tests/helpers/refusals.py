"""What was refused, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Refused


def refused(what: Callable[[], Any]) -> Refused:
    """The refusal that something ends in."""
    with pytest.raises(Refused) as caught:
        what()
    return caught.value


def codes(refusal: Refused) -> list[str]:
    return [diagnostic.code for diagnostic in refusal.diagnostics]


def messages(refusal: Refused) -> str:
    return "\n".join(diagnostic.message for diagnostic in refusal.diagnostics)
