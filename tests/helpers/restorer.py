"""Restores a backup in the place of a ledger. Run by tests, in processes to kill.

Arguments: the file of the backup, the address of the ledger, and how much it has that the backup has not.
"""

from __future__ import annotations

import sys

from billpolicy.ledger.backups import restore_ledger

if __name__ == "__main__":
    file, url, discard = sys.argv[1:]
    print("begins", flush=True)
    restore_ledger(file, url, replace=True, discard=discard)
