"""Operations on a subscription: it is canceled, created, renewed or changed, and so are its charges."""

from __future__ import annotations

import datetime
from typing import Any

from billpolicy.witness.changed import changes, first_day, values_to_change
from billpolicy.witness.of_billing import CHARGE
from billpolicy.witness.scene import Scene
from billpolicy.witness.wanted import Wanted, moved

_LONG = 60
"""Days before and after the document date: a service that goes on."""
_YEAR = 365


def cancel(wanted: Wanted, **more: Any) -> Scene:
    """A subscription is canceled from the document date on."""
    scene = Scene(wanted)
    (subscription,) = scene.subscriptions(scene.account(), at_least=1, most=1, **more)
    scene.ask(subscription=subscription, effective_date=wanted.date, reason=wanted.text("reason"))
    return scene


def change_cancellation(wanted: Wanted, **more: Any) -> Scene:
    """A pending cancellation is moved to an earlier day."""
    scene, subscription = _canceled(wanted, **more)
    end = moved(wanted.date, _LONG // 2)
    scene.ask(subscription=subscription, effective_date=end, reason=wanted.text("reason"))
    return scene


def undo_cancellation(wanted: Wanted, **more: Any) -> Scene:
    """A pending cancellation is taken back."""
    scene, subscription = _canceled(wanted, **more)
    scene.ask(subscription=subscription)
    return scene


def _canceled(wanted: Wanted, **more: Any) -> tuple[Scene, str]:
    scene = Scene(wanted)
    end = moved(wanted.date, _LONG)
    (subscription,) = scene.subscriptions(scene.account(), at_least=1, most=1, canceled_on=end, **more)
    return scene, subscription


def create(wanted: Wanted) -> Scene:
    """A subscription is created as it is asked about."""
    scene = Scene(wanted)
    account = scene.account()
    id = wanted.text("subscription.id", wanted.free("crm"))
    custom = scene.custom("subscription")
    scene.ask(subscription=id, account=account, start=wanted.date, plan=wanted.text("subscription.plan"), custom=custom)
    return scene


def change(wanted: Wanted, **more: Any) -> Scene:
    """A subscription is given other values."""
    scene = Scene(wanted)
    account = scene.account()
    held = scene.level("subscription", account)
    (subscription,) = scene.subscriptions(account, at_least=1, most=1, **more)
    plain = {
        "plan": values_to_change(wanted.text("subscription.plan"), "premium", "basic"),
        "bill_day": 15,
        "invoice_separately": True,
    }
    scene.ask(subscription=subscription, **changes(scene, "subscription", plain, held, account), **_from(scene))
    return scene


def renew(wanted: Wanted, **more: Any) -> Scene:
    """The term of a subscription ends, and another one follows."""
    scene = Scene(wanted)
    account, end = scene.account(), first_day(scene)
    held = scene.level("subscription", account)
    (subscription,) = scene.subscriptions(account, at_least=1, most=1, term_end=end, **more)
    other = changes(scene, "subscription", {}, held, account, at_least=0)
    scene.ask(subscription=subscription, term_end=moved(end, _YEAR), **other)
    return scene


def add_charge(wanted: Wanted) -> Scene:
    """A charge is added to a subscription."""
    scene = Scene(wanted)
    start = first_day(scene)
    (subscription,) = scene.subscriptions(scene.account(), at_least=1, most=1, **_ends_after(scene, start))
    scene.ask(subscription=subscription, charge={"id": CHARGE, "rate": "100.00", "start": start})
    return scene


def change_charge(wanted: Wanted) -> Scene:
    """A charge of a subscription gets another rate, quantity or tax code."""
    scene, subscription, day = _with_charge(wanted)
    other = changes(scene, "", {"rate": "120.00", "quantity": "3", "tax_code": "standard"}, {}, "")
    scene.ask(subscription=subscription, charge=CHARGE, from_=day, **other)
    return scene


def end_charge(wanted: Wanted) -> Scene:
    """A charge of a subscription ends."""
    scene, subscription, day = _with_charge(wanted)
    scene.ask(subscription=subscription, charge=CHARGE, until=day)
    return scene


def _with_charge(wanted: Wanted) -> tuple[Scene, str, datetime.date]:
    scene = Scene(wanted)
    day = first_day(scene)
    charges = [{"id": CHARGE, "rate": "100.00", "quantity": "2", "start": moved(day, -_LONG)}]
    more = {"charges": charges, **_ends_after(scene, day)}
    (subscription,) = scene.subscriptions(scene.account(), at_least=1, most=1, **more)
    return scene, subscription, day


def _ends_after(scene: Scene, day: datetime.date) -> dict[str, datetime.date]:
    """A subscription that is canceled still has service on that day."""
    canceled = scene.wanted.text("subscription.status") == "canceled"
    return {"canceled_on": moved(max(day, scene.wanted.date), _LONG)} if canceled else {}


def _from(scene: Scene) -> dict[str, Any]:
    day = first_day(scene)
    return {"from_": None if day == scene.wanted.date else day}
