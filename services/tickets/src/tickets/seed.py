"""The demo shop's tickets: `python -m tickets.seed`. Repeating it brings the same rows back."""

from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.db.seeding import run_seed, seed_tables
from tickets.settings import Settings

_KEYS = {"tickets": "id"}


async def seed(db: Database, clock: Clock | None = None) -> None:
    """Writes the rows of `seed_data/`; their times follow the day that the clock shows."""
    await seed_tables(db, "tickets", _KEYS, (clock or SystemClock()).now())


if __name__ == "__main__":
    run_seed(Settings(), seed)
