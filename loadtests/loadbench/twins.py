"""One part of the product twice: what that carries more, measured for each part alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from loadbench.stack import LoadedStack
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from servicekit.embedded import free_port
from servicekit.testing import eventually

WORKER, API = "worker", "api"
TWINS = (WORKER, API, *TOOL_SERVICES)
#: For the whole product: whatever is there twice listens on one port.
SHARING = {"AIGUY_SHARE_PORT": "1"}
_UP_WITHIN_S = 60.0


@asynccontextmanager
async def twin(loaded: LoadedStack, part: str | None, folder: Path) -> AsyncIterator[None]:
    """A second process of `part` while the block runs, whose cost counts as that of its service; of None there is none.

    `worker` is an orchestrator that nobody talks to, `api` one that takes no jobs.
    """
    if part is None:
        yield
        return
    stack = loaded.stack
    name = ORCHESTRATOR if part in (WORKER, API) else part
    port = free_port() if part == WORKER else stack.addresses.ports[name]
    extra = {"AIGUY_PORT": str(port), "AIGUY_INDEX_DIR": str(folder / "second-index")}
    child = stack.another(name, extra | ({"AIGUY_WORKER": "off"} if part == API else {}))
    await child.start()
    try:
        await eventually(lambda: _listens(child.pid, port), _UP_WITHIN_S)
        loaded.twins = {name: lambda: [child.pid] if child.pid else []}
        yield
    finally:
        loaded.twins = {}
        await child.stop()


def _listens(pid: int | None, port: int) -> bool:
    """Whether the process itself does: on a port that is shared the first one would answer for it."""
    found = psutil.Process(pid).net_connections("tcp") if pid else []
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)
