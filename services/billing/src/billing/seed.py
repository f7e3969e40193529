"""The demo shop's invoices and charges: `python -m billing.seed`. Repeating it brings the same rows back."""

from billing.settings import Settings
from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.db.seeding import run_seed, seed_tables

_KEYS = {"invoices": "number", "invoice_lines": "invoice_number, line", "charges": "id"}


async def seed(db: Database, clock: Clock | None = None) -> None:
    """Writes the rows of `seed_data/`; their times follow the day that the clock shows."""
    await seed_tables(db, "billing", _KEYS, (clock or SystemClock()).now())


if __name__ == "__main__":
    run_seed(Settings(), seed)
