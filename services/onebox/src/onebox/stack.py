"""The whole product on one machine: servers, keys, databases, five services. Composition root of onebox."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any

import httpx

from onebox.child import BackOff, Child, ChildSpec
from onebox.environment import HOST, Addresses, machine_environment, service_environment
from onebox.faults import FaultProxy
from onebox.front_door import SWITCH, TOLD, Parts, find_parts, write_door
from onebox.home import Home
from onebox.keys import KeyFiles
from onebox.local_llm.answering import wait_answering
from onebox.local_llm.model import LOCAL_LLM, LOCAL_LLM_PORT, LocalLlm
from onebox.ports import (
    DEFAULT_PORTS,
    DOOR_NUMBERS,
    DOOR_NUMBERS_PORT,
    GATEWAY,
    GATEWAY_PORT,
    ORCHESTRATOR,
    TOOL_SERVICES,
    choose_ports,
)
from onebox.readiness import NotReadyError, wait_for_tools, wait_ready
from onebox.report import Report, timed
from onebox.servers import database_server, redis_server
from onebox.site import Site, SiteError, find_site
from onebox.supervisor import Supervisor
from onebox.watch import ServerWatch
from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock
from servicekit.embedded.ports import PortClaims
from servicekit.embedded.process import guarded, is_running

SERVICES = (ORCHESTRATOR, *TOOL_SERVICES)
#: Services that read their database while they start.
NEED_TABLES = (ORCHESTRATOR, "retrieval")
MOST_EARLY_CRASHES = 3


class StackError(Exception):
    """The stack cannot be started. The message is for the person at the terminal."""


class Stack:
    """One running product. `start` once, `stop` always (also after a failed or cancelled start)."""

    def __init__(
        self,
        home: Home,
        report: Report,
        environment: Mapping[str, str] = os.environ,
        *,
        proxied: Collection[str] = (),
        fresh: Collection[str] = (),
        back_off: BackOff | None = None,
        llm: LocalLlm | None = None,
    ) -> None:
        """`proxied` names tool services that get a fault proxy between the orchestrator and themselves, `fresh` those
        whose database starts empty. `back_off`: how long a process that ended is left down. `llm`: a model server that
        is started too and asked instead of what the environment names.
        """
        self.home = home
        self.keys = KeyFiles(home.keys)
        self.proxies: dict[str, FaultProxy] = {}
        self._proxied = proxied
        self._fresh = fresh
        self._report = report
        self._environment = environment
        self._llm = llm
        self._lock: DirectoryLock | None = None
        self._claims = PortClaims()
        self._database = database_server(home, environment)
        self._redis = redis_server(home, environment)
        self._watch = ServerWatch({"postgres": self._database, "valkey": self._redis}, report)
        self._server_starts: list[asyncio.Task[None]] = []
        self._supervisor = Supervisor(report, back_off)
        self._addresses: Addresses | None = None
        self._door = find_parts(environment)
        self._site: Site | None = None
        self._began: dict[str, float] = {}

    @property
    def addresses(self) -> Addresses:
        """Where everything is; raises StackError before the start."""
        if self._addresses is None:
            raise StackError("the stack was not started")
        return self._addresses

    def url(self, name: str = ORCHESTRATOR) -> str:
        """Base URL of a service."""
        return self.addresses.url(name)

    @property
    def front_door(self) -> str | None:
        """Base URL of the gateway with its WAF; None: this machine has none, and the orchestrator is met directly."""
        return self.url(GATEWAY) if self._door is not None else None

    @property
    def site(self) -> str | None:
        """The issuer whose customers are served, once the stack was started; None: the demo shop, with its page."""
        return self._site.name if self._site is not None else None

    @property
    def model(self) -> str | None:
        """The LLM that the user's environment names; None: the offline policy answers."""
        return self._environment.get("AIGUY_LLM_MODEL") or None

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the services that run."""
        return self._supervisor.pids

    @property
    def server_pids(self) -> dict[str, int]:
        """Process ids of the servers that run and are ours."""
        pids = {"postgres": self._database.pid, "valkey": self._redis.pid}
        return {name: pid for name, pid in pids.items() if pid is not None}

    async def start(self) -> None:
        """Start everything; returns when every service is ready. Raises StackError."""
        started = time.perf_counter()
        try:
            self._site = find_site(self._environment)
        except SiteError as error:
            raise StackError(str(error)) from error
        self.home.create()
        self._take_lock()
        self.keys.create()
        usual = {**DEFAULT_PORTS, **({GATEWAY: GATEWAY_PORT, DOOR_NUMBERS: DOOR_NUMBERS_PORT} if self._door else {})}
        usual |= {LOCAL_LLM: LOCAL_LLM_PORT} if self._llm is not None else {}
        ports = choose_ports(self._report, self._claims, self._environment, usual)
        if self._llm is not None:
            self._environment = self._llm.asked(ports[LOCAL_LLM], self._environment)
        await self._start_servers()
        databases = await self._database.create_databases(SERVICES, self._fresh)
        tool_ports = {name: ports[name] for name in TOOL_SERVICES}
        for name in self._proxied:
            proxy = self.proxies[name] = FaultProxy(ports[name])
            await proxy.start()
            tool_ports[name] = proxy.port
        self._addresses = Addresses(ports, databases, self._redis.urls(SERVICES), tool_ports)
        async with httpx.AsyncClient(timeout=5.0) as client:
            # These need no table before their first call: their start-up and the migrations share the processors.
            early = [name for name in TOOL_SERVICES if name not in NEED_TABLES]
            await self._supervisor.start([self._spec(name) for name in early])
            await _all(*(self._ready(client, name) for name in early), self._start_the_rest(client, databases))
            if self._llm is not None:
                await self._start_llm(self._llm)
            if self._door is not None:
                await self._open_door(client, self._door)
        if self._site is not None:
            for trouble in await self._site.unread_keys():
                self._report.trouble(trouble)
        urls = {name: self.url(name) for name in SERVICES}
        door = {GATEWAY: self.front_door, DOOR_NUMBERS: self.url(DOOR_NUMBERS) if self._door else None}
        self.home.write_running({"pid": os.getpid(), "urls": urls, **door, "site": self.site})
        self._report.done("ready", "everything runs", (time.perf_counter() - started) * 1000)

    async def restart(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """Restart one service, `extra` added to its environment; returns when it is ready. Raises StackError."""
        environment = service_environment(name, self.addresses, self.home, self._environment) | dict(extra or {})
        self._began[name] = time.perf_counter()
        await self._supervisor.restart(name, environment)
        async with httpx.AsyncClient(timeout=5.0) as client:
            await self._ready(client, name)

    def another(self, name: str, extra: Mapping[str, str]) -> Child:
        """A further process of a service, with the first one's settings but for `extra`; who starts it stops it too."""
        environment = service_environment(name, self.addresses, self.home, self._environment) | dict(extra)
        log_file = self.home.logs / f"{name}-2.log"
        spec = ChildSpec(f"{name}-2", [sys.executable, "-m", name], log_file, environment)
        return Child(spec, self._report, BackOff(most_s=0.5))

    async def stop(self) -> None:
        """Stop everything in order: services, proxies, Valkey, Postgres. Says which process stayed, if one did."""
        if self._lock is None:
            return
        await asyncio.gather(*self._server_starts, return_exceptions=True)
        await self._watch.stop()
        pids = [*self.pids.values(), *self.server_pids.values()]
        self.home.running_file.unlink(missing_ok=True)
        await self._supervisor.stop()
        await asyncio.gather(*(proxy.stop() for proxy in self.proxies.values()))
        await asyncio.gather(asyncio.to_thread(self._redis.stop), asyncio.to_thread(self._database.stop))
        self._claims.release()
        self._lock.release()
        self._lock = None
        left = [pid for pid in pids if is_running(pid)]
        if left:
            self._report.trouble(f"these processes still run: {left}")

    def _take_lock(self) -> None:
        lock = DirectoryLock(self.home.root / "lock")
        try:
            lock.acquire()
        except EmbeddedError as error:
            running = self.home.read_running()
            where = f": {running['urls'][ORCHESTRATOR]}" if running else ""
            raise StackError(f"a stack runs here already{where}") from error
        self._lock = lock

    async def _start_servers(self) -> None:
        async def start(name: str, server: Any) -> None:
            began = time.perf_counter()
            await asyncio.to_thread(server.start)
            self._report.done(name, server.label, (time.perf_counter() - began) * 1000)

        self._server_starts = [
            asyncio.create_task(start("postgres", self._database)),
            asyncio.create_task(start("valkey", self._redis)),
        ]
        # A thread cannot be cancelled: `stop` waits for it, then stops what it started.
        try:
            await asyncio.gather(*(asyncio.shield(task) for task in self._server_starts))
        except EmbeddedError as error:
            raise StackError(str(error)) from error
        self._watch.start()

    async def _start_the_rest(self, client: httpx.AsyncClient, databases: Mapping[str, str]) -> None:
        with timed(self._report, "databases", "one per service, demo shop, help articles"):
            await self._prepare(databases)
        await self._supervisor.start([self._spec("retrieval")])
        await self._supervisor.start([self._spec(ORCHESTRATOR)])
        await _all(*(self._ready(client, name) for name in NEED_TABLES))

    async def _start_llm(self, llm: LocalLlm) -> None:
        """Behind the services, so that it takes no processor from those who start."""
        log_file, began = self._log_file(LOCAL_LLM), time.perf_counter()
        await self._supervisor.start([llm.spec(self.addresses.ports[LOCAL_LLM], log_file, self._environment)])
        try:
            await wait_answering(
                f"{self.url(LOCAL_LLM)}/v1", llm.key,
                lambda: self._supervisor.restarts[LOCAL_LLM] >= MOST_EARLY_CRASHES,
            )  # fmt: skip
        except NotReadyError as error:
            raise StackError(f"{LOCAL_LLM}: {error}; {_tail(log_file)}") from error
        self._report.done(LOCAL_LLM, f"{self.url(LOCAL_LLM)}, has answered", (time.perf_counter() - began) * 1000)

    async def _open_door(self, client: httpx.AsyncClient, parts: Parts) -> None:
        state = self.home.root / GATEWAY
        places = {name: f"{HOST}:{self.addresses.ports[name]}" for name in SERVICES}
        listen = f"{HOST}:{self.addresses.ports[GATEWAY]}"
        machine = machine_environment(self._environment)
        numbers = f"{HOST}:{self.addresses.ports[DOOR_NUMBERS]}"
        line = f"access_log syslog:server={numbers},nohostname numbers;"
        command = write_door(parts, state, listen, places, {"AIGUY_GATEWAY_NUMBERS": line, **self._environment})
        told = {"HEAR": numbers, "SERVE": numbers, "TOLD": f"{TOLD}:{self.addresses.ports[GATEWAY]}"}
        counting = machine | {f"AIGUY_DOOR_{name}": place for name, place in told.items()}
        self._began[GATEWAY] = time.perf_counter()
        counts = [sys.executable, "-m", "onebox.door_numbers"]
        await self._supervisor.start([
            ChildSpec(DOOR_NUMBERS, counts, self._log_file(DOOR_NUMBERS), counting),
            ChildSpec(GATEWAY, command, self._log_file(GATEWAY), machine),
        ])  # fmt: skip
        try:
            await self._ready(client, GATEWAY, "/livez")
        except StackError as error:
            raise StackError(f"{error}\n{_tail(state / 'error.log')}\n{SWITCH}=off starts without the WAF") from error

    async def _prepare(self, databases: Mapping[str, str]) -> None:
        log_file = self.home.logs / "prepare.log"
        with log_file.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *guarded([sys.executable, "-m", "onebox.prepare"]),
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=asyncio.subprocess.STDOUT,
                env=machine_environment(self._environment), start_new_session=True,
            )  # fmt: skip
        try:
            told = {"databases": databases, "tickets_keys": str(self.keys.master("tickets"))}
            await process.communicate(json.dumps(told).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise StackError(f"the databases could not be prepared; {_tail(log_file)}")

    def _spec(self, name: str) -> ChildSpec:
        log_file = self._log_file(name)
        environment = service_environment(name, self.addresses, self.home, self._environment)
        self._began[name] = time.perf_counter()
        return ChildSpec(name, [sys.executable, "-m", name], log_file, environment)

    def _log_file(self, name: str) -> Path:
        log_file = self.home.logs / f"{name}.log"
        log_file.unlink(missing_ok=True)
        return log_file

    async def _ready(self, client: httpx.AsyncClient, name: str, path: str = "/readyz") -> None:
        began = self._began[name]
        restarts = self._supervisor.restarts[name]
        try:
            await wait_ready(
                client,
                self.url(name),
                path=path,
                given_up=lambda: self._supervisor.restarts[name] - restarts >= MOST_EARLY_CRASHES,
            )
            if name == ORCHESTRATOR:
                await wait_for_tools(client, self.url(name), TOOL_SERVICES)
        except NotReadyError as error:
            log_file = self.home.logs / f"{name}.log"
            raise StackError(f"{name}: {error}; {_tail(log_file)}") from error
        self._report.done(name, self.url(name), (time.perf_counter() - began) * 1000)


async def _all(*waits: Coroutine[Any, Any, None]) -> None:
    """Wait for all; the first failure cancels the others and is raised as it is."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tail(log_file: Path, lines: int = 15) -> str:
    if not log_file.exists():
        return f"{log_file} does not exist"
    return f"{log_file} ends with:\n" + "\n".join(log_file.read_text(errors="replace").splitlines()[-lines:])
