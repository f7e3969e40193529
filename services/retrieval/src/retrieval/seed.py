"""The demo shop's knowledge: `python -m retrieval.seed` stores the 20 starter articles. Again changes nothing."""

from retrieval.deepen import LateEmbedder
from retrieval.ingest import finish, main, open_ingestor, starter_folder
from retrieval.runs import SILENT, run_source
from retrieval.sources.choose import source_of
from retrieval.sources.files import FileSource
from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database


async def seed(db: Database, clock: Clock | None = None) -> None:
    """Stores the starter articles in `db`."""
    time = clock or SystemClock()
    folder = starter_folder()
    model = LateEmbedder()
    try:
        await run_source(FileSource(folder, source_of(folder)), await open_ingestor(db, time), db, time)
        await finish(db, model.embed, SILENT)
    finally:
        model.close()


if __name__ == "__main__":
    main()
