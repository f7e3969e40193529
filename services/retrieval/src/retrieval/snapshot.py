"""Writes the index into one file: `python -m retrieval.snapshot FILE`.

An index in a folder can be read only while no service has it open; one on a server at any time.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from retrieval import repository
from retrieval.backends.choice import made_with, vector_store
from retrieval.backends.port import StoreUnavailable
from retrieval.settings import Settings
from retrieval.snapshot_file import Manifest, SnapshotWriter
from servicekit.db.pool import Database
from servicekit.errors import ProblemError


async def snapshot(settings: Settings, path: Path) -> str:
    """Writes the file, and says in a sentence what is in it. Raises ProblemError, StoreUnavailable or OSError."""
    db = await Database.connect(settings.database_url, size=2)
    store = vector_store(settings)
    try:
        async with db.primary() as connection:
            corpus = await repository.corpus_state(connection)
        documents = await store.open()
        writer = SnapshotWriter(path)
        count = 0
        try:
            async for page in store.points():
                await asyncio.to_thread(writer.add, page)
                count += len(page)
            writer.finish(Manifest(made_with(), corpus.revision))
        finally:
            writer.abandon()
        return f"{len(documents)} documents, {count} windows, revision {corpus.revision}: written to {path}."
    finally:
        await store.close()
        await db.close()


def main() -> None:
    """The command. Exit code 2 when the index, the database or the file cannot be used."""
    parser = argparse.ArgumentParser(description="Write the search index into one file.")
    parser.add_argument("file", type=Path)
    try:
        sys.stdout.write(asyncio.run(snapshot(Settings(), parser.parse_args().file)) + "\n")
    except ProblemError as error:
        sys.stderr.write(f"{error.problem.title}. {error.problem.detail}\n")
        sys.exit(2)
    except (StoreUnavailable, OSError) as error:
        sys.stderr.write(f"No snapshot was written: {error}.\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
