"""The whole product in processes of its own, on a fresh state directory and free ports, and the means to hurt it."""

import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import redis.asyncio

from e2e.facts import rows
from e2e.visitor import Visitor
from onebox.child import BackOff
from onebox.demo.facts import Counters, read_counters
from onebox.environment import machine_environment
from onebox.home import Home
from onebox.keys import CHAT_SCOPES, STAFF_SCOPES, Person
from onebox.local_llm.model import LOCAL_LLM, LocalLlm
from onebox.ports import GATEWAY, ORCHESTRATOR, TOOL_SERVICES
from onebox.readiness import wait_ready
from onebox.report import ConsoleReport
from onebox.stack import SERVICES, Stack
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.crypto import Keyring
from servicekit.embedded import free_port
from servicekit.keyfiles import DEMO_ISSUER
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import eventually

SERVERS = ("valkey", "postgres")
#: Tests write faster and more than people do.
UNLIMITED = Path(__file__).parent / "unlimited.yaml"
UNLIMITED_DOOR = {
    "AIGUY_GATEWAY_RATE": "100000r/s", "AIGUY_GATEWAY_BURST": "100000", "AIGUY_GATEWAY_CONNECTIONS": "1000",
    "AIGUY_GATEWAY_MESSAGES": "10000r/s",
}  # fmt: skip


class Machine:
    """One running stack. Everything here belongs to one event loop, which must turn while the stack is used."""

    def __init__(self, directory: Path, more: Mapping[str, str] | None = None, llm: LocalLlm | None = None) -> None:
        """`more`: what else the environment says, as the owner of the machine would; `llm`: a model of its own."""
        listening = (*SERVICES, GATEWAY, LOCAL_LLM)
        ports = {f"AIGUY_{name.upper().replace('-', '_')}_PORT": str(free_port()) for name in listening}
        environment = {
            **machine_environment(os.environ),
            **ports,
            **UNLIMITED_DOOR,
            "AIGUY_LIMITS_FILE": str(UNLIMITED),
            **(more or {}),
        }
        # Tests kill on purpose: a process that ended is not left down for longer each time.
        back_off = BackOff(most_s=0.5)
        self.stack = Stack(
            Home(directory), ConsoleReport(), environment, proxied=TOOL_SERVICES, back_off=back_off, llm=llm
        )
        self.extra: Mapping[str, str] = {}

    async def start(self) -> None:
        """Start everything; returns when all is ready."""
        await self.stack.start()

    async def stop(self) -> None:
        """Stop everything."""
        await self.stack.stop()

    def visitor(self, person: Person, *, patient: bool = False) -> Visitor:
        """Somebody with a browser: `patient` sends again what did not get through."""
        minter = TokenMinter(KeySet.load(self.stack.keys.demo_issuer), DEMO_ISSUER, SystemClock())
        scopes = STAFF_SCOPES if person.role is Role.STAFF else CHAT_SCOPES

        def token() -> str:
            return minter.mint(
                audience=ORCHESTRATOR, subject=person.subject, role=person.role, scopes=scopes, ttl_s=300,
                email=person.email, name=person.name,
            )  # fmt: skip

        return Visitor(self.stack.url(), token, patient=patient)

    def database(self, service: str) -> str:
        """URL of a service's own database: only to judge by."""
        return self.stack.addresses.databases[service]

    @property
    def people(self) -> SubjectKeys:
        """The data keys of those whom tickets knows: only to judge by."""
        return SubjectKeys(Keyring.load(self.stack.keys.master("tickets")))

    async def counters(self) -> Counters:
        """The counters of all services now."""
        return await read_counters({name: self.stack.url(name) for name in SERVICES})

    async def reconfigure(self, extra: Mapping[str, str]) -> None:
        """Restart the orchestrator with these settings besides the usual ones; nothing to do when it has them."""
        if extra != self.extra:
            self.extra = dict(extra)
            await self.stack.restart(ORCHESTRATOR, extra)

    @asynccontextmanager
    async def second_orchestrator(self) -> AsyncIterator[str]:
        """Another one beside the first, over the same databases, with the same settings; its URL, once it is ready."""
        port = free_port()
        child = self.stack.another(ORCHESTRATOR, {**self.extra, "AIGUY_PORT": str(port)})
        url = f"http://127.0.0.1:{port}"
        await child.start()
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                await wait_ready(client, url)
            yield url
        finally:
            await child.stop()

    async def kill(self, name: str) -> None:
        """SIGKILL one process; the stack starts it again by itself. Returns when it is gone, or a new one is there."""
        pid = self._pid(name)
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: self._pid(name) != pid, 10)

    async def ready(self, *names: str, timeout_s: float = 60) -> None:
        """Returns when each of the services says that it is ready."""
        async with httpx.AsyncClient(timeout=5) as client:

            async def ready() -> bool:
                try:
                    answers = [await client.get(f"{self.stack.url(name)}/readyz") for name in names]
                except httpx.TransportError:
                    return False
                return all(answer.status_code == httpx.codes.OK for answer in answers)

            await eventually(ready, timeout_s)

    async def deepened(self, timeout_s: float = 300) -> None:
        """Returns when every window of the help pages has its deep vector, and the index all of them: before that, what
        is found may change under a test.
        """

        async def complete() -> bool:
            found = "SELECT revision, (SELECT count(*) FROM windows WHERE embedding IS NULL) AS pending FROM corpus"
            (corpus,) = await rows(self.database("retrieval"), found)
            async with httpx.AsyncClient(timeout=5) as client:
                told = (await client.get(f"{self.stack.url('retrieval')}/metrics")).text
            indexed = f"aiguy_retrieval_index_revision {float(corpus['revision'])}"
            return corpus["pending"] == 0 and indexed in told

        await eventually(complete, timeout_s)

    async def wipe_redis(self) -> None:
        """FLUSHALL: live streams, caches and memory are gone."""
        client = redis.asyncio.from_url(self.stack.addresses.redis[ORCHESTRATOR])
        await client.flushall()
        await client.aclose()

    def _pid(self, name: str) -> int | None:
        return (self.stack.pids | self.stack.server_pids).get(name)


PROCESSES = (ORCHESTRATOR, *TOOL_SERVICES, *SERVERS)
