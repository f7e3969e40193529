"""Makes the search index anew from the database: `python -m retrieval.rebuild`. The deep model is not needed.

Running services are told through the database and rebuild theirs within about a second. When no service holds the
index folder, it is rebuilt here as well.
"""

import asyncio
import sys

from retrieval import repository
from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import StoreUnavailable
from retrieval.catalogue import Catalogue
from retrieval.index import SearchIndex
from retrieval.lexicon import Lexicon
from retrieval.settings import Settings
from retrieval.words import Words
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS, QuickEmbedder
from servicekit.errors import ProblemError


async def rebuild(settings: Settings) -> str:
    """Rebuilds, and says in one sentence what was done. Raises ProblemError when the database is down."""
    db = await Database.connect(settings.database_url, size=2)
    store = EdgeStore(settings.index_dir, DIMENSIONS, QUICK_DIMENSIONS)
    try:
        async with db.transaction() as connection:
            await repository.raise_epoch(connection)
        try:
            await store.recreate()
        except StoreUnavailable:
            return "A running service holds the index; it rebuilds it now."
        words = Words()
        index = SearchIndex(db, store, words, Catalogue(Lexicon(words, lambda _: True)), QuickEmbedder.load())
        await index.refresh()
        return f"The index was rebuilt with {index.documents} documents."
    finally:
        await store.close()
        await db.close()


def main() -> None:
    """The command. Exit code 2 when the database cannot be used."""
    try:
        sys.stdout.write(asyncio.run(rebuild(Settings())) + "\n")
    except ProblemError as error:
        sys.stderr.write(f"{error.problem.title}. {error.problem.detail}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
