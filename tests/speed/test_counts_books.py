"""What one operation on a large book reads of it, and what the checks of a book look at: counts, no times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import billpolicy
from benchmarks.load import in_json, in_yaml, records
from billpolicy.book import load
from billpolicy.book.check import Context
from billpolicy.book.load import load_book
from billpolicy.book.model import BookFile
from billpolicy.source.quick.file import Entries, read_quickly
from tests.helpers.paths import STANDARD

DOCUMENTS = 1_000
OPERATION = {
    "id": "one",
    "operation": "unapply_payment",
    "payment": "P00000004",
    "date": "2027-02-01",
}


@pytest.fixture(name="book", params=["json", "yaml"])
def _book(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a book of 1,000 documents."""
    monkeypatch.setenv("BILLPOLICY_CACHE", str(tmp_path / "cache"))
    path = tmp_path / f"book.{request.param}"
    path.write_text((in_json if request.param == "json" else in_yaml)(records(DOCUMENTS)), encoding="utf-8")
    return path


@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The section of every record that is read by itself, and `whole` for a book."""
    found: list[str] = []
    entry, whole = Entries.read, load.quick_book

    def noted(self: Entries, field: str, place: Any) -> Any:
        found.append(field)
        return entry(self, field, place)

    def noted_whole(text: str, file: str, digest: str | None = None) -> Any:
        found.append("whole")
        return whole(text, file, digest)

    monkeypatch.setattr(Entries, "read", noted)
    monkeypatch.setattr(load, "quick_book", noted_whole)
    return found


def test_one_operation_on_a_kept_book_reads_what_it_touches(book: Path, read: list[str]) -> None:
    policy = billpolicy.load_policy(STANDARD)
    plans, reads = [], []
    for _ in range(2):
        (outcome,) = billpolicy.plan_all(policy, load_book(book), [OPERATION], warn=refuse)
        plans.append(outcome.plan)
        reads.append(sorted(read))
        del read[:]
    assert plans[0] is not None
    assert plans[0] == plans[1]
    assert reads == [["whole"], ["accounts", "applications", "invoices", "payments"]]


def refuse(warning: object) -> None:
    """Nothing is odd about that book."""
    raise AssertionError(warning)


def test_the_checks_pass_over_what_is_ordinary(book: Path) -> None:
    context = Context(read_quickly(BookFile, book.read_text(encoding="utf-8"), str(book)), None)
    assert list(context.records("invoices", "payments")) == []
    assert list(context.applications()) == []
    assert context.counted == set()
