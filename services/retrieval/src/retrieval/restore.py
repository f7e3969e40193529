"""Makes the index from a snapshot: `python -m retrieval.restore FILE`. Services follow the database from there on.

What changed since the snapshot is found by the versions of its documents, so an old one does no harm. It is refused
when it was made with other models. While a service has the index, it has to be stopped first.
"""

import argparse
import asyncio
import sys
from itertools import groupby
from pathlib import Path

from contracts.errors import ProblemCode
from retrieval.backends.choice import made_with, store_writer, vector_store
from retrieval.backends.port import Point, StoreUnavailable, VectorStore
from retrieval.settings import Settings
from retrieval.snapshot_file import SnapshotError, read_manifest, read_points
from servicekit.db.pool import Database
from servicekit.errors import ProblemError


async def restore(settings: Settings, path: Path) -> str:
    """Restores, and says in a sentence what. Raises SnapshotError, ProblemError or StoreUnavailable.

    A snapshot that is damaged is refused before anything is thrown away.
    """
    manifest = await asyncio.to_thread(read_manifest, path)
    if manifest.made_with != made_with():
        raise SnapshotError("the snapshot was made with other models or by another release")
    points = [point for page in await asyncio.to_thread(lambda: list(read_points(path))) for point in page]
    db = await Database.connect(settings.database_url, size=2)
    store, writer = vector_store(settings), store_writer(settings, db)
    try:
        if not await writer.is_ours():
            raise ProblemError(ProblemCode.CONFLICT, "A running service writes to the index; stop it first.")
        documents = await _fill(store, points)
        return f"{documents} documents, {len(points)} windows were restored, as of revision {manifest.revision}."
    finally:
        await writer.close()
        await store.close()
        await db.close()


async def _fill(store: VectorStore, points: list[Point]) -> int:
    def document(point: Point) -> str:
        return point.labels.document_id

    await store.recreate()
    count = 0
    for document_id, group in groupby(sorted(points, key=document), key=document):
        await store.put(document_id, list(group))
        count += 1
    await store.flush()
    return count


def main() -> None:
    """The command. Exit code 2 when the snapshot is refused, or the index or the database cannot be used."""
    parser = argparse.ArgumentParser(description="Make the search index from a snapshot.")
    parser.add_argument("file", type=Path)
    try:
        sys.stdout.write(asyncio.run(restore(Settings(), parser.parse_args().file)) + "\n")
    except ProblemError as error:
        sys.stderr.write(f"{error.problem.title}. {error.problem.detail}\n")
        sys.exit(2)
    except (SnapshotError, StoreUnavailable) as error:
        sys.stderr.write(f"Nothing was restored: {error}.\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
