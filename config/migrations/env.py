"""Alembic's entry: runs the migrations on the connection `config.migrate` hands over."""

from alembic import context

# Batch mode: SQLite cannot alter a table, it is copied instead; PostgreSQL is altered in place.
context.configure(
    connection=context.config.attributes["connection"], render_as_batch=True, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
