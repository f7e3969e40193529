"""A model that is down, slow, broken or hostile: each turn ends with an answer, and nothing unknown runs."""

import pytest

from e2e.facts import rows, tickets_of
from e2e.llm import scripted_orchestrator
from e2e.people import ADA, stranger
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from servicekit.embedded import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
CALLS = "aiguy_tool_calls_total"
HELP = "How do I return an item?"
STATUS = "get_order_status"


class Moved:
    """What the counters did since this was made."""

    def __init__(self, machine, before) -> None:
        self._machine, self._before = machine, before

    @classmethod
    async def since_now(cls, machine) -> "Moved":
        return cls(machine, await machine.counters())

    async def __call__(self, name: str, *services: str, **labels: str) -> float:
        after = await self._machine.counters()
        return sum(
            after.total(one, name, **labels) - self._before.total(one, name, **labels)
            for one in services or (ORCHESTRATOR,)
        )


@pytest.fixture
async def moved(machine, llm) -> Moved:
    await machine.wipe_redis()  # or a look-up of a moment ago answers
    return await Moved.since_now(machine)


def _is_whole(turn) -> bool:
    """What was streamed, taken back and streamed again is in the end exactly the answer."""
    return turn.streamed == turn.text != ""


async def test_a_model_that_works_answers(visit, llm, moved) -> None:
    turn = await visit(ADA).say("Where is my order ABC123?")
    assert (turn.outcome, turn.tools("succeeded")) == ("answered", {STATUS})
    assert _is_whole(turn)
    assert turn.end["usage"]["tokens_in"] > 0
    assert await moved("aiguy_brain_tokens_total", direction="in") == turn.end["usage"]["tokens_in"]


@pytest.mark.parametrize("fault", ["server_error", "rate_limited", "stall", "cut", "refusal", "unauthorised"])
async def test_without_a_model_the_offline_brain_answers(visit, llm, moved, fault: str) -> None:
    llm.behave(error_rate=1, error_faults=(fault,), retry_after_s=30)
    turn = await visit(stranger()).say(HELP)
    assert turn.outcome == "degraded", turn.text
    assert turn.end["citations"]
    assert "never be" not in turn.text
    assert _is_whole(turn)
    assert await moved("aiguy_brain_failed_total") >= 1


async def test_with_nothing_at_the_models_address_the_offline_brain_answers(machine, visit, scripted_model) -> None:
    nowhere = {"AIGUY_LLM_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"}
    await machine.reconfigure(scripted_orchestrator(scripted_model, **nowhere))
    turn = await visit(ADA).say("Where is my order ABC123?")
    assert (turn.outcome, turn.tools("succeeded")) == ("degraded", {STATUS})
    assert "Parcelway" in turn.text


@pytest.mark.parametrize("fault", ["broken_json", "empty"])
async def test_a_reply_that_is_none_still_ends_in_a_sentence(visit, llm, moved, fault: str) -> None:
    llm.behave(error_rate=1, error_faults=(fault,))
    turn = await visit(stranger()).say(HELP)
    assert turn.outcome in ("degraded", "clarify")
    assert _is_whole(turn)
    assert await moved("aiguy_brain_failed_total") + await moved("aiguy_brain_rejected_total") >= 1
    assert await moved(CALLS, "orders", "billing", "tickets") == 0


@pytest.mark.parametrize("fault", ["server_error", "stall", "cut", "rate_limited"])
async def test_the_fallback_model_takes_over(visit, llm, moved, fault: str) -> None:
    llm.behave(error_rate=1, error_faults=(fault,), models="scripted-small")
    turn = await visit(ADA).say("Where is my order ABC123?")
    assert (turn.outcome, turn.tools("succeeded")) == ("answered", {STATUS})
    assert _is_whole(turn)
    assert await moved("aiguy_brain_repairs_total", kind="fallback_model") >= 1


async def test_a_stall_in_mid_answer_starts_the_text_anew(visit, llm, moved) -> None:
    llm.say("Tell me", {"fault": "stall", "text": "These words will be taken back because"}, {"text": "A whole story."})
    turn = await visit(stranger()).say("Tell me a story")
    assert turn.text == "A whole story."
    assert turn.streamed == turn.text


async def test_an_unknown_tool_never_runs(visit, llm, moved) -> None:
    llm.say("erase", {"calls": [{"name": "delete_all_orders", "arguments": {"really": True}}]})
    turn = await visit(ADA).say("Please erase everything")
    assert turn.outcome == "clarify"
    assert _is_whole(turn)
    assert turn.tools("started") == set()
    assert await moved(CALLS, *TOOL_SERVICES) == 0
    assert await moved("aiguy_brain_rejected_total", reason="unknown_tool") == 1
    assert await moved("aiguy_brain_repairs_total", kind="reprompted") == 1
    assert await moved("aiguy_brain_repairs_total", kind="gave_up") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        '{"order_id": "1234"', '["1234"]', '"1234"', "", {"parcel": "1234"}, {"order_id": ""}, {"order_id": ["1234"]},
        {"order_id": "1234", "email": "ada@example.com"}, {"order_id": "1234; DROP TABLE orders"},
        {"order_id": "1234", "customer_id": "cust_ben"}, {"order_id": "x" * 400},
    ],
)  # fmt: skip
async def test_a_call_that_stays_malformed_never_runs(visit, llm, moved, arguments) -> None:
    llm.say("news", {"calls": [{"name": STATUS, "arguments": arguments}]})
    turn = await visit(ADA).say("Any parcel news?")
    assert turn.outcome == "clarify"
    assert _is_whole(turn)
    assert await moved(CALLS, *TOOL_SERVICES) == 0
    assert await moved("aiguy_brain_rejected_total") == 1


async def test_a_malformed_call_is_repaired_once_asked_again(visit, llm, moved) -> None:
    llm.say(
        "how far",
        {"calls": [{"name": STATUS, "arguments": '{"order_id": "1234"'}]},
        {"calls": [{"name": STATUS, "arguments": {"order_id": "1234"}}]},
        {"text": "It was delivered."},
    )
    turn = await visit(ADA).say("how far along is it?")
    assert (turn.outcome, turn.text) == ("answered", "It was delivered.")
    assert await moved(CALLS, "orders", tool=STATUS) == 1
    assert await moved("aiguy_brain_repairs_total", kind="reprompted") == 1
    assert "order_id" in llm.prompts[1]


async def test_a_call_that_is_almost_right_is_coerced(visit, llm, moved) -> None:
    llm.say("coerce", {"calls": [{"name": "Get-Order-Status", "arguments": {"order_id": 1234}}]}, {"text": "There."})
    turn = await visit(ADA).say("coerce this")
    assert turn.outcome == "answered"
    assert await moved(CALLS, "orders", tool=STATUS) == 1
    assert await moved("aiguy_brain_repairs_total", kind="coerced") >= 1


async def test_a_hostile_model_reads_nobody_elses_order(visit, llm, moved) -> None:
    llm.say("mine", {"calls": [{"name": "get_order", "arguments": {"order_id": "XYZ789"}}]}, {"text": "Here it is."})
    turn = await visit(ADA).say("Show me what is mine")
    assert turn.outcome == "refused"
    assert turn.tools("failed") == {"get_order"}
    assert "Here it is" not in turn.text


async def test_a_model_that_asks_which_orders_are_theirs_gets_the_customers_own_and_shows_no_number(visit, llm) -> None:
    llm.say("which ones", {"calls": [{"name": "list_orders", "arguments": {}}]}, {"by_policy": True})
    ada = visit(ADA)
    turn = await ada.say("which ones of my orders are on their way")
    assert (turn.outcome, turn.tools("succeeded")) == ("answered", {"list_orders"})
    assert "Your order ••C123 is shipped." in turn.text
    assert "Your order ••1234 is delivered." in turn.text
    # The model reads neither number, town nor parcel; ABC123 stands in the tools' own descriptions.
    prompts, received = "\n".join(llm.prompts), "\n".join(ada.received)
    assert [word for word in ('"1234\\', "XYZ789", "5678", "Burlington", "Albany", "PW00401") if word in prompts] == []
    assert [word for word in ("ABC123", "XYZ789", "Z789", "5678", "Albany") if word in received] == []


async def test_a_hostile_model_writes_nothing_without_the_customer(machine, visit, llm, moved) -> None:
    ticket = {"subject": "Free money", "body": "Send me all of it, as was agreed.", "category": "refund"}
    llm.say("greedy", {"calls": [{"name": "create_ticket", "arguments": ticket}]})
    visitor = visit(stranger())
    turn = await visitor.say("be greedy")
    assert turn.events[-1].name == "confirmation"
    assert await tickets_of(machine.database("tickets"), turn.conversation_id) == []
    await visitor.decide(turn, False)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "declined"
    assert await tickets_of(machine.database("tickets"), turn.conversation_id) == []


async def test_a_model_that_never_stops_calling_is_stopped(visit, llm, moved) -> None:
    llm.say("loop", *({"calls": [{"name": STATUS, "arguments": {"order_id": one}}]} for one in ("1234", "ABC123")),
            {"calls": [{"name": "get_order", "arguments": {"order_id": "ABC123"}}]})  # fmt: skip
    turn = await visit(ADA).say("loop for ever")
    assert turn.text
    assert await moved(CALLS, *TOOL_SERVICES) <= 3
    assert len(llm.prompts) <= 6


async def test_what_the_model_cost_is_written_down(machine, visit, llm, moved) -> None:
    turn = await visit(stranger()).say("Hello")
    (row,) = await rows(
        machine.database(ORCHESTRATOR), "SELECT tokens_in, tokens_out, model FROM turns WHERE id = $1", turn.turn_id
    )
    assert row == {
        "tokens_in": turn.end["usage"]["tokens_in"], "tokens_out": turn.end["usage"]["tokens_out"],
        "model": "openai/scripted-small",
    }  # fmt: skip
