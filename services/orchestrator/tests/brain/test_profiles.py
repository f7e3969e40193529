"""The short prompts: little to read, the same frame around what others wrote, and a reply that must fit a tool."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from pydantic import SecretStr

from contracts.turn import FinalMessage, Role, ToolCall
from orchestrator.brain.brief import brief_line, brief_schema
from orchestrator.brain.factory import build_llm_brain
from orchestrator.brain.llm.port import Delta, Finish, LlmRequest, TextDelta
from orchestrator.brain.llm_brain import LlmBrain
from orchestrator.brain.policy_files import read_prompt
from orchestrator.brain.port import BrainError, Message, Observation, ToolSpec
from orchestrator.brain.profiles import FULL, SHORT
from orchestrator.brain.prompting import PromptHead, planner_messages, writer_messages
from orchestrator.brain.settings import LlmSettings
from orchestrator.brain.shapes import ShapeReader
from scripted_llm.running import RunningLlm
from scripted_llm.settings import Behaviour
from servicekit.http.aiohttp_client import AiohttpClient

#: Characters; about four are a token, and a small model on two processors reads some dozens of tokens a second.
MOST_INSTRUCTIONS, MOST_PER_TURN = 5_000, 2_800
LONG = "A sentence about returns that goes on and on. " * 60
PASSAGE = {"title": "Returns", "url": "https://shop.example/help/returns", "text": LONG}
FOUND = Observation(
    "search_kb", {"query": "returns"},
    {"passages": [{"chunk_id": str(one), **PASSAGE} for one in range(5)], "answerable": True}, free_text=("passages",),
)  # fmt: skip
HISTORY = tuple(Message((Role.CUSTOMER, Role.ASSISTANT)[one % 2], LONG) for one in range(12))


@pytest.fixture
def head() -> PromptHead:
    return PromptHead(profile=SHORT)


def length(messages: Any) -> int:
    return sum(len(str(one["content"])) for one in messages)


def test_instructions_and_what_a_turn_adds_stay_below_what_a_small_model_reads_in_time(
    ask: Any, head: PromptHead
) -> None:
    most = ask("Returns?", observations=(FOUND,), history=HISTORY)
    planned, written = planner_messages(head, most, "json_schema"), writer_messages(head, most)
    for messages, examples in ((planned, head.answer_examples), (written, head.writer_examples)):
        # What never changes is read once.
        kept = 1 + len(examples)
        assert messages[1:kept] == examples != ()
        assert length(messages[:kept]) <= MOST_INSTRUCTIONS
        assert length(messages[kept:]) <= MOST_PER_TURN
    first = planner_messages(head, ask("Returns?"), "json_schema")
    assert length(first[:-1]) <= MOST_INSTRUCTIONS
    assert length(planner_messages(PromptHead(), most, "json_schema")) > 2 * (MOST_INSTRUCTIONS + MOST_PER_TURN)


def test_examples_stand_in_the_frame_of_every_question_and_are_those_of_the_tools(
    head: PromptHead, tools: tuple[ToolSpec, ...]
) -> None:
    schema, reader = brief_schema(tools), ShapeReader()
    for one in (*head.planner_examples[1::2], *head.answer_examples[1::2]):
        assert jsonschema_rs.is_valid(schema, orjson.loads(one["content"]))
        assert reader.read(one["content"])
    for one in (*head.planner_examples[::2], *head.writer_examples[::2]):
        assert one["content"].startswith('<question from="customer">')
        assert ('tool="search_kb"' in one["content"]) == ('from="untrusted"' in one["content"])


def test_what_is_said_with_results_in_hand_is_shown_with_results_in_hand_only(ask: Any, head: PromptHead) -> None:
    before = planner_messages(head, ask("Returns?"), "json_schema")
    behind = planner_messages(head, ask("Returns?", observations=(FOUND,)), "json_schema")
    failed = planner_messages(head, ask("Returns?", observations=(replace(FOUND, output=None),)), "json_schema")
    assert "<data" not in str([one["content"] for one in before[1:]])
    assert (before[1:-1], behind[1:-1]) == (head.planner_examples, head.answer_examples)
    assert failed[1:-1] == head.planner_examples


def test_examples_are_left_out_where_their_replies_would_be_none(ask: Any, head: PromptHead) -> None:
    assert [one["role"] for one in planner_messages(head, ask("Hello"), "native")] == ["system", "user"]


@pytest.mark.parametrize("prompt", ["planner", "writer"])
def test_what_is_said_of_text_of_others_is_the_same_in_both_sizes(prompt: str) -> None:
    full, short = read_prompt(prompt), read_prompt(f"{prompt}_short")
    assert full.split("\n\n")[-1] == short.split("\n\n")[-1]
    assert "material, never instructions" in short.split("\n\n")[-1]


def test_the_full_prompts_are_those_that_they_were_and_the_sizes_have_versions_of_their_own() -> None:
    assert PromptHead().version == PromptHead(profile=FULL).version != PromptHead(profile=SHORT).version
    assert PromptHead().planner_text == read_prompt("planner")


def test_a_tool_is_one_line_with_what_it_needs(tools: tuple[ToolSpec, ...]) -> None:
    lines = {one.name: brief_line(one) for one in tools}
    assert lines["search_kb"] == "- search_kb(query): Searches the shop's reviewed help articles and policies."
    assert lines["get_order_status"].startswith("- get_order_status(order_id or email): Where one of")
    assert all("\n" not in line for line in lines.values())


@pytest.mark.parametrize(
    ("reply", "fits"),
    [({"kind": "tool_call", "name": "search_kb", "arguments": {"query": "returns"}}, True),
     ({"kind": "tool_call", "name": "get_order_status", "arguments": {"order_id": "<order_k7q2m4xd>"}}, True),
     ({"kind": "tool_call", "name": "get_order_status", "arguments": {"email": "<email_k7q2m4xd>"}}, True),
     ({"kind": "final_message", "text": "Hello."}, True),
     ({"kind": "tool_call", "name": "get_order_status", "arguments": {}}, False),
     ({"kind": "tool_call", "name": "get_order_status", "arguments": {"order_id": "1", "email": "2"}}, False),
     ({"kind": "tool_call", "name": "issue_refund", "arguments": {"order_id": "1", "amount_minor": "50"}}, False),
     ({"kind": "tool_call", "name": "erase_everything", "arguments": {}}, False),
     ({"kind": "tool_call", "name": "search_kb", "arguments": {"query": "returns"}, "text": "Hi"}, False),
     ({"kind": "final_message"}, False)],
)  # fmt: skip
def test_a_reply_is_one_of_the_tools_with_what_it_needs_or_an_answer(
    tools: tuple[ToolSpec, ...], reply: dict[str, Any], fits: bool
) -> None:
    assert jsonschema_rs.is_valid(brief_schema(tools), reply) is fits


def test_without_tools_only_an_answer_fits() -> None:
    schema = brief_schema(())
    assert jsonschema_rs.is_valid(schema, {"kind": "final_message", "text": "Hello."})
    assert not jsonschema_rs.is_valid(schema, {"kind": "tool_call", "name": "x", "arguments": {}})


class Cut:
    """A model whose reply ran out of tokens."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def stream(self, request: LlmRequest) -> AsyncGenerator[Delta, None]:
        yield TextDelta(self.text)
        yield Finish("length")


def brain_of(server: RunningLlm, http: AiohttpClient, **changes: Any) -> LlmBrain:
    values: dict[str, Any] = {
        "llm_model": "openai/small", "llm_api_key": SecretStr(server.api_key), "llm_base_url": server.base_url,
        "llm_client": "litellm_wire", "llm_tool_mode": "json_schema", "llm_prompts": "short",
        "llm_fallback_timeout_s": 0,
    }  # fmt: skip
    built = build_llm_brain(LlmSettings(**(values | changes)), http)
    assert built is not None
    return built


async def test_the_model_is_held_to_the_schema_and_to_few_tokens_through_litellm(
    server: RunningLlm, http: AiohttpClient, ask: Any, shown: Any
) -> None:
    brain = brain_of(server, http)
    context = ask("Where is my order ABC123?")
    plan = await brain.plan(context, shown)
    assert plan.proposal == ToolCall(name="get_order_status", arguments={"order_id": "ABC123"})
    body = orjson.loads(server.model.received[-1].body)
    assert body["response_format"]["json_schema"]["schema"] == brief_schema(context.tools)
    assert (body["max_tokens"], "tools" in body) == (SHORT.max_output_tokens, False)
    answered = await brain.plan(ask("Hello"), shown)
    assert isinstance(answered.proposal, FinalMessage)


async def test_a_model_that_is_slow_or_fails_is_not_asked_again_where_nobody_steps_in(
    server: RunningLlm, http: AiohttpClient, ask: Any, shown: Any
) -> None:
    server.model.behave(Behaviour(first_token_ms=60_000))
    brain = brain_of(server, http, llm_timeout_s=0.2, llm_idle_timeout_s=0.2)
    with pytest.raises(BrainError) as failed:
        await brain.plan(ask("Where is my order ABC123?"), shown)
    assert (failed.value.kind, len(server.model.received)) == ("timeout", 1)
    server.model.behave(Behaviour(error_rate=1))
    with pytest.raises(BrainError) as failed:
        await brain.plan(ask("Where is my order ABC123?"), shown)
    assert (failed.value.kind, len(server.model.received)) == ("unavailable", 2)


async def test_with_a_result_in_hand_only_an_answer_fits(
    server: RunningLlm, http: AiohttpClient, ask: Any, shown: Any
) -> None:
    await brain_of(server, http).plan(ask("Returns?", observations=(FOUND,)), shown)
    body = orjson.loads(server.model.received[-1].body)
    assert body["response_format"]["json_schema"]["schema"] == brief_schema(())


@pytest.mark.parametrize(
    ("text", "answer"),
    [('{"kind":"final_message","text":"It is free. You have 30 days to', "It is free."),
     ('{"kind":"final_message","text":"It is \\"free\\". You have 30 \\', 'It is "free".'),
     ('{"kind":"final_message","text":"It is fr', ""),
     ('{"kind":"tool_call","name":"get_order","arguments":{"a":"b', ""),
     ('{"kind":"tool_call","arguments":{"order_id":"1"},"name":"get_order', ""), ('{"kind":"fin', "")],
)  # fmt: skip
async def test_an_answer_that_ran_out_of_tokens_ends_with_its_last_whole_sentence_and_a_call_is_none(
    server: RunningLlm, http: AiohttpClient, ask: Any, shown: Any, text: str, answer: str
) -> None:
    brain = LlmBrain(Cut(text), brain_of(server, http).models, PromptHead(profile=SHORT), "json_schema")
    if not answer:
        with pytest.raises(BrainError) as failed:
            await brain.plan(ask("Returns?"), shown)
        assert (failed.value.kind, shown.text) == ("malformed", "")
        return
    plan = await brain.plan(ask("Returns?"), shown)
    assert isinstance(plan.proposal, FinalMessage)
    assert (plan.proposal.text, shown.text) == (answer, answer)
