"""Keep ledgers as an earlier version of billpolicy left them, for tests/ledger/test_kept_ledgers.py.

    python scripts/keep_ledgers.py COMMIT

takes the program of that commit, posts its own examples with it, and writes tests/ledger/older/kept_REVISION.json.xz:
of as few ledgers as have every operation, kind and state of a document and filled table that there is among them, the
SQL of the file. It is run once, before the revision of the tables goes up.
"""

import json
import lzma
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDER = ROOT / "tests" / "ledger" / "older"
TODAY = "2026-06-30"


def main(commit: str) -> None:
    """Keep the ledgers that the program of a commit makes."""
    with tempfile.TemporaryDirectory() as name:
        then = Path(name)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE)
        subprocess.run(["tar", "x", "-C", name], input=archive.stdout, check=True)
        made = {}
        for story in sorted(path.parent for path in then.glob("examples/*/operations.yaml")):
            ledger = made_by(then, story)
            if ledger is not None:
                made[story.name] = ledger
        chosen = few_with_all({name: features(file) for name, file in made.items()})
        kept = {name: sql_of(made[name]) for name in chosen}
        (revision,) = {revision_of(made[name]) for name in chosen}
    target = OLDER / f"kept_{revision}.json.xz"
    with lzma.open(target, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME) as file:
        json.dump(kept, file)
    print(f"{target.relative_to(ROOT)}: {len(kept)} of {len(made)} ledgers, {target.stat().st_size:,} bytes")


def made_by(then: Path, story: Path) -> Path | None:
    """The ledger of an example; None of one that has no book, or posts nothing."""
    book, ledger = story / "book.yaml", story / "kept.db"
    if not book.exists():
        return None
    policy = next((story / name for name in ("policy.yaml", "policy") if (story / name).exists()), None)
    named = re.search(r"^today: *(\d{4}-\d\d-\d\d)", (story / "expected.yaml").read_text(), re.MULTILINE)
    today = named[1] if named else TODAY
    url = f"sqlite:///{ledger}"
    asked = ["--policy", str(policy or then / "policies" / "standard"), "--today", today, "--engine", "python"]
    for command in (
        ["ledger", "init", url],
        ["ledger", "import", url, str(book)],
        ["post", str(story / "operations.yaml"), *asked, "--ledger", url, "--actor", "tester"],
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "billpolicy", *command],
            cwd=then,
            env={**os.environ, "PYTHONPATH": str(then / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode and command[0] != "post":  # some operations of examples are refused
            print(f"{story.name}: {' '.join(command[:2])}: {ran.stderr.strip()[:200]}", file=sys.stderr)
            return None
    with closing(sqlite3.connect(ledger)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM operations").fetchone()
    return ledger if count else None


def features(file: Path) -> set[tuple[str, ...]]:
    """What there is in a ledger: operations, kinds and states of documents, tables with rows."""
    with closing(sqlite3.connect(file)) as connection:
        found = {("operation", *row) for row in connection.execute("SELECT DISTINCT operation FROM operations")}
        found |= {("document", *row) for row in connection.execute("SELECT DISTINCT kind, status FROM documents")}
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone():
                found.add(("table", table))
    return found


def few_with_all(having: dict[str, set[tuple[str, ...]]]) -> list[str]:
    """Names that together have every feature: each time that with the most which are missing."""
    missing = set().union(*having.values())
    chosen = []
    while missing:
        best = max(sorted(having), key=lambda name: len(having[name] & missing))
        missing -= having[best]
        chosen.append(best)
    return sorted(chosen)


def sql_of(file: Path) -> list[str]:
    """The statements that make the file."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def revision_of(file: Path) -> str:
    """That of its tables."""
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
