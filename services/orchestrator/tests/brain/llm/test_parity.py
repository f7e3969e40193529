"""All LLM clients behave alike against the same server: one suite, run once per client."""

import asyncio
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from orchestrator.brain.factory import build_llm
from orchestrator.brain.llm.completing import Completion, complete
from orchestrator.brain.llm.port import LlmFailure, LlmPort, LlmRequest, TextDelta, ToolCallDelta
from orchestrator.brain.llm_brain import LlmBrain, Models
from orchestrator.brain.port import BrainError
from orchestrator.brain.prompting import PromptHead
from orchestrator.brain.settings import LlmClient, LlmSettings
from scripted_llm.replies import Fault
from scripted_llm.running import RunningLlm
from scripted_llm.settings import Behaviour, Call, Rule, Step
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.testing import eventually

MODEL = "openai/gpt-4o-mini"
CLIENTS: tuple[LlmClient, ...] = ("openai_wire", "litellm_wire", "litellm")
SCHEMA = {"type": "object", "properties": {"kind": {"type": "string"}, "text": {"type": "string"}}}
TOOL = {
    "type": "function",
    "function": {"name": "get_order_status", "description": "Where it is.", "parameters": {"type": "object"}},
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> LlmClient:
    name: LlmClient = request.param
    return name


@pytest.fixture
def llm(client: LlmClient, server: RunningLlm, http: AiohttpClient) -> LlmPort:
    return client_of(client, server.base_url, server.api_key, http)


def client_of(name: LlmClient, base_url: str, key: str, http: AiohttpClient) -> LlmPort:
    settings = LlmSettings(llm_model=MODEL, llm_client=name, llm_base_url=base_url, llm_api_key=SecretStr(key))
    return build_llm(settings, http)


def request_of(text: str, **changes: Any) -> LlmRequest:
    settings: dict[str, Any] = {
        "model": MODEL,
        "temperature": 0.2,
        "max_tokens": 200,
        "timeout_s": 5.0,
        "idle_timeout_s": 2.0,
    }
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": text})
    return LlmRequest(messages=messages, **(settings | changes))


class Pieces:
    """Collects what is streamed, and tells when the first piece has come."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.started = asyncio.Event()

    async def take(self, text: str) -> None:
        self.texts.append(text)
        self.started.set()


async def run(llm: LlmPort, request: LlmRequest, pieces: Pieces | None = None) -> Completion:
    return await complete(llm, request, (pieces or Pieces()).take)


async def test_a_text_comes_in_pieces_that_make_up_the_whole(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(token_ms=5))
    pieces = Pieces()
    completion = await run(llm, request_of("hello"), pieces)
    assert completion.text.startswith("Hello! I can look up")
    assert "".join(pieces.texts) == completion.text
    assert len(pieces.texts) > 5
    assert (completion.finish, completion.calls) == ("stop", ())


async def test_a_tool_call_is_put_together_from_its_pieces(llm: LlmPort) -> None:
    completion = await run(llm, request_of("Where is my order ABC123?", tools=(TOOL,)))
    (call,) = completion.calls
    assert (call.name, call.arguments) == ("get_order_status", '{"order_id":"ABC123"}')
    assert completion.finish == "tool_calls"


async def test_two_tool_calls_stay_apart(llm: LlmPort, server: RunningLlm) -> None:
    calls = (Call(name="one", arguments={"a": 1}), Call(name="two", arguments={"b": 2}))
    server.model.follow((Rule(match="both", steps=(Step(calls=calls),)),))
    completion = await run(llm, request_of("both", tools=(TOOL,)))
    assert [(call.name, call.arguments) for call in completion.calls] == [("one", '{"a":1}'), ("two", '{"b":2}')]


async def test_usage_and_cost_are_those_of_the_server_and_the_price_list(llm: LlmPort) -> None:
    usage = (await run(llm, request_of("hello"))).usage
    assert usage.tokens_in > 20
    assert usage.tokens_out == 19
    expected = usage.tokens_in * 0.15 + usage.tokens_out * 0.60
    assert abs(usage.cost_micros - expected) <= 1


async def test_an_answer_by_json_schema_arrives_as_its_text(llm: LlmPort, server: RunningLlm) -> None:
    completion = await run(llm, request_of("hello", schema=SCHEMA))
    assert completion.text.startswith('{"kind":"final_message","text":"Hello!')
    assert b'"json_schema"' in server.model.received[-1].body


@pytest.mark.parametrize("size", [1, 7, 300])
async def test_it_does_not_matter_where_the_network_cuts_the_stream(
    llm: LlmPort, server: RunningLlm, size: int
) -> None:
    server.model.behave(Behaviour(split_bytes=size))
    server.model.follow((Rule(match="q", steps=(Step(text="Grüße – naïve ☃ 🙂 done"),)),))
    assert (await run(llm, request_of("q"))).text == "Grüße – naïve ☃ 🙂 done"


async def test_a_wrong_key_is_no_use_trying_again(client: LlmClient, server: RunningLlm, http: AiohttpClient) -> None:
    with pytest.raises(LlmFailure) as failed:
        await run(client_of(client, server.base_url, "sk-wrong", http), request_of("hello"))
    assert (failed.value.kind, failed.value.same_again) == ("unavailable", False)
    assert "sk-wrong" not in str(failed.value)


async def test_a_rate_limit_says_when_to_come_back(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(retry_after_s=7))
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("[llm:rate_limited]"))
    assert (failed.value.kind, failed.value.retry_after_s) == ("rate_limited", 7)
    assert len(server.model.received) == 1, "the client itself never tries again"


async def test_a_server_error_may_pass(llm: LlmPort, server: RunningLlm) -> None:
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("[llm:server_error]"))
    assert (failed.value.kind, failed.value.same_again) == ("unavailable", True)
    assert len(server.model.received) == 1


async def test_a_slow_first_token_is_a_timeout(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(first_token_ms=60_000))
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("hello", timeout_s=0.3))
    assert failed.value.kind == "timeout"


async def test_a_slow_answer_is_a_timeout_even_when_it_keeps_coming(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(token_ms=60))
    pieces = Pieces()
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("hello", timeout_s=0.4, idle_timeout_s=0.4), pieces)
    assert failed.value.kind == "timeout"
    assert pieces.texts


async def test_a_stall_in_mid_stream_is_a_timeout(llm: LlmPort, server: RunningLlm) -> None:
    pieces = Pieces()
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("[llm:stall]", idle_timeout_s=0.3), pieces)
    assert failed.value.kind == "timeout"
    assert "".join(pieces.texts).startswith("This")
    await ends(server, "disconnected")


@pytest.mark.parametrize("fault", ["cut", "broken_json"])
async def test_half_an_answer_is_a_failure_and_never_an_answer(llm: LlmPort, fault: str) -> None:
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of(f"[llm:{fault}]"))
    assert failed.value.kind == "unavailable"


async def test_an_empty_reply_is_whole_and_empty(llm: LlmPort) -> None:
    completion = await run(llm, request_of("[llm:empty]"))
    assert (completion.text, completion.calls) == ("", ())


async def test_a_content_filter_is_a_refusal(llm: LlmPort) -> None:
    with pytest.raises(LlmFailure) as failed:
        await run(llm, request_of("[llm:refusal]"))
    assert failed.value.kind == "refused"


async def test_a_server_that_is_not_there_is_unavailable(client: LlmClient, http: AiohttpClient) -> None:
    with pytest.raises(LlmFailure) as failed:
        await run(client_of(client, "http://127.0.0.1:1/v1", "sk-scripted", http), request_of("hello"))
    assert failed.value.kind == "unavailable"


async def test_cancelling_closes_the_connection_to_the_provider(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(token_ms=40))
    pieces = Pieces()
    running = asyncio.create_task(run(llm, request_of("hello"), pieces))
    await asyncio.wait_for(pieces.started.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await ends(server, "disconnected")


async def test_one_who_stops_listening_closes_the_connection_to_the_provider(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(token_ms=40))
    async with aclosing(llm.stream(request_of("hello"))) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                break
    assert isinstance(delta, TextDelta)
    await ends(server, "disconnected")


async def test_a_tool_call_comes_in_pieces_of_its_arguments(llm: LlmPort, server: RunningLlm) -> None:
    server.model.behave(Behaviour(token_ms=2))
    arguments = {"order_id": "ABC123", "note": "x" * 60}
    server.model.follow((Rule(match="long", steps=(Step(calls=(Call(name="add_note", arguments=arguments),)),)),))
    request = request_of("long", tools=(TOOL,))
    async with aclosing(llm.stream(request)) as deltas:
        pieces = [delta async for delta in deltas if isinstance(delta, ToolCallDelta)]
    assert [piece.name for piece in pieces if piece.name] == ["add_note"]
    assert len([piece for piece in pieces if piece.arguments]) > 3
    assert orjson.loads("".join(piece.arguments for piece in pieces)) == arguments


@pytest.mark.parametrize("fault", ["rate_limited", "server_error", "stall", "cut", "broken_json", "empty"])
async def test_the_fallback_model_takes_over_after_every_fault(
    llm: LlmPort, server: RunningLlm, ask: Any, shown: Any, fault: Fault
) -> None:
    server.model.behave(Behaviour(error_rate=1, error_faults=(fault,), models="first"))
    models = Models("openai/first", "openai/first", "openai/spare", timeout_s=3, idle_timeout_s=0.4)
    brain = LlmBrain(llm, models, PromptHead())
    if fault == "empty":
        # A whole reply that says nothing is no trouble of the provider's: it is asked again with the reason.
        with pytest.raises(BrainError) as failed:
            await brain.plan(ask("hello"), shown)
        assert failed.value.kind == "malformed"
        return
    plan = await brain.plan(ask("hello"), shown)
    assert plan.model == "openai/spare"
    assert plan.proposal.text.startswith("Hello! I can look up")
    assert shown.text == plan.proposal.text
    assert [orjson.loads(one.body)["model"] for one in server.model.received] == ["first", "spare"]


async def test_what_litellm_would_ask_is_what_goes_over_our_wire(server: RunningLlm, http: AiohttpClient) -> None:
    """Parameters are the provider layer's own affair; only the way of reading the answer differs."""
    for request in (
        request_of("hello", tools=(TOOL,)),
        request_of("hello", schema=SCHEMA),
        request_of("hello", model="openai/gpt-5-mini"),
    ):
        server.model.received.clear()
        for name in ("litellm_wire", "litellm"):
            await run(client_of(name, server.base_url, server.api_key, http), request)
        ours, theirs = (orjson.loads(one.body) for one in server.model.received)
        assert ours == theirs


async def ends(server: RunningLlm, how: str) -> None:
    """The server's last call ends that way within two seconds."""
    await eventually(lambda: server.model.received[-1].ended == how, 2)
