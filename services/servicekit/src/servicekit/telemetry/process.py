"""What every process tells of itself: memory, CPU, open files, and its connections to the database."""

from prometheus_client import ProcessCollector

from servicekit.db.pool import Database
from servicekit.telemetry.metrics import Metrics


def measure_process(metrics: Metrics, database: Database) -> None:
    """Adds the `process_*` metrics, and the pool of `database`. Asked when `/metrics` is, and not before."""
    ProcessCollector(registry=metrics.registry)
    pool = database.pool
    connections = metrics.gauge("aiguy_database_connections", "Connections to the database, by state.", ("state",))
    connections.labels("idle").set_function(pool.get_idle_size)
    connections.labels("in_use").set_function(lambda: pool.get_size() - pool.get_idle_size())
    most = metrics.gauge("aiguy_database_connections_most", "How many connections the pool may have.")
    most.set_function(pool.get_max_size)
