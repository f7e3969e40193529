"""Makes the search index anew from the database: `python -m retrieval.rebuild`. The deep model is not needed.

Running services are told through the database and rebuild theirs within about a second. When no service holds the
index, it is rebuilt here. On a Qdrant server the old index answers until the new one is complete.
"""

import asyncio
import sys

from contracts.errors import ProblemCode
from retrieval import repository
from retrieval.backends.choice import store_writer, vector_store
from retrieval.backends.port import StoreUnavailable
from retrieval.catalogue import Catalogue
from retrieval.index import SearchIndex
from retrieval.lexicon import Lexicon
from retrieval.settings import Settings
from retrieval.vocabulary import Vocabulary
from retrieval.words import Words
from servicekit.db.pool import Database
from servicekit.embedding import QuickEmbedder
from servicekit.errors import ProblemError

_HELD = "A running service holds the index; it rebuilds it now."


async def rebuild(settings: Settings) -> str:
    """Rebuilds, and says in one sentence what was done. Raises ProblemError when the database is down."""
    db = await Database.connect(settings.database_url, size=2)
    store, writer = vector_store(settings), store_writer(settings, db)
    try:
        async with db.transaction() as connection:
            await repository.raise_epoch(connection)
        words = Words()
        catalogue = Catalogue(Lexicon(words, lambda _: True), Vocabulary(words))
        index = SearchIndex(db, store, words, catalogue, QuickEmbedder.load(), writer=writer)
        if not await writer.is_ours():
            return _HELD
        try:
            await index.rebuild()
        except StoreUnavailable as error:
            if settings.qdrant_url is None:
                return _HELD
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, f"The index was not rebuilt: {error}.") from error
        return f"The index was rebuilt with {index.documents} documents."
    finally:
        await writer.close()
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
