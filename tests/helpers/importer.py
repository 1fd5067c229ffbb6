"""Makes a ledger and imports 400 invoices, and kills itself before one of its statements. Run by tests.

Arguments: the address of a ledger, and before which statement; with 0 it lives, and tells how many it ran. A third one,
`nothing`: it imports nothing, but makes the ledger, or brings an older one up to date.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from typing import Any
from unittest import mock

from billpolicy.ledger.store import create_ledger
from tests.helpers.sample import many_invoices

INVOICES = 400


def main(url: str, last: int, *, imports: bool) -> None:
    ran = 0

    def count(statement: str) -> None:
        nonlocal ran
        ran += 1
        if ran == last:
            os.kill(os.getpid(), signal.SIGKILL)

    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    with mock.patch.object(sqlite3, "connect", counted), create_ledger(url) as ledger:
        if imports:
            ledger.import_book(many_invoices(INVOICES))
    print(ran)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), imports="nothing" not in sys.argv[3:])
