"""What streaming costs: short and long answers, from a model without latency and from one with a model's pace."""

from dataclasses import dataclass
from statistics import median

import aiohttp

from turnbench.measuring import Sample, measure, measure_run
from turnbench.plan import TOKENS
from turnbench.product import Product

MANY_TOKENS = 120
_INSTANT_PAIRS, _INSTANT_TURNS, _INSTANT_AT = 3, 64, 16
_PACED_TURNS, _PACED_AT = 128, 64
FIRST_TOKEN_MS, TOKEN_MS = 350, 20
#: A turn's planner call streams about ten frames; its answer follows.
_FRAMES = 10


Pair = dict[int, Sample]


@dataclass(frozen=True, slots=True)
class Streaming:
    """Samples of ours by number of tokens; `paced` has 64 conversations at once, begun one after the other."""

    instant: list[Pair]
    paced: Pair

    @property
    def instant_us(self) -> float:
        """CPU per further token of an answer that came at once, microseconds."""
        return median(_per_token_us(pair) for pair in self.instant)

    @property
    def paced_us(self) -> float:
        """CPU per further token of an answer at a model's pace, microseconds."""
        return _per_token_us(self.paced)


class ModelSwitch:
    """Tells the scripted model how long its answers are and how fast."""

    def __init__(self, session: aiohttp.ClientSession, root_url: str) -> None:
        self._session, self._url = session, f"{root_url}/behaviour"

    async def set(self, tokens: int, *, paced: bool = False) -> None:
        """Answers of so many tokens from now on."""
        behaviour = {"answer_tokens": tokens}
        if paced:
            behaviour |= {"first_token_ms": FIRST_TOKEN_MS, "token_ms": TOKEN_MS}
        await self._put(behaviour)

    async def pace(self, tokens: int, planner_ms: int) -> None:
        """The same by the clock: each token when it is due, and a call of a tool as a whole after `planner_ms`."""
        behaviour = {"answer_tokens": tokens, "first_token_ms": FIRST_TOKEN_MS, "token_ms": TOKEN_MS}
        await self._put(behaviour | {"planner_ms": planner_ms, "steady": True})

    async def _put(self, behaviour: dict[str, int]) -> None:
        async with self._session.put(self._url, json=behaviour) as answer:
            answer.raise_for_status()


async def measure_streaming(ours: Product, model: ModelSwitch) -> Streaming:
    """Measures ours; the model answers as before afterwards."""
    instant: list[Pair] = []
    for _ in range(_INSTANT_PAIRS):
        pair: Pair = {}
        for tokens in (TOKENS, MANY_TOKENS):
            await model.set(tokens)
            pair[tokens] = await measure(ours, _INSTANT_TURNS, _INSTANT_AT, tokens)
        instant.append(pair)
    paced: Pair = {}
    for tokens in (TOKENS, MANY_TOKENS):
        await model.set(tokens, paced=True)
        paced[tokens] = await _measure_paced(ours, tokens)
    await model.set(TOKENS)
    return Streaming(instant, paced)


async def _measure_paced(ours: Product, tokens: int) -> Sample:
    turn_s = (2 * FIRST_TOKEN_MS + (_FRAMES + tokens) * TOKEN_MS) / 1000
    return await measure_run(
        ours, _PACED_TURNS, _PACED_AT, tokens, lambda: ours.run_spread(_PACED_TURNS, _PACED_AT, tokens, turn_s)
    )


def _per_token_us(samples: Pair) -> float:
    return (samples[MANY_TOKENS].own_ms - samples[TOKENS].own_ms) * 1000 / (MANY_TOKENS - TOKENS)
