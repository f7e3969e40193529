"""Brings documents into the knowledge base: `python -m retrieval.ingest PATH_OR_URL`, and what `aiguy ingest` runs.

It writes to the database only, so it works whether a service runs or not, and never touches the index, which belongs
to the service. Running services follow the database within about a second.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg

from contracts.knowledge import Action, IngestReport
from retrieval.deepen import LateEmbedder
from retrieval.deepening import deepen_all
from retrieval.deepening.work import Embed
from retrieval.ingest_arguments import read_arguments
from retrieval.ingest_lines import Lines, summary
from retrieval.ingestor import Ingestor
from retrieval.runs import SILENT, Show, run_source
from retrieval.sources.choose import Asked, choose
from retrieval.sources.port import SourceFailed
from retrieval.sources.settings import IngestSettings
from retrieval.sources.vouched import Vouched
from servicekit.clock import Clock, SystemClock
from servicekit.db.pool import Database
from servicekit.embedding import Embedder, QuickEmbedder, WordPieces
from servicekit.errors import ProblemError

GOOD, SOME_REFUSED, NOT_DONE, INTERRUPTED = 0, 1, 2, 130
_CONNECTIONS = 4
_NICENESS = 10


class IngestFailed(Exception):
    """The ingest could not be done, or not to its end. The text is for the person at the terminal."""


def starter_folder() -> Path:
    """The help articles of the demo shop, which come with the package."""
    return Path(__file__).parent / "knowledge"


async def ingest(asked: Asked, settings: IngestSettings, show: Show = SILENT, *, deepen: bool = True) -> IngestReport:
    """One run, recorded, of what was asked for. Raises IngestFailed; what was stored until then stays, and is whole.

    `deepen`: ends when all deep vectors are there too, not when everything can be found.
    """
    model = LateEmbedder()
    try:
        return await _ingest(asked, settings, show, model.embed if deepen else None)
    except SourceFailed as error:
        raise IngestFailed(str(error)) from error
    except ProblemError as error:
        raise IngestFailed(f"{error.problem.title}. {error.problem.detail}") from error
    except asyncpg.UndefinedTableError as error:
        raise IngestFailed("The database is not up to date. Run: python -m servicekit.db.migrate retrieval") from error
    finally:
        model.close()


async def _ingest(asked: Asked, settings: IngestSettings, show: Show, embed: Embed | None) -> IngestReport:
    clock = SystemClock()
    source = choose(asked, settings, clock)
    db = await Database.connect(settings.database_url, size=_CONNECTIONS)
    try:
        ingestor = await open_ingestor(db, clock)
        report = await run_source(source, ingestor, db, clock, delete_missing=not asked.keep_missing, show=show)
        await finish(db, embed, show)
        return report
    finally:
        await source.close()
        await db.close()


async def open_ingestor(db: Database, clock: Clock) -> Ingestor:
    """An ingestor with the models that it needs."""
    pieces = await asyncio.to_thread(WordPieces.load)
    return Ingestor(db, pieces, await asyncio.to_thread(QuickEmbedder.load), clock)


async def finish(db: Database, embed: Embed | None, show: Show) -> None:
    """What is done after the last document: all of them can be found already, now they get their deep vectors."""
    if embed is not None:
        await deepen_all(db, embed, progress=show.deepened)


async def ingest_folder(
    folder: Path,
    *,
    database_url: str,
    embedder: Embedder | None = None,
    source: str | None = None,
    full_set: bool = True,
    vouched: Vouched = Vouched(),  # noqa: B008 - frozen
    show: Show = SILENT,
) -> IngestReport:
    """As `ingest`, for a folder. Raises SourceFailed, ProblemError."""
    asked = Asked(str(folder), vouched, source, keep_missing=not full_set)
    settings = IngestSettings(database_url=database_url)
    model = LateEmbedder()
    try:
        return await _ingest(asked, settings, show, embedder.embed if embedder else model.embed)
    finally:
        model.close()


def main() -> None:
    """The command. Exit code 1 when a document was refused, 2 when it could not be done, 130 when interrupted."""
    asked, deepen = read_arguments(starter_folder())
    with suppress(OSError):
        os.nice(_NICENESS)
    lines = Lines(sys.stdout)
    try:
        report = asyncio.run(ingest(asked, IngestSettings(), lines, deepen=deepen))
    except IngestFailed as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_DONE)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was stored until now stays; run it again to go on.\n")
        sys.exit(INTERRUPTED)
    sys.stdout.write(f"{summary(report)}\n")
    sys.exit(SOME_REFUSED if report.count(Action.FAILED) else GOOD)


if __name__ == "__main__":
    main()
