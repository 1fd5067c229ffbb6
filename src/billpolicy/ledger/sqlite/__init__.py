"""How is a ledger kept in SQLite? This room alone knows its address, its file, its locks and its errors."""

from billpolicy.ledger.sqlite.backups import copy_of, last_link_in, restored
from billpolicy.ledger.sqlite.database import create_database, open_database
from billpolicy.ledger.sqlite.files import files_of

__all__ = ["copy_of", "create_database", "files_of", "last_link_in", "open_database", "restored"]
