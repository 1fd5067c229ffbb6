"""Limits over time on one ledger: many who post at once, in several currencies, pass none of them together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billpolicy
from billpolicy.ledger.store import Ledger, open_ledger
from tests.helpers.books import book_from
from tests.helpers.ledgers import url_of
from tests.helpers.paths import STANDARD
from tests.helpers.processes import finished, started
from tests.helpers.properties import examples
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions

BOOK = "accounts: [{id: acme, currency: EUR}, {id: duo, currency: EUR}]\n"
MOST = {"EUR": Decimal(100), "USD": Decimal(50)}
LIMIT = "limits: {paid: {operations: [create_payment], per: %s, by: %s, amounts: {EUR: 100.00, USD: 50.00}}}\n"


def test_processes_do_not_pass_it_together(ledger: Ledger, tmp_path: Path) -> None:
    ledger.import_book(book_from(BOOK))
    policy = tmp_path / "policy.yaml"
    head = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
    policy.write_text(head + LIMIT % ("day", "all"))
    url = url_of(ledger)
    children = [started("spender", url, str(policy), f"p{n}", "8") for n in range(4)]
    told = [line.split()[1] for child in children for line in finished(child)]
    # 14 x 7 = 98 of 100 EUR and 5 x 9 = 45 of 50 USD, of 32 each that were tried.
    assert Counter(told) == {"EUR": 14, "USD": 5, "refused": 64 - 19}
    assert ledger.check() == []


class Paid(NamedTuple):
    """A payment that somebody tries to record."""

    actor: str
    account: str
    currency: str
    amount: int


PAID = st.builds(
    Paid,
    st.sampled_from(["ines", "INES", "Ines", "ana"]),
    st.sampled_from(["acme", "duo"]),
    st.sampled_from(["EUR", "USD", "CHF"]),
    st.integers(1, 70),
)
WHOSE: dict[str, Callable[[Paid], str]] = {
    "actor": lambda one: one.actor.lower(),
    "account": lambda one: one.account,
    "all": lambda one: "",
}


@examples(15)
@given(st.lists(st.lists(PAID, max_size=6), min_size=2, max_size=4), st.sampled_from(sorted(WHOSE)), st.data())
def test_however_it_is_split_no_limit_is_passed_and_none_refuses_what_is_within(
    tmp_path_factory: pytest.TempPathFactory, split: list[list[Paid]], by: str, data: st.DataObject
) -> None:
    """Each list is posted by a thread of its own, in groups of some size."""
    group = data.draw(st.integers(1, 4))
    url = f"sqlite:///{tmp_path_factory.mktemp('limits')}/ledger.db"
    policy = versions(LIMIT % (data.draw(st.sampled_from(["day", "month"])), by))
    tried = {f"{place}-{n}": one for place, batch in enumerate(split) for n, one in enumerate(batch)}

    def post(place: int) -> list[billpolicy.Outcome]:
        asked = [
            {
                "id": f"{place}-{n}",
                "operation": "create_payment",
                "date": f"2026-0{1 + n}-15",
                **one._asdict(),
                "amount": str(one.amount),
            }
            for n, one in enumerate(split[place])
        ]
        return list(billpolicy.post_all(policy, ledger, asked, who="x", now=lambda: NOW, group=group))

    billpolicy.create_ledger(url).close()
    with open_ledger(url) as ledger, ThreadPoolExecutor(len(split)) as threads:
        ledger.import_book(book_from(BOOK))
        outcomes = [one for batch in threads.map(post, range(len(split))) for one in batch]
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in outcomes:
        if one.posted is not None:
            paid = tried[one.job.id]
            used[WHOSE[by](paid), paid.currency] += paid.amount
    assert all(total <= MOST.get(currency, 0) for (_, currency), total in used.items())
    for one in outcomes:
        paid = tried[one.job.id]
        if one.posted is None:
            # What is used only grows: what was refused then would be beyond it in the end, too.
            assert [problem.code for problem in one.problems] == ["limit-used-up"]
            assert used[WHOSE[by](paid), paid.currency] + paid.amount > MOST.get(paid.currency, 0)
