"""What a service leaves behind in its process when it was closed."""

import gc
import weakref
from collections.abc import Callable, Sequence

import httpx
from fastapi import FastAPI

from servicekit.testing.http import running

Part = Callable[[FastAPI], object]


async def left_of(build: Callable[[], FastAPI], *parts: Part) -> list[object]:
    """Serves the app that `build` makes, closes it, and returns what is still held of the app and of its `parts`."""
    held = await _served(build, parts)
    gc.collect()
    return [one for reference in held if (one := reference()) is not None]


async def _served(build: Callable[[], FastAPI], parts: Sequence[Part]) -> list[weakref.ref[object]]:
    app = build()
    async with running(app) as client:
        answer = await client.get("/livez")
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(answer.text)
        return [weakref.ref(one) for one in (app, *(part(app) for part in parts))]
