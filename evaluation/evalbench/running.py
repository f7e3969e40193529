"""Runs cases against the stack: those without a fault at once, the others by their faults, one group after another."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from e2e.machine import Machine
from evalbench.case import Case, Fault
from evalbench.checking import Finding, check
from evalbench.playing import Played, play
from onebox.ports import ORCHESTRATOR
from servicekit.embedded import free_port

AT_ONCE = 6
#: Beyond the time-out of every tool that reads, within that of a turn.
SLOW_S = 6.0
#: What comes back is asked again within the same evaluation.
SETTINGS = {"AIGUY_BREAKER_OPEN_S": "1"}


@dataclass(slots=True)
class Tried:
    """A case and its runs, with what was wrong with each."""

    case: Case
    runs: list[Played] = field(default_factory=list)
    findings: list[list[Finding]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """pass^k: it was run, and no run had a finding."""
        return bool(self.findings) and not any(self.findings)

    @property
    def runs_passed(self) -> int:
        """How many runs had no finding."""
        return sum(not found for found in self.findings)

    @property
    def failed(self) -> list[Played]:
        """The runs that had one."""
        return [played for played, found in zip(self.runs, self.findings, strict=True) if found]


async def run_cases(
    machine: Machine,
    cases: Sequence[Case],
    k: int,
    pages: Mapping[str, str],
    progress: Callable[[int, int], None],
    settings: Mapping[str, str],
    at_once: int = AT_ONCE,
) -> list[Tried]:
    """Every case `k` times, in the order of `cases`. `settings`: what the orchestrator is told besides the usual."""
    tried = {case.id: Tried(case) for case in cases}
    total, done = k * len(cases), 0
    groups: dict[tuple[tuple[str, Fault], ...], list[Case]] = {}
    for case in cases:
        groups.setdefault(tuple(sorted(case.faults.items())), []).append(case)
    gate = asyncio.Semaphore(at_once)

    async def once(case: Case) -> None:
        nonlocal done
        async with gate:
            played = await play(machine, case)
        tried[case.id].runs.append(played)
        tried[case.id].findings.append(check(played, pages))
        done += 1
        progress(done, total)

    for faults, group in sorted(groups.items(), key=lambda one: one[0]):
        async with hurt(machine, dict(faults), settings):
            # The whole group once, then again: runs of one case do not stand beside each other.
            for _ in range(k):
                await asyncio.gather(*(once(case) for case in group))
    return [tried[case.id] for case in cases]


@asynccontextmanager
async def hurt(machine: Machine, faults: Mapping[str, Fault], settings: Mapping[str, str]) -> AsyncIterator[None]:
    """The faults hold inside the block. Before it caches and breakers know nothing; after it all are well again."""
    told = dict(settings)
    if "brain" in faults:
        # Nobody listens there: every call of a model fails at once.
        told |= {
            "AIGUY_LLM_MODEL": "openai/nobody", "AIGUY_LLM_API_KEY": "none",
            "AIGUY_LLM_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
        }  # fmt: skip
    await machine.reconfigure(told)
    tools = [name for name in faults if name != "brain"]
    if faults:
        await machine.wipe_redis()
    async with AsyncExitStack() as stack:
        for name in tools:
            proxy = machine.stack.proxies[name]
            stack.callback(proxy.passing)
            if faults[name] == "down":
                proxy.reset()
            else:
                proxy.delay(SLOW_S)
        yield
    if tools:
        await machine.wipe_redis()
        await machine.ready(*tools)
        # Breakers are the orchestrator's own memory: one that this fault opened would refuse the next group's calls.
        await machine.stack.restart(ORCHESTRATOR, machine.extra)
