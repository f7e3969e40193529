"""The front door's numbers, which nginx does not count itself: `python -m onebox.door_numbers` beside it.

nginx says of each request how it ended, in a datagram of syslog to this process, and how many connections it has when
it is asked; `/metrics` gives both to Prometheus. AIGUY_DOOR_HEAR and AIGUY_DOOR_SERVE are host:port of the datagrams
and of `/metrics`, AIGUY_DOOR_TOLD is that of the door's connections. The door serves on when this is gone.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

#: What the door turns away by itself: too much of one client; more messages than can be answered.
_LIMITS = {"429": "limit", "503": "overload"}
#: The end of a datagram: the status, that of the service (a dash: it was not asked), who refused it.
_ENDED = re.compile(rb"(\d{3})\|([^|]*)\|([a-z]*|-)\s*$")
_STATES = re.compile(r"Active connections: (\d+).*?Reading: (\d+) Writing: (\d+) Waiting: (\d+)", re.DOTALL)
_NONE = "Active connections: 0 Reading: 0 Writing: 0 Waiting: 0"
_PATIENCE = ClientTimeout(total=2)
Address = tuple[str, int]


class DoorNumbers(asyncio.DatagramProtocol):
    """Counts what nginx says."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter("aiguy_door_requests_total", "Requests by their end.", ["status"], registry=registry)
        self._refused = Counter("aiguy_door_refused_total", "Requests the door refused.", ["by"], registry=registry)
        self._connections = Gauge("aiguy_door_connections", "Connections by state.", ["state"], registry=registry)
        for status in ("2xx", "3xx", "4xx", "429", "5xx"):
            self._requests.labels(status)
        for by in ("waf", *_LIMITS.values()):
            self._refused.labels(by)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """One request has ended."""
        found = _ENDED.search(data)
        if found is None:
            return
        status, service, by = (part.decode() for part in found.groups())
        self._requests.labels(status if status == "429" else f"{status[0]}xx").inc()
        if by == "waf":
            self._refused.labels("waf").inc()
        elif status in _LIMITS and service in {"", "-"}:
            self._refused.labels(_LIMITS[status]).inc()

    def connections(self, told: str) -> None:
        """What nginx's stub_status says."""
        if found := _STATES.search(told):
            for state, number in zip(("all", "reading", "writing", "waiting"), found.groups(), strict=True):
                self._connections.labels(state).set(int(number))


async def serve(hear: Address, at: Address, told: str, until: asyncio.Event) -> None:
    """Counts what comes to `hear` and answers `/metrics` at `at` until the event; `told`: URL of the connections.

    Raises OSError when a port is taken.
    """
    numbers = DoorNumbers()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: numbers, local_addr=hear)
    async with ClientSession(timeout=_PATIENCE) as session:

        async def metrics(_: web.Request) -> web.Response:
            try:
                async with session.get(told) as answer:
                    numbers.connections(await answer.text())
            except (ClientError, TimeoutError):
                # Its door is down: what was counted stays true, and an old number of connections would not.
                numbers.connections(_NONE)
            return web.Response(body=generate_latest(numbers.registry), headers={"content-type": CONTENT_TYPE_LATEST})

        application = web.Application()
        application.router.add_get("/metrics", metrics)
        runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, *at).start()
            await until.wait()
        finally:
            await runner.cleanup()
            transport.close()


async def main(environment: Mapping[str, str] = os.environ) -> None:
    """Serves until SIGTERM or SIGINT. Raises KeyError for an address that is not told."""
    until = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    hear, at = (_address(environment[name]) for name in ("AIGUY_DOOR_HEAR", "AIGUY_DOOR_SERVE"))
    await serve(hear, at, f"http://{environment['AIGUY_DOOR_TOLD']}/", until)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    asyncio.run(main())
