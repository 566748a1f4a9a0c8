"""Alembic's entry point. Runs on the connection that ``services.database.migrations`` opened."""

from __future__ import annotations

from alembic import context

from services.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,  # so that a version can build an index outside of a transaction
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
