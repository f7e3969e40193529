"""Real Postgres and Valkey servers started from Python wheels: for one machine and for tests.

Both are started as direct children, listen on 127.0.0.1 only, ask for a password, keep their data on disk, and
die with the process that started them, even when that one is killed.
"""

from servicekit.embedded.errors import EmbeddedError
from servicekit.embedded.ports import free_port, port_is_free
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedValkey", "free_port", "port_is_free"]
