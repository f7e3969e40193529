"""The Brain that is a language model: a small planner, a stronger writer, and a fallback with the same tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.turn import MAX_TEXT, FinalMessage, ToolCall, Usage
from orchestrator.brain.brief import brief_schema
from orchestrator.brain.citing import MarkFilter, citations_of, source_line, sources_of, told_marks
from orchestrator.brain.llm.completing import Completion, complete, estimated_usage
from orchestrator.brain.llm.port import LlmFailure, LlmPort, LlmRequest
from orchestrator.brain.offline.phrasing import phrases_by_language
from orchestrator.brain.port import BrainContext, BrainError, Draft, OnText, Plan, ToolSpec
from orchestrator.brain.prompting import ChatMessage, PromptHead, planner_messages, tool_definitions, writer_messages
from orchestrator.brain.screen import Screen
from orchestrator.brain.sentences import sentences_of
from orchestrator.brain.settings import ToolMode
from orchestrator.brain.shapes import NotAShape, ShapeReader, parse_arguments, reply_schema
from servicekit.telemetry.genai import asked

PLANNER_TEMPERATURE = 0.2
WRITER_TEMPERATURE = 0.5


@dataclass(frozen=True, slots=True)
class Models:
    """Who thinks, who writes, who steps in (nobody, with 0 s for it); and how long each may take, in seconds."""

    planner: str
    writer: str
    fallback: str
    timeout_s: float = 15.0
    fallback_timeout_s: float = 10.0
    idle_timeout_s: float = 5.0


@dataclass(slots=True)
class _Reply:
    completion: Completion
    screen: Screen
    marks: MarkFilter
    model: str
    usage: Usage
    language: str


class LlmBrain:
    """`Brain` over an `LlmPort`. Holds nothing of any conversation."""

    def __init__(self, llm: LlmPort, models: Models, head: PromptHead, tool_mode: ToolMode = "native") -> None:
        self._llm = llm
        self._models = models
        self._head = head
        self._mode = tool_mode
        self._shapes = ShapeReader()
        self._phrases = phrases_by_language()
        self._offered: tuple[tuple[ToolSpec, ...], tuple[dict[str, Any], ...], int] = ((), (), 0)

    @property
    def name(self) -> str:
        """The planner's model; a plan by another model is the fallback's."""
        return self._models.planner

    @property
    def models(self) -> Models:
        """Who thinks, who writes, who steps in."""
        return self._models

    @property
    def prompt_version(self) -> str:
        """Names the exact prompt and policy files in use."""
        return self._head.version

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        """See `Brain.plan`. Text that turns out not to be the answer is taken back with an empty piece."""
        as_json = self._mode == "json_schema"
        tools, tools_chars = ((), 0) if as_json else self._definitions(context.tools)
        request = self._request(
            context, planner_messages(self._head, context, self._mode), PLANNER_TEMPERATURE,
            tools=tools, tools_chars=tools_chars,
            schema=self._schema(context) if as_json else None,
        )  # fmt: skip
        reply = await self._ask(request, (self._models.planner, self._models.fallback), context, on_text, as_json)
        proposal, streamed = await self._interpret(reply, as_json)
        return Plan(proposal, reply.usage, reply.model, streamed)

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        """See `Brain.draft`."""
        request = self._request(context, writer_messages(self._head, context), WRITER_TEMPERATURE)
        reply = await self._ask(request, (self._models.writer, self._models.fallback), context, on_text, withhold=False)
        message = await self._message(reply, reply.completion.text)
        return Draft(message.text, message.citations, reply.usage, reply.model, message.marks)

    def _request(
        self,
        context: BrainContext,
        messages: tuple[ChatMessage, ...],
        temperature: float,
        tools: tuple[dict[str, Any], ...] = (),
        schema: dict[str, Any] | None = None,
        tools_chars: int = 0,
    ) -> LlmRequest:
        return LlmRequest(
            model="", messages=messages, temperature=temperature, max_tokens=self._most_tokens(context),
            timeout_s=self._models.timeout_s, idle_timeout_s=self._models.idle_timeout_s, tools=tools, schema=schema,
            tools_chars=tools_chars,
        )  # fmt: skip

    def _most_tokens(self, context: BrainContext) -> int:
        most = self._head.profile.max_output_tokens
        return context.max_output_tokens if most is None else min(context.max_output_tokens, most)

    def _schema(self, context: BrainContext) -> dict[str, Any]:
        if not self._head.profile.brief:
            return reply_schema(tuple(sorted(tool.name for tool in context.tools)))
        # One tool a turn: with its result in hand a small model would rather call it again than answer.
        found = any(one.output is not None for one in context.observations)
        return brief_schema(() if found else context.tools)

    def _definitions(self, tools: tuple[ToolSpec, ...]) -> tuple[tuple[dict[str, Any], ...], int]:
        """The tools and their length as JSON; those of the last call again when they are the same."""
        if self._offered[0] is not tools and self._offered[0] != tools:
            definitions = tool_definitions(tools)
            self._offered = (tools, definitions, len(orjson.dumps(definitions)) if definitions else 0)
        return self._offered[1], self._offered[2]

    async def _ask(
        self, request: LlmRequest, models: tuple[str, str], context: BrainContext, on_text: OnText, withhold: bool
    ) -> _Reply:
        """The first model's answer, else the second one's. Raises `BrainError` with what both have cost."""
        first, second = models
        spent = Usage()
        asked(first, temperature=request.temperature, max_tokens=request.max_tokens)
        for model, timeout_s in ((first, self._models.timeout_s), (second, self._models.fallback_timeout_s)):
            marks = MarkFilter(sources_of(context.observations))
            screen = Screen(on_text, marks, withhold_all=withhold)
            attempt = _for_model(request, model, timeout_s)
            try:
                completion = await complete(self._llm, attempt, screen.take)
            except LlmFailure as failure:
                await screen.retract()
                spent += estimated_usage(attempt) if failure.kind == "timeout" else Usage()
                last = failure
                hopeless = failure.kind == "refused" or (first == second and not failure.same_again)
                if hopeless or not self._models.fallback_timeout_s:
                    break
                continue
            return _Reply(
                completion, screen, marks, model, spent + _with_head(completion.usage, attempt), context.language
            )
        raise BrainError(last.kind, usage=spent, retry_after_s=last.retry_after_s) from last

    async def _interpret(self, reply: _Reply, as_json: bool) -> tuple[ToolCall | FinalMessage, bool]:
        completion = reply.completion
        try:
            if completion.calls:
                # One step at a time: the first call is taken, a further one can be proposed after its result.
                call = completion.calls[0]
                await reply.screen.retract()
                return ToolCall(name=call.name, arguments=parse_arguments(call.arguments)), False
            if as_json or reply.screen.withheld:
                return await self._interpret_text(reply, completion.text)
        except NotAShape as error:
            raise BrainError("malformed", usage=reply.usage, errors=error.errors) from error
        return await self._message(reply, completion.text), True

    async def _interpret_text(self, reply: _Reply, text: str) -> tuple[ToolCall | FinalMessage, bool]:
        proposal = self._read(text, cut=reply.completion.finish == "length")
        if isinstance(proposal, ToolCall):
            return proposal, False
        message = await self._message(reply, proposal.text)
        return message.model_copy(update={"asks_human": proposal.asks_human, "refuses": proposal.refuses}), True

    def _read(self, text: str, *, cut: bool) -> ToolCall | FinalMessage:
        """The proposal. An answer that ran out of tokens within its text ends with its last whole sentence; a call that
        did is none.
        """
        try:
            return self._shapes.read(text)
        except NotAShape:
            if not cut:
                raise
            closed = self._shapes.read(text.rstrip("\\") + '"}')
            if isinstance(closed, ToolCall):
                raise
            return closed.model_copy(update={"text": _whole_sentences(closed.text)})

    async def _message(self, reply: _Reply, whole: str) -> FinalMessage:
        """The answer with its citations. An answer that ran out of tokens ends with its last whole sentence."""
        screen = reply.screen
        await screen.release(whole)
        text = screen.clean
        if reply.completion.finish == "length":
            text = _whole_sentences(text)
        if not text.strip():
            await screen.retract()
            raise BrainError("malformed", usage=reply.usage, errors=("the reply was empty",))
        citations = citations_of(text, reply.marks.marks)
        unnamed = [one for one in citations if one.title not in text]
        if unnamed:
            line = f"\n\n{source_line(unnamed, self._phrases[reply.language].say('source', pages='{pages}'))}"
            text += line
            await screen.add(line)
        return FinalMessage(text=text[:MAX_TEXT], citations=citations, marks=told_marks(reply.marks.marks))


def _with_head(usage: Usage, request: LlmRequest) -> Usage:
    """The usage with the part of the prompt that never changes, by the usual four characters a token."""
    fixed = len(request.messages[0]["content"]) + request.tools_chars
    return usage.model_copy(update={"tokens_head": min(usage.tokens_in, fixed // 4)})


def _for_model(request: LlmRequest, model: str, timeout_s: float) -> LlmRequest:
    return LlmRequest(
        model=model, messages=request.messages, temperature=request.temperature, max_tokens=request.max_tokens,
        timeout_s=timeout_s, idle_timeout_s=request.idle_timeout_s, tools=request.tools, schema=request.schema,
        tools_chars=request.tools_chars,
    )  # fmt: skip


def _whole_sentences(text: str) -> str:
    """The text up to its last sentence that ends as one."""
    sentences: Sequence[str] = list(sentences_of(text))
    for sentence in reversed(sentences):
        if sentence.endswith((".", "!", "?", ")", "”")):
            return text[: text.rindex(sentence) + len(sentence)]
    return ""
