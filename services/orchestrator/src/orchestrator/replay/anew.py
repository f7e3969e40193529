"""A recorded turn with another Brain, another prompt, or other tools: what is new in it is thought in a sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.brain.offline.brain import NAME
from orchestrator.replay.comparing import Forked, compared
from orchestrator.replay.earlier import Earlier
from orchestrator.replay.forking import Change, Instead, fork_with
from orchestrator.replay.recording import Recording
from orchestrator.replay.sandbox import Sandbox
from orchestrator.replay.tool_forks import ToldByTool, calls_answered, calls_that_are_off, with_tools_off
from orchestrator.turn.inputs import PlanMade, PlanRejected


@dataclass(frozen=True, slots=True)
class Anew:
    """How turns are thought anew. `brain`: all that a Brain was asked is asked again, of that of the sandbox; else only
    what follows from the tools, and only where the offline Brain had answered, which says the same again. `off` and
    `told`: tools that are switched off, or answer this.
    """

    sandbox: Sandbox
    brain: bool = False
    off: frozenset[str] = frozenset()
    told: Sequence[ToldByTool] = ()

    async def forked(self, recording: Recording, earlier: Earlier, changes: Sequence[Change] = ()) -> Forked:
        """The turn as it was, beside what it would have been. Nothing is carried out, and nothing asked but a model."""
        sandbox = self.sandbox.without(self.off) if self.off else self.sandbox
        mind = sandbox.mind(earlier, recording.turn_id, plans=self.brain or _was_offline(recording))
        course = await fork_with(
            recording, mind, changes=(*changes, with_tools_off(self.off)), instead=self._instead(earlier),
            anew=self.brain,
        )  # fmt: skip
        return compared(recording, course)

    def _instead(self, earlier: Earlier) -> list[Instead]:
        def masked(tool: str, output: Mapping[str, Any]) -> dict[str, Any]:
            return self.sandbox.masked(earlier, tool, output)

        return [calls_that_are_off(self.off), *(calls_answered(one, masked) for one in self.told)]


def _was_offline(recording: Recording) -> bool:
    """Whether no other Brain had a say."""
    plans = [one.turn_input for one in recording.inputs if isinstance(one.turn_input, PlanMade | PlanRejected)]
    return all(one.model == NAME for one in plans)
