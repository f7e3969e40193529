"""Knowledge at the console: how the index stands, and what customers asked in vain, with the way to who asked it."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from contracts.knowledge_state import KnowledgeState, SourceState, StaleDocument
from contracts.turn import Outcome
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import PlanMade, PlannedCall, ToolSucceeded
from orchestrator.turn.journal import Recorded
from orchestrator.turn.state import Observed, TurnState

from .conftest import ADMIN, token

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
THEN = datetime(2026, 11, 1, tzinfo=UTC)
STATE = KnowledgeState(
    index="ready", up_to_date=True, fresh=20, stale=1, unreviewed=2, chunks=61, pending_windows=4, changed_at=THEN,
    sources=(
        SourceState(
            source="site", kind="site", state="failed", started_at=THEN, ended_at=THEN, documents=20,
            error="<b>The sitemap</b> cannot be read",
        ),
    ),
    stale_documents=(StaleDocument(title="Prices", url="https://a.example/p", source="site", stale_since=THEN),),
)  # fmt: skip
CALL = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label="")
NOTHING: dict[str, Any] = {
    "passages": [{"title": "Caring for wood", "url": "https://shop.example/help/wood"}], "strength": 0.12, "gap": 0.05,
    "cover": 0.4, "answerable": False,
}  # fmt: skip
_numbers = itertools.count(1)


class Books:
    """What retrieval tells; None: it does not answer."""

    told: KnowledgeState | None = STATE

    async def state(self) -> KnowledgeState | None:
        return self.told


@pytest_asyncio.fixture(loop_scope="module")
async def books(api: Any) -> AsyncIterator[Books]:
    """No gaps yet."""
    await api.db.execute("DELETE FROM knowledge_gaps")
    before, found = api.app.state.knowledge_books, Books()
    api.app.state.knowledge_books = found
    yield found
    api.app.state.knowledge_books = before


async def in_vain(api: Any, text: str, subject: str = "cust_ada") -> str:
    """A conversation whose question found nothing."""
    conversation_id = str(await api.begin(subject))
    body = {"conversation_id": conversation_id, "text": text, "client_turn_id": f"m{next(_numbers)}"}
    turn_id = (await api.post("/api/agent/messages", body, subject=subject)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
    inputs = [Recorded(PlanMade(call=CALL), 1_000), Recorded(ToolSucceeded(output=NOTHING, ms=3.0), 1_001)]
    state = TurnState(text=vault.mask(text), observed=(Observed(CALL, NOTHING),))
    await journal.append(1, inputs, state, Finish(Outcome.REFUSED, "I do not know."))
    return conversation_id


async def test_the_state_of_the_index_is_told_with_what_is_wrong(enter, books) -> None:
    answer = await (await enter("viewer")).get("/knowledge")
    for told in ("The index is ready", "Past their time", "failed", "Prices", "2026-11-01", "Chunks"):
        assert told in answer.text
    assert "&lt;b&gt;The sitemap" in answer.text
    assert 'hx-get="/console/knowledge/gaps"' in answer.text


async def test_questions_are_grouped_masked_and_lead_to_their_conversations(api, enter, books) -> None:
    first = await in_vain(api, "Do you sharpen axes?")
    second = await in_vain(api, "Can I have my axe sharpened? I am ben@example.com", "cust_ben")
    page = await (await enter("viewer")).page("/knowledge/gaps")
    assert page.count('<details class="turn"') == 1
    assert "2 customers, 2 times" in page
    for conversation_id in (first, second):
        assert f'href="/console/conversations/{conversation_id}"' in page
    assert "ben@example.com" not in page
    assert "I am <email>" in page
    assert "Caring for wood" in page


async def test_without_retrieval_the_questions_are_still_there(api, enter, books) -> None:
    books.told = None
    await in_vain(api, "Do you rent out canoes?")
    kim = await enter("viewer")
    assert "The knowledge base does not answer now." in await kim.page("/knowledge")
    assert "canoes" in await kim.page("/knowledge/gaps")


async def test_staff_of_another_shop_see_no_questions_of_this_one(api, browser, books) -> None:
    await in_vain(api, "Do you rent out canoes?")
    stranger = browser()
    await stranger.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    assert "No question is without a good answer." in await stranger.page("/knowledge/gaps")
