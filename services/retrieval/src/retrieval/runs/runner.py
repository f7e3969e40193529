"""Brings a source into the knowledge base: stores what it yields, then deletes what it no longer has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from contracts.knowledge import Action, Document, IngestReport, Outcome
from retrieval.ingestor import Ingestor
from retrieval.runs import repository
from retrieval.runs.recording import Run, recorded
from retrieval.runs.repository import Stored
from retrieval.runs.show import SILENT, Show
from retrieval.sources.port import End, Found, Gone, Item, Known, Refused, Same, Skipped, Source, Total
from servicekit.clock import Clock
from servicekit.db.pool import Database


async def run_source(
    source: Source,
    ingestor: Ingestor,
    db: Database,
    clock: Clock,
    *,
    delete_missing: bool = True,
    show: Show = SILENT,
) -> IngestReport:
    """One run, from the first document to the last. Each document is stored for itself: whatever ends the run, what is
    there is whole, and the next run does what is missing.

    Raises SourceFailed, and ProblemError(CONFLICT) when the source is being ingested already, or DEPENDENCY_DOWN.
    """
    async with recorded(db, clock, source.name, source.kind) as run:
        async with db.primary() as connection:
            stored = await repository.origins(connection, source.name)
            cursor = await repository.cursor_of(connection, source.name)
        work = _Work(source.name, ingestor, db, run, show, stored, delete_missing)
        known = Known({place: one.origin for place, one in stored.items()}, cursor)
        async for item in source.read(known):
            await work.take(item)
            await run.count()
        return IngestReport(source=source.name, results=tuple(work.outcomes))


@dataclass(slots=True)
class _Work:
    source: str
    ingestor: Ingestor
    db: Database
    run: Run
    show: Show
    stored: dict[str, Stored]
    delete_missing: bool
    outcomes: list[Outcome] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)  # place by document id
    gone: set[str] = field(default_factory=set)
    homeless_refusals: int = 0

    async def take(self, item: Item) -> None:
        match item:
            case Total(count):
                self.show.expect(count)
            case Found():
                await self._store(item)
            case Same():
                await self._keep(item)
            case Gone(place):
                if place in self.stored:
                    self.gone.add(self.stored[place].document_id)
            case Refused(place, reason):
                self._add(Outcome(url=place, action=Action.FAILED, detail=reason))
                if place in self.stored:
                    self.kept.setdefault(self.stored[place].document_id, place)
                else:
                    self.homeless_refusals += 1
            case Skipped(place, reason):
                self._add(Outcome(url=place, action=Action.SKIPPED, detail=reason))
            case End():
                await self._end(item)
            case _:
                assert_never(item)

    async def _store(self, found: Found) -> None:
        document = found.document
        if (other := self.kept.get(document.id)) is not None and other != found.origin.place:
            detail = f"has the same url as {other}"
            self._add(Outcome(url=found.origin.place, action=Action.SKIPPED, detail=detail))
            return
        if not found.dated:
            document = await self._dated_as_before(document)
        if (before := self.stored.get(found.origin.place)) and before.document_id != document.id:
            self.gone.add(before.document_id)  # the page has moved to another address
        outcome = await self.ingestor.put(document, self.source)
        async with self.db.primary() as connection:
            await repository.put_origin(connection, document.id, found.origin)
        self.kept[document.id] = found.origin.place
        self._add(outcome)

    async def _dated_as_before(self, document: Document) -> Document:
        async with self.db.primary() as connection:
            stored = await repository.stored_document(connection, document.id)
        if stored is None:
            return document
        same = document.model_copy(update={"updated_at": stored.updated_at})
        return same if same == stored else document

    async def _keep(self, same: Same) -> None:
        known = self.stored[same.origin.place]
        async with self.db.primary() as connection:
            document = await repository.stored_document(connection, known.document_id)
        if document is None:  # deleted by somebody else since the run began; the next run finds it new
            return
        # Stored again: it may have been cut by an older chunker or embedded by another model.
        await self._store(Found(document, same.origin))

    async def _end(self, end: End) -> None:
        if end.note:
            self.show.note(end.note)
        if end.full_set:
            await self._delete_missing()
        elif self.gone - self.kept.keys():
            async with self.db.primary() as connection:
                there = await repository.document_ids(connection, self.source)
            await self._delete_all_but(there - (self.gone - self.kept.keys()))
        if end.cursor and not self.run.counts[Action.FAILED]:
            self.run.cursor = end.cursor

    async def _delete_missing(self) -> None:
        if not self.delete_missing:
            return
        if self.stored and not self.kept:
            # A site that has moved, or that closes itself to robots, looks like this too.
            self.show.note("No document was found at all, so nothing was deleted.")
            return
        if self.homeless_refusals:
            # One of the refused may be the new face of a document of which nobody knows where it came from.
            async with self.db.primary() as connection:
                nameless = await repository.document_ids(connection, self.source, with_origin=False)
            if nameless - self.kept.keys():
                self.show.note(
                    "Nothing was deleted, for it is not known which documents the refused ones would replace."
                )
                return
        await self._delete_all_but(self.kept)

    async def _delete_all_but(self, keep: Iterable[str]) -> None:
        for outcome in await self.ingestor.delete_others(self.source, keep):
            self._add(outcome)

    def _add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.run.add(outcome)
        self.show.outcome(outcome)
