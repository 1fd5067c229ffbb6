"""Every worked example of docs/allocation.md is run: what stands in the tables is what comes out."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.item_rules import ITEM_RULES
from billpolicy.allocation.model import FUTURES, SPANS, Allocation, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.allocation.residual import RESIDUALS
from billpolicy.book.book import Place
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "allocation.md").read_text(encoding="utf-8")
DAY = datetime.date(2026, 1, 1)
Row = dict[str, str]


class Example(NamedTuple):
    """One introducing line and its tables."""

    kind: str
    line: int
    settings: dict[str, str]
    tables: list[list[Row]]

    def __str__(self) -> str:
        return f"{self.kind}-line-{self.line}"

    @property
    def currency(self) -> str:
        return self.settings["amount"].split()[1]

    @property
    def amount(self) -> Decimal:
        return Decimal(self.settings["amount"].split()[0])

    def rules(self, **more: Any) -> Rules:
        read: dict[str, Callable[[str], Any]] = {
            "components": lambda text: tuple(text.split(", ")),
            "step": int,
            "bucket_days": int,
            "day": day,
            "zuora_compatible": lambda text: text == "true",
        }
        named = {k: read.get(k, str)(v) for k, v in self.settings.items() if k not in ("amount", "left")}
        return Rules(**(named | more))


def examples() -> list[Example]:
    found: list[Example] = []
    table: list[Row] | None = None
    header: list[str] = []
    for number, line in enumerate(PAGE.splitlines(), 1):
        if match := re.match(r"(Example|Documents|Future|Residuals|Grid): ", line):
            settings = dict(re.findall(r"`(\w+): ([^`]+)`", line))
            found.append(Example(match[1], number, settings, []))
        elif line.startswith("#"):
            header = []
        if not line.startswith("|"):
            table = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if table is None:
            table, header = [], cells
            found[-1].tables.append(table)
        elif not set(line) <= set("|-"):
            table.append(dict(zip(header, cells, strict=True)))
    return found


EXAMPLES = examples()


def of_kind(kind: str) -> Any:
    return pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kind == kind], ids=str)


def place(text: str) -> Place:
    item, _, tax = text.partition(" / ")
    return Place(item, tax or None)


def slot(name: str, balance: str, **more: Any) -> Slot:
    at = place(name)
    return Slot(at, Decimal(balance), "tax" if at.tax else "charge", **more)


def slot_of(row: Row) -> Slot:
    more: dict[str, Any] = {}
    if "before discount" in row:
        more["discount"] = Decimal(row["before discount"]) - Decimal(row["open"])
    if row.get("reduces", "none") != "none":
        more["reduces"] = place(row["reduces"])
    return slot(row["item"], row["open"], **more)


def day(text: str | None) -> datetime.date | None:
    return None if text in (None, "none") else datetime.date.fromisoformat(text)


def gets(done: Allocation) -> dict[tuple[str, Place], Decimal]:
    assert not done.problems
    assert not done.warnings
    found: dict[tuple[str, Place], Decimal] = {}
    for applied in done.applied:
        assert sum(part.amount for part in applied.parts) == applied.amount
        for part in applied.parts:
            key = (applied.document, Place(part.item, part.tax))
            found[key] = found.get(key, Decimal(0)) + part.amount
    return found


def pay(example: Example, targets: list[Target], **more: Any) -> Allocation:
    return allocate(Source("P1", example.currency, example.amount), targets, example.amount, example.rules(**more))


def same(found: Mapping[Any, Decimal], expected: Mapping[Any, str]) -> None:
    assert {k: str(v) for k, v in found.items()} == {k: v for k, v in expected.items() if Decimal(v)}


@of_kind("Example")
def test_an_example(example: Example) -> None:
    (rows,) = example.tables
    due = {row.get("document", "INV1"): day(row.get("due")) for row in rows}
    targets = [
        Target(n, DAY, tuple(slot_of(row) for row in rows if row.get("document", "INV1") == n), due[n]) for n in due
    ]
    if "memo" in rows[0]:
        slots = tuple(slot(r["item"], r["memo"], mirrors=place(r["item"])) for r in rows if Decimal(r["memo"]))
        whole = sum((each.balance for each in slots), Decimal(0))
        source = Source("CM1", example.currency, whole, slots, origin="INV1")
        done = allocate(source, targets, example.amount, example.rules())
        for part in done.applied[0].parts:
            assert (part.item, part.tax) == (part.source_item, part.source_tax)
    else:
        done = pay(example, targets)
    same(gets(done), {(row.get("document", "INV1"), place(row["item"])): row["gets"] for row in rows})
    assert done.left == Decimal(example.settings.get("left", 0))


@of_kind("Documents")
def test_document_orders(example: Example) -> None:
    documents, orders = example.tables
    targets = []
    for row in documents:
        date = day(row["date"])
        assert date is not None
        priority = None if row["priority"] == "none" else int(row["priority"])
        targets.append(Target(row["document"], date, (slot("A", row["open"]),), day(row["due"]), priority))
    assert [row["document_order"] for row in orders] == list(DOCUMENT_ORDERS)
    for row in orders:
        name = row.pop("document_order")
        same(gets(pay(example, targets, document_order=name)), {(n, Place("A")): v for n, v in row.items()})


@of_kind("Future")
def test_what_is_not_due_yet(example: Example) -> None:
    documents, ways = example.tables
    targets = [Target(row["document"], DAY, (slot("A", row["open"]),), day(row["due"])) for row in documents]
    assert [row["future_documents"] for row in ways] == list(FUTURES)
    for row in ways:
        future = row.pop("future_documents")
        same(gets(pay(example, targets, future=future)), {(n, Place("A")): v for n, v in row.items()})


@of_kind("Residuals")
def test_residuals(example: Example) -> None:
    (rows,) = example.tables
    assert [row["residual"] for row in rows] == list(RESIDUALS)
    for row in rows:
        residual = row.pop("residual")
        target = Target("INV1", DAY, tuple(slot(*header.split()) for header in row))
        expected = {("INV1", place(header.split()[0])): value for header, value in row.items()}
        same(gets(pay(example, [target], residual=residual)), expected)


@of_kind("Grid")
def test_grids(example: Example) -> None:
    (rows,) = example.tables
    columns = [header.rpartition(" ") for header in rows[0] if header != "from"]
    target = Target("INV1", DAY, tuple(slot(name, balance) for name, _, balance in columns))
    sources = [row["from"].rpartition(" ") for row in rows]
    slots = tuple(slot(name, balance) for name, _, balance in sources)
    source = Source("CM1", example.currency, sum((each.balance for each in slots), Decimal(0)), slots)
    done = allocate(source, [target], example.amount, example.rules())
    found = {
        (Place(part.source_item or "", part.source_tax), Place(part.item, part.tax)): part.amount
        for part in done.applied[0].parts
    }
    expected = {
        (place(row["from"].rpartition(" ")[0]), place(header.rpartition(" ")[0])): value
        for row in rows
        for header, value in row.items()
        if header != "from"
    }
    same(found, expected)


def test_every_rule_has_an_example() -> None:
    assert {e.settings.get("item_rule", "proration") for e in EXAMPLES} == set(ITEM_RULES)
    assert {e.settings["span"] for e in EXAMPLES if "span" in e.settings} == set(SPANS)
    assert all(e.tables for e in EXAMPLES)
    assert len(EXAMPLES) > 20
