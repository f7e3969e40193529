"""Thumbs, stars and words about an answer."""

import pytest

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


async def _turn(api) -> dict[str, str]:
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Hello", "one")).json()["turn_id"]
    return {"conversation_id": conversation_id, "turn_id": turn_id}


async def _stored(api, turn_id: str):
    return await api.db.fetch("SELECT thumbs, csat, tags, comment FROM feedback WHERE turn_id = $1", turn_id)


async def test_feedback_is_stored_and_its_words_are_sealed(api) -> None:
    turn = await _turn(api)
    told = {"thumbs": "down", "csat": 2, "tags": ["wrong"], "comment": "this was about my lamp"}
    assert (await api.post("/api/agent/feedback", turn | told)).status_code == 204
    (row,) = await _stored(api, turn["turn_id"])
    assert (row["thumbs"], row["csat"], row["tags"]) == (-1, 2, ["wrong"])
    assert b"lamp" not in row["comment"]


async def test_feedback_again_replaces_the_first(api) -> None:
    turn = await _turn(api)
    for thumbs in ("down", "up"):
        await api.post("/api/agent/feedback", turn | {"thumbs": thumbs})
    (row,) = await _stored(api, turn["turn_id"])
    assert row["thumbs"] == 1


async def test_what_is_not_sent_again_stays_and_what_is_sent_empty_goes(api) -> None:
    turn = await _turn(api)
    told = {"thumbs": "down", "tags": ["wrong"], "comment": "this was about my lamp"}
    for body in (told, {"csat": 2}, {"tags": []}):
        assert (await api.post("/api/agent/feedback", turn | body)).status_code == 204
    (row,) = await _stored(api, turn["turn_id"])
    assert (row["thumbs"], row["csat"], row["tags"], row["comment"] is None) == (-1, 2, [], False)
    await api.post("/api/agent/feedback", turn | {"thumbs": "up", "comment": ""})
    (row,) = await _stored(api, turn["turn_id"])
    assert (row["thumbs"], row["csat"], row["comment"]) == (1, 2, None)


async def test_a_turn_of_another_conversation_cannot_be_rated(api) -> None:
    mine, other = await _turn(api), await _turn(api)
    answer = await api.post("/api/agent/feedback", mine | {"turn_id": other["turn_id"], "thumbs": "up"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await _stored(api, other["turn_id"]) == []
