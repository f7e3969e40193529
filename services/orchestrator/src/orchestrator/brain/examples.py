"""Questions that a small model is shown as already answered, in the frame that every question comes in."""

from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.brain.policy_files import read_examples
from orchestrator.brain.port import Observation

#: Fields of a result that others have written.
_WRITTEN = ("passages",)


@dataclass(frozen=True, slots=True)
class Example:
    """A made-up question, what a tool had found by then (None: nothing yet), and the reply."""

    asks: str
    found: Observation | None
    reply: str


def examples_of(name: str) -> tuple[Example, ...]:
    """Those in `prompts/<name>.yaml`, in their order. Raises `KeyError` for a file that is none of examples."""
    return tuple(_example(one) for one in read_examples(name))


def _example(told: dict[str, Any]) -> Example:
    reply = told["reply"]
    found = Observation(told["tool"], {}, told["output"], free_text=_WRITTEN) if "tool" in told else None
    return Example(told["asks"], found, reply if isinstance(reply, str) else orjson.dumps(reply).decode())
