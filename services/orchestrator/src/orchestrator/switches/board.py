"""What a process knows of the switches: told of each change at once, and read every few seconds in case it was not.

A process that cannot read them goes on with what it knows, and `aiguy_switches_age_seconds` says for how long. A write
asks the database itself: it never runs behind a change that this process has not heard of, and not at all before the
first reading or without the database.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import asyncpg

from contracts.errors import ProblemCode
from orchestrator.switches.deciding import Switchable, Why, mode_of, why_not
from orchestrator.switches.policy import PhasePolicy
from orchestrator.switches.state import Position, Switches
from orchestrator.switches.store import begin_call, read_switches
from orchestrator.turn.inputs import Mode
from servicekit.clock import Clock
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Connection, Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
from servicekit.telemetry import Metrics

NOTICES = "aiguy_switches"
REREAD_S = 5.0
_RECONNECT_S = 0.5
_READ_TIMEOUT_S = 5.0
#: How often a write looks again, while others keep changing switches.
_LOOKS = 3
#: No change has this number: `call_begin` says what it finds, and begins nothing.
_ONLY_LOOKS = -1
_MODES: Mapping[Position, Mode] = {Position.ON: "on", Position.SHADOW: "shadow", Position.OFF: "off"}
_OUTAGE = (*CONNECT_ERRORS, ProblemError)


@dataclass(frozen=True, slots=True)
class Write:
    """A write by what names it: its turn, its tool, and the hash of its planned arguments."""

    turn_id: str
    tool: str
    args_hash: str


class Switchboard(Protocol):
    """What the gateway and the intake ask."""

    def why_not(self, called: Switchable, channel: str) -> Why | None:
        """Why a call may not run; None when it may."""
        ...

    async def mode(self, db: Connection, channel: str) -> Mode:
        """How the assistant answers in a channel; `db` is asked when nothing is known yet."""
        ...

    async def begin(self, called: Switchable, channel: str, write: Write) -> ProblemCode | None:
        """Begin a write, or say why not. One that was begun before goes to its end."""
        ...


class AllOn:
    """No switches: everything may run."""

    def why_not(self, called: Switchable, channel: str) -> Why | None:
        """Nothing is off."""

    async def mode(self, db: Connection, channel: str) -> Mode:
        """The assistant answers."""
        return "on"

    async def begin(self, called: Switchable, channel: str, write: Write) -> ProblemCode | None:
        """Every write may begin."""


class SwitchBoard:
    """The switches as this process knows them; `running` belongs to the lifespan."""

    def __init__(
        self, url: str, database: Database, policy: PhasePolicy, clock: Clock, metrics: Metrics,
        *, reread_s: float = REREAD_S,
    ) -> None:  # fmt: skip
        self._url, self._database, self._clock, self._reread_s = url, database, clock, reread_s
        self.policy = policy
        self.known: Switches | None = None
        self._read_at = clock.monotonic()
        self._changed = asyncio.Event()
        self._reads = metrics.counter("aiguy_switches_reads_total", "Readings of the switches by result", ["result"])
        metrics.gauge(
            "aiguy_switches_age_seconds", "How long ago the switches were read; they are read every few seconds"
        ).set_function(lambda: clock.monotonic() - self._read_at)

    def why_not(self, called: Switchable, channel: str) -> Why | None:
        """Why a call may not run, as far as this process knows. Before the first reading nothing is changed."""
        if self.known is None:
            return Why.TOOL if called.write and (called.proposed or called.carries_out) else None
        return why_not(self.policy, self.known, called, channel)

    async def mode(self, db: Connection, channel: str) -> Mode:
        """How the assistant answers in a channel. Before the first reading the message's own connection is asked: it is
        written to the same database.
        """
        if self.known is None:
            self._learn(read := await read_switches(db))
            return _MODES[mode_of(self.policy, read, channel)]
        return _MODES[mode_of(self.policy, self.known, channel)]

    async def begin(self, called: Switchable, channel: str, write: Write) -> ProblemCode | None:
        """Begin a write; TOOL_SWITCHED_OFF when it may not, or what is wrong with the database: it is not sent then."""
        try:
            for _ in range(_LOOKS):
                known = self.known
                off = known is None or why_not(self.policy, known, called, channel) is not None
                asked = known.version if known is not None and not off else _ONLY_LOOKS
                async with self._database.primary() as db:
                    newest, before = await begin_call(db, write.turn_id, write.tool, write.args_hash, asked)
                if before:
                    return None
                if known is not None and newest == known.version:
                    return ProblemCode.TOOL_SWITCHED_OFF if off else None
                await self.refresh()
        except _OUTAGE as error:
            return error.code if isinstance(error, ProblemError) else ProblemCode.DEPENDENCY_DOWN
        return ProblemCode.TOOL_SWITCHED_OFF

    async def refresh(self) -> None:
        """Read the switches now. Raises ProblemError without the database; what was known stays."""
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S), self._database.primary() as db:
                read = await read_switches(db)
        except _OUTAGE:
            self._reads.labels("failed").inc()
            raise
        self._learn(read)

    def _learn(self, read: Switches) -> None:
        self._reads.labels("read").inc()
        # A slower reading that began before is no news.
        if self.known is None or read.version >= self.known.version:
            self.known, self._read_at = read, self._clock.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reads the switches once, and again with every change until the end of the `async with`."""
        with suppress(*_OUTAGE):  # counted, and tried again at once below: until then nothing is changed
            await self.refresh()
        watching = asyncio.create_task(self._watch(), name="switches")
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        lost = False
        while True:
            try:
                await self._listen()
            except _OUTAGE as error:
                if not lost:  # once for each outage, not twice a second
                    get_logger().warning("the switches cannot be read", reason=type(error).__name__)
                lost = True
            else:
                lost = False
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self) -> None:
        """Until the connection is lost. Listening begins before reading: a change between the two is heard."""
        connection = await asyncpg.connect(self._url, timeout=_READ_TIMEOUT_S)
        try:
            connection.add_termination_listener(lambda _: self._changed.set())
            await connection.add_listener(NOTICES, lambda *_: self._changed.set())
            while not connection.is_closed():
                self._changed.clear()
                await self.refresh()
                with suppress(TimeoutError):  # nobody has changed anything: read them all the same
                    async with asyncio.timeout(self._reread_s):
                        await self._changed.wait()
        finally:
            connection.terminate()
