"""The demo shop's tickets: `python -m tickets.seed`. Repeating it brings the same rows back."""

from functools import partial

from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.db.seeding import run_seed, seed_tables
from servicekit.sealing.keyfile import open_keys
from servicekit.sealing.subjects import SubjectKeys
from tickets.clear_rows import clear_rows
from tickets.settings import Settings

_KEYS = {"tickets": "id"}


async def seed(db: Database, clock: Clock | None = None, keys: SubjectKeys | None = None) -> None:
    """Writes the rows of `seed_data/`; their times follow the day that the clock shows.

    Sealed with `keys`; without, they are in clear until the service seals them.
    """
    await seed_tables(db, "tickets", _KEYS, (clock or SystemClock()).now())
    if keys is not None:
        await clear_rows(db, keys).seal_all()


if __name__ == "__main__":
    settings = Settings()
    run_seed(settings, partial(seed, keys=SubjectKeys(open_keys(settings.master_key_file, SystemClock()))))
