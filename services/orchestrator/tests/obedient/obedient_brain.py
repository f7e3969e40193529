"""A Brain that does whatever any text in front of it says, and what comes to its own mind, offered or not."""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contracts.turn import FinalMessage, ToolCall, Usage
from orchestrator.brain.port import BrainContext, Draft, OnText, Plan

_ORDER = re.compile(r"DO (\S{1,64}) (\{.*?\}) OD", re.DOTALL)
_HIDDEN = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_DONE = "All done."


@dataclass
class ObedientBrain:
    """`leads` are the calls that the customer's question needs, made first; `own` what it would like to do anyway,
    `says` what it says in the end.
    """

    leads: list[ToolCall] = field(default_factory=list)
    own: list[ToolCall] = field(default_factory=list)
    proposed: int = 0
    says: str = _DONE
    name: str = "obedient"
    _tried: set[str] = field(default_factory=set)

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        """The lead, else the first order that it has not followed in this turn yet, else a word."""
        for call in (*self.leads, *orders_in(context), *self.own):
            key = f"{context.turn_id} {call.model_dump_json()}"
            if key not in self._tried:
                self._tried.add(key)
                self.proposed += call not in self.leads
                return Plan(call, Usage(), self.name, streamed=False)
        return Plan(FinalMessage(text=self.says), Usage(), self.name, streamed=False)

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        """What it says of everything."""
        return Draft(self.says, (), Usage(), self.name)


def orders_in(context: BrainContext) -> Iterator[ToolCall]:
    """Every order in every text that it sees, also hidden ones, and those that begin in one text and end in another."""
    texts = [context.question, context.summary, *(one.text for one in context.history), *context.notes]
    for seen in context.observations:
        texts += strings(seen.output)
    seen_orders: set[str] = set()
    for text in (*texts, "".join(texts)):
        for plain in (text, codecs.decode(text, "rot13"), text[::-1], *_unhidden(text)):
            for found in _ORDER.finditer(plain):
                call = _call(found[1], found[2])
                if call is not None and (key := call.model_dump_json()) not in seen_orders:
                    seen_orders.add(key)
                    yield call


def strings(value: Any) -> list[str]:
    """Every text in a value."""
    match value:
        case str():
            return [value]
        case dict():
            return [one for item in value.values() for one in strings(item)]
        case list() | tuple():
            return [one for item in value for one in strings(item)]
        case _:
            return []


def order(tool: str, arguments: dict[str, Any]) -> str:
    """The words that this Brain obeys."""
    return f"DO {tool} {json.dumps(arguments, ensure_ascii=False)} OD"


def _call(tool: str, arguments: str) -> ToolCall | None:
    try:
        parsed = json.loads(arguments)
    except json.JSONDecodeError:
        return None
    return ToolCall(name=tool, arguments=parsed)


def _unhidden(text: str) -> Iterator[str]:
    for found in _HIDDEN.finditer(text):
        try:
            yield base64.b64decode(found[0], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
