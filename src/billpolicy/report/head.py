"""What a head that was kept does not tell."""

from __future__ import annotations

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import counted


def imported_since(imports: int) -> list[Diagnostic]:
    """A warning where something was imported since."""
    if not imports:
        return []
    told = f"{counted(imports, 'import')} came since the head that was kept"
    message = f"{told}, which does not tell what they left of what was imported by then"
    hint = "if you know of each of them, keep the head of now; if not, restore the ledger from a backup"
    return [Diagnostic("imported-since", message, None, hint, "warning")]
