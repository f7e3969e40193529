"""What the model is going to say, before it is put on the wire."""

from dataclasses import dataclass
from typing import Any, Literal

UNFINISHED = "This sentence will never be"

Fault = Literal["unauthorised", "rate_limited", "server_error", "stall", "cut", "broken_json", "empty", "refusal"]


@dataclass(frozen=True, slots=True)
class CallTools:
    """Native tool calls: pairs of a name and its arguments (a string is sent as it is, however broken)."""

    calls: tuple[tuple[str, dict[str, Any] | str], ...]
    preamble: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A text."""

    text: str


@dataclass(frozen=True, slots=True)
class Fail:
    """A fault. `stall`, `cut` and `broken_json` strike after a few tokens of `text`."""

    fault: Fault
    text: str = UNFINISHED
    retry_after_s: float = 1.0


Reply = CallTools | Say | Fail
