"""The stream endpoint without a worker: whose it is, what is told from the journal, and odd Last-Event-IDs."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.turn import Outcome
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.vaulting import Vaults
from orchestrator.turn.effects import AskConfirmation, Finish
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall
from orchestrator.turn.state import TurnState

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
ANSWER = "Your parcel is on its way."
NOTE = PlannedCall(tool="add_order_note", arguments={}, args_hash="1", label="", write=True)
NEVER = 4_000_000_000_000


@dataclass
class Counted:
    """Vaults, and how often one of them was read by itself."""

    vaults: Vaults
    opened_times: int = 0

    def of(self, *told: Any) -> Any:
        return self.vaults.of(*told)

    async def opened(self, db: Any, conversation: Any) -> Any:
        self.opened_times += 1
        return await self.vaults.opened(db, conversation)


@pytest.fixture
def counted(api):
    """Counts the vaults that the API reads during a test."""
    desk = api.app.state.desk
    vaults = Counted(desk.intake.vaults)
    api.app.state.desk = replace(desk, intake=replace(desk.intake, vaults=vaults))
    yield vaults
    api.app.state.desk = desk


async def _ended_turn(api) -> tuple[str, str]:
    """A turn that has ended in the journal, and of which Redis knows nothing."""
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Where is it?", "one")).json()["turn_id"]
    await api.end(turn_id, Finish(Outcome.ANSWERED, ANSWER))
    return conversation_id, turn_id


async def _stream(api, conversation_id: str, turn_id: str, last_event_id: str = "") -> str:
    headers = api.bearer() | ({"last-event-id": last_event_id} if last_event_id else {})
    answer = await api.http.get(
        "/api/agent/stream", params={"conversation_id": conversation_id, "turn_id": turn_id}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def test_an_ended_turn_is_told_from_the_journal_when_redis_has_nothing(api) -> None:
    text = await _stream(api, *await _ended_turn(api))
    assert text.count("event: end\n") == 1
    assert text.index("event: chunk\n") < text.index("event: end\n")
    assert text.count(ANSWER) == 2  # once as a piece, once as the whole


@pytest.mark.parametrize(
    "last_event_id", ["1-1", "999-0", "18446744073709551615-0", "nonsense", "-1-1", "1-", "1e3-2", "0-0", "9" * 20]
)
async def test_whatever_a_client_says_it_saw_last_the_stream_ends(api, last_event_id: str) -> None:
    text = await _stream(api, *await _ended_turn(api), last_event_id=last_event_id)
    assert text.count("event: end\n") == 1


async def test_a_turn_of_another_conversation_is_not_found(api) -> None:
    _, turn_id = await _ended_turn(api)
    answer = await api.get("/api/agent/stream", conversation_id=await api.begin(), turn_id=turn_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_somebody_elses_stream_is_not_found(api) -> None:
    conversation_id, turn_id = await _ended_turn(api)
    answer = await api.get("/api/agent/stream", subject="cust_ben", conversation_id=conversation_id, turn_id=turn_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ANSWER not in answer.text


async def _chat(api, session_id: str, message: str) -> dict[str, Any]:
    headers = api.bearer() | {"idempotency-key": "one"}
    answer = await api.http.post("/chat", json={"session_id": session_id, "message": message}, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_stream_of_one_call_names_its_conversation_and_turn(api) -> None:
    headers = api.bearer() | {"idempotency-key": "one", "accept": "text/event-stream"}
    body = {"session_id": "named-session", "message": "Where is it?"}
    streamed = await api.http.post("/chat", json=body, headers=headers)
    answer = await _chat(api, "named-session", "Where is it?")
    named = [streamed.headers[one] for one in ("x-aiguy-conversation-id", "x-aiguy-turn-id")]
    assert named == [answer["conversation_id"], answer["turn_id"]]


async def test_while_there_is_nothing_to_show_the_vault_stays_closed(api, counted: Counted) -> None:
    answer = await _chat(api, "quiet-session", "Where is it? I am at zoe.quint@mail.example")
    assert answer["outcome"] is None
    assert counted.opened_times == 0  # what masks the message came with its conversation


async def test_a_card_that_waits_is_shown_with_the_values(api) -> None:
    said = "Note zoe.quint@mail.example on my order"
    turn_id = (await _chat(api, "card-session", said))["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    preview = EffectPreviewed(
        summary=vault.mask("Note: zoe.quint@mail.example"), digest="a" * 64, money_moved=None, expires_at_ms=NEVER
    )  # fmt: skip
    journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
    await journal.append(1, [], TurnState(), AskConfirmation(NOTE, preview))
    answer = await _chat(api, "card-session", said)
    assert [card["summary"] for card in answer["cards"]] == ["Note: zoe.quint@mail.example"]
