"""Whoever comes back to a conversation sees its answers whole: sources, links, how they ended, their own thumbs."""

import pytest

from contracts.turn import Citation, Outcome
from orchestrator.turn.effects import Finish

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
MAIL = "zoe.quint@mail.example"
SOURCE = Citation(chunk_id="c1", title="Returns", url="https://shop.example/returns", quote=f"Write to {MAIL} first.")
LINK = "https://shop.example/files/invoice.pdf?owner={}"


async def _answered(api) -> tuple[str, str]:
    """A conversation, and its one turn, whose answer has a source and a link; both name somebody."""
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, f"I am {MAIL}", "one")).json()["turn_id"]
    vault = api.app.state.desk.intake.vaults
    async with api.app.state.desk.database.primary() as db:
        conversation = await api.app.state.desk.conversations.by_turn(db, turn_id)
        token = (await vault.opened(db, conversation)).mask(MAIL)
    assert MAIL not in token
    source = SOURCE.model_copy(update={"quote": f"Write to {token} first."})
    links = (("Invoice", LINK.format(token)),)
    await api.end(turn_id, Finish(Outcome.ANSWERED, "Within 30 days.", (source,), links))
    return conversation_id, turn_id


async def _messages(api, conversation_id: str) -> list[dict[str, object]]:
    return (await api.get(f"/api/agent/conversations/{conversation_id}")).json()["messages"]


async def test_an_answer_keeps_its_sources_and_links_with_the_values_in_place(api) -> None:
    answer = (await _messages(api, (await _answered(api))[0]))[-1]
    assert (answer["role"], answer["text"], answer["outcome"]) == ("assistant", "Within 30 days.", "answered")
    assert answer["citations"] == [SOURCE.model_dump()]
    assert answer["links"] == {"Invoice": LINK.format(MAIL)}


async def test_what_others_said_has_none_of_it(api) -> None:
    first, said, _ = await _messages(api, (await _answered(api))[0])
    for one in (first, said):
        assert (one["citations"], one["links"], one["outcome"], one["thumbs"]) == ([], {}, None, None)


@pytest.mark.parametrize("thumbs", ["up", "down"])
async def test_the_customers_own_thumbs_are_there_again(api, thumbs: str) -> None:
    conversation_id, turn_id = await _answered(api)
    assert (await _messages(api, conversation_id))[-1]["thumbs"] is None
    body = {"conversation_id": conversation_id, "turn_id": turn_id, "thumbs": thumbs}
    assert (await api.post("/api/agent/feedback", body)).status_code == 204
    assert (await _messages(api, conversation_id))[-1]["thumbs"] == thumbs


async def test_the_answers_of_a_conversation_stay_apart(api) -> None:
    conversation_id, _ = await _answered(api)
    later = (await api.say(conversation_id, "And without a receipt?", "two")).json()["turn_id"]
    await api.end(later, Finish(Outcome.REFUSED, "I do not know."))
    told = [one for one in await _messages(api, conversation_id) if one["outcome"]]
    assert [(one["outcome"], len(one["citations"])) for one in told] == [("answered", 1), ("refused", 0)]
