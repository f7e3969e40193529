"""Beginning conversations, reading them, and whose they are."""

import pytest

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
NOBODYS = "cnv_" + "0" * 32


async def test_a_new_conversation_holds_only_who_answers_and_is_answered_by_the_bot(api) -> None:
    conversation_id = await api.begin()
    view = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    assert (view["status"], view["answering"], view["cards"]) == ("idle", "bot", [])
    assert [(one["role"], one["turn_id"]) for one in view["messages"]] == [("assistant", None)]


async def test_the_clients_own_name_of_a_conversation_finds_it_again_with_the_same_answer(api) -> None:
    first = await api.post("/api/agent/conversations", {"session_id": "web-first", "context": {"language": "de"}})
    again = await api.post("/api/agent/conversations", {"session_id": "web-first", "context": {"language": "fr"}})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    await api.say(first.json()["conversation_id"], "Hello there", "one")
    later = await api.post("/api/agent/conversations", {"session_id": "web-first"})
    assert later.json() == first.json()
    view = (await api.get(f"/api/agent/conversations/{first.json()['conversation_id']}")).json()
    assert [one["role"] for one in view["messages"]] == ["assistant", "customer"]


async def test_the_same_name_is_somebody_elses_other_conversation(api) -> None:
    names = ("cust_ada", "cust_ben")
    begun = [await api.post("/api/agent/conversations", {"session_id": "web-second"}, subject=one) for one in names]
    assert [one.status_code for one in begun] == [201, 201]
    assert begun[0].json()["conversation_id"] != begun[1].json()["conversation_id"]


async def test_one_call_goes_on_in_it_and_repeats_in_its_words_who_answers(api) -> None:
    told = {"session_id": "web-three", "context": {"language": "de"}}
    begun = (await api.post("/api/agent/conversations", told)).json()
    answer = (await api.post("/chat", {"session_id": "web-three", "message": "Hello"})).json()
    assert (answer["conversation_id"], answer["disclosure"]) == (begun["conversation_id"], begun["disclosure"])
    view = (await api.get(f"/api/agent/conversations/{begun['conversation_id']}")).json()
    assert [one["role"] for one in view["messages"]] == ["assistant", "customer"]


async def test_the_thread_alias_reads_the_same(api) -> None:
    conversation_id = await api.begin()
    await api.say(conversation_id, "Hello there", "one")
    view = await api.get(f"/api/agent/conversations/{conversation_id}")
    assert view.json()["messages"][1]["text"] == "Hello there"
    assert (await api.get(f"/api/agent/thread/{conversation_id}")).json() == view.json()


async def test_only_the_last_messages_are_read_when_few_are_asked_for(api) -> None:
    conversation_id = await api.begin()
    for number in range(5):
        await api.say(conversation_id, f"message {number}", f"id-{number}")
    view = (await api.get(f"/api/agent/conversations/{conversation_id}", limit=2)).json()
    assert [message["text"] for message in view["messages"]] == ["message 3", "message 4"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5"])
async def test_a_limit_outside_its_bounds_is_refused(api, limit: str) -> None:
    answer = await api.get(f"/api/agent/conversations/{await api.begin()}", limit=limit)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_somebody_elses_conversation_looks_like_one_that_does_not_exist(api) -> None:
    adas = await api.begin("cust_ada")
    body = {"text": "hi", "client_turn_id": "one"}
    calls = [
        ("GET", "/api/agent/conversations/{}", None),
        ("GET", "/api/agent/thread/{}", None),
        ("GET", "/api/agent/stream?conversation_id={}&turn_id=trn_" + "0" * 32, None),
        ("POST", "/api/agent/messages", body),
        ("POST", "/api/agent/handoff", {"client_turn_id": "one"}),
        ("POST", "/api/agent/feedback", {"turn_id": "trn_" + "0" * 32, "thumbs": "up"}),
        ("POST", "/api/agent/stop", {"turn_id": "trn_" + "0" * 32}),
        ("POST", "/api/agent/confirmations", {"turn_id": "trn_" + "0" * 32, "digest": "0" * 64, "confirmed": True}),
    ]
    for method, path, fields in calls:
        answers = []
        for conversation_id in (adas, NOBODYS):
            sent = None if fields is None else {"conversation_id": conversation_id, **fields}
            answer = await api.http.request(
                method, path.format(conversation_id), json=sent, headers=api.bearer("cust_ben")
            )
            answers.append((answer.status_code, {**answer.json(), "trace_id": ""}))
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404, path
    assert len((await api.get(f"/api/agent/conversations/{adas}")).json()["messages"]) == 1


async def test_a_customer_of_another_shop_with_the_same_number_is_somebody_else(api) -> None:
    adas = await api.begin("cust_ada")
    strangers = api.bearer("cust_ada", issuer=api.other_shop)
    assert (await api.http.post("/api/agent/conversations", json={}, headers=strangers)).status_code == 201
    assert (await api.http.get(f"/api/agent/conversations/{adas}", headers=strangers)).status_code == 404


async def test_who_somebody_is_is_stored_hashed_and_sealed(api) -> None:
    row = await api.db.fetchrow(
        "SELECT subject_hash, identity FROM conversations WHERE id = $1", await api.begin("cust_ada")
    )
    assert "cust_ada" not in row["subject_hash"]
    assert b"cust_ada" not in row["identity"]


async def test_what_was_said_is_stored_sealed(api) -> None:
    conversation_id = await api.begin()
    await api.say(conversation_id, "my lamp is broken", "one")
    stored = await api.db.fetch(
        "SELECT content AS bytes FROM thread WHERE conversation_id = $1"
        " UNION ALL SELECT payload FROM journal WHERE conversation_id = $1",
        conversation_id,
    )
    assert len(stored) == 3
    assert all(b"lamp" not in row["bytes"] and b"assistant" not in row["bytes"] for row in stored)
