"""Replicas of the service on one Qdrant server: one writes, all answer, and the server may go and come back."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB
from retrieval.rebuild import rebuild
from retrieval.settings import Settings
from servicekit.errors import ProblemError
from servicekit.testing import eventually
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service
Page = Callable[..., Document]
Serving = Callable[[Settings], AbstractAsyncContextManager[ToolClient]]
Start = Callable[[], Any]


@pytest.fixture
def on_server(settings: Settings, qdrant_url: str) -> Settings:
    more = {
        "qdrant_url": qdrant_url,
        "qdrant_api_key": SecretStr("secret"),
        "qdrant_collection": settings.index_dir.parent.name,
    }
    return settings.model_copy(update=more)


@pytest.fixture
async def start(on_server: Settings, serving: Serving) -> AsyncIterator[Start]:
    """Starts one more replica, whose index has looked once; all end with the test."""
    async with AsyncExitStack() as stack:

        async def one_more() -> ToolClient:
            service = serving(on_server)
            client = await stack.enter_async_context(service)
            await eventually(lambda: _index(client).revision >= 0)
            return client

        yield one_more


def _index(client: ToolClient) -> Any:
    return client.app.state.knowledge_base.index


async def _store(client: ToolClient, *documents: Document) -> None:
    await client.app.state.knowledge_base.ingestor.ingest(documents, source="test", full_set=False)
    await _index(client).refresh()


async def _found(client: ToolClient, query: str) -> list[str]:
    response = await client.call(SEARCH_KB, {"query": query})
    assert response.status_code == 200, response.text
    return [passage["url"].rsplit("/", 1)[-1] for passage in response.json()["passages"]]


async def test_one_replica_writes_and_the_other_finds_it_too(start: Start, page: Page) -> None:
    first, second = await start(), await start()
    assert (_index(first).writes, _index(second).writes) == (True, False)
    await _store(first, page("tents"))
    await _index(second).refresh()
    assert await _found(first, "tents") == await _found(second, "tents") == ["tents"]
    assert _index(second).rebuilds == 0


async def test_what_a_reader_stores_is_indexed_by_the_writer(start: Start, page: Page) -> None:
    writer, reader = await start(), await start()
    await _store(reader, page("tents"))
    await _index(writer).refresh()
    await _index(reader).refresh()
    assert await _found(reader, "tents") == ["tents"]


async def test_when_the_writer_ends_another_one_takes_over(
    on_server: Settings, serving: Serving, start: Start, page: Page
) -> None:
    async with serving(on_server) as first:
        await eventually(lambda: _index(first).revision >= 0)
        second = await start()
        await _store(first, page("tents"))
    await _store(second, page("pans"))
    assert _index(second).writes
    assert _index(second).rebuilds == 0
    assert set(await _found(second, "all about pans and tents")) == {"pans", "tents"}


async def test_a_server_that_is_away_makes_search_unavailable_and_nothing_is_built_anew(
    start: Start, page: Page, qdrant: Any
) -> None:
    client = await start()
    await _store(client, page("tents"))
    built = _index(client).rebuilds
    qdrant.broken = 503
    try:
        response = await client.call(SEARCH_KB, {"query": "tents"})
        assert (response.status_code, response.json()["code"]) == (503, "index_unavailable")
        ready = await client.http.get("/readyz")
        assert (ready.status_code, "index: unreachable" in ready.json()["detail"]) == (503, True)
    finally:
        qdrant.broken = 0
    await _index(client).refresh()
    assert await _found(client, "tents") == ["tents"]
    assert _index(client).rebuilds == built


async def test_an_index_deleted_on_the_server_comes_back(start: Start, page: Page, qdrant: Any) -> None:
    client = await start()
    await _store(client, page("tents"))
    for name in list(qdrant.collections):
        qdrant.collections.pop(name).drop()
    qdrant.aliases.clear()
    assert (await client.call(SEARCH_KB, {"query": "tents"})).status_code == 503
    await eventually(lambda: _index(client).state == "ready")
    assert await _found(client, "tents") == ["tents"]


async def test_the_rebuild_command_works_with_and_without_a_running_service(
    on_server: Settings, start: Start, page: Page, qdrant: Any
) -> None:
    client = await start()
    await _store(client, page("tents"))
    before = qdrant.aliases[on_server.qdrant_collection]
    assert "running service" in await rebuild(on_server)
    await _index(client).refresh()
    assert qdrant.aliases[on_server.qdrant_collection] != before
    assert await _found(client, "tents") == ["tents"]
    await client.app.state.knowledge_base.index._writer.close()
    assert "1 documents" in await rebuild(on_server)


async def test_the_rebuild_command_says_when_the_server_is_away(on_server: Settings) -> None:
    nowhere = on_server.model_copy(update={"qdrant_url": "http://127.0.0.1:9"})
    with pytest.raises(ProblemError, match="dependency_down"):
        await rebuild(nowhere)
