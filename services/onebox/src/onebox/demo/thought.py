"""Who thought in a turn, by its journal: which steps a model planned, whose words the answer is, and what failed."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from onebox.ports import ORCHESTRATOR
from onebox.stack import Stack
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.replay.reading import Recordings
from orchestrator.turn.inputs import Drafted, Guarded, PlanFailed, PlanMade, PlanRejected, TurnInput
from servicekit.crypto import Keyring

_NAMES = {"": "the offline Brain", "offline": "the offline Brain", "phrases": "a phrase of ours"}
_OURS = _NAMES.keys()
_HELD_BACK = "held_back"
#: Why what a model was asked for brought nothing, as a person says it.
_WHY = {
    "timeout": "the model was too slow", "unavailable": "the model was away", "malformed": "the model made no sense",
    _HELD_BACK: "the guards held its answer back",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thought:
    """`planned`: who chose each tool, in order; `wrote`: whose words the customer has, '' for none yet; `failed`: why
    what the model was asked for brought nothing.
    """

    planned: tuple[str, ...] = ()
    wrote: str = ""
    failed: tuple[str, ...] = ()

    @property
    def planned_by_model(self) -> bool:
        """Whether every tool of the turn, and there is one, was chosen by a model."""
        return bool(self.planned) and not _OURS & set(self.planned)

    @property
    def too_slow(self) -> bool:
        """Whether the offline Brain stepped in because the model did not answer in time."""
        return "timeout" in self.failed

    @property
    def held_back(self) -> bool:
        """Whether the guards let the model's answer not out."""
        return _HELD_BACK in self.failed

    @property
    def written_by_model(self) -> bool:
        """Whether the answer is a model's."""
        return self.wrote not in _OURS

    def __str__(self) -> str:
        parts = []
        if self.planned:
            parts.append(f"planned by {_names(self.planned)}")
        if self.wrote:
            parts.append(f"written by {_names((self.wrote,))}")
        parts += [_WHY.get(one, one) for one in dict.fromkeys(self.failed)]
        return ", ".join(parts) or "no Brain was needed"


async def thoughts(stack: Stack, conversation_id: str) -> Sequence[Thought]:
    """Those of a conversation's turns, oldest first. Raises what asyncpg raises."""
    keyring = Keyring.load(stack.keys.master(ORCHESTRATOR))
    recordings = Recordings(Conversations(keyring, keyring.derive("subject-hash")), Codec())
    db = await asyncpg.connect(stack.addresses.databases[ORCHESTRATOR], timeout=5)
    try:
        found = await recordings.of_conversation(db, conversation_id)
    finally:
        await db.close()
    return [thought(tuple(entry.turn_input for entry in one.inputs)) for one in found]


def thought(inputs: Sequence[TurnInput]) -> Thought:
    """Of the inputs of one turn."""
    planned: list[str] = []
    failed: list[str] = []
    wrote = ""
    for one in inputs:
        match one:
            case PlanMade(call=None, model=model):
                wrote = model
            case PlanMade(model=model):
                planned.append(model)
            case Drafted(model=model):
                wrote = model
            case Guarded(verdict="refuse" | "hand_over" | "ask") if wrote not in _OURS:
                wrote = "phrases"
                failed.append(_HELD_BACK)
            case PlanRejected(reason=reason) | PlanFailed(reason=reason):
                failed.append(reason)
            case _:
                pass
    return Thought(tuple(planned), wrote, tuple(failed))


def _names(models: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(_NAMES.get(one, "the model") for one in models))
