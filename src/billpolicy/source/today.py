"""Which day it is where nobody says: that of UTC, as every stamp of a ledger, so it does not depend on the machine."""

from __future__ import annotations

import datetime


def today() -> datetime.date:
    """The day in UTC. What is to be dated by another calendar says its day: `date`, or `--today`."""
    return datetime.datetime.now(datetime.UTC).date()
