"""The tables of a new ledger in a file, made as the migrations made them the first time in this process: they take a
tenth of a second each time, and a thousand tests make one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Upgrade = Callable[..., None]


def made_once(upgrade: Upgrade) -> Upgrade:
    """The migrations, run once for all files in which there is nothing yet. Whatever else is asked they do."""
    statements: list[str] = []

    @functools.wraps(upgrade)
    def quick(core: Any, to: str = "head") -> None:
        driver = core.connection.driver_connection
        if core.dialect.name != "sqlite" or to != "head" or _has_tables(driver):
            upgrade(core, to)
        elif statements:
            for statement in statements:
                driver.execute(statement)
        else:
            upgrade(core, to)
            statements.extend(_statements(driver))

    return quick


def _has_tables(driver: Any) -> bool:
    return bool(driver.execute("SELECT 1 FROM sqlite_master").fetchone())


def _statements(driver: Any) -> list[str]:
    made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    revisions = driver.execute("SELECT version_num FROM alembic_version")
    return [sql for (sql,) in driver.execute(made)] + [
        f"INSERT INTO alembic_version VALUES ('{revision}')" for (revision,) in revisions
    ]
