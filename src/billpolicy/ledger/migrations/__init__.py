"""How a ledger's tables came about, step by step. Alembic runs the steps; nothing else imports it.

A step that has been released is never edited: it is how existing ledgers were made. A change of `schema.py` is a new
file under `versions/` and a new entry in `schema.REVISIONS`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, StaticPool, create_engine
from sqlalchemy.exc import DBAPIError


def upgrade(core: Connection, to: str = "head") -> None:
    """Bring the tables up to a revision, the newest by default, inside the transaction that is open. Raises what the
    driver does."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = core
    with _errors_of_driver():
        command.upgrade(config, to)


@contextmanager
def core_of(driver: Any, dialect: str) -> Iterator[Connection]:
    """SQLAlchemy's connection on one of a driver, in no transaction yet; the dialect is named as SQLAlchemy does. What
    is left of a transaction at its end is rolled back. Raises what the driver does."""
    engine = create_engine(f"{dialect}://", creator=lambda: driver, poolclass=StaticPool)
    with _errors_of_driver(), engine.connect() as core:
        yield core


@contextmanager
def _errors_of_driver() -> Iterator[None]:
    """Raise what the driver raised where SQLAlchemy has wrapped it."""
    try:
        yield
    except DBAPIError as error:
        if error.orig is None:
            raise
        raise error.orig from None
