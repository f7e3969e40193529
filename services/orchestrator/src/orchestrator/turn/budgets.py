"""What one turn may spend (TURN-2). Limits travel in the journal with the turn, so a replay uses the old ones."""

from enum import StrEnum

from contracts.base import OpenModel
from contracts.turn import Usage


class Level(StrEnum):
    """How much a turn may still use, from all to nothing: the stronger writer, the small model alone, the offline Brain
    with the help pages alone, a person instead.
    """

    STRONG = "strong"
    SMALL = "small"
    KNOWLEDGE = "knowledge"
    EMAIL = "email"

    @property
    def rank(self) -> int:
        """0 for the most, 3 for the least."""
        return list(Level).index(self)


class Budgets(OpenModel):
    """Limits of one turn. Times are milliseconds of work: waiting for a person does not count.

    `tokens` counts what the turn itself brings, in and out, without the prompt's fixed head.

    `soft_ms` stops further tool calls, `hard_ms` ends the turn. With `late_call` the first call may be made after
    `soft_ms`, too: a turn that waited that long for a worker has nothing else to answer from. `session_tokens_left` is
    what the conversation may still use when the turn starts; at zero a person takes over. `cost_micros` is what the
    turn may cost in micro-dollars (0: any). `level` was decided when the message was accepted, because of the cap
    `level_reason`.
    """

    tokens: int = 3000
    tokens_out: int = 800
    tools: int = 2
    soft_ms: int = 8_000
    hard_ms: int = 30_000
    late_call: bool = False
    session_tokens_left: int = 60_000
    cost_micros: int = 0
    level: Level = Level.STRONG
    level_reason: str = ""


def may_call_tool(budgets: Budgets, *, usage: Usage, tools_used: int, worked_ms: int) -> bool:
    """Whether one more tool call fits into the turn."""
    in_time = worked_ms < budgets.soft_ms or (budgets.late_call and tools_used == 0)
    return tools_used < budgets.tools and in_time and not tokens_spent(budgets, usage)


def tokens_spent(budgets: Budgets, usage: Usage) -> bool:
    """Whether the turn has used up its tokens, or its money: no further model call is made."""
    own = max(0, usage.tokens_in - usage.tokens_head) + usage.tokens_out
    if budgets.cost_micros and usage.cost_micros >= budgets.cost_micros:
        return True
    return own >= budgets.tokens or usage.tokens_out >= budgets.tokens_out


def out_of_time(budgets: Budgets, worked_ms: int) -> bool:
    """Whether the turn has to end now, whatever it was about to do."""
    return worked_ms >= budgets.hard_ms
