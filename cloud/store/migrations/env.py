"""How Alembic runs our migrations: on the connection, and in the transaction, that `cloud.store.engine` gives."""

from alembic import context

from cloud.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
