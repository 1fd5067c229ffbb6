"""What a head that was kept does not tell."""

from __future__ import annotations

from billpolicy.diagnostics.diagnostic import Diagnostic


def begun_since(begun: bool) -> list[Diagnostic]:
    """A warning where the chain began anew since."""
    if not begun:
        return []
    message = (
        "the chain of this ledger began anew since the head that was kept, when its tables were brought up to date: "
        "what was there by then is held against what was found, not against that head"
    )
    hint = "keep the head of now; before the next upgrade, check the ledger with it"
    return [Diagnostic("begun-since", message, None, hint, "warning")]
