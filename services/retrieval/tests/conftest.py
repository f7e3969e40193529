"""The retrieval service on a real database, with the starter articles or with documents of the test's own."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from contracts.knowledge import Document
from retrieval.app import build
from retrieval.ingest import ingest_folder, starter_folder
from retrieval.settings import Settings
from servicekit.embedding import Embedder, QuickEmbedder
from servicekit.testing import FakeClock, eventually
from servicekit.testing.databases import TestDatabases, in_thread
from servicekit.testing.tool_client import ToolClient, tool_service


@pytest.fixture(scope="session")
def embedder() -> Iterator[Embedder]:
    loaded = Embedder.load()
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def quick() -> QuickEmbedder:
    return QuickEmbedder.load()


@pytest.fixture
def empty_url(postgres_server: TestDatabases) -> str:
    """A database without documents, for this test alone."""
    return postgres_server.create("retrieval")


def _quiet(database_url: str, redis_url: str, folder: Path, **more: Any) -> Settings:
    """The service watches so seldom that a test sees only what the test brings about, and starts no process."""
    return Settings(
        environment="test", database_url=database_url, redis_url=redis_url, index_dir=folder / "index",
        refresh_interval_s=600, deepening=False, **more,
    )  # fmt: skip


Serving = Callable[[Settings], AbstractAsyncContextManager[ToolClient]]


def _serving(
    settings: Settings, clock: FakeClock, embedder: Embedder, quick: QuickEmbedder
) -> AbstractAsyncContextManager[ToolClient]:
    return tool_service(lambda kit: build(settings, kit_factory=kit, embedder=embedder, quick=quick), clock)


@pytest.fixture
def settings(empty_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return _quiet(empty_url, redis_url, tmp_path)


@pytest.fixture
def serving(clock: FakeClock, embedder: Embedder, quick: QuickEmbedder) -> Serving:
    """`async with serving(settings) as client`: with the models that all tests share, which take most of a start."""
    return lambda settings: _serving(settings, clock, embedder, quick)


@pytest.fixture
async def blank(settings: Settings, serving: Serving) -> AsyncIterator[ToolClient]:
    """The service over a database without documents."""
    async with serving(settings) as client:
        yield client


@pytest.fixture(scope="session")
def starter_url(postgres_server: TestDatabases, embedder: Embedder) -> str:
    """A database with the starter articles, for all tests that store nothing in it."""
    url = postgres_server.create("retrieval")
    in_thread(ingest_folder(starter_folder(), database_url=url, embedder=embedder))
    return url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    starter_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, quick: QuickEmbedder
) -> AsyncIterator[ToolClient]:
    """The service over the starter articles, once its index is ready; shared by tests that change nothing in it."""
    ours = _quiet(starter_url, redis_url, tmp_path_factory.mktemp("starter"))
    async with _serving(ours, FakeClock(), embedder, quick) as client:
        await eventually(lambda: client.app.state.knowledge_base.index.state == "ready")
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def hurried(starter_url: str, redis_url: str, tmp_path: Path, serving: Serving) -> AsyncIterator[ToolClient]:
    """The service when it allows two calls a minute."""
    async with serving(_quiet(starter_url, redis_url, tmp_path, rate_limit_per_minute=2)) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def down(settings: Settings, serving: Serving) -> AsyncIterator[ToolClient]:
    """The service while nothing listens where its database should be."""
    nowhere = settings.model_copy(update={"database_url": "postgresql://aiguy:x@127.0.0.1:9/retrieval"})
    async with serving(nowhere) as client:
        yield client


@pytest.fixture
def page() -> Callable[..., Document]:
    """Makes documents: `page("tents", body="…", tags=("tents",))`."""

    def make(slug: str, **more: Any) -> Document:
        fields = {
            "url": f"https://shop.example/help/{slug}", "title": slug.replace("-", " ").capitalize(),
            "body": f"# {slug}\n\nAll about {slug}.", "reviewed": True,
            "updated_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        }  # fmt: skip
        return Document(**{**fields, **more})

    return make
