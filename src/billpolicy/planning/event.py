"""Something that an operation brought about; the vocabulary says what there is."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from billpolicy.book.model import Numbered, Subscription
from billpolicy.planning.request import Request


@dataclass(frozen=True, slots=True)
class Event:
    """Something that an operation brought about, to be followed by what the policy says."""

    name: str
    operation: str
    """The operation that brought it about."""
    date: datetime.date
    """Its document date."""
    subject: Numbered | Subscription
    """What it is about, as it stood then; `planning.book` has it as it stands now."""
    request: Request
