"""Documents over HTTP: what the routes do once caller and body are checked."""

from contracts.base import ContractModel
from contracts.errors import ProblemCode
from contracts.knowledge import Action, IngestReport, IngestRequest, Outcome
from retrieval import repository
from retrieval.backends.port import StoreUnavailable
from retrieval.deepening.queue import pending_windows
from retrieval.index import IndexState
from retrieval.knowledge_base import KnowledgeBase, Running
from retrieval.runs import LastRun, last_runs, recorded
from retrieval.sources.port import Kind
from servicekit import audit
from servicekit.auth.claims import Caller
from servicekit.context import Kit
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
from servicekit.telemetry.current import request_context


class RunningIngest(ContractModel):
    """An ingest under way."""

    source: str
    done: int
    total: int


class IngestStatus(ContractModel):
    """The state of the knowledge base. The index is up to date when both revisions agree.

    Of the `windows`, `pending_windows` are found by their quick vector and their words only; the deep one follows.
    """

    index: IndexState
    revision: int
    indexed_revision: int
    documents: int
    searchable: int
    chunks: int
    windows: int
    pending_windows: int = 0
    running: RunningIngest | None = None
    sources: tuple[LastRun, ...] = ()


async def ingest(kit: Kit, base: KnowledgeBase, caller: Caller, asked: IngestRequest) -> IngestReport:
    """Stores the documents, then makes them searchable. Raises ProblemError(CONFLICT | DEPENDENCY_DOWN).

    Each document is stored for itself: after an error, sending all again only does what is missing.
    """
    if len({document.id for document in asked.documents}) != len(asked.documents):
        raise ProblemError(ProblemCode.CONFLICT, "Two of the documents have the same url.")
    if {document.url for document in asked.documents} & set(asked.remove):
        raise ProblemError(ProblemCode.CONFLICT, "One of the documents is to be removed, too.")
    async with base.ingesting, recorded(kit.db, kit.clock, asked.source, Kind.PUSH) as run:
        base.running = running = Running(asked.source, len(asked.documents))

        def step(outcome: Outcome) -> None:
            running.done += outcome.action not in (Action.DELETED, Action.SKIPPED)
            run.add(outcome)

        try:
            outcomes = await base.ingestor.ingest(
                asked.documents, source=asked.source, full_set=asked.full_set, remove=asked.remove, progress=step
            )
        finally:
            base.running = None
    base.deepener.wake()
    await _audit(kit, caller, asked)
    searchable = base.index.writes
    try:
        await base.index.refresh()
    except StoreUnavailable:
        searchable = False
    report = IngestReport(source=asked.source, results=tuple(outcomes), searchable=searchable)
    counts = {action.value: report.count(action) for action in Action}
    get_logger().info("knowledge_ingested", source=asked.source, **counts)
    return report


async def status(kit: Kit, base: KnowledgeBase) -> IngestStatus:
    """What there is now. Raises ProblemError(DEPENDENCY_DOWN)."""
    async with kit.db.read() as db:
        corpus = await repository.corpus_state(db)
        totals = await repository.totals(db)
        pending = await pending_windows(db)
    async with kit.db.primary() as db:  # a replica does not know which runs are alive
        sources = await last_runs(db)
    running = base.running
    return IngestStatus(
        index=base.index.state,
        revision=corpus.revision,
        indexed_revision=base.index.revision,
        documents=totals.documents,
        searchable=totals.reviewed,
        chunks=totals.chunks,
        windows=totals.windows,
        pending_windows=pending,
        running=RunningIngest(source=running.source, done=running.done, total=running.total) if running else None,
        sources=sources,
    )


async def _audit(kit: Kit, caller: Caller, asked: IngestRequest) -> None:
    context = request_context()
    async with kit.db.transaction() as db:
        await audit.record(
            db,
            caller=caller,
            tool="ingest_knowledge",
            arguments_digest=digest_of(asked.model_dump(mode="json")),
            outcome="ok",
            request_id=context.request_id if context else "",
            now=kit.clock.now(),
        )
