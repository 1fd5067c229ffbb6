"""Loading a book, as JSON and as YAML: reading it, checking it and indexing it.

The peers only parse: into plain data, or into typed values by `benchmarks/load_peers.py`. They check nothing of a book:
no references, currencies, balances nor keys that stand twice. How cost grows: 1,000, 10,000 and 50,000 documents, four
of five an invoice of three items with a tax each, the fifth a payment that is applied to it. Garbage collection is off
for all. Memory is the peak of a process that loads the book and does nothing else, less that of one that loads none.

Then seconds of CPU: of loading in a process of its own, with the collector as Python has it, when nothing is kept of
the book and when it was loaded before; and of all of `billpolicy plan` with one operation on it.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import yaml

from benchmarks.goals import Goal
from benchmarks.load_peers import msgspec_reader, pydantic_reader
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.book.load import load_book
from billpolicy.book.model import Document

STANDARD = Path(__file__).parents[1] / "policies" / "standard"
SIZES = ((1_000, 5), (10_000, 1), (50_000, 1))
"""Documents, and rounds."""
DOCUMENTS_OF_AN_ACCOUNT = 10
_LOAD = """
import sys, time
from pathlib import Path
from billpolicy.book.load import load_book
began = time.process_time()
if len(sys.argv) > 1:
    book = load_book(Path(sys.argv[1]))
print(time.process_time() - began)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
_ROUNDS = 3
"""Of processes."""
_PLAN = ("plan", "unapply_payment", "payment=P00000004", "date=2027-02-01", "--policy", str(STANDARD), "--book")
_OFF = "off"
Record = dict[str, object]


def records(count: int) -> dict[str, list[Record]]:
    """The sections of a book of so many documents. Amounts are Decimal, and stand in files without quotes."""
    accounts: list[Record] = []
    invoices: list[Record] = []
    payments: list[Record] = []
    applications: list[Record] = []
    for n in range(count):
        owner = f"A{n // DOCUMENTS_OF_AN_ACCOUNT:06d}"
        if n % DOCUMENTS_OF_AN_ACCOUNT == 0:
            accounts.append({"id": owner, "name": f"Customer {n}", "country": "DE", "currency": "EUR"})
        date = f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
        head: Record = {"number": "", "account": owner, "date": date, "currency": "EUR"}
        if n % 5 == 4:
            payment, invoice = f"P{n:08d}", invoices[-1]["number"]
            payments.append({**head, "number": payment, "date": "2027-01-05", "amount": Decimal("12.00")})
            parts = [{"item": "1", "amount": Decimal("10.00")}, {"item": "1", "tax": "vat", "amount": Decimal("2.00")}]
            applied = {"from": payment, "to": invoice, "date": "2027-01-05", "amount": Decimal("12.00")}
            applications.append({**applied, "parts": parts})
            continue
        items = [_item(n, line) for line in (1, 2, 3)]
        invoices.append({**head, "number": f"INV{n:08d}", "due_date": "2027-01-31", "items": items})
    return {"accounts": accounts, "invoices": invoices, "payments": payments, "applications": applications}


def _item(n: int, line: int) -> Record:
    amount = Decimal(f"{100 + n % 97 + line}.00")
    tax = {"id": "vat", "name": "VAT", "amount": Decimal(f"{20 + n % 7}.00")}
    return {"id": str(line), "name": f"Seats, kind {line}", "amount": amount, "taxes": [tax]}


def in_json(value: object) -> str:
    """The data as JSON, in which a Decimal is a number as it is written."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {in_json(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def in_yaml(sections: dict[str, list[Record]]) -> str:
    """The data as YAML as people write it: one line for each value of a record and each of its items."""
    lines: list[str] = []
    for name, entries in sections.items():
        lines.append(f"{name}:")
        for entry in entries:
            start = "- "
            for key, value in entry.items():
                if isinstance(value, list):
                    lines += [f"{start}{key}:", *(f"    - {_in_brackets(one)}" for one in value)]
                else:
                    lines.append(f"{start}{key}: {value}")
                start = "  "
    return "\n".join(lines) + "\n"


def _in_brackets(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_in_brackets(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_brackets, value)) + "]"
    return json.dumps(value) if isinstance(value, str) and (value.isdigit() or "," in value) else str(value)


def invoiced(book: object) -> Decimal:
    """What all invoices of a loaded book amount to, by item: all contestants must have read the same."""
    if hasattr(book, "numbered"):
        documents = [one for one in book.numbered.values() if isinstance(one, Document)]
        return sum((item.amount for document in documents for item in document.items), Decimal(0))
    if isinstance(book, dict):
        return sum((Decimal(str(item["amount"])) for one in book["invoices"] for item in one["items"]), Decimal(0))
    return sum((Decimal(item.amount) for one in book.invoices for item in one.items), Decimal(0))  # type: ignore[attr-defined]


def contestants(folder: Path, count: int) -> tuple[dict[str, Callable[[], object]], dict[str, Callable[[], object]]]:
    """Who loads a book of so many documents: of its JSON, and of its YAML. The first of each is the peer."""
    book = records(count)
    as_json, as_yaml = folder / f"{count}.json", folder / f"{count}.yaml"
    as_json.write_text(in_json(book), encoding="utf-8")
    as_yaml.write_text(in_yaml(book), encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    from_msgspec, from_pydantic = msgspec_reader(), pydantic_reader()
    return (
        {
            "json.loads, plain data": lambda: json.loads(as_json.read_bytes()),
            "msgspec, typed": lambda: from_msgspec(as_json.read_bytes()),
            "pydantic, typed": lambda: from_pydantic(as_json.read_bytes()),
            "billpolicy, a checked book": lambda: load_book(as_json),
        },
        {
            "PyYAML CSafeLoader, plain data": lambda: yaml.load(as_yaml.read_bytes(), Loader=loader),
            "billpolicy, a checked book": lambda: load_book(as_yaml),
        },
    )


class Loaded(NamedTuple):
    """What a process took that loads a book, or none, and does nothing else; as Linux tells it."""

    seconds: float
    """Of CPU, for loading."""
    megabytes: float
    """At its peak."""


def loaded(cache: str, book: Path | None = None) -> Loaded:
    """The median of some processes. *cache*: where books are kept, or `off`."""
    command = [sys.executable, "-c", _LOAD, *([str(book)] if book else [])]
    runs = [_run(command, cache)[0].split() for _ in range(_ROUNDS)]
    seconds, kilobytes = (statistics.median(map(float, each)) for each in zip(*runs, strict=True))
    return Loaded(seconds, kilobytes / 1024)


def planned(cache: str, book: Path) -> tuple[str, float]:
    """What `plan` says of one operation on a book, and its seconds of CPU, as the median of whole processes."""
    runs = [_run([sys.executable, "-m", "billpolicy", *_PLAN, str(book)], cache) for _ in range(_ROUNDS)]
    (said,) = {said for said, _ in runs}
    return said, statistics.median(seconds for _, seconds in runs)


def _run(command: list[str], cache: str) -> tuple[str, float]:
    """What a process prints, and its seconds of CPU."""
    environment = {**os.environ, "BILLPOLICY_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # programs are installed with their bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _without_collector(run: Contestant) -> Contestant:
    def quiet() -> None:
        gc.disable()
        try:
            run()
        finally:
            gc.enable()

    return quiet


def contest(folder: Path, count: int, rounds: int) -> None:
    """Load books of so many documents and print who took how long."""
    for form, each in zip(("JSON", "YAML"), contestants(folder, count), strict=True):
        if count == SIZES[0][0]:
            assert len({invoiced(run()) for run in each.values()}) == 1, "they read different amounts"
        quiet = {name: _without_collector(run) for name, run in each.items()}
        found = rates(quiet, count, rounds, warm=rounds > 1)
        print(f"load: {count:,} documents in {form}")
        print(table(found, "documents"))
        *peers, ours = each
        for peer in peers:
            print(f"  {ours} takes {1 / ratio(found, ours, peer):.1f} of the time of {peer}")


def processes(folder: Path) -> tuple[Goal, ...]:
    """Load the books in processes of their own, and plan one operation on each: print how cost grows."""
    cache = str(folder / "cache")
    bare = loaded(_OFF).megabytes
    goals: list[Goal] = []
    for form, most in (("json", 1), ("yaml", 3)):
        print(f"load: seconds of CPU and memory, {form.upper()}")
        print("  documents   cold    kept   plan, cold   plan, kept    memory, KB a document: cold   kept")
        for count, _ in SIZES:
            book = folder / f"{count}.{form}"
            cold, (said, cold_plan) = loaded(_OFF, book), planned(_OFF, book)
            planned(cache, book)
            kept, (again, kept_plan) = loaded(cache, book), planned(cache, book)
            assert said == again, "a kept book gives another plan"
            of_cold, of_kept = ((each.megabytes - bare) * 1024 / count for each in (cold, kept))
            times = f"{cold.seconds:7.2f} {kept.seconds:7.2f} {cold_plan:12.2f} {kept_plan:12.2f}"
            print(f"  {count:>9,}{times} {of_cold:31.1f} {of_kept:6.1f}")
        what = f"a book of {count:,} documents in {form.upper()}"
        goals += [
            Goal(f"{what}, read and checked", f"{most} s", f"{cold.seconds:.2f} s"),
            Goal(f"{what}, read before", "0.3 s", f"{kept.seconds:.2f} s"),
            Goal(f"{what}, memory", "6 KB a document", f"{of_cold:.1f} KB"),
            Goal(f"`plan` of one operation on {what}, read before", "what it touches", f"{kept_plan:.2f} s in all"),
        ]
    return tuple(goals)


def main() -> tuple[Goal, ...]:
    """Run and print."""
    with tempfile.TemporaryDirectory() as kept, mock.patch.dict(os.environ, {"BILLPOLICY_CACHE": _OFF}):
        folder = Path(kept)
        for count, rounds in SIZES:
            contest(folder, count, rounds)
        return processes(folder)


if __name__ == "__main__":
    main()
