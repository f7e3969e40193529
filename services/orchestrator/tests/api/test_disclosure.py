"""Who writes to us knows from the first moment that an assistant answers."""

import asyncio
import re
from pathlib import Path

import pytest

from orchestrator.api.disclosing import Disclosure, preferred, shop_name
from orchestrator.effects.phrases import load_phrases
from servicekit.language import LANGUAGES

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
_WIDGETS_WORDS = Path(__file__).parents[2] / "widget/src/words"
ENGLISH = "You are chatting with an AI assistant of Hearth & Pine."


async def _begin(api, body: dict[str, object], accept_language: str = "") -> dict[str, str]:
    headers = api.bearer() | ({"accept-language": accept_language} if accept_language else {})
    answer = await api.http.post("/api/agent/conversations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_conversation_begins_with_it_and_the_thread_shows_it_first(api) -> None:
    begun = await _begin(api, {})
    assert begun["disclosure"].startswith(ENGLISH)
    await api.say(begun["conversation_id"], "Hello", "one")
    view = (await api.get(f"/api/agent/conversations/{begun['conversation_id']}")).json()
    first = view["messages"][0]
    assert (first["role"], first["text"], first["turn_id"]) == ("assistant", begun["disclosure"], None)


@pytest.mark.parametrize(
    ("body", "header", "word"),
    [({"context": {"language": "de-AT"}}, "fr", "KI-Assistenten"), ({}, "fr-CA,fr;q=0.9,en;q=0.5", "assistant IA"),
     ({}, "en;q=0.2, es", "asistente de IA"), ({"context": {"language": "tlh"}}, "it", "assistente IA"),
     ({}, "nl;q=0.4, pl", "AI-assistent van"), ({}, "pl, cs", "You are chatting"), ({}, ";;,q=,de;q=x", "You are")],
)  # fmt: skip
async def test_it_is_in_the_language_that_the_page_or_the_browser_asks_for(api, body, header: str, word: str) -> None:
    assert word in (await _begin(api, body, header))["disclosure"]


async def test_every_language_of_ours_has_it_and_names_the_shop() -> None:
    disclosure = Disclosure(load_phrases(), shop_name())
    texts = {disclosure.text({"language": one}, "") for one in LANGUAGES}
    assert len(texts) == len(LANGUAGES)
    assert all("Hearth & Pine" in text for text in texts)


async def test_a_shop_may_call_itself_as_it_likes() -> None:
    assert "of Nut & Bolt." in Disclosure(load_phrases(), "Nut & Bolt").text({}, "")


async def test_a_header_of_nonsense_is_no_preference() -> None:
    assert preferred("") is None
    assert preferred("*") is None
    assert preferred("de;q=0") is None


async def test_one_call_says_it_with_the_first_answer_only(api) -> None:
    body = {"session_id": "session-disclosed", "message": "Hello"}
    first, second = [(await api.post("/chat", body | {"message": f"Hello {n}"})).json() for n in range(2)]
    assert first["disclosure"].startswith(ENGLISH)
    assert second["disclosure"] == ""
    view = (await api.get(f"/api/agent/conversations/{first['conversation_id']}")).json()
    assert [one["role"] for one in view["messages"]] == ["assistant", "customer", "customer"]


async def test_the_stream_of_one_call_begins_with_it(api) -> None:
    headers = api.bearer() | {"accept": "text/event-stream"}
    body = {"session_id": "session-streamed", "message": "Hello"}
    answer = await api.http.post("/chat", json=body, headers=headers)
    event, data = answer.text.splitlines()[:2]
    assert event == "event: status"
    assert '"state":"disclosure"' in data
    assert ENGLISH in data


async def test_twenty_calls_at_once_begin_one_conversation_with_one_disclosure(api) -> None:
    body = {"session_id": "session-crowded", "message": "Hello"}
    answers = await asyncio.gather(*(api.post("/chat", body) for _ in range(8)))
    ids = {answer.json()["conversation_id"] for answer in answers}
    assert len(ids) == 1
    assert await api.db.fetchval(
        "SELECT count(*) FROM thread WHERE conversation_id = $1 AND turn_id IS NULL", ids.pop()
    ) == 1  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_wish_for_a_person_stands_in_the_thread_as_the_widget_has_shown_it(api, language: str) -> None:
    shown = re.search(r'personAsked: "(.+)"', (_WIDGETS_WORDS / f"{language}.ts").read_text("utf-8"))
    assert shown is not None
    conversation_id = (await _begin(api, {}))["conversation_id"]
    wish = {"conversation_id": conversation_id, "client_turn_id": "one"}
    headers = api.bearer() | {"accept-language": f"{language}-XX,en;q=0.1"}
    assert (await api.http.post("/api/agent/handoff", json=wish, headers=headers)).status_code == 202
    view = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    assert shown[1] in [one["text"] for one in view["messages"] if one["role"] == "customer"]
