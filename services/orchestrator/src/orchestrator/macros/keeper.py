"""Has the answers of staff looked at once a day: a sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.macros.looking import Looking
from servicekit.background import sweeping

#: So often it is asked whether a site is due; that stands in Postgres, so a restart neither repeats nor skips a day.
ASK_EVERY_S = 600.0


class MacroKeeper:
    """Several may run at once, one per worker: of them one looks."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking

    @asynccontextmanager
    async def running(self, every_s: float = ASK_EVERY_S) -> AsyncIterator[None]:
        """Asks about every `every_s` seconds; never when that is 0."""
        async with sweeping("macros", every_s, 1, self._looking.sweep):
            yield
