"""Start-up makes what lives as long as the process: the garbage collector need not walk it again and again."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI


def keep_what_starts(app: FastAPI) -> None:
    """From the end of `app`'s start-up the collector leaves alone what is there: none of it is ever released.

    For the one app of a process.
    """
    start = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with start(app):
            gc.collect()
            gc.freeze()
            yield

    app.router.lifespan_context = lifespan
