"""The garbage collector of a service: start-up makes what lives as long as the process, and a request leaves few cycles
behind. It need not walk the one again and again, nor look for the others after every few hundred objects.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

#: So many objects more than before, and the collector looks at the youngest of them (Python's own: 700).
LOOKS_AFTER = 10_000


def keep_what_starts(app: FastAPI) -> None:
    """From the end of `app`'s start-up the collector leaves alone what is there, for none of it is ever released, and
    looks at the rest less often.

    For the one app of a process.
    """
    start = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with start(app):
            gc.collect()
            gc.freeze()
            gc.set_threshold(LOOKS_AFTER)
            yield

    app.router.lifespan_context = lifespan
