"""Operations on accounts, contacts, the catalogue and accounting periods."""

from __future__ import annotations

import datetime
from typing import Any

from billpolicy.witness.changed import changes, first_day, values_to_change
from billpolicy.witness.scene import ACCOUNT, Scene
from billpolicy.witness.wanted import Wanted, moved

_CONTACT = "carla"
_CHARGE = "setup"


def create_account(wanted: Wanted) -> Scene:
    """An account is created as it is asked about."""
    scene = Scene(wanted)
    id = wanted.text("account.id", wanted.free(ACCOUNT))
    held = scene.level("account", "", new=True)
    contacts = [{"id": value} for name, value in held.items() if wanted.attributes[name].type == "contact"]
    scene.ask(account=id, **scene.account_fields(), attributes=held, contacts=contacts)
    return scene


def change_account(wanted: Wanted) -> Scene:
    """An account is given other values."""
    scene = Scene(wanted)
    account = scene.account()
    held = scene.level("account", account)
    fields = scene.account_fields()
    plain = {
        "name": values_to_change(fields["name"], "Acme International", "Acme Europe"),
        "country": values_to_change(fields["country"], "FR", "IT"),
        "region": values_to_change(fields["region"], "North", "South"),
        "currency": values_to_change(fields["currency"], "USD", "GBP"),
    }
    scene.ask(account=account, **changes(scene, "account", plain, held, account), **_from(scene))
    return scene


def create_contact(wanted: Wanted) -> Scene:
    """An account gets another contact."""
    scene = Scene(wanted)
    scene.ask(contact=_CONTACT, account=scene.account(), name="Carla Roth")
    return scene


def change_contact(wanted: Wanted) -> Scene:
    """A contact gets another name or address."""
    scene = Scene(wanted)
    scene.contact(_CONTACT, scene.account())
    plain = {"name": "Carla Roth", "country": "AT", "email": "carla@example.com"}
    scene.ask(contact=_CONTACT, **changes(scene, "", plain, {}, ""), **_from(scene))
    return scene


def retire_contact(wanted: Wanted) -> Scene:
    """A contact is retired."""
    scene = Scene(wanted)
    scene.contact(_CONTACT, scene.account())
    scene.ask(contact=_CONTACT, **_from(scene))
    return scene


def create_charge(wanted: Wanted) -> Scene:
    """A charge comes into the catalogue."""
    scene = Scene(wanted)
    scene.ask(charge=_CHARGE, name="Setup")
    return scene


def change_charge(wanted: Wanted) -> Scene:
    """A charge of the catalogue gets another name, type or tax code."""
    scene = Scene(wanted)
    scene.add("charges", id=_CHARGE, name="Setup")
    plain = {"name": "Setup and training", "type": "recurring", "tax_code": "standard"}
    scene.ask(charge=_CHARGE, **changes(scene, "", plain, {}, ""), **_from(scene))
    return scene


def create_period(wanted: Wanted) -> Scene:
    """An accounting period begins on the document date."""
    scene = Scene(wanted)
    scene.ask(from_=wanted.date, until=moved(wanted.date, 1))
    return scene


def close_period(wanted: Wanted) -> Scene:
    """The accounting period before the document date is closed."""
    scene = Scene(wanted)
    scene.ask(from_=_period(scene, "open"))
    return scene


def reopen_period(wanted: Wanted) -> Scene:
    """The accounting period before the document date is opened again."""
    scene = Scene(wanted)
    scene.ask(from_=_period(scene, "closed"))
    return scene


def _period(scene: Scene, status: str) -> datetime.date:
    start = scene.wanted.before(1)
    scene.add("accounting_periods", from_=start, until=moved(start, 1), status=status)
    return start


def _from(scene: Scene) -> dict[str, Any]:
    """`from`, where it is not the document date."""
    day = first_day(scene)
    return {"from_": None if day == scene.wanted.date else day}
