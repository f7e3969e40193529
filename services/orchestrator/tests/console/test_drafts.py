"""Drafts of shadow mode: staff see them, send them as they are or edited, once; nobody else ever does."""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from contracts.turn import Answering, FinalMessage, Outcome
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import Guarded, HandedOff, PlanMade, PlannedCall, TurnInput
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
PROMISE = "A person will answer you here."
DRAFT = "Order ABC123 is on its way to ada@example.com."


@dataclass
class Drafted:
    """A conversation whose customer was promised a person, and the turn that drafted for them."""

    conversation_id: str
    turn_id: str


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def shadow(api):
    """The chat is in shadow mode, as far as this process knows."""
    board = api.app.state.switches.board

    async def shadowed(*_: Any) -> str:
        return "shadow"

    board.mode = shadowed
    yield
    del board.mode


async def drafted(api: Any, text: str = DRAFT, *, planned: PlanMade | None = None) -> Drafted:
    """As the worker leaves a turn of shadow mode."""
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Where is ABC123?", "one")).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        vault = await desk.intake.vaults.opened(db, conversation)
    plan = planned or PlanMade(message=FinalMessage(text=vault.mask(text)))
    shown: list[TurnInput] = [] if planned else [Guarded(verdict="pass", text=vault.mask(text))]
    inputs = [plan, *shown, HandedOff(ticket_number="T-1", text=PROMISE)]
    journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
    recorded = [Recorded(one, 10 + number) for number, one in enumerate(inputs)]
    step = fold((one.turn_input, one.at_ms) for one in [*await journal.load(), *recorded])
    (finish,) = (one for one in step.effects if isinstance(one, Finish))
    assert (finish.outcome, finish.answering) == (Outcome.HANDED_OVER, Answering.STAFF)
    await journal.append(1, recorded, step.state, finish)
    return Drafted(conversation_id, turn_id)


async def thread(api: Any, made: Drafted) -> list[tuple[str, str]]:
    found = (await api.get(f"/api/agent/conversations/{made.conversation_id}")).json()
    return [(one["role"], one["text"]) for one in found["messages"]][-3:]


async def test_the_customer_has_a_promise_and_staff_the_draft_beside_the_clock(api, enter) -> None:
    made, kim = await drafted(api), await enter("agent")
    assert (await thread(api, made))[-1] == ("assistant", PROMISE)
    assert "on its way" not in (await api.get(f"/api/agent/conversations/{made.conversation_id}")).text
    page = await kim.page(f"/conversations/{made.conversation_id}")
    assert "The assistant's draft, for staff only" in page
    assert "Order ABC123 is on its way to <email>." in page
    assert "The customer waits since" in page
    assert made.conversation_id in await kim.page("/inbox")


async def test_it_is_sent_as_it_is_once_with_the_customers_own_data(api, enter) -> None:
    made, kim, lee = await drafted(api), await enter("agent"), await enter("agent", "staff_lee")
    at = f"/conversations/{made.conversation_id}/draft"
    for somebody in (kim, lee, kim):
        assert (await somebody.post(at, turn_id=made.turn_id)).status_code == 303
    said = [text for role, text in await thread(api, made) if role == "staff"]
    assert len(said) == 1
    assert "on its way to ada@example.com" in said[0]
    page = await kim.page(f"/conversations/{made.conversation_id}")
    assert 'id="send-draft"' not in page
    assert '<span class="tag">sent</span>' in page


async def test_it_is_edited_when_nothing_in_it_is_masked(api, enter) -> None:
    made, kim = await drafted(api), await enter("agent")
    at = f"/conversations/{made.conversation_id}"
    assert 'id="draft"' not in await kim.page(at)
    await kim.post(f"{at}/reveal")
    assert 'id="draft"' in await kim.page(at)
    edited = await kim.post(f"{at}/draft", turn_id=made.turn_id, text="It comes tomorrow, Ada.")
    assert edited.status_code == 303
    assert (await thread(api, made))[-1] == ("staff", "It comes tomorrow, Ada.")
    # A colleague who sends it as it was hears that another text was sent.
    assert (await kim.post(f"{at}/draft", turn_id=made.turn_id)).status_code == 422


async def test_once_staff_have_said_something_else_no_draft_is_offered(api, enter) -> None:
    made, kim = await drafted(api), await enter("agent")
    at = f"/conversations/{made.conversation_id}"
    await kim.post(f"{at}/messages", text="I am on it.", message_id="m-1")
    assert 'id="send-draft"' not in await kim.page(at)


@pytest.mark.parametrize("role", ["viewer", "approver"])
async def test_who_may_not_answer_sends_no_draft(api, enter, role: str) -> None:
    made, somebody = await drafted(api), await enter(role)
    at = f"/conversations/{made.conversation_id}"
    assert 'id="send-draft"' not in await somebody.page(at)
    assert (await somebody.post(f"{at}/draft", turn_id=made.turn_id)).status_code == 403
    assert (await thread(api, made))[-1][0] == "assistant"


async def test_of_another_conversation_or_a_turn_without_one_there_is_no_draft(api, enter) -> None:
    made, other, kim = await drafted(api), await drafted(api), await enter("agent")
    call = PlannedCall(tool="issue_refund", arguments={"order_id": "x"}, args_hash="1", label="Refund", write=True)
    without = await drafted(api, planned=PlanMade(call=call))
    for conversation, turn in ((made, other), (without, without)):
        at = f"/conversations/{conversation.conversation_id}/draft"
        assert (await kim.post(at, turn_id=turn.turn_id)).status_code == 404
    # What it would have done stands among its steps.
    assert "Planned a call: issue_refund" in await kim.page(f"/conversations/{without.conversation_id}")
