"""Which version of the policy a page is about: each is in force on days of its own, and one of them is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from billpolicy.report.html.markup import Html, el
from billpolicy.report.results import days_text, period_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import day_in
from billpolicy.service.pages.forms import choice_field, press
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Policy


def chosen_version(asked: Asked) -> Policy:
    """That of the day in the address, as `version_from` gives it."""
    return version_from(asked, asked.query)


def version_from(asked: Asked, filled: Mapping[str, str]) -> Policy:
    """The version of the day that is named. Without one that of today, else the last that has begun, else the
    first: a policy that is not yet in force is looked at before it is. Raises `Refused` for a day without a version."""
    day = day_in(filled, "on")
    if day is not None:
        return asked.versions.on(day).policy
    policies = asked.versions.policies
    begun = [policy for policy in policies if policy.effective.from_ <= today()]
    return begun[-1] if begun else policies[0]


def version_choice(asked: Asked, policy: Policy) -> Html:
    """A form that chooses one; nothing where there is one only."""
    if len(asked.versions.policies) == 1:
        return Html("")
    choices = {
        one.effective.from_.isoformat(): f"{one.name}, in force {days_text(period_of(one.effective))}"
        for one in asked.versions.policies
    }
    choice = choice_field("on", "Version", choices, policy.effective.from_.isoformat())
    return el("form", choice, press("Show"), action=asked.url_path, class_="fields")
