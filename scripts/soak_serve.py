"""Does the service outlive everything at once? `make soak-serve` soaks one on each database, for so many minutes each.

Posters, callers with bad tokens and huge bodies, policies that change to what is right and what is wrong, workers that
are killed, and the service stopped and begun again: `tests/service/soak.py`. It fails where the ledger does not check,
where an operation that was acknowledged is lost or doubled, or where the log does not explain a refusal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.helpers.postgresql import server
from tests.service.soak import Soak, told


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is sent, and which worker is killed")
    parser.add_argument("--minutes", type=float, default=5, help="of each database")
    asked = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as at, server() as running:
        on_it = running.url(running.new_database())
        for kind, url in (("SQLite", f"sqlite:///{Path(at) / 'ledger.db'}"), ("PostgreSQL", on_it)):
            folder = Path(at) / kind
            folder.mkdir()
            found = Soak(url, folder, asked.seed, asked.minutes * 60).run()
            print(f"{kind}, {asked.minutes:g} minutes, seed {asked.seed}", *told(found), sep="\n  ", flush=True)
            wrong += len(found.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
