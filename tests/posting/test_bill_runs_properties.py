"""Divided or in one plan, at once or in pieces, a bill run over every account comes to the same."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.model import Numbered
from billpolicy.ledger.store import Ledger
from billpolicy.posting.posting import Outcome
from billpolicy.source.write import plain_data
from tests.helpers.ledgers import dump, ledger_of
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.helpers.walks import CURRENCIES, POLICIES, TODAY, Chance, Walk, any_subscription, hold, read, step

ACCOUNTS = "abcde"


def runs(count: int) -> Iterator[Walk]:
    """Books of some accounts with subscriptions of any kind, a few with mistakes, and bill runs over all of them."""
    return map(_runs, range(count))


def _runs(seed: int) -> Walk:
    chance = Chance(seed)
    book: dict[str, Any] = {"charges": [{"id": "setup", "name": "Setup"}], "accounts": [], "contacts": []}
    book["subscriptions"], book["usage"] = [], []
    for account in ACCOUNTS[: chance.whole(1, len(ACCOUNTS))]:
        attributes = {"bill_to_contact": f"{account}1"}
        book["accounts"].append({"id": account, "currency": chance.one_of(CURRENCIES), "attributes": attributes})
        book["contacts"] += [{"id": f"{account}{n}", "account": account} for n in (1, 2)]
        for n in range(chance.whole(0, 3)):
            subscription = any_subscription(chance, f"{account}-s{n}", account)
            for charge in subscription["charges"]:
                if "usage" in charge:
                    book["usage"] += _used(chance, subscription)
                elif chance.maybe():
                    charge["charged_through"] = chance.day(-60, 90)
            if chance.seldom():
                subscription["canceled_on"] = max(chance.day(-60, 60), subscription["start"])
            if chance.seldom():
                del subscription["start"]
            book["subscriptions"].append(subscription)
    targets = sorted(chance.day(-60, 120) for _ in range(chance.whole(1, 3)))
    asked = (
        {"id": f"BR-{n}", "operation": "bill_run", "date": str(TODAY), "target_date": target}
        for n, target in enumerate(targets)
    )
    return Walk(chance.one_of(POLICIES), book, tuple(asked))


def _used(chance: Chance, subscription: dict[str, Any]) -> list[dict[str, Any]]:
    """What was used of its usage charge, a few times or not at all."""
    name, start = subscription["id"], datetime.date.fromisoformat(subscription["start"])
    return [
        {
            "id": f"{name}-u{n}",
            "subscription": name,
            "charge": "calls",
            "date": str(start + datetime.timedelta(chance.whole(0, 120))),
            "quantity": str(chance.whole(-20, 90)),
        }
        for n in range(chance.whole(0, 3))
    ]


def divided(found: Walk, book: Book, asked: dict[str, Any]) -> list[Outcome]:
    return list(billpolicy.plan_all(versions(found.policy), book, [asked], today=TODAY))


def left(book: Book) -> Any:
    """What a book holds. Numbers count by what they stand for: they say in which order it was made."""
    made = {number: _unnumbered(document) for number, document in book.numbered.items()}
    money = (one for applied in book.applications_from.values() for one in applied)
    moved = Counter(str((made[one.from_], made[one.to], replace(one, from_="", to=""))) for one in money)
    used = {one.id: (one.amount, one.billed_by and made[one.billed_by]) for one in book.usage.values()}
    return Counter(made.values()), moved, dict(book.subscriptions), used


def _unnumbered(document: Numbered) -> str:
    named = ("number", "source", "document", "of", "posted_as")
    return str({key: held for key, held in plain_data(document).items() if key not in named})


def test_divided_it_comes_to_the_same_as_in_one_plan() -> None:
    """Where accounts are refused, they alone are, and for all that the whole is refused for."""
    came = Counter[str]()

    def holds(found: Walk) -> None:
        book = read(found.book)
        for asked in found.operations:
            outcomes = divided(found, book, asked)
            plans = [one.plan for one in outcomes if one.plan is not None]
            problems = [problem for one in outcomes for problem in one.problems]
            undivided = step(found.policy, book, billpolicy.operation_from(asked))
            for plan in plans:
                book = billpolicy.left_by(plan, book)
            if undivided.plan is not None:
                assert problems == []
                assert left(book) == left(undivided.after)
                came["planned"] += 1
            elif not plans and [one.job.id for one in outcomes] == [asked["id"]]:
                assert [one.message for one in problems] == [one.message for one in undivided.problems]
                came["nothing"] += 1
            else:
                assert {one.message for one in undivided.problems} <= {one.message for one in problems}
                came["others go on" if plans else "refused"] += 1

    hold(holds, runs(300))
    assert min(came[each] for each in ("planned", "nothing", "others go on", "refused")) > 5, came


def test_in_pieces_it_comes_to_the_same_as_at_once(empty_file: Path) -> None:
    """Each row is the same: numbers, plans and the order of the journal."""
    ended = Counter[bool]()

    def holds(found: Walk) -> None:
        def post(ledger: Ledger, group: int, groups: int) -> list[Outcome]:
            """So many groups, and then the end."""
            left = iter(range(groups))
            return list(
                billpolicy.post_all(
                    versions(found.policy),
                    ledger,
                    found.operations[:1],
                    who="ann",
                    group=group,
                    now=lambda: NOW,
                    today=TODAY,
                    go_on=lambda: next(left, None) is not None,
                )
            )

        with ledger_of(read(found.book), empty_file) as straight, ledger_of(read(found.book), empty_file) as pieces:
            outcomes = post(straight, 500, 10)
            for group, groups in ((1, 1), (2, 1), (500, 10)):
                before = dump(pieces)
                last = post(pieces, group, groups)
                ended[before == dump(pieces)] += 1
            assert dump(pieces) == dump(straight)
            assert [(one.job.id, one.problems) for one in last] == [(one.job.id, one.problems) for one in outcomes]
            post(pieces, 500, 10)
            assert dump(pieces) == dump(straight)
            assert pieces.check() == []

    hold(holds, runs(60))
    assert min(ended.values()) > 20, ended
