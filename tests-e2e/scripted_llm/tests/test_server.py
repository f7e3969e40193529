"""The scripted server: the wire format, the default policy, scripts, behaviour, and what it remembers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from scripted_llm.running import RunningLlm, running_llm

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in (
        "get_order_status", "get_order", "list_orders", "get_invoice_pdf", "issue_refund", "search_kb", "handoff_human",
    )
]  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[RunningLlm]:
    async with running_llm() as running:
        yield running


@pytest.fixture
async def client(server: RunningLlm) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {server.api_key}"}
    async with httpx.AsyncClient(base_url=server.base_url.removesuffix("/v1"), headers=headers, trust_env=False) as one:
        yield one


async def chat(client: httpx.AsyncClient, text: str, **changes: Any) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **changes}
    return await client.post("/v1/chat/completions", json=body)


async def called(client: httpx.AsyncClient, text: str) -> tuple[str, dict[str, Any]]:
    message = (await chat(client, text, tools=TOOLS)).json()["choices"][0]["message"]
    function = message["tool_calls"][0]["function"]
    return function["name"], orjson.loads(function["arguments"])


async def test_a_wrong_key_is_refused_in_the_providers_own_shape(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/chat/completions", json={}, headers={"authorization": "Bearer other"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


async def test_what_is_not_a_chat_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/chat/completions", content=b"{")).status_code == 400
    assert (await client.post("/v1/chat/completions", json={"messages": [7]})).status_code == 400


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Where is my order ABC123?", "get_order_status", {"order_id": "ABC123"}),
        ("What items are in order 1234?", "get_order", {"order_id": "1234"}),
        ("Which are my orders?", "list_orders", {}),
        ("invoice for ABC123 please", "get_invoice_pdf", {"order_id": "ABC123"}),
        ("What is your return policy?", "search_kb", {"query": "What is your return policy?"}),
        ("Refund order 1234 for $50", "issue_refund",
         {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "Refund order 1234 for $50"}),
        ("Can I talk to a human?", "handoff_human", {"reason": "customer_asked", "summary": "Can I talk to a human?"}),
    ],
)  # fmt: skip
async def test_the_default_policy_takes_the_step_that_the_question_asks_for(
    client: httpx.AsyncClient, text: str, name: str, arguments: dict[str, Any]
) -> None:
    assert await called(client, text) == (name, arguments)


@pytest.mark.parametrize(
    ("listed", "answer"),
    [
        ([("ABC123", "shipped"), ("1234", "delivered")],
         "Your order ••C123 is shipped. Your order ••1234 is delivered."),
        ([], "You have no orders with us yet."),
    ],
)  # fmt: skip
async def test_of_a_list_it_tells_each_order(
    client: httpx.AsyncClient, listed: list[tuple[str, str]], answer: str
) -> None:
    found = {"orders": [{"order_id": number, "status": status} for number, status in listed], "more": False}
    call = {"id": "c", "type": "function", "function": {"name": "list_orders", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Which are my orders?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": orjson.dumps(found).decode()},
    ]
    told = await client.post("/v1/chat/completions", json={"model": "m", "messages": messages, "tools": TOOLS})
    assert told.json()["choices"][0]["message"]["content"] == answer


async def test_with_the_result_it_answers_from_it(client: httpx.AsyncClient) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "get_order_status", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Where is my order ABC123?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": '{"order_id":"ABC123","status":"delivered"}'},
    ]
    answer = await client.post("/v1/chat/completions", json={"model": "m", "messages": messages, "tools": TOOLS})
    assert answer.json()["choices"][0]["message"]["content"] == "Your order ••C123 is delivered."


async def test_a_stream_is_the_same_answer_in_frames_with_usage_at_the_end(client: httpx.AsyncClient) -> None:
    answer = await chat(client, "hello", stream=True, stream_options={"include_usage": True})
    payloads = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert payloads[-1] == "[DONE]"
    events = [orjson.loads(payload) for payload in payloads[:-1]]
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events if event["choices"])
    assert text == (await chat(client, "hello")).json()["choices"][0]["message"]["content"]
    assert events[-1]["usage"]["completion_tokens"] == 19
    assert events[-2]["choices"][0]["finish_reason"] == "stop"


async def test_a_script_comes_before_the_policy_and_advances_with_each_call(client: httpx.AsyncClient) -> None:
    steps = [{"text": "one"}, {"calls": [{"name": "x", "arguments": "{broken"}]}, {"fault": "server_error"}]
    answer = await client.put("/script", json=[{"match": "secret word", "steps": steps, "advance": "calls"}])
    assert answer.status_code == 204
    assert (await chat(client, "secret word")).json()["choices"][0]["message"]["content"] == "one"
    second = (await chat(client, "secret word")).json()["choices"][0]["message"]["tool_calls"][0]
    assert second["function"]["arguments"] == "{broken"
    assert [(await chat(client, "secret word")).status_code for _ in range(2)] == [500, 500]
    assert (await chat(client, "hello")).status_code == 200


@pytest.mark.parametrize(
    "body", [[{"match": "(", "steps": [{"text": "x"}]}], [{"match": "x", "steps": []}], [{"what": 1}]]
)
async def test_a_script_that_makes_no_sense_is_refused(client: httpx.AsyncClient, body: list[Any]) -> None:
    assert (await client.put("/script", json=body)).status_code == 422


async def test_faults_are_drawn_from_the_seed(client: httpx.AsyncClient) -> None:
    async def statuses() -> list[int]:
        await client.put("/behaviour", json={"error_rate": 0.5, "error_faults": ["rate_limited"], "seed": 3})
        return [(await chat(client, "hello")).status_code for _ in range(20)]

    first = await statuses()
    assert first == await statuses()
    assert set(first) == {200, 429}


async def test_a_misspelt_switch_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.put("/behaviour", json={"first_tokn_ms": 1})).status_code == 422


async def test_it_waits_for_the_first_token_as_long_as_it_is_told(client: httpx.AsyncClient) -> None:
    await client.put("/behaviour", json={"first_token_ms": 120, "token_ms": 1})
    began = asyncio.get_running_loop().time()
    await chat(client, "hello", stream=True)
    assert asyncio.get_running_loop().time() - began >= 0.12


async def test_what_is_held_is_said_when_it_is_let_go(client: httpx.AsyncClient, server: RunningLlm) -> None:
    await client.put("/behaviour", json={"held": True})
    asked = asyncio.create_task(chat(client, "hello"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asked), 0.1)
    assert [one.ended for one in server.model.received] == ["open"]
    await client.put("/behaviour", json={})
    assert (await asked).status_code == 200


async def test_answers_have_the_length_that_is_asked_for(client: httpx.AsyncClient) -> None:
    await client.put("/behaviour", json={"answer_tokens": 40})
    usage = (await chat(client, "hello")).json()["usage"]
    assert usage["completion_tokens"] == 40


async def test_it_shows_what_it_received(client: httpx.AsyncClient, server: RunningLlm) -> None:
    await chat(client, "hello")
    (call,) = (await client.get("/calls")).json()
    assert call["authorization"] == f"Bearer {server.api_key}"
    assert call["body"]["messages"][0]["content"] == "hello"
    assert call["ended"] == "complete"
    await client.delete("/calls")
    assert (await client.get("/calls")).json() == []


async def test_a_call_of_a_tool_comes_as_a_whole_however_slow_texts_are(client: httpx.AsyncClient) -> None:
    await client.put("/behaviour", json={"first_token_ms": 3_600_000, "token_ms": 3_600_000, "planner_ms": 1})
    async with client.stream(
        "POST", "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "order 1234"}], "tools": TOOLS, "stream": True},
    ) as answer:  # fmt: skip
        first = await anext(answer.aiter_bytes())
    assert first.endswith(b"data: [DONE]\n\n")
    assert b"get_order_status" in first


async def test_a_steady_answer_is_the_same_and_no_token_comes_before_it_is_due(client: httpx.AsyncClient) -> None:
    plain = (await chat(client, "hello", stream=True)).text
    await client.put("/behaviour", json={"first_token_ms": 20, "token_ms": 5, "steady": True})
    began = asyncio.get_running_loop().time()
    steady = (await chat(client, "hello", stream=True)).text
    assert steady == plain
    assert asyncio.get_running_loop().time() - began >= 0.02 + 0.005 * (steady.count("data: ") - 1)
