"""How the knowledge base stands, as the console is told: what is found, what is past its time, and who may ask."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.knowledge import INGEST_PATH, INGEST_SCOPE, Document
from contracts.knowledge_state import STATE_PATH, STATE_SCOPE
from contracts.tools.retrieval import SEARCH_KB
from servicekit.auth.claims import Role
from servicekit.testing import eventually
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import As, ToolClient

pytestmark = pytest.mark.service
ASKS = As(subject="orchestrator", role=Role.SERVICE, scopes=(STATE_SCOPE,), conversation_id=None)


async def ask(client: ToolClient, who: As = ASKS, body: Any = None) -> httpx.Response:
    return await client.http.post(STATE_PATH, json=body or {}, headers=client.headers_for(SEARCH_KB, who))


async def test_it_is_told_what_is_found_what_is_past_its_time_and_how_sources_went(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    now = blank.clock.now()
    old = page("prices", updated_at=now - timedelta(days=40), ttl_days=30)
    sent = [page("tents", updated_at=now), page("draft", reviewed=False), old]
    answer = await blank.http.post(
        INGEST_PATH, json={"documents": [one.model_dump(mode="json") for one in sent], "source": "help"},
        headers=blank.headers_for(SEARCH_KB, replace(ASKS, scopes=(INGEST_SCOPE,))),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    told = (await ask(blank)).json()
    assert (told["index"], told["up_to_date"]) == ("ready", True)
    assert (told["fresh"], told["stale"], told["unreviewed"], told["chunks"]) == (1, 1, 1, 3)
    assert [(one["source"], one["state"], one["documents"]) for one in told["sources"]] == [("help", "done", 3)]
    assert [one["url"] for one in told["stale_documents"]] == [old.url]
    assert told["changed_at"] is not None


async def test_an_empty_one_is_told_as_such(blank: ToolClient) -> None:
    async def looked_into() -> dict[str, Any] | None:
        told: dict[str, Any] = (await ask(blank)).json()
        return None if told["index"] in ("starting", "rebuilding") else told

    told = await eventually(looked_into)
    assert (told["index"], told["fresh"], told["changed_at"], told["sources"]) == ("empty", 0, None, [])


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (replace(ASKS, scopes=("kb.search",)), ProblemCode.INSUFFICIENT_SCOPE),
        (replace(ASKS, role=Role.CUSTOMER), ProblemCode.FORBIDDEN),
        (replace(ASKS, audience="orders"), ProblemCode.UNAUTHENTICATED),
    ],
)
async def test_no_customer_and_no_other_scope_is_told(blank: ToolClient, who: As, code: ProblemCode) -> None:
    assert_problem(await ask(blank, who), code)


async def test_there_is_nothing_to_choose(blank: ToolClient) -> None:
    assert_problem(await ask(blank, body={"source": "help"}), ProblemCode.INVALID_REQUEST)
