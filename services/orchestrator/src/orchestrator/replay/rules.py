"""Other rules for recorded turns: what is looked up for a turn, and the changes that follow for it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.limits.policy import LimitsPolicy
from orchestrator.replay.changes import with_approvals, with_limits, with_thresholds
from orchestrator.replay.forking import Change
from orchestrator.replay.recording import Recording
from orchestrator.replay.spending import Spending
from orchestrator.turn.inputs import ToolSucceeded

#: How many of staff registered refunds, by their ids, would have needed; what nobody knows is left out.
Judge = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies of a fork; None: as it was."""

    refunds: Judge | None = None
    escalation: EscalationPolicy | None = None
    limits: LimitsPolicy | None = None

    @property
    def changed(self) -> bool:
        """Whether any of them is another one."""
        return any(one is not None for one in (self.refunds, self.escalation, self.limits))


async def changes_under(rules: Rules, one: Recording, spending: Spending) -> list[Change]:
    """The changes of this turn under the rules. Raises what the judge and the database raise."""
    changes: list[Change] = []
    if rules.refunds is not None:
        changes.append(with_approvals(await rules.refunds(registered_refunds([one]))))
    if rules.escalation is not None:
        changes.append(with_thresholds(rules.escalation))
    if rules.limits is not None:
        changes.append(with_limits(rules.limits, await spending.at(one)))
    return changes


def registered_refunds(recordings: Iterable[Recording]) -> list[str]:
    """The refunds that these turns have registered."""
    inputs = (recorded.turn_input for one in recordings for recorded in one.inputs)
    outputs = (one.output for one in inputs if isinstance(one, ToolSucceeded) and "approvals_needed" in one.output)
    return sorted({str(output["refund_request_id"]) for output in outputs if "refund_request_id" in output})
