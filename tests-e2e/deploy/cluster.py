"""A cluster on this machine: real servers, a process for each pod of an overlay, a balancer for each Service."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from k8s.rendered import NAME, Overlay, Pod

from deploy.balancer import Balancer
from deploy.control import Control, Document, Refused
from deploy.pods import FASTER, Leaving, Running
from deploy.workloads import Workload
from onebox.environment import HOST, Addresses, machine_environment, service_environment
from onebox.front_door import Parts, find_parts, write_door
from onebox.home import Home
from onebox.keys import KeyFiles
from onebox.ports import GATEWAY, ORCHESTRATOR, TOOL_SERVICES
from onebox.readiness import NotReadyError
from onebox.servers import database_server, redis_server
from onebox.stack import SERVICES
from servicekit.embedded.ports import PortClaims
from servicekit.embedded.process import guarded

GREEN = tuple(f"{name}-green" for name in (GATEWAY, ORCHESTRATOR))
WORKER = "orchestrator-worker"
#: What pods are told of their manifest; all else is that of this machine.
_TOLD = ("AIGUY_WORKER", "AIGUY_SHUTDOWN_GRACE_S")
_WAITED = ("AIGUY_DRAIN_S",)


class LocalCluster:
    """`sources`: by tag, the folders of Python that its images have in front of what is installed. `replicas`: by
    workload, 1 where nothing is said. `environment`: what the owner of the machine says. `first`: the tag of the
    release that makes the databases.
    """

    def __init__(
        self, home: Home, environment: Mapping[str, str], sources: dict[str, Sequence[Path]],
        replicas: dict[str, int], first: str = "",
    ) -> None:  # fmt: skip
        self.home, self.keys, self.environment = home, KeyFiles(home.keys), environment
        self.sources, self.replicas, self._first = sources, replicas, first
        self.workloads: dict[str, Workload] = {}
        self.services: dict[str, Balancer] = {}
        self.control = Control(self, home.root / "control")
        self.databases: dict[str, str] = {}
        self._documents: dict[tuple[str, str], Document] = {}
        self._jobs: dict[str, asyncio.Task[int]] = {}
        self._claims, self._opened = PortClaims(), AsyncExitStack()
        self._addresses: Addresses | None = None
        self._route: Balancer | None = None
        self._started = 0

    @property
    def url(self) -> str:
        """Where customers come in."""
        assert self._route is not None
        return f"http://{HOST}:{self._route.port}"

    def shares(self) -> tuple[int, int]:
        """How many connections blue and green were given so far."""
        assert self._route is not None
        blue, green = (self._route.given[self.services[name].port] for name in (GATEWAY, GREEN[0]))
        return blue, green

    @property
    def gone(self) -> list[Running]:
        """The pods that have left."""
        return [pod for one in self.workloads.values() for pod in one.gone]

    async def start(self) -> None:
        """Servers, databases with the demo's rows, keys, balancers; no pod yet."""
        self.home.create()
        self.keys.create()
        postgres, valkey = database_server(self.home, self.environment), redis_server(self.home, self.environment)
        for server in (postgres, valkey):
            self._opened.push_async_callback(asyncio.to_thread, server.stop)
        await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(valkey.start))
        self.databases = await postgres.create_databases(SERVICES)
        await self._prepare()
        for name in (GATEWAY, WORKER, *SERVICES, *GREEN):
            self.services[name] = await self._listening()
        self._route = await self._listening()
        ports = {name: one.port for name, one in self.services.items()}
        self._addresses = Addresses(
            ports, self.databases, valkey.urls(SERVICES), {one: ports[one] for one in TOOL_SERVICES}
        )
        self.weigh(0, 100)
        await self.control.start()
        self._opened.push_async_callback(self.control.stop)

    async def stop(self) -> None:
        """Every process and every server."""
        await asyncio.gather(*(one.stop() for one in self.workloads.values()))
        await self._opened.aclose()
        self._claims.release()

    async def apply(self, documents: list[Document]) -> None:
        """Deployments are rolled out, Jobs are run, ConfigMaps are kept for them.

        Raises Refused for a Job that is there and would be another one.
        """
        for one in documents:
            there = self._documents.get((one["kind"], one["metadata"]["name"]))
            if one["kind"] == "Job" and there not in (None, one):
                raise Refused(f"{one['metadata']['name']}: field is immutable")
        self._documents |= {(one["kind"], one["metadata"]["name"]): one for one in documents}
        names = {(one["kind"], one["metadata"]["name"]) for one in documents}
        for pod in self._applied().pods:
            if (pod.kind, pod.name) not in names:
                continue
            if pod.kind == "Deployment":
                self._workload(pod.name).roll(pod)
            elif pod.kind == "Job":
                self._jobs[pod.name] = asyncio.create_task(self._migrate(pod))

    def forget_jobs(self, label: str) -> None:
        """See `control.Cluster`."""
        for name in self._named_jobs(label):
            del self._documents["Job", name]

    async def jobs_done(self, label: str) -> None:
        """See `control.Cluster`."""
        for name in self._named_jobs(label):
            if (code := await self._jobs[name]) != 0:
                raise Refused(f"{name} ended with code {code}: {self.home.logs / name}.log")

    async def rolled_out(self, name: str) -> None:
        """See `control.Cluster`."""
        try:
            await self._workload(name).rolled()
        except NotReadyError as error:
            raise Refused(f"{name}: {error}") from error

    async def migrate(self, documents: list[Document]) -> None:
        """All migrations of an overlay to their ends, and nothing else."""
        jobs = [one for one in documents if one["kind"] == "Job"]
        await self.apply(jobs)
        for label in {one["metadata"]["labels"][NAME] for one in jobs}:
            await self.jobs_done(label)

    def weigh(self, backend: int, weight: int) -> None:
        """See `control.Cluster`: the route's backends are the two front doors."""
        assert self._route is not None
        self._route.behind[self.services[(GATEWAY, GREEN[0])[backend]].port] = weight

    @asynccontextmanager
    async def beside(self, tag: str, *names: str) -> AsyncIterator[dict[str, Running]]:
        """Each of these workloads has one pod more, of the image with this tag, until the block ends."""
        templates = {pod.name: pod for pod in self._applied().pods if pod.kind == "Deployment"}
        added: dict[str, Running] = {}
        try:
            for name in names:
                added[name] = await self.workloads[name].beside(_tagged(templates[name], tag))
            yield added
        finally:
            for name, pod in added.items():
                self.workloads[name].leave(pod)
            await self.settled()

    async def settled(self) -> None:
        """Returns when every pod that should leave has left."""
        await asyncio.gather(*(one.settled() for one in self.workloads.values()))

    def _named_jobs(self, label: str) -> list[str]:
        jobs = [one["metadata"] for (kind, _), one in self._documents.items() if kind == "Job"]
        return [one["name"] for one in jobs if one["labels"][NAME] == label]

    def _applied(self) -> Overlay:
        return Overlay("applied", list(self._documents.values()))

    def _workload(self, name: str) -> Workload:
        if name not in self.workloads:
            self.workloads[name] = Workload(name, 1, self.services[name], self._launch)
        self.workloads[name].replicas = self.replicas.get(name, 1)
        return self.workloads[name]

    async def _launch(self, template: Pod) -> Running:
        revision = template.revision
        self._started += 1
        name, port = f"{template.name}-{self._started}", self._claims.claim_any()
        path = "/readyz" if template.service else "/livez"
        pod = Running(template.name, revision, port, self.home.logs / f"{name}.log", Leaving.of(template), path)
        if template.service is None:
            command, told = self._door(template, name, port)
        else:
            command = [sys.executable, "-m", template.service]
            told = self._environment(template, template.service, name, port, revision)
        await pod.start(command, told)
        return pod

    def _environment(self, template: Pod, service: str, name: str, port: int, revision: str) -> dict[str, str]:
        assert self._addresses is not None
        told = service_environment(service, self._addresses, self.home, self.environment)
        told |= {key: value for key, value in template.environment.items() if key in _TOLD}
        told |= {key: str(float(template.environment.get(key, 0)) / FASTER) for key in _WAITED}
        told |= {"AIGUY_PORT": str(port), "PYTHONPATH": self._path(revision)}
        if service == "retrieval":
            told["AIGUY_INDEX_DIR"] = str(self.home.root / "indexes" / name)
        return told

    def _door(self, template: Pod, name: str, port: int) -> tuple[list[str], dict[str, str]]:
        parts: Parts | None = find_parts(self.environment)
        assert parts is not None, "nginx with ModSecurity and CRS is missing (as root: make gateway-install)"
        places = {
            key.removeprefix("AIGUY_GATEWAY_").lower(): f"{HOST}:{self.services[value.rpartition(':')[0]].port}"
            for key, value in template.environment.items() if value.rpartition(":")[0] in self.services
        }  # fmt: skip
        command = write_door(parts, self.home.root / "doors" / name, f"{HOST}:{port}", places, self.environment)
        return command, machine_environment(self.environment)

    async def _migrate(self, job: Pod) -> int:
        """As the Job's container does it. The exit code."""
        service = job.container["command"][-1]
        told = machine_environment(self.environment) | {
            "AIGUY_DATABASE_URL": self.databases[service],
            "PYTHONPATH": self._path(job.revision),
        }
        return await self._run(job.name, [sys.executable, *job.container["command"][1:]], told)

    async def _prepare(self) -> None:
        told = {"databases": self.databases, "tickets_keys": str(self.keys.master("tickets"))}
        command = [sys.executable, "-m", "onebox.prepare"]
        environment = machine_environment(self.environment) | {"PYTHONPATH": self._path(self._first)}
        code = await self._run("prepare", command, environment, json.dumps(told).encode())
        assert code == 0, (self.home.logs / "prepare.log").read_text()

    async def _run(self, name: str, command: Sequence[str], told: Mapping[str, str], said: bytes = b"") -> int:
        with (self.home.logs / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *guarded(command), stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, env=dict(told),
                start_new_session=True,
            )  # fmt: skip
        await process.communicate(said)
        return process.returncode or 0

    def _path(self, revision: str) -> str:
        return ":".join(map(str, self.sources.get(revision, ())))

    async def _listening(self) -> Balancer:
        balancer = Balancer(self._claims.claim_any())
        await balancer.start()
        self._opened.push_async_callback(balancer.stop)
        return balancer


def _tagged(template: Pod, tag: str) -> Pod:
    container = template.container
    container["image"] = f"{container['image'].rpartition(':')[0]}:{tag}"
    return replace(template, spec={**template.spec, "containers": [container]})
