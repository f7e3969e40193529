"""Builds the messages of a model call. The head never changes between calls, so providers keep it cached.

system: instructions + business facts (byte-stable)  │  examples  │  earlier messages  │  situation, question, data

Every piece says where it comes from: blocks have `from="…"` (an `Origin`, or `staff`), and what the assistant said
stands in messages of its own role, bare, so that it does not learn to write blocks.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, assert_never

import orjson

from contracts.turn import Role
from orchestrator.brain.brief import brief_line
from orchestrator.brain.examples import examples_of
from orchestrator.brain.passages import excerpt
from orchestrator.brain.policy_files import read_policy, read_policy_text, read_prompt
from orchestrator.brain.port import BrainContext, Message, Observation, ToolSpec
from orchestrator.brain.profiles import FULL, PromptProfile
from orchestrator.brain.settings import ToolMode
from orchestrator.turn.provenance import Origin, brings_text

ChatMessage = dict[str, Any]

_LANGUAGES = {"de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch"}
_OUR_TAGS = re.compile(r"<(/?\s*(?:data|question|situation|errors|earlier)\b)", re.IGNORECASE)
_STAFF = "staff"
_WITHHELD = (
    "Nothing can be changed in this turn. If the customer wants something done, say that they can ask for it in their "
    "next message."
)
_JSON_MODE = """
Reply with one JSON object and nothing else: {"kind":"tool_call","name":…,"arguments":{…}} or
{"kind":"final_message","text":…}. The tools:
"""


class PromptHead:
    """The parts of a prompt that stay the same; `version` names exactly these bytes. A prompt that is not given is the
    one that ships with the profile, which also says how much is shown behind it.
    """

    def __init__(self, planner: str | None = None, writer: str | None = None, profile: PromptProfile = FULL) -> None:
        business = read_policy_text("business")
        self.profile = profile
        self.planner_text = read_prompt(profile.planner) if planner is None else planner
        self.writer_text = read_prompt(profile.writer) if writer is None else writer
        self.planner = f"{self.planner_text}\nBusiness facts\n{business}"
        self.writer = f"{self.writer_text}\nBusiness facts\n{business}"
        self.planner_examples = _shown(profile.planner, profile)
        self.writer_examples = _shown(profile.writer, profile)
        self.answer_examples = tuple(_as_json(one) for one in self.writer_examples)
        shown = orjson.dumps([self.planner_examples, self.writer_examples]).decode() if profile.examples else ""
        digest = hashlib.sha256(f"{self.planner}\0{self.writer}{shown}".encode()).hexdigest()
        self.version = f"{read_policy('business')['version']}+{digest[:12]}"


def planner_messages(head: PromptHead, context: BrainContext, mode: ToolMode) -> tuple[ChatMessage, ...]:
    """The messages of a planner call. Results stand as native tool messages where the tools are offered natively."""
    native = mode == "native" and bool(context.tools)
    system = head.planner
    if mode == "json_schema":
        line = brief_line if head.profile.brief else _tool_line
        system += _JSON_MODE + "\n".join(line(tool) for tool in context.tools)
    found = any(one.output is not None for one in context.observations)
    # They reply in JSON. What may be said with results in hand must not be shown before: it would be said without them.
    shown = (head.answer_examples if found else head.planner_examples) if mode == "json_schema" else ()
    closing = {"role": "user", "content": _question_block(context, head.profile, with_data=not native)}
    results = _native_results(context, head.profile) if native else ()
    before = ({"role": "system", "content": system}, *shown, *_history(context.history, head.profile))
    return (*before, closing, *results, *_errors_message(context.repair))


def writer_messages(head: PromptHead, context: BrainContext) -> tuple[ChatMessage, ...]:
    """The messages of a writer call."""
    closing = {"role": "user", "content": _question_block(context, head.profile, with_data=True)}
    system = {"role": "system", "content": head.writer}
    return (system, *head.writer_examples, *_history(context.history, head.profile), closing)


def tool_definitions(tools: Sequence[ToolSpec]) -> tuple[dict[str, Any], ...]:
    """The tools in OpenAI's shape, by name, with schemas cut down to what a model needs.

    What is left out (patterns, lengths, unions at the root that some providers refuse, options that explain nothing and
    have a default) is still checked afterwards, and still understood.
    """
    ordered = sorted(tools, key=lambda tool: tool.name)
    return tuple(
        {"type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": _slim(tool.parameters),
        }}
        for tool in ordered
    )  # fmt: skip


def _shown(name: str, profile: PromptProfile) -> tuple[ChatMessage, ...]:
    """The examples of a prompt as messages: a customer's question in its frame, and the reply."""
    messages: list[ChatMessage] = []
    for one in examples_of(name) if profile.examples else ():
        parts = [_block("question", one.asks, Origin.CUSTOMER)]
        found = () if one.found is None else (one.found,)
        parts += [_data(seen, numbers, one.asks, profile) for seen, numbers in _numbered(found)]
        messages.append({"role": "user", "content": "\n".join(parts)})
        messages.append({"role": "assistant", "content": one.reply})
    return tuple(messages)


def _as_json(message: ChatMessage) -> ChatMessage:
    if message["role"] != "assistant":
        return message
    reply = orjson.dumps({"kind": "final_message", "text": message["content"]}).decode()
    return {"role": "assistant", "content": reply}


def _slim(schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    properties = {
        name: _slim_property(one)
        for name, one in schema.get("properties", {}).items()
        if name in required or one.get("default") is None or "description" in one
    }
    slim: dict[str, Any] = {"type": "object", "properties": properties, "required": list(required)}
    if "oneOf" in schema and schema.get("description"):
        slim["description"] = schema["description"]
    return slim


def _slim_property(schema: dict[str, Any]) -> dict[str, Any]:
    chosen = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    slim = {key: chosen[key] for key in ("type", "enum", "items", "format") if key in chosen}
    if "description" in schema:
        slim["description"] = schema["description"]
    if isinstance(slim.get("items"), dict):
        slim["items"] = _slim_property(slim["items"])
    return slim


def _tool_line(tool: ToolSpec) -> str:
    return f"- {tool.name}: {tool.description} Arguments: {orjson.dumps(_slim(tool.parameters)).decode()}"


def _history(history: Sequence[Message], profile: PromptProfile) -> tuple[ChatMessage, ...]:
    shown = history[-profile.max_messages :]
    return tuple(_earlier(one.role, _defused(one.text[: profile.max_message_chars])) for one in shown)


def _earlier(role: Role, text: str) -> ChatMessage:
    match role:
        case Role.ASSISTANT:
            return {"role": "assistant", "content": text}
        case Role.CUSTOMER:
            return {"role": "user", "content": _block("earlier", text, Origin.CUSTOMER)}
        case Role.STAFF:
            return {"role": "user", "content": _block("earlier", text, _STAFF)}
        case _:
            assert_never(role)


def _who(context: BrainContext) -> str:
    if context.customer:
        return "is signed in"
    if context.may_prove:
        return (
            "wrote an e-mail and is not signed in. Call the order tools for questions about an order: what else is"
            " needed is asked for by us. No invoice can be shown and no refund made: for those offer to sign in"
        )
    return "is a guest: no order or invoice can be shown; offer to sign in"


def _question_block(context: BrainContext, profile: PromptProfile, *, with_data: bool) -> str:
    situation = [f"The customer {_who(context)}. Channel: {context.channel}. Today is {context.now:%A %d %B %Y}."]
    situation += context.notes
    if context.language in _LANGUAGES:
        situation.append(
            f"Answer in {_LANGUAGES[context.language]}. Search in English; mark each statement with its number."
        )
    if context.withheld:
        situation.append(_WITHHELD)
    if context.off:
        names = ", ".join(one.name for one in context.off)
        situation.append(
            f"Switched off just now, so offer none of it, and call handoff_human for who needs it: {names}."
        )
    parts = [_block("situation", "\n".join(situation), Origin.SHOP)]
    if context.summary:
        parts.append(_block("earlier", _defused(context.summary), Origin.CUSTOMER))
    parts.append(_block("question", _defused(context.question), Origin.CUSTOMER))
    if with_data:
        parts += [_data(one, numbers, context.question, profile) for one, numbers in _numbered(context.observations)]
    return "\n".join(parts)


def _native_results(context: BrainContext, profile: PromptProfile) -> tuple[ChatMessage, ...]:
    messages: list[ChatMessage] = []
    for index, (one, numbers) in enumerate(_numbered(context.observations)):
        call_id = f"call_{index}"
        function = {"name": one.tool, "arguments": orjson.dumps(one.arguments).decode()}
        call = {"id": call_id, "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        found = _data(one, numbers, context.question, profile)
        messages.append({"role": "tool", "tool_call_id": call_id, "content": found})
    return tuple(messages)


def _numbered(observations: Sequence[Observation]) -> list[tuple[Observation, dict[str, int]]]:
    """Each observation with the numbers of its passages; they run on over all of them, as `citing.sources_of` does."""
    numbers: dict[str, int] = {}
    for one in observations:
        for passage in (one.output or {}).get("passages", ()):
            numbers.setdefault(str(passage["chunk_id"]), len(numbers) + 1)
    return [(one, numbers) for one in observations]


def _data(one: Observation, numbers: dict[str, int], question: str, profile: PromptProfile) -> str:
    if one.output is None:
        value: dict[str, Any] = {"error": {"class": one.error_class, "code": one.error_code}}
    elif "passages" in one.output:
        passages = one.output["passages"]
        value = {
            "answerable": one.output.get("answerable", True),
            "passages": [
                {
                    "n": numbers[str(p["chunk_id"])],
                    "title": p["title"],
                    "text": excerpt(str(p["text"]), question, limit),
                }
                for p, limit in zip(passages, profile.passage_chars, strict=False)
            ],
        }
    else:
        value = {key: item for key, item in one.output.items() if item is not None}
    # Inside JSON text "</" may be written so: no result can close the block that it stands in.
    text = orjson.dumps(value).decode().replace("</", "<\\/")
    return f'<data tool="{one.tool}" from="{_origin(one)}">\n{text}\n</data>'


def _origin(one: Observation) -> Origin:
    others = one.output is not None and brings_text(one.output, one.free_text)
    return Origin.UNTRUSTED if others else Origin.TOOL


def _errors_message(errors: Sequence[str]) -> tuple[ChatMessage, ...]:
    if not errors:
        return ()
    listed = "\n".join(f"- {_defused(error)}" for error in errors)
    text = f"Your last reply could not be used:\n{listed}\nReply again: one correct tool call, or the answer."
    return ({"role": "user", "content": _block("errors", text, Origin.SHOP)},)


def _block(name: str, text: str, source: Origin | str) -> str:
    return f'<{name} from="{source}">\n{text}\n</{name}>'


def _defused(text: str) -> str:
    """Text of a customer cannot open or close one of our blocks."""
    return _OUR_TAGS.sub(r"‹\1", text)
