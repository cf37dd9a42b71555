"""Alembic environment: runs the migrations on the connection passed by `redaction.catalog`."""

from alembic import context
from sqlmodel import SQLModel

from redaction.catalog import tables  # noqa: F401  (registers the tables in SQLModel.metadata)

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
