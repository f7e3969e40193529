"""The demo shop's knowledge: `python -m retrieval.seed` stores the 20 starter articles. Again changes nothing."""

import asyncio

from retrieval.deepening import deepen_all
from retrieval.ingest import main, starter_folder, store_folder
from retrieval.ingestor import Ingestor
from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.embedding import Embedder, QuickEmbedder


async def seed(db: Database, clock: Clock | None = None) -> None:
    """Stores the starter articles in `db`."""
    embedder = await asyncio.to_thread(Embedder.load)
    try:
        quick = await asyncio.to_thread(QuickEmbedder.load)
        await store_folder(starter_folder(), Ingestor(db, embedder.pieces, quick, clock or SystemClock()))
        await deepen_all(db, embedder.embed)
    finally:
        embedder.close()


if __name__ == "__main__":
    main()
