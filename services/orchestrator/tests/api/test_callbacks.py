"""Late answers of tools: once, for the call that they are about, in the tool's own shape."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.manifest import entry_from_contract
from contracts.tools.orders import GET_ORDER_STATUS
from contracts.tools.retrieval import SEARCH_KB
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.entries import load_entries
from orchestrator.journal.store import PgTurnJournal
from orchestrator.tools.calls import CallRequest, arguments_hash
from orchestrator.tools.entry import make_entry
from orchestrator.turn.effects import AwaitCallback
from orchestrator.turn.inputs import PlanMade, PlannedCall, ToolAccepted
from orchestrator.turn.journal import Recorded
from orchestrator.turn.state import TurnState

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
ARGUMENTS = {"order_id": "ABC123"}
T = "2026-03-02T09:30:00Z"
GOOD = {"output": {"order_id": "ABC123", "status": "shipped", "placed_at": T, "updated_at": T}}


class TwoTools:
    """A catalogue of a tool that reads what is the customer's, and of one that reads what everybody may."""

    def __init__(self) -> None:
        made = (make_entry(entry_from_contract(one), "http://tools") for one in (GET_ORDER_STATUS, SEARCH_KB))
        self.known = {entry.name: entry for entry in made}

    def entry(self, name: str) -> Any:
        return self.known.get(name)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def two_tools(api) -> None:
    api.app.state.desk = replace(api.app.state.desk, catalog=TwoTools())


async def asked(api, *, waits: bool = True, tool: str = GET_ORDER_STATUS.name) -> str:
    """A turn that waits for the tool, as its engine leaves it; or that is about to."""
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Where is my order ABC123?", "one")).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    call = PlannedCall(tool=tool, arguments=ARGUMENTS, args_hash=arguments_hash(ARGUMENTS), label="")
    expires = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1000)
    journal = PgTurnJournal(
        desk.database, conversation, turn_id, desk.codec, JobQueue(), desk.intake.vaults.of(conversation)
    )
    await journal.append(1, [Recorded(PlanMade(call=call), 1)], TurnState(), None)
    if waits:
        taken = Recorded(ToolAccepted(expires_at_ms=expires, ms=1), 2)
        await journal.append(2, [taken], TurnState(), AwaitCallback(expires))
    return str(turn_id)


def token(
    api, turn_id: str, *, arguments: dict[str, Any] = ARGUMENTS, within_s: int = 60, tool: str = GET_ORDER_STATUS.name
) -> str:
    request = CallRequest(
        tool=tool, arguments=arguments, args_hash=arguments_hash(arguments), subject="cust_ada", role="customer",
        conversation_id="c", turn_id=turn_id, request_id="r", timeout_s=1,
    )  # fmt: skip
    return str(api.app.state.desk.callbacks.token(request, within_s))


async def answer(api, bearer: str, body: Any = GOOD) -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"}
    return await api.http.post("/api/agent/tools/callback", json=body, headers=headers)


async def journalled(api, turn_id: str) -> list[Any]:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        entries = await load_entries(db, conversation.sealer, turn_id, desk.codec)
    return [entry.turn_input for entry in entries]


async def kinds(api, turn_id: str) -> list[str]:
    return [one.kind for one in await journalled(api, turn_id)]


async def status(api, turn_id: str) -> str:
    return str(await api.db.fetchval("SELECT status FROM turns WHERE id = $1", turn_id))


async def test_an_answer_lets_the_turn_go_on(api) -> None:
    turn_id = await asked(api)
    assert (await answer(api, token(api, turn_id))).status_code == 204
    assert (await kinds(api, turn_id))[-1] == "tool_succeeded"
    assert await status(api, turn_id) == "running"


async def test_who_comes_back_meanwhile_can_follow_the_turn_that_waits(api) -> None:
    turn_id = await asked(api)
    conversation_id = await api.db.fetchval("SELECT conversation_id FROM turns WHERE id = $1", turn_id)
    view = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    assert (view["status"], view["open_turn"], view["cards"]) == ("waiting", turn_id, [])
    assert turn_id in view["stream_url"]


async def test_a_problem_is_an_answer_too(api) -> None:
    turn_id = await asked(api)
    assert (await answer(api, token(api, turn_id), {"problem": {"code": "order_not_found"}})).status_code == 204
    assert (await kinds(api, turn_id))[-1] == "tool_failed"


async def test_twenty_answers_at_once_are_one(api) -> None:
    turn_id = await asked(api)
    answers = await asyncio.gather(*(answer(api, token(api, turn_id)) for _ in range(20)))
    assert sorted(one.status_code for one in answers) == [204] + [409] * 19
    assert (await kinds(api, turn_id)).count("tool_succeeded") == 1


async def test_an_answer_that_comes_before_the_turn_waits_is_to_be_sent_again(api) -> None:
    turn_id = await asked(api, waits=False)
    early = await answer(api, token(api, turn_id))
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    assert (await kinds(api, turn_id))[-1] == "plan_made"


@pytest.mark.parametrize(
    "body",
    [{"output": {"status": "shipped"}}, {"output": {}}, {}, {"problem": {"code": "no_such_code"}},
     GOOD | {"problem": {"code": "internal"}}, {"output": "shipped"}],
)  # fmt: skip
async def test_what_is_no_answer_by_the_tools_schema_is_refused_and_the_turn_waits_on(api, body: Any) -> None:
    turn_id = await asked(api)
    refused = await answer(api, token(api, turn_id), body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert await status(api, turn_id) == "waiting"


async def test_an_answer_to_another_call_is_refused(api) -> None:
    turn_id = await asked(api)
    refused = await answer(api, token(api, turn_id, arguments={"order_id": "XYZ789"}))
    assert (refused.status_code, refused.json()["code"]) == (409, "already_decided")
    assert await status(api, turn_id) == "waiting"


@pytest.mark.parametrize("body", [GOOD, {}, "{"], ids=["a good answer", "no answer", "no JSON"])
@pytest.mark.parametrize("flaw", ["changed", "over", "none", "customer"])
async def test_without_its_token_nobody_answers(api, flaw: str, body: Any) -> None:
    turn_id = await asked(api)
    bad = {
        "changed": token(api, turn_id)[:-2] + "AA", "over": token(api, turn_id, within_s=-1), "none": "",
        "customer": api.bearer()["authorization"].removeprefix("Bearer "),
    }[flaw]  # fmt: skip
    headers = {"authorization": f"Bearer {bad}", "content-type": "application/json"}
    content = body if isinstance(body, str) else json.dumps(body)
    refused = await api.http.post("/api/agent/tools/callback", content=content, headers=headers)
    assert refused.status_code == 401
    assert await status(api, turn_id) == "waiting"


async def test_an_answer_is_journalled_with_tokens_for_what_is_personal_and_for_known_orders(api) -> None:
    turn_id = await asked(api)
    more = {"order_id": "XYZ789", "carrier": "Together with abc123", "tracking_url": "https://snail.example/t/99"}
    output = GOOD["output"] | more
    assert (await answer(api, token(api, turn_id), {"output": output})).status_code == 204
    told = str((await journalled(api, turn_id))[-1].output)
    assert [word for word in ("XYZ789", "abc123", "snail.example") if word in told] == []


async def test_an_answer_that_everybody_may_read_is_journalled_as_it_is(api) -> None:
    page = {
        "chunk_id": "c1", "document_id": "d1", "title": "Returns", "url": "https://shop.example/help", "section": "",
        "text": "Write to returns@shop.example, 12 Elm Street.", "score": 1.0, "similarity": 1.0, "updated_at": T,
    }  # fmt: skip
    output = {"passages": [page], "strength": 1.0, "gap": 0.0, "cover": 1.0, "answerable": True}
    turn_id = await asked(api, tool=SEARCH_KB.name)
    answered = await answer(api, token(api, turn_id, tool=SEARCH_KB.name), {"output": output})
    assert answered.status_code == 204, answered.text
    assert (await journalled(api, turn_id))[-1].output["passages"][0]["text"] == page["text"]
