"""What a ledger knows of movements of money: who made them, in which order; and that they stay what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.accounting.movements import Movement, movements_of
from billpolicy.book.needs import Needs
from billpolicy.ledger.store import Ledger, create_ledger
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.helpers.walks import TODAY, asked_for, read, walk


def _movements(ledger: Ledger) -> dict[str, Movement]:
    with ledger.reading() as reader:
        return {one.id: one for one in movements_of(reader.book(Needs(everything=True)), reader.stamps())}


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_movements_stay_as_a_ledger_goes_on(seed: int, tmp_path: Path) -> None:
    found = walk(seed)
    with create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(read(found.book))
        before = _movements(ledger)
        assert all(one.stamp is None for one in before.values())
        for asked in asked_for(*found.operations):
            policy = versions(found.policy)
            for _ in api.post_all(policy, ledger, [asked], who="ines", today=TODAY, now=lambda: NOW, yes=True):
                pass
            after = _movements(ledger)
            assert {id: after[id] for id in before} == before
            new = [one for id, one in after.items() if id not in before]
            # A step of it has an id of its own.
            assert all(one.stamp is not None and one.stamp.operation.startswith(asked.request.id) for one in new)
            assert all(one.stamp is not None and one.stamp.at == NOW for one in new)
            before = after
        places = {one.stamp.place for one in before.values() if one.stamp is not None}
        assert len(places) == len({one.stamp.operation for one in before.values() if one.stamp is not None})
