"""Posting plans that tests make by hand."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from billpolicy import Book, Plan, Posted
from billpolicy.book.needs import Needs
from billpolicy.planning.plan import left_by
from billpolicy.posting.posting import Job, job_of, post_one
from billpolicy.posting.store import Store


def post(ledger: Store, plan: Plan, *, who: str, now: datetime.datetime) -> Posted:
    """Post a plan that was made before."""
    return post_one(ledger, job_of(plan, who), now=now)


def execute(
    ledger: Store,
    id: str,
    request: Mapping[str, Any],
    needs: Needs,
    planner: Callable[[Book], Plan],
    *,
    who: str,
    now: datetime.datetime,
) -> Posted:
    """Plan and post in one transaction."""

    def planned(book: Book) -> tuple[Plan, Book]:
        plan = planner(book)
        return plan, left_by(plan, book)

    return post_one(ledger, Job(id, request, needs, planned, who), now=now)
