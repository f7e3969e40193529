"""Whether a phase may begin: what its gate asks, beside what was seen of the phase before. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.switches.policy import Gate, Phase


@dataclass(frozen=True, slots=True)
class Seen:
    """What was recorded of a time: turns that ended, calls of tools, rated answers, calls that move money."""

    turns: int = 0
    escalated: int = 0
    calls: int = 0
    errors: int = 0
    rated: int = 0
    bad: int = 0
    refunds: int = 0
    refund_calls: int = 0
    refund_errors: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a gate: what was wanted, what was found, and whether that is enough."""

    name: str
    wanted: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A phase's gate with its checks; one without checks is open."""

    phase: Phase
    checks: tuple[Check, ...]

    @property
    def unmet(self) -> tuple[str, ...]:
        """The names of the checks that are not met."""
        return tuple(one.name for one in self.checks if not one.met)


def judge(phase: Phase, seen: Seen) -> Judged:
    """The gate of a phase, against what was seen of the one before."""
    return Judged(phase, () if phase.gate is None else tuple(_checks(phase.gate, seen)))


def _checks(gate: Gate, seen: Seen) -> Iterator[Check]:
    yield _least("turns", gate.turns, seen.turns)
    if gate.tool_errors_percent is not None:
        yield _most("tool errors", gate.tool_errors_percent, seen.errors, seen.calls)
    if gate.escalated_percent is not None:
        yield _most("escalated turns", gate.escalated_percent, seen.escalated, seen.turns)
    if gate.rated:
        yield _least("rated answers", gate.rated, seen.rated)
    if gate.bad_answers_percent is not None:
        yield _most("answers rated bad", gate.bad_answers_percent, seen.bad, seen.rated)
    if gate.refunds:
        yield _least("refunds made", gate.refunds, seen.refunds)
    if gate.refund_errors_percent is not None:
        yield _most("refund errors", gate.refund_errors_percent, seen.refund_errors, seen.refund_calls)


def _least(name: str, wanted: int, found: int) -> Check:
    return Check(name, f"at least {wanted}", str(found), found >= wanted)


def _most(name: str, percent: float, part: int, whole: int) -> Check:
    """A share of nothing is no share: how much there has to be is another check's business."""
    share = 100 * part / whole if whole else 0.0
    return Check(name, f"at most {percent:g} %", f"{share:.1f} % ({part} of {whole})", share <= percent)
