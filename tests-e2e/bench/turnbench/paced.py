"""Turns at a model's pace: what a customer waits, by the tools that a turn needs, and what of it is ours."""

from collections.abc import Callable
from dataclasses import dataclass

from turnbench.percentiles import percentile
from turnbench.product import Product
from turnbench.streaming import FIRST_TOKEN_MS, TOKEN_MS, ModelSwitch
from turnbench.task import question

ANSWER_TOKENS = 40
#: A call of a tool is there as a whole: its first token and ten more.
_PLANNER_MS = FIRST_TOKEN_MS + 10 * TOKEN_MS
#: After its tokens a text has three frames more: why it ends, what it cost, that it is over.
_TEXT_MS = FIRST_TOKEN_MS + (ANSWER_TOKENS + 3) * TOKEN_MS
_TURNS_EACH = 3
AT = (16, 64)


def _hello(_: int) -> str:
    return "Hello!"


def _both(number: int) -> str:
    return f"{question(number)[:-1]}, and how do I return an item?"


#: What is written, by the number of tools that the turn needs.
KINDS: dict[int, Callable[[int], str]] = {0: _hello, 1: question, 2: _both}
Walls = dict[tuple[int, int], list[float]]


@dataclass(frozen=True, slots=True)
class Paced:
    """Milliseconds of each turn, by tools and concurrency."""

    walls: Walls

    def p95(self, tools: int, at: int) -> float:
        """What a customer waits for the end, p95."""
        return percentile(self.walls[tools, at], 95)

    def added_p95(self, at: int) -> float:
        """What is not the model's time in turns of at most one tool, the tool's own time included, p95."""
        added = [wall - _TEXT_MS - tools * _PLANNER_MS for tools in (0, 1) for wall in self.walls[tools, at]]
        return percentile(added, 95)


async def measure_paced(ours: Product, model: ModelSwitch) -> Paced:
    """Measures ours, warm. Customers begin one after the other. Raises BenchError."""
    await model.pace(ANSWER_TOKENS, _PLANNER_MS)
    walls: Walls = {}
    for at in AT:
        for tools, words in KINDS.items():
            turns = at * _TURNS_EACH
            await ours.prepare(turns)
            over_s = (_TEXT_MS + tools * _PLANNER_MS) / 1000
            driven = await ours.run_spread(turns, at, 0, over_s, words)
            walls[tools, at] = driven.walls
    return Paced(walls)
