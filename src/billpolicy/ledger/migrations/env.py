"""Run by Alembic: the steps run on the connection that `upgrade` was given, inside its transaction."""

from __future__ import annotations

from alembic import context

from billpolicy.ledger.migrations.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # as SQLite can: a killed migration leaves the tables as they were
)
context.run_migrations()
