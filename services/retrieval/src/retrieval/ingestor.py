"""Stores documents: cut, embed quickly, one transaction per document. Unchanged ones cost one look-up.

Deep vectors are not made here: they follow in a process of their own.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from contracts.knowledge import Action, Document, Outcome, document_id
from retrieval import repository
from retrieval.backends.port import Vector
from retrieval.chunking import Chunk, chunk_markdown, with_questions
from retrieval.chunking.chunker import CHUNKER_VERSION
from retrieval.indexed_text import indexed_text
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.embedding import MODEL_ID, QUICK_MODEL_ID, QuickEmbedder, WordPieces

Progress = Callable[[Outcome], None]


def cut(document: Document, pieces: WordPieces) -> tuple[list[Chunk], list[str]]:
    """The chunks of a document, and what is indexed of each of their windows, in order."""
    chunks = with_questions(chunk_markdown(document.body, document.title, pieces.count), document.asked)
    return chunks, [indexed_text(document.title, window.text) for chunk in chunks for window in chunk.windows]


class Ingestor:
    """Writes documents to the database. The search index follows the database on its own."""

    def __init__(self, db: Database, pieces: WordPieces, quick: QuickEmbedder, clock: Clock) -> None:
        self._db = db
        self._pieces = pieces
        self._quick = quick
        self._clock = clock

    async def put(self, document: Document, source: str) -> Outcome:
        """Stores one document if it is new or changed. Raises ProblemError when the database is down."""
        digest = document.digest(source, CHUNKER_VERSION, MODEL_ID, QUICK_MODEL_ID)
        async with self._db.primary() as db:
            stored = await repository.content_hash(db, document.id)
        if stored == digest:
            return Outcome(url=document.url, action=Action.UNCHANGED)
        chunks, quick = await asyncio.to_thread(self._cut, document)
        async with self._db.transaction() as db:
            await repository.raise_revision(db)
            await repository.replace(
                db, document, source=source, digest=digest, chunks=chunks, quick=quick, now=self._clock.now()
            )
        action = Action.CREATED if stored is None else Action.UPDATED
        return Outcome(url=document.url, action=action, chunks=len(chunks))

    def _cut(self, document: Document) -> tuple[list[Chunk], Vector]:
        chunks, texts = cut(document, self._pieces)
        return chunks, self._quick.embed(texts)

    async def delete_others(self, source: str, keep: Iterable[str]) -> list[Outcome]:
        """Deletes the documents of `source` whose ids are not in `keep`, in one transaction."""
        kept = frozenset(keep)
        return await self._delete(source, lambda document_id: document_id not in kept)

    async def remove(self, source: str, urls: Iterable[str]) -> list[Outcome]:
        """Deletes these documents of `source`, in one transaction; skips what is not there, or another source's."""
        named = {document_id(url): url for url in urls}
        deleted = await self._delete(source, named.__contains__) if named else []
        gone = {one.url for one in deleted}
        return deleted + [
            Outcome(url=url, action=Action.SKIPPED, detail="This source has no such document.")
            for url in named.values() if url not in gone
        ]  # fmt: skip

    async def _delete(self, source: str, chosen: Callable[[str], bool]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with self._db.transaction() as db:
            gone = {one: url for one, url in (await repository.urls_of(db, source)).items() if chosen(one)}
            if gone:
                await repository.raise_revision(db)
            for one, url in gone.items():
                if await repository.delete(db, one, source):
                    outcomes.append(Outcome(url=url, action=Action.DELETED))
        return outcomes

    async def ingest(
        self, documents: Sequence[Document], *, source: str, full_set: bool, remove: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> list[Outcome]:  # fmt: skip
        """Stores all `documents`; deletes the source's other ones with `full_set`, and those of `remove`.

        Each outcome goes to `progress`.
        """
        outcomes: list[Outcome] = []
        for document in documents:
            outcomes.append(await self.put(document, source))
            progress(outcomes[-1])
        gone = await self.remove(source, remove)
        if full_set:
            gone += await self.delete_others(source, (document.id for document in documents))
        for outcome in gone:
            outcomes.append(outcome)
            progress(outcome)
        return outcomes
