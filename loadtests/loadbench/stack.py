"""What is loaded: the whole product behind its front door, on embedded servers, and a model at a model's pace."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil

from e2e.machine import UNLIMITED, UNLIMITED_DOOR
from loadbench.paid import add_charges
from onebox.environment import machine_environment
from onebox.home import Home
from onebox.ports import GATEWAY
from onebox.stack import SERVICES, Stack
from servicekit.embedded import free_port
from turnbench.children import http_server
from turnbench.customers import add_customers, tokens
from turnbench.meter import named_descendants
from turnbench.product import Quiet

#: The model's pace: milliseconds to the first token of a text, for each further one, and for a call of a tool.
FIRST_TOKEN_MS, TOKEN_MS, PLANNER_MS = 350, 20, 300
ANSWER_TOKENS = 40
_KEY = "sk-scripted"
_RENEWED_EVERY_S = 120.0


class NoDoorError(Exception):
    """This machine has no front door. The message is for the person at the terminal."""


class LoadedStack:
    """The running product, and what is asked about it."""

    def __init__(self, stack: Stack, tokens_file: Path) -> None:
        self.stack, self.tokens_file = stack, tokens_file
        #: Further processes of a service, which count as it.
        self.twins: dict[str, Callable[[], list[int]]] = {}

    @property
    def door(self) -> str:
        """Where customers come in. Raises NoDoorError."""
        if self.stack.front_door is None:
            raise NoDoorError("nginx with ModSecurity and CRS is missing (as root: make gateway-install)")
        return self.stack.front_door

    def groups(self) -> dict[str, list[int]]:
        """Process ids by what they are: each service, the door, the servers, the model, what drives all this."""
        found = {name: [pid, *self.twins.get(name, list)()] for name, pid in self.stack.pids.items() if name != GATEWAY}
        return found | {
            "nginx": named_descendants("nginx"), "postgres": named_descendants("postgres"),
            "valkey": named_descendants("valkey-server"), "scripted model": _running("turnbench.model_server"),
            "supervisor": [os.getpid()],
        }  # fmt: skip

    async def tool_seconds(self) -> dict[str, float]:
        """Mean seconds of a call of each tool so far, as its service measured them."""
        found: dict[str, list[float]] = {}
        async with httpx.AsyncClient(timeout=5.0) as client:
            for name in self.stack.pids:
                if name not in (GATEWAY, "orchestrator"):
                    text = (await client.get(f"{self.stack.url(name)}/metrics")).text
                    found |= _sums(text)
        return {tool: total / count for tool, (total, count) in found.items() if count}


@asynccontextmanager
async def loaded_stack(root: Path, extra: Mapping[str, str]) -> AsyncIterator[LoadedStack]:
    """Starts everything below the directory `root`, `extra` added to what it is told; stops it again.

    Raises StackError, BenchError.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    served = ["turnbench.model_server", str(port), _KEY]
    async with http_server(served, f"{url}/livez", root / "model.log"):
        await _set_pace(url)
        stack = Stack(Home(root / "product"), Quiet(), _environment(f"{url}/v1") | dict(extra))
        try:
            await stack.start()
            await add_customers(stack.addresses.databases["orders"])
            await add_charges(stack.addresses.databases["billing"])
            loaded = LoadedStack(stack, root / "tokens.json")
            renewing = asyncio.create_task(_renew(loaded))
            yield loaded
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
        finally:
            await stack.stop()


async def _set_pace(url: str) -> None:
    pace = {
        "first_token_ms": FIRST_TOKEN_MS, "token_ms": TOKEN_MS, "planner_ms": PLANNER_MS, "steady": True,
        "answer_tokens": ANSWER_TOKENS,
    }  # fmt: skip
    async with httpx.AsyncClient(timeout=5.0) as client:
        (await client.put(f"{url}/behaviour", json=pace)).raise_for_status()


async def _renew(loaded: LoadedStack) -> None:
    """Tokens live for five minutes, and a soak for twenty."""
    while True:
        written = loaded.tokens_file.with_suffix(".new")
        written.write_text(json.dumps(tokens(loaded.stack.keys)))
        written.replace(loaded.tokens_file)
        await asyncio.sleep(_RENEWED_EVERY_S)


def _environment(llm_url: str) -> dict[str, str]:
    """The person's environment without their own settings: no key of theirs is used, no server of theirs."""
    ports = {f"AIGUY_{name.upper()}_PORT": str(free_port()) for name in (*SERVICES, GATEWAY)}
    return machine_environment(os.environ) | ports | UNLIMITED_DOOR | {
        "AIGUY_GATEWAY_CONNECTIONS": "10000", "AIGUY_LIMITS_FILE": str(UNLIMITED), "AIGUY_LOG_LEVEL": "info",
        "AIGUY_RATE_LIMIT_PER_MINUTE": "1000000", "AIGUY_LLM_MODEL": "openai/scripted-small",
        "AIGUY_LLM_WRITER_MODEL": "openai/scripted-large", "AIGUY_LLM_API_KEY": _KEY, "AIGUY_LLM_BASE_URL": llm_url,
    }  # fmt: skip


def _running(module: str) -> list[int]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if module in process.cmdline():
                found.append(process.pid)
    return found


def _sums(text: str) -> dict[str, list[float]]:
    """From the text of /metrics: seconds and number of the calls of each tool."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        for place, part in enumerate(("sum", "count")):
            if line.startswith(f'aiguy_tool_call_seconds_{part}{{tool="'):
                label, _, value = line.partition("} ")
                found.setdefault(label.split('"')[1], [0.0, 0.0])[place] = float(value)
    return found
