"""How is a ledger kept in PostgreSQL? This room alone knows its address, its server, its locks and its errors."""

from billpolicy.ledger.postgresql.database import create_database, files_of, open_database
from billpolicy.ledger.postgresql.dumps import copy_of, restored

__all__ = ["copy_of", "create_database", "files_of", "open_database", "restored"]
