"""What a customer sees as their day's money runs out: a smaller model, then the help pages, then a person."""

import json

import pytest
import pytest_asyncio

from e2e.facts import tickets_of
from e2e.llm import scripted_orchestrator
from e2e.people import guest, stranger

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
HELP = "How do I return an item?"
SMALL, LARGE = "gpt-4o-mini", "gpt-4o"
MOST_TURNS = 30


@pytest_asyncio.fixture(loop_scope="session")
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
        if turns[-1].outcome == "degraded":
            break
    assert turns[0].outcome == "answered"
    assert models[-2:] == [{SMALL}, set()], "the small model alone, then nothing that costs anything"
    assert turns[-1].end["citations"]
    llm.model.received.clear()
    last = await customer.say("Where is my order ABC123?")
    assert (last.outcome, last.end["answering"]) == ("handed_over", "staff")
    assert last.text.startswith("I have reached what I may use for now")
    assert last.text.endswith("they have our conversation and will answer you here.")
    (ticket,) = await tickets_of(machine.database("tickets"), last.conversation_id)
    assert ticket["handoff"] == "budget"
    assert ticket["number"] in last.text
    assert not llm.model.received
    other = await visit(guest()).say(HELP)
    assert other.outcome == "answered", "it is this customer's day that is used up, and nobody else's"
