"""Which version of the policy a request is about, where it is about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import day_in
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Policy


def version_on(asked: Asked) -> Policy:
    """That version. Raises `Refused` where none is in force then."""
    return asked.versions.on(day_in(asked.query, "on") or today()).policy
