"""Parts of addresses that several endpoints have."""

from __future__ import annotations

from billpolicy.service.endpoint import Parameter

DAY = r"^\d{4}-\d\d-\d\d$"
TODAY = Parameter("today", "The day of planning, of operations without a date; by default that of UTC.", pattern=DAY)
ON = Parameter("on", "The version of the policy that is in force on this day; by default today's.", pattern=DAY)
