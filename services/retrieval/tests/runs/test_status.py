"""The service shows the last run of each source, whoever ran it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB
from retrieval.runs.repository import LOCKS
from servicekit.auth.claims import Role
from servicekit.testing.tool_client import As, ToolClient

pytestmark = pytest.mark.service
PATH = "/internal/ingest-knowledge"
STAFF = As(subject="staff_eve", role=Role.STAFF, scopes=("kb.ingest",))


async def _push(client: ToolClient, source: str, *documents: Document) -> Any:
    headers = client.headers_for(SEARCH_KB, STAFF) | {"content-type": "application/json"}
    body = {"documents": [one.model_dump(mode="json") for one in documents], "source": source}
    return await client.http.post(PATH, content=json.dumps(body).encode(), headers=headers)


async def test_a_push_is_a_run_too(blank: ToolClient, page: Callable[..., Document]) -> None:
    assert (await _push(blank, "shop", page("a"), page("b"))).status_code == 200
    assert (await _push(blank, "blog", page("c"))).status_code == 200
    status = (await blank.http.get(f"{PATH}/status", headers=blank.headers_for(SEARCH_KB, STAFF))).json()
    assert [(one["source"], one["kind"], one["state"], one["created"]) for one in status["sources"]] == [
        ("blog", "push", "done", 1), ("shop", "push", "done", 2),
    ]  # fmt: skip


async def test_a_push_waits_for_nobody_and_says_who_is_at_it(blank: ToolClient, page: Callable[..., Document]) -> None:
    async with blank.app.state.kit.db.primary() as connection:
        await connection.execute("SELECT pg_advisory_lock($1, hashtext('shop'))", LOCKS)
        answer = await _push(blank, "shop", page("a"))
        await connection.execute("SELECT pg_advisory_unlock($1, hashtext('shop'))", LOCKS)
    assert answer.status_code == 409
    assert "shop is being ingested right now" in answer.json()["detail"]
    assert (await _push(blank, "shop", page("a"))).status_code == 200


async def test_a_document_without_an_address_can_be_pushed(blank: ToolClient, page: Callable[..., Document]) -> None:
    assert (await _push(blank, "shop", page("a", url="kb:shop/a.md"))).status_code == 200
