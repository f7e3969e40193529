"""The process of one rival: reads runs from standard input, one JSON object per line, and answers each in a line."""

import asyncio
import os
import sys
import time
from dataclasses import asdict

import orjson
import uvloop

from turnbench.driving import OneTurn, drive
from turnbench.rivals import load
from turnbench.task import Ask, Target, question


async def serve(name: str, target: Target, replies: int) -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    async with load(name)(target) as ask:
        os.write(replies, b'{"ready":true}\n')
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            told = orjson.loads(line)
            turn = _turn(ask, told["tokens"])
            driven = await drive(turn, told["first"], told["turns"], told["concurrency"], told["most_s"])
            os.write(replies, orjson.dumps(asdict(driven)) + b"\n")


def _turn(ask: Ask, tokens: int) -> OneTurn:
    async def turn(number: int) -> tuple[float, float]:
        began = time.perf_counter()
        answer = await ask(question(number))
        wall = (time.perf_counter() - began) * 1000
        if len(answer.split()) != tokens:
            raise AssertionError(f"an answer of {tokens} words was expected, not: {answer!r}")
        return wall, wall

    return turn


def main() -> None:
    """`python -m turnbench.worker NAME LLM_URL LLM_KEY TOOL_URL`."""
    name, *where = sys.argv[1:]
    # Libraries may print: the answers have a channel of their own.
    replies = os.dup(1)
    os.dup2(2, 1)
    uvloop.run(serve(name, Target(*where), replies))


if __name__ == "__main__":
    main()
