"""The database: pools and transactions (`pool`), migrations (`migrate`, `migration_env`)."""

from servicekit.db.pool import Connection, Database

__all__ = ["Connection", "Database"]
