"""How much a prompt shows: all that helps a large model, or what a small one on an ordinary machine can read in time.

A profile shortens what is shown. What stands around it, the blocks that say where a text comes from and the rules for
what is in them, is the same in all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.brain.settings import PromptSize


@dataclass(frozen=True, slots=True)
class PromptProfile:
    """`planner` and `writer` name files in `prompts/`; with `examples` there is one of examples beside each.
    `passage_chars`: how much of the first, second … passage is shown; there are no more. `brief`: tools in one line
    each with the arguments that they need and no others, a reply that must fit one of them, and one tool a turn.
    `max_output_tokens` is for one call; None: all that the turn has left.
    """

    planner: str
    writer: str
    max_messages: int
    max_message_chars: int
    passage_chars: tuple[int, ...]
    max_output_tokens: int | None
    brief: bool
    examples: bool


FULL = PromptProfile(
    planner="planner", writer="writer", max_messages=12, max_message_chars=1_000, passage_chars=(1_200, 700, 700),
    max_output_tokens=None, brief=False, examples=False,
)  # fmt: skip
SHORT = PromptProfile(
    planner="planner_short", writer="writer_short", max_messages=4, max_message_chars=300, passage_chars=(500, 300),
    max_output_tokens=160, brief=True, examples=True,
)  # fmt: skip
PROFILES: Mapping[PromptSize, PromptProfile] = {"full": FULL, "short": SHORT}
