"""Waits until a service says that it is ready, and says why when it is not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

import httpx
from prometheus_client.parser import text_string_to_metric_families

POLL_S = 0.05
#: Seconds; a fresh machine compiles every module first, and a busy one is slow.
TIMEOUT_S = 180.0
MANIFESTS_READ = "aiguy_tool_manifest_reads_total"


class NotReadyError(Exception):
    """A service did not become ready. The message says what it said last."""


async def wait_until(
    ask: Callable[[], Awaitable[str]],
    *,
    given_up: Callable[[], bool] = lambda: False,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Returns when `ask` says nothing more; what it says is why it is not ready yet.

    Raises NotReadyError with what was said last, at once when `given_up()` says so.
    """
    deadline = time.monotonic() + timeout_s
    said = "it does not answer"
    while time.monotonic() < deadline:
        try:
            said = await ask()
        except httpx.TransportError as error:
            said = f"it does not answer ({type(error).__name__})"
        if not said:
            return
        if given_up():
            raise NotReadyError("it keeps ending right after its start")
        await asyncio.sleep(POLL_S)
    raise NotReadyError(f"not ready after {timeout_s:.0f} s: {said}")


async def wait_ready(
    client: httpx.AsyncClient,
    url: str,
    *,
    path: str = "/readyz",
    given_up: Callable[[], bool] = lambda: False,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Returns when `GET {url}{path}` answers 200. Raises NotReadyError, at once when `given_up()` says so."""

    async def ask() -> str:
        response = await client.get(f"{url}{path}")
        return "" if response.status_code == httpx.codes.OK else _detail(response)

    await wait_until(ask, given_up=given_up, timeout_s=timeout_s)


async def wait_for_tools(
    client: httpx.AsyncClient, url: str, families: Collection[str], timeout_s: float = TIMEOUT_S
) -> None:
    """Returns when the orchestrator has read the manifest of every family. Raises NotReadyError.

    An orchestrator without tools is ready: it answers with what it has. A fresh stack should have them all.
    """
    deadline = time.monotonic() + timeout_s
    missing = set(families)
    while time.monotonic() < deadline:
        metrics = await client.get(f"{url}/metrics")
        for family in text_string_to_metric_families(metrics.text):
            for sample in family.samples:
                if sample.name == MANIFESTS_READ and sample.labels["result"] == "read" and sample.value:
                    missing.discard(sample.labels["family"])
        if not missing:
            return
        await asyncio.sleep(POLL_S)
    raise NotReadyError(f"it has not found the tools of {', '.join(sorted(missing))}")


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
