"""What log and metrics have of one request: it is filled in on its way, and told when it has been answered."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

UNKNOWN = "none"
"""The route of a request that is for nothing there is: what it asked for may be anything, and is not told."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Noted:
    """Nothing of a token, of a body, or of names in an address."""

    id: str
    method: str = ""
    route: str = UNKNOWN
    """As the registry has it: `/documents/{number}`."""
    status: int = 0
    caller: str | None = None
    policy: str | None = None
    """The digest of the policy that it is answered under."""
    codes: list[str] = field(default_factory=list)
    """Why it was refused."""
    problem: str | None = None

    def not_answered(self, problem: str, codes: Iterable[str]) -> None:
        """Why there is no answer. What was told of an operation is not told again where that is the reason."""
        self.problem = problem
        self.codes += (Counter(codes) - Counter(self.codes)).elements()


def id_for(wanted: str | None) -> str:
    """The id of a request: that which the client gave it, if it is a plain one, else a new one."""
    return wanted if wanted is not None and _ID.fullmatch(wanted) else secrets.token_hex(8)
