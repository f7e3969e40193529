"""The demo shop's customers and orders: `python -m orders.seed`. Repeating it brings the same rows back."""

from orders.settings import Settings
from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.db.seeding import run_seed, seed_tables

_KEYS = {"customers": "id", "orders": "id", "order_items": "order_id, line"}


async def seed(db: Database, clock: Clock | None = None) -> None:
    """Writes the rows of `seed_data/`; their times follow the day that the clock shows."""
    await seed_tables(db, "orders", _KEYS, (clock or SystemClock()).now())


if __name__ == "__main__":
    run_seed(Settings(), seed)
