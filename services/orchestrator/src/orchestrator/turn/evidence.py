"""How much the answer rests on: one number from what was observed. The finer bundle of signals builds on it."""

from collections.abc import Mapping
from typing import Any

from contracts.turn import Outcome
from orchestrator.turn.state import Observed

#: Below this the stronger writer model writes the answer (BRAIN-2).
WRITER_BELOW = 0.7


def confidence(observed: tuple[Observed, ...]) -> float:
    """Confidence in [0, 1]: the weakest observation counts. Nothing observed is full confidence in a plain reply."""
    return min((_weight(one) for one in observed), default=1.0)


def outcome(observed: tuple[Observed, ...]) -> Outcome:
    """How the turn will be recorded when its answer is sent: a failed last call is not an answer."""
    if not observed or observed[-1].error_class is None:
        return Outcome.ANSWERED if confidence(observed) > 0 else Outcome.REFUSED
    return Outcome.TOOL_FAILED


def share(output: Mapping[str, Any], name: str, default: float) -> float:
    """A number of a search's output, in [0, 1]. Of a tool that means something else by it: `default`."""
    value = output.get(name)
    if not isinstance(value, int | float):
        return default
    return min(1.0, max(0.0, float(value)))


def _weight(one: Observed) -> float:
    if one.output is None:
        return 0.3
    if "strength" not in one.output:
        return 1.0
    return share(one.output, "strength", 1.0) if one.output.get("answerable", True) else 0.0
