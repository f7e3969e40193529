"""Gives windows their deep vectors until none is pending: `python -m retrieval.deepen`.

A service starts this command by itself when there is work. It runs at low priority and on one thread, and holds the
model only as long as it lives. Two of them never work at once: the second waits for the first.
"""

import asyncio
import os
import sys

import numpy as np

from retrieval.backends.port import Vector
from retrieval.deepening import deepen_all
from retrieval.deepening.shipped import ShippedVectors
from retrieval.settings import Settings
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, Embedder
from servicekit.errors import ProblemError

_NICENESS = 10


class LateEmbedder:
    """The deep model, loaded when the first text comes that no vector was shipped for."""

    def __init__(self) -> None:
        self._shipped: ShippedVectors | None = None
        self._loaded: Embedder | None = None

    async def embed(self, texts: list[str]) -> Vector:
        """The vectors of `texts`, as `Embedder.embed`. Raises AssetError."""
        if self._shipped is None:
            self._shipped = await asyncio.to_thread(ShippedVectors.load)
        known = self._shipped.of(texts)
        if fresh := [text for text in dict.fromkeys(texts) if text not in known]:
            if self._loaded is None:
                self._loaded = await asyncio.to_thread(Embedder.load)
            known.update(zip(fresh, await self._loaded.embed(fresh), strict=True))
        return np.array([known[text] for text in texts], dtype=np.float32).reshape(len(texts), DIMENSIONS)

    def close(self) -> None:
        """Lets go of the model."""
        if self._loaded is not None:
            self._loaded.close()


async def deepen(database_url: str) -> int:
    """Works the queue of a database to its end; returns how many texts were embedded. Raises ProblemError."""
    db = await Database.connect(database_url, size=3)
    model = LateEmbedder()
    try:
        return await deepen_all(db, model.embed, progress=_print)
    finally:
        model.close()
        await db.close()


def _print(done: int, pending: int) -> None:
    sys.stdout.write(f"{done} windows done, {pending} pending\n")
    sys.stdout.flush()


def main() -> None:
    """The command. Exit code 2 when the database cannot be used."""
    os.nice(_NICENESS)
    try:
        embedded = asyncio.run(deepen(Settings().database_url))
    except ProblemError as error:
        sys.stderr.write(f"{error.problem.title}. {error.problem.detail}\n")
        sys.exit(2)
    sys.stdout.write(f"{embedded} texts embedded; nothing is pending.\n")


if __name__ == "__main__":
    main()
