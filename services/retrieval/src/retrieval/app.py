"""The composition root of retrieval: `create` from the environment, `build` with what a test passes in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from contracts.errors import ProblemCode
from contracts.knowledge import INGEST_MAX_BYTES, INGEST_PATH
from retrieval import routes
from retrieval.backends.port import VectorStore
from retrieval.handlers import KnowledgeTools
from retrieval.index import IndexState
from retrieval.knowledge_base import open_knowledge_base
from retrieval.numbers import NUMBERS
from retrieval.retention import retention
from retrieval.settings import Settings
from servicekit.app import KitFactory, create_app
from servicekit.context import Kit
from servicekit.embedding import Embedder, QuickEmbedder
from servicekit.errors import ProblemError


def create() -> FastAPI:
    """The app as the environment says."""
    return build(Settings())


def build(
    settings: Settings,
    *,
    kit_factory: KitFactory | None = None,
    store: VectorStore | None = None,
    embedder: Embedder | None = None,
    quick: QuickEmbedder | None = None,
) -> FastAPI:
    """The app. The keyword arguments replace what is opened at start-up; an `embedder` that is given is not closed."""

    tools = KnowledgeTools()

    @asynccontextmanager
    async def startup(kit: Kit, app: FastAPI) -> AsyncIterator[None]:
        async with open_knowledge_base(kit, settings, store=store, embedder=embedder, quick=quick) as base:
            app.state.knowledge_base = base

            async def index_ready() -> None:
                if base.index.state is not IndexState.READY:
                    raise ProblemError(ProblemCode.INDEX_UNAVAILABLE, base.index.state.value)

            app.state.checks["index"] = index_ready
            tools.searcher = base.searcher
            try:
                yield
            finally:
                tools.searcher = None  # the framework keeps the routes of an app beyond its end

    return create_app(
        settings=settings,
        title="Retrieval",
        routers=[routes.tools(tools), routes.internal()],
        kit_factory=kit_factory,
        startup=startup,
        body_limits={INGEST_PATH: INGEST_MAX_BYTES},
        numbers=NUMBERS,
        tables=retention(settings),
    )
