"""What a customer sees as their day's money runs out: a smaller model, then the help pages, then a person."""

import json

import pytest

from e2e.facts import tickets_of
from e2e.llm import scripted_orchestrator
from e2e.people import guest, stranger

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
HELP = "How do I return an item?"
SMALL, LARGE = "gpt-4o-mini", "gpt-4o"
MOST_TURNS = 30


@pytest.fixture
async def capped(running_machine, llm):
    """Models that have a price, and little money for each customer."""
    await running_machine.reconfigure(
        scripted_orchestrator(
            llm, AIGUY_LLM_MODEL=f"openai/{SMALL}", AIGUY_LLM_WRITER_MODEL=f"openai/{LARGE}",
            AIGUY_LLM_FALLBACK_MODEL=f"openai/{SMALL}", AIGUY_CAP_CUSTOMER_DAY_USD="0.004",
        )
    )  # fmt: skip


async def test_a_customer_steps_down_to_a_person_and_is_told_how_they_answer(machine, visit, llm, capped) -> None:
    customer = visit(stranger())
    turns, models = [], []
    for _ in range(MOST_TURNS):
        llm.model.received.clear()
        turns.append(await customer.say(HELP))
        models.append({json.loads(one.body)["model"] for one in llm.model.received})
        if turns[-1].outcome == "handed_over":
            break
    outcomes = [turn.outcome for turn in turns]
    assert outcomes[0] == "answered"
    assert outcomes[-2:] == ["degraded", "handed_over"]
    assert models[-2:] == [set(), set()], "nothing is asked that costs anything"
    last_model = max(place for place, asked in enumerate(models) if asked)
    assert models[last_model] == {SMALL}
    degraded = [turn for turn in turns if turn.outcome == "degraded"]
    assert all(turn.end["citations"] for turn in degraded)
    assert "by e-mail" in turns[-1].text
    (ticket,) = await tickets_of(machine.database("tickets"), turns[-1].conversation_id)
    assert ticket["handoff"] == "budget"
    assert ticket["number"] in turns[-1].text
    other = await visit(guest()).say(HELP)
    assert other.outcome == "answered", "it is this customer's day that is used up, and nobody else's"
