"""Brings a folder of Markdown files into the knowledge base: `python -m retrieval.ingest PATH`.

It writes to the database only, so it works whether a service runs or not, and never touches the index, which belongs
to the service. Running services follow the database within about a second.
"""

import argparse
import asyncio
import re
import sys
from pathlib import Path

from retrieval.deepening import deepen_all
from retrieval.documents import Action, IngestReport, Outcome
from retrieval.ingestor import Ingestor, Progress
from retrieval.markdown_file import MarkdownFileError, read_document
from retrieval.settings import Settings
from servicekit.clock import SystemClock
from servicekit.db.pool import Database
from servicekit.embedding import Embedder, QuickEmbedder
from servicekit.errors import ProblemError


def starter_folder() -> Path:
    """The help articles of the demo shop, which come with the package."""
    return Path(__file__).parent / "knowledge"


async def ingest_folder(
    folder: Path,
    *,
    database_url: str,
    embedder: Embedder | None = None,
    source: str | None = None,
    full_set: bool = True,
    progress: Progress = lambda _: None,
) -> IngestReport:
    """Stores every `*.md` file under `folder`. Raises ProblemError when the database is down.

    The folder is the full set of its `source` (by default named after the folder): documents whose file is gone are
    deleted, unless a file failed or `full_set` is False. Files with errors become `failed` outcomes.
    """
    own: Embedder = embedder if embedder is not None else await asyncio.to_thread(Embedder.load)
    db = await Database.connect(database_url, size=2)
    try:
        ingestor = Ingestor(db, own.pieces, await asyncio.to_thread(QuickEmbedder.load), SystemClock())
        report = await store_folder(folder, ingestor, source=source, full_set=full_set, progress=progress)
        await deepen_all(db, own.embed)
        return report
    finally:
        await db.close()
        if embedder is None:
            own.close()


async def store_folder(
    folder: Path,
    ingestor: Ingestor,
    *,
    source: str | None = None,
    full_set: bool = True,
    progress: Progress = lambda _: None,
) -> IngestReport:
    """As `ingest_folder`, with an ingestor that is already there."""
    name_of_set = source or source_of(folder)
    outcomes: list[Outcome] = []
    kept: dict[str, str] = {}

    def add(outcome: Outcome) -> None:
        outcomes.append(outcome)
        progress(outcome)

    for path in await asyncio.to_thread(lambda: sorted(folder.rglob("*.md"))):
        name = path.relative_to(folder).as_posix()
        try:
            document = await asyncio.to_thread(read_document, path)
        except MarkdownFileError as error:
            add(Outcome(url=name, action=Action.FAILED, detail=str(error)))
            continue
        if document.id in kept:
            detail = f"has the same url as {kept[document.id]}"
            add(Outcome(url=name, action=Action.FAILED, detail=detail))
            continue
        kept[document.id] = name
        add(await ingestor.put(document, name_of_set))
    if full_set and kept and not any(one.action is Action.FAILED for one in outcomes):
        for outcome in await ingestor.delete_others(name_of_set, kept):
            add(outcome)
    return IngestReport(source=name_of_set, results=tuple(outcomes))


def source_of(folder: Path) -> str:
    """The name under which a folder's documents are kept."""
    return "folder:" + (re.sub(r"[^A-Za-z0-9._-]", "-", folder.resolve().name) or "root")[:57]


def main() -> None:
    """The command. Exit code 1 when a file failed, 2 when the folder or the database cannot be used."""
    parser = argparse.ArgumentParser(description="Bring a folder of Markdown files into the knowledge base.")
    parser.add_argument("folder", type=Path, nargs="?", default=starter_folder(), help="default: the starter articles")
    parser.add_argument("--keep-missing", action="store_true", help="do not delete documents whose file is gone")
    parser.add_argument("--source", help="the name of this set of documents; default: after the folder")
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        parser.error(f"{asked.folder} is not a folder")
    work = ingest_folder(
        asked.folder,
        database_url=Settings().database_url,
        source=asked.source,
        full_set=not asked.keep_missing,
        progress=_print,
    )
    try:
        report = asyncio.run(work)
    except ProblemError as error:
        sys.stderr.write(f"{error.problem.title}. {error.problem.detail}\n")
        sys.exit(2)
    summary = ", ".join(f"{count} {action.value}" for action in Action if (count := report.count(action)))
    sys.stdout.write(f"{report.source}: {summary or 'no Markdown files found'}\n")
    sys.exit(1 if report.count(Action.FAILED) else 0)


def _print(outcome: Outcome) -> None:
    more = outcome.detail or (f"{outcome.chunks} chunks" if outcome.chunks else "")
    sys.stdout.write(f"{outcome.action.value:9}  {outcome.url}{'  ' + more if more else ''}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
