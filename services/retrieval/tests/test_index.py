"""The index follows the database, shows only what may be shown, and puts itself right when it was lost."""

import asyncio
import datetime as dt
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB
from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import StoreUnavailable
from retrieval.index import SearchIndex
from retrieval.rebuild import rebuild
from retrieval.settings import Settings
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock, eventually
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service
Page = Callable[..., Document]
Serving = Callable[[Settings], AbstractAsyncContextManager[ToolClient]]


@pytest.fixture
async def client(blank: ToolClient, page: Page) -> ToolClient:
    """The service with two pages, about tents and about pans."""
    await _store(blank, page("tents", tags=("tents",)), page("pans", tags=("cookware",)))
    return blank


def _index(client: ToolClient) -> SearchIndex:
    found: SearchIndex = client.app.state.knowledge_base.index
    return found


async def _store(client: ToolClient, *documents: Document, refresh: bool = True) -> None:
    await client.app.state.knowledge_base.ingestor.ingest(documents, source="test", full_set=False)
    if refresh:
        await _index(client).refresh()


async def _search(client: ToolClient, query: str, **more: object) -> httpx.Response:
    return await client.call(SEARCH_KB, {"query": query, **more})


async def _found(client: ToolClient, query: str, **more: object) -> list[str]:
    response = await _search(client, query, **more)
    assert response.status_code == 200, response.text
    return [passage["url"].rsplit("/", 1)[-1] for passage in response.json()["passages"]]


async def test_an_empty_knowledge_base_is_unavailable_and_not_ready(blank: ToolClient) -> None:
    await _index(blank).refresh()
    response = await _search(blank, "tents")
    assert (response.status_code, response.json()["code"]) == (503, "index_unavailable")
    ready = await blank.http.get("/readyz")
    assert ready.status_code == 503
    assert "index: empty" in ready.json()["detail"]


async def test_a_new_document_is_found(client: ToolClient, page: Page) -> None:
    await _store(client, page("stoves"))
    assert (await _found(client, "stoves"))[0] == "stoves"


async def test_a_changed_document_is_found_by_its_new_text_only(client: ToolClient, page: Page) -> None:
    await _store(client, page("tents", body="# Tents\n\nThey are made of hemp."))
    response = await _search(client, "tents made of hemp")
    passage = response.json()["passages"][0]
    assert "hemp" in passage["text"]
    assert not any("All about tents" in one["text"] for one in response.json()["passages"])


async def test_a_deleted_document_is_gone(client: ToolClient, page: Page) -> None:
    await client.app.state.knowledge_base.ingestor.ingest([page("pans")], source="test", full_set=True)
    await _index(client).refresh()
    assert await _found(client, "all about tents") == ["pans"]


async def test_only_reviewed_documents_are_found(client: ToolClient, page: Page) -> None:
    await _store(client, page("secret-plans", reviewed=False))
    assert "secret-plans" not in await _found(client, "secret plans", limit=10)
    await _store(client, page("secret-plans", reviewed=True))
    assert (await _found(client, "secret plans"))[0] == "secret-plans"
    await _store(client, page("secret-plans", reviewed=False))
    assert "secret-plans" not in await _found(client, "secret plans", limit=10)


async def test_a_stale_document_is_left_out(client: ToolClient, page: Page, clock: FakeClock) -> None:
    await _store(client, page("winter-sale", ttl_days=10, updated_at=clock.now() - dt.timedelta(days=9)))
    assert (await _found(client, "winter sale"))[0] == "winter-sale"
    clock.advance(2 * 86_400)
    assert "winter-sale" not in await _found(client, "winter sale", limit=10)


async def test_a_channel_sees_only_its_documents(client: ToolClient, page: Page) -> None:
    await _store(client, page("mail-only", channels=("email",)))
    assert "mail-only" not in await _found(client, "mail only")
    assert (await _found(client, "mail only", channel="email"))[0] == "mail-only"


async def test_product_tags_narrow_the_search(client: ToolClient) -> None:
    assert await _found(client, "all about tents", product_tags=["cookware"]) == ["pans"]
    assert set(await _found(client, "all about", product_tags=["cookware", "tents"])) == {"pans", "tents"}
    assert await _found(client, "all about tents", product_tags=["boats"]) == []


async def test_a_question_about_returns_gets_a_policy_even_from_far_behind(client: ToolClient, page: Page) -> None:
    for number in range(8):
        await _store(client, page(f"return-trip-{number}"), refresh=False)
    await _store(client, page("rules", is_policy=True, body="# Rules\n\nThirty days."))
    assert "rules" in await _found(client, "can I return my trip", limit=3)
    assert "rules" not in await _found(client, "a trip", limit=3)


async def test_the_limit_bounds_the_passages(client: ToolClient) -> None:
    assert len(await _found(client, "all about", limit=1)) == 1


async def test_when_the_folder_is_wiped_search_says_so_and_the_index_comes_back(
    client: ToolClient, settings: Settings
) -> None:
    shutil.rmtree(settings.index_dir)
    response = await _search(client, "tents")
    assert (response.status_code, response.json()["code"]) == (503, "index_unavailable")
    assert response.json()["retryable"] is True
    assert response.headers["retry-after"] == "1"

    async def answers() -> bool:
        return (await _search(client, "tents")).status_code == 200

    await eventually(answers)
    assert (await _found(client, "tents"))[0] == "tents"
    assert (await client.http.get("/readyz")).status_code == 200


async def test_readiness_names_an_index_that_is_being_rebuilt(client: ToolClient, settings: Settings) -> None:
    async with client.kit.db.transaction() as connection:
        await connection.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")  # the rebuild has to wait here
        shutil.rmtree(settings.index_dir)
        await _search(client, "tents")
        ready = await client.http.get("/readyz")
        assert ready.status_code == 503
        assert "index: rebuilding" in ready.json()["detail"]
    await eventually(lambda: _index(client).state == "ready")
    assert (await client.http.get("/readyz")).status_code == 200


async def test_the_service_notices_what_another_process_wrote(settings: Settings, serving: Serving, page: Page) -> None:
    watchful = settings.model_copy(update={"refresh_interval_s": 0.02})
    async with serving(watchful) as client:
        await _store(client, page("tents"), refresh=False)

        async def found() -> bool:
            response = await _search(client, "tents")
            return response.status_code == 200 and bool(response.json()["passages"])

        await eventually(found)
        shutil.rmtree(settings.index_dir)
        await eventually(lambda: _index(client).rebuilds >= 2)
        await eventually(found)
        assert (await _found(client, "tents"))[0] == "tents"


async def _restarted(settings: Settings, serving: Serving) -> tuple[int, list[str]]:
    """How often the index was rebuilt when the service starts, and what it then finds."""
    async with serving(settings) as client:
        await eventually(lambda: _index(client).state == "ready")
        return _index(client).rebuilds, await _found(client, "all about tents")


async def _first_run(settings: Settings, serving: Serving, *documents: Document) -> None:
    async with serving(settings) as client:
        await _store(client, *documents)


async def test_a_restart_uses_the_index_that_is_there(settings: Settings, serving: Serving, page: Page) -> None:
    await _first_run(settings, serving, page("tents"))
    assert await _restarted(settings, serving) == (0, ["tents"])


async def test_a_restart_catches_up_with_what_was_stored_meanwhile(
    settings: Settings, serving: Serving, page: Page
) -> None:
    await _first_run(settings, serving, page("pans"))
    elsewhere = settings.model_copy(update={"index_dir": settings.index_dir.with_name("other")})
    await _first_run(elsewhere, serving, page("tents"))
    rebuilds, found = await _restarted(settings, serving)
    assert rebuilds == 0
    assert found[0] == "tents"


@pytest.mark.parametrize("victim", ["edge_config.json", "segment.json", "page_0.dat", "open-1"])
async def test_a_damaged_index_is_made_again_at_the_start(
    settings: Settings, serving: Serving, page: Page, victim: str
) -> None:
    await _first_run(settings, serving, page("tents"))
    for path in settings.index_dir.rglob(victim):
        path.write_bytes(os.urandom(64))
    rebuilds, found = await _restarted(settings, serving)
    assert rebuilds <= 1
    assert found == ["tents"]


async def test_only_one_process_may_hold_the_index(client: ToolClient, settings: Settings) -> None:
    second = EdgeStore(settings.index_dir, DIMENSIONS, QUICK_DIMENSIONS)
    with pytest.raises(StoreUnavailable, match="another process"):
        await second.open()
    with pytest.raises(StoreUnavailable, match="another process"):
        await second.recreate()
    await second.close()
    assert (await _found(client, "tents"))[0] == "tents"


async def test_the_rebuild_command_has_a_running_service_rebuild(client: ToolClient, settings: Settings) -> None:
    before = _index(client).rebuilds
    assert "running service" in await rebuild(settings)
    await _index(client).refresh()
    assert _index(client).rebuilds == before + 1
    assert (await _found(client, "tents"))[0] == "tents"


async def test_the_rebuild_command_rebuilds_an_index_that_nobody_holds(
    settings: Settings, serving: Serving, page: Page
) -> None:
    await _first_run(settings, serving, page("tents"), page("pans"))
    shutil.rmtree(settings.index_dir)
    assert "2 documents" in await rebuild(settings)
    assert (await _restarted(settings, serving))[0] == 0


async def test_the_rebuild_command_says_when_the_database_is_down(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://x:x@127.0.0.1:9/x", "index_dir": tmp_path})
    with pytest.raises(ProblemError, match="dependency_down"):
        await rebuild(nowhere)


async def test_searches_during_an_ingest_always_answer(client: ToolClient, page: Page) -> None:
    async def search() -> int:
        return (await _search(client, "all about tents")).status_code

    async def ingest() -> None:
        for number in range(10):
            await _store(client, page("tents", body=f"# Tents\n\nAll about tents, edition {number}."))

    working = asyncio.create_task(ingest())
    answers = []
    while not working.done():
        answers.append(await search())
    await working
    assert set(answers) == {200}
    assert "edition 9" in (await _search(client, "tents")).json()["passages"][0]["text"]


@pytest.mark.parametrize("year", [1, 9999])
async def test_dates_at_the_ends_of_the_calendar_do_no_harm(client: ToolClient, page: Page, year: int) -> None:
    await _store(client, page("calendar", updated_at=dt.datetime(year, 6, 1, tzinfo=dt.UTC), ttl_days=36_500))
    found = await _found(client, "calendar")
    assert ("calendar" in found) == (year == 9999)
