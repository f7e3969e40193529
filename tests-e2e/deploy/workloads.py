"""A Deployment: as many pods as it should have, exchanged one by one for those of a new revision."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from k8s.rendered import Pod

from deploy.balancer import Balancer
from deploy.pods import FASTER, Running

#: So long after a pod was told to leave, proxies still send it new connections (5 s in a slow cluster).
KNOWN_S = 5 / FASTER
#: What a pod may take to end here, whatever its manifest grants: longer than any turn of these tests.
LONGEST_S = 45.0

Launch = Callable[[Pod], Awaitable[Running]]


@dataclass
class Workload:
    """`service` balances its pods. `launch` starts one and returns when it is ready."""

    name: str
    replicas: int
    service: Balancer
    launch: Launch
    pods: list[Running] = field(default_factory=list)
    gone: list[Running] = field(default_factory=list)
    _rolling: asyncio.Task[None] | None = None
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    def roll(self, template: Pod) -> None:
        """Begin to exchange all pods for those of `template`: one more at most, never one less than there should be.

        What is already as it should be stays.
        """
        if [pod.revision for pod in self.pods] == [template.revision] * self.replicas:
            self._rolling = None
            return
        self._rolling = asyncio.create_task(self._roll(template), name=f"rolling-{self.name}")

    async def beside(self, template: Pod) -> Running:
        """One pod more, which gets its share of what connects anew."""
        pod = await self.launch(template)
        self.pods.append(pod)
        self.service.behind[pod.port] = 1
        return pod

    def leave(self, pod: Running) -> None:
        """Tell one pod to leave; see `settled`."""
        task = asyncio.create_task(self._leave(pod))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def rolled(self) -> None:
        """Returns when the pods are the new ones; the old ones may still be leaving. Raises what a start raised."""
        if self._rolling is not None:
            await self._rolling

    async def settled(self) -> None:
        """Returns when the old ones have ended too."""
        while self._leaving:
            await asyncio.gather(*self._leaving)

    async def stop(self) -> None:
        """All of them, at once."""
        if self._rolling is not None:
            self._rolling.cancel()
        for task in tuple(self._leaving):
            task.cancel()
        for pod in [*self.pods, *self.gone]:
            pod.kill()
        await asyncio.gather(*(pod.process.wait() for pod in self.pods if pod.process is not None))

    async def _roll(self, template: Pod) -> None:
        old = list(self.pods)
        for number in range(max(self.replicas, len(old))):
            if number < self.replicas:
                await self.beside(template)
            if number < len(old):
                self.leave(old[number])

    async def _leave(self, pod: Running) -> None:
        self.pods.remove(pod)
        self.gone.append(pod)

        async def known() -> None:
            await asyncio.sleep(KNOWN_S)  # what a cluster takes to tell its proxies
            self.service.behind.pop(pod.port, None)

        await asyncio.gather(known(), pod.leave(LONGEST_S))
