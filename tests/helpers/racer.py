"""Tries to be the one to put the last money of a payment on an invoice, and tells how it went. Run by tests.

Arguments: the address of a ledger, and which of the racers this is.
"""

from __future__ import annotations

import sys

from billpolicy.ledger.store import open_ledger
from tests.ledger.test_settlement import put_all

if __name__ == "__main__":
    with open_ledger(sys.argv[1]) as ledger:
        print(put_all(ledger, int(sys.argv[2])))
