"""Ours: the whole product as `make up` starts it, on embedded servers, its model the scripted one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from onebox.home import Home
from onebox.ports import DEFAULT_PORTS, ORCHESTRATOR
from onebox.stack import Stack
from servicekit.embedded import free_port
from turnbench.children import RUN_S, BenchError
from turnbench.customers import add_customers
from turnbench.driving import MOST_S, Driven, drive
from turnbench.load import LoadClient
from turnbench.meter import named_descendants
from turnbench.task import MODEL, Target, question

#: A measurement says more in a minute than any person.
UNLIMITED = Path(__file__).parents[2] / "support" / "e2e" / "unlimited.yaml"

ORDERS = "orders"
OURS = "AIGuy"
OURS_LITELLM = "AIGuy on litellm"
OURS_WHOLE = "AIGuy on litellm whole"
#: What `AIGUY_LLM_CLIENT` is for them.
CLIENTS = {OURS_LITELLM: "litellm_wire", OURS_WHOLE: "litellm"}


class Product:
    """The running product as a subject of the measurement."""

    def __init__(self, stack: Stack, load: LoadClient) -> None:
        self.name = OURS
        self._stack, self._load = stack, load

    def groups(self) -> dict[str, list[int]]:
        """The services one by one, and the servers beside them."""
        services = {name: [pid] for name, pid in self._stack.pids.items()}
        return services | {"postgres": named_descendants("postgres"), "valkey": named_descendants("valkey-server")}

    async def prepare(self, turns: int) -> None:
        """Begins the conversations."""
        await self._load.prepare(turns)

    async def run(self, turns: int, concurrency: int, tokens: int) -> Driven:
        """Runs turns, all customers at once."""
        return await _bounded(drive(lambda _: self._load.turn(tokens), 0, turns, concurrency, MOST_S))

    async def run_spread(
        self, turns: int, concurrency: int, tokens: int, over_s: float, words: Callable[[int], str] = question
    ) -> Driven:
        """The same, the customers' first messages spread over `over_s` seconds."""

        async def turn(number: int) -> tuple[float, float]:
            if number < concurrency:
                await asyncio.sleep(over_s * number / concurrency)
            return await self._load.turn(tokens, words)

        return await _bounded(drive(turn, 0, turns, concurrency, RUN_S))

    async def call_tool(self, turns: int, concurrency: int) -> list[float]:
        """Calls the tool as the orchestrator does, each for another order; milliseconds of each call."""
        return await self._load.call_tool(self._stack.url(ORDERS), turns, concurrency)

    async def use(self, name: str) -> None:
        """Restarts the orchestrator with another client of the model, one of CLIENTS. Raises StackError."""
        await self._stack.restart(ORCHESTRATOR, {"AIGUY_LLM_CLIENT": CLIENTS[name]})
        self.name = name


async def _bounded(driving: Awaitable[Driven]) -> Driven:
    try:
        return await asyncio.wait_for(driving, RUN_S)
    except TimeoutError as error:
        raise BenchError(f"the turns took longer than {RUN_S:.0f} s") from error


@asynccontextmanager
async def product(root: Path, target: Target) -> AsyncIterator[Product]:
    """Starts everything below the directory `root`; stops it again. Raises StackError."""
    stack = Stack(Home(root), Quiet(), _environment(target))
    try:
        await stack.start()
        await add_customers(stack.addresses.databases["orders"])
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield Product(stack, LoadClient(session, stack.url(), stack.keys))
    finally:
        await stack.stop()


def _environment(target: Target) -> Mapping[str, str]:
    """The person's environment without their own AIGUY settings: no key of theirs is used, no server of theirs."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("AIGUY_")}
    told |= {f"AIGUY_{name.upper()}_PORT": str(free_port()) for name in DEFAULT_PORTS}
    return told | {
        "AIGUY_LLM_MODEL": MODEL, "AIGUY_LLM_BASE_URL": target.llm_url, "AIGUY_LLM_API_KEY": target.llm_key,
        "AIGUY_LLM_CLIENT": "openai_wire", "AIGUY_LOG_LEVEL": "info",
        "AIGUY_LIMITS_FILE": str(UNLIMITED),
    }  # fmt: skip


class Quiet:
    """A report that only says what goes wrong."""

    def done(self, name: str, detail: str, ms: float) -> None:
        """Not shown."""

    def note(self, text: str) -> None:
        """Not shown."""

    def trouble(self, text: str) -> None:
        """Shown at once."""
        print(f"  ! {text}", file=sys.stderr)
