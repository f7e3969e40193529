"""Waits until a service says that it is ready, and says why when it is not."""

import asyncio
import time
from collections.abc import Callable

import httpx

POLL_S = 0.05
TIMEOUT_S = 90.0


class NotReadyError(Exception):
    """A service did not become ready. The message says what it said last."""


async def wait_ready(
    client: httpx.AsyncClient,
    url: str,
    *,
    path: str = "/readyz",
    given_up: Callable[[], bool] = lambda: False,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Returns when `GET {url}{path}` answers 200. Raises NotReadyError, at once when `given_up()` says so."""
    deadline = time.monotonic() + timeout_s
    said = "it does not answer"
    while time.monotonic() < deadline:
        try:
            response = await client.get(f"{url}{path}")
        except httpx.TransportError:
            said = "it does not answer"
        else:
            if response.status_code == httpx.codes.OK:
                return
            said = _detail(response)
        if given_up():
            raise NotReadyError("it keeps ending right after its start")
        await asyncio.sleep(POLL_S)
    raise NotReadyError(f"not ready after {timeout_s:.0f} s: {said}")


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
