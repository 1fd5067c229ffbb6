"""Change a ledger by hand in every way, and count what `ledger check` finds.

    python -m scripts.attack_ledger

changes every cell of every table, one at a time, to something else of its kind and to what is of another type, does
what somebody would do who gains by it, and writes the table of docs/security.md. It takes some minutes.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.posting.stats import KeptHead
from scripts.marked import write_marked
from tests.helpers.paths import ROOT
from tests.helpers.tampering import (
    ATTACKS,
    SCHEMA_ATTACKS,
    attack,
    edits,
    fill_for_attacks,
    make_chain_anew,
    strange_edits,
)

PAGE = ROOT / "docs" / "security.md"
SEED = 20261127


def found(path: Path, head: KeptHead | None = None) -> bool:
    """Whether the check of a ledger finds anything, or it cannot even be opened."""
    try:
        with open_ledger(f"sqlite:///{path}") as ledger:
            return bool(ledger.check(head))
    except Refused:
        return True


def main() -> int:
    """Write the table."""
    rows: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        whole, copy = Path(name) / "whole.db", Path(name) / "copy.db"
        with create_ledger(f"sqlite:///{whole}") as ledger:
            fill_for_attacks(ledger)
            with ledger.reading() as reader:
                head = KeptHead(reader.head().digest, reader.head().numbers)
        assert not found(whole, head)

        def tried(row: str, seen: bool | None) -> None:
            rows.setdefault(row, Counter())["refused" if seen is None else "found" if seen else "not found"] += 1
            for file in Path(name).glob("copy.db*"):
                file.unlink()

        chance = random.Random(SEED)
        every = [
            *(("a cell changed", edit) for edit in edits(whole, chance)),
            *(("a cell that holds what nobody writes there", edit) for edit in strange_edits(whole, chance)),
        ]
        for place, (row, edit) in enumerate(every):
            shutil.copy(whole, copy)
            try:
                edit.done_to(copy)
            except sqlite3.IntegrityError:
                tried(row, None)
                continue
            tried(row, found(copy))
            if place % 100 == 0:
                print(f"{place} of {len(every)} changes of a cell", file=sys.stderr)
        for one in (*ATTACKS, *SCHEMA_ATTACKS):
            for row, kept, anew in (
                ("an attack", None, False),
                ("an attack, with a kept head", head, False),
                ("an attack and the chain made anew", None, True),
                ("an attack and the chain made anew, with a kept head", head, True),
            ):
                if not (anew and one in SCHEMA_ATTACKS):
                    shutil.copy(whole, copy)
                    attack(copy, one)
                    if anew:
                        make_chain_anew(copy)
                    tried(row, found(copy, kept))
    lines = ["| | tried | the database refuses | found | not found |", "|---|---:|---:|---:|---:|"]
    for row, counts in rows.items():
        told = (counts.total(), counts["refused"], counts["found"], counts["not found"])
        lines.append(f"| {row} | {' | '.join(f'{count:,}' for count in told)} |")
    write_marked(PAGE, "attacks", "\n".join(lines))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
