"""A tool call, from a request of the turn to an answer or a typed failure. It never raises for a tool's trouble.

In order: known? allowed? valid? harmless? switched on? cached? Then attempts (`runner.py`), until one succeeds or none
is worth it.
"""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from contracts.compat import is_later
from contracts.errors import ProblemCode
from contracts.manifest import canonical_json
from contracts.schema import output_schema
from contracts.tool import Confirmation, Preview
from orchestrator.switches.board import AllOn, Switchboard, Write
from orchestrator.switches.deciding import Why
from orchestrator.tools.attempt import Later, call_exchange, preview_exchange
from orchestrator.tools.authorise import is_proposed, refusal
from orchestrator.tools.cache import ReadCache, Slot
from orchestrator.tools.calls import (
    CallAccepted,
    CallFailed,
    CallRequest,
    CallSucceeded,
    arguments_hash,
    failed,
    idempotency_key,
)
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.circuit import Circuits
from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.failures import GARBAGE, Trouble
from orchestrator.tools.metrics import UNKNOWN, ToolMetrics
from orchestrator.tools.notes import status_notes
from orchestrator.tools.runner import AttemptLoop, Begin, Finished
from orchestrator.tools.screening import screened
from orchestrator.tools.validation import compile_schema
from servicekit.clock import Clock
from servicekit.http.breaker import StateName

__all__ = [
    "CallAccepted", "CallFailed", "CallRequest", "CallSucceeded", "ToolGateway", "arguments_hash", "idempotency_key",
]  # fmt: skip

#: After these the service may serve another contract than the one we know.
_ANOTHER_CONTRACT = frozenset({
    ProblemCode.TOOL_UNKNOWN, ProblemCode.INTERNAL, ProblemCode.INVALID_REQUEST, ProblemCode.CONTRACT_VERSION,
})  # fmt: skip

Called = CallSucceeded | CallAccepted | CallFailed


class ToolGateway:
    """Calls tools on behalf of customers and guests. `cache` None: nothing is cached; `switches` None: all are on."""

    def __init__(
        self,
        catalog: Catalog,
        loop: AttemptLoop,
        circuits: Circuits,
        metrics: ToolMetrics,
        clock: Clock,
        *,
        cache: ReadCache | None = None,
        switches: Switchboard | None = None,
    ) -> None:
        self._catalog = catalog
        self._switches: Switchboard = switches or AllOn()
        self._loop = loop
        self._circuits = circuits
        self._metrics = metrics
        self._clock = clock
        self._cache = cache
        self._preview_schema = compile_schema(output_schema(Preview))

    async def call(self, request: CallRequest) -> Called:
        """Runs the tool. The result comes within the contract's time-out, or what is left of the turn if less."""
        started = self._clock.monotonic()
        entry = self._catalog.entry(request.tool)
        name = UNKNOWN if entry is None else entry.name
        result = await self._call(entry, request, started)
        outcome = "cached" if isinstance(result, CallSucceeded) and result.cached else _outcome(result)
        self._metrics.calls.labels(name, outcome).inc()
        self._metrics.seconds.labels(name).observe(result.ms / 1000)
        return result

    async def preview(self, request: CallRequest) -> Preview | CallFailed:
        """Asks the service what the write would do; nothing changes. The time limits are those of `call`."""
        started = self._clock.monotonic()
        entry = self._catalog.entry(request.tool)
        if entry is None:
            return self._unknown()
        if (refused := self._refused(entry, request, preview=True)) is not None:
            return refused
        if self.why_not(entry.name, request.channel) is not None:
            return failed(ProblemCode.TOOL_SWITCHED_OFF)
        done = await self._loop.run(preview_exchange(entry, request, self._preview_schema))
        try:
            if not isinstance(done.outcome, Trouble):
                return Preview.model_validate(done.outcome)
        except ValidationError:
            self._metrics.garbage.labels(entry.name).inc()
            done = Finished(GARBAGE, done.attempts)
        return self._fail(done, started)

    def why_not(self, tool: str, channel: str) -> Why | None:
        """Why the switches keep a tool from being called in a channel; None when they do not."""
        entry = self._catalog.entry(tool)
        return None if entry is None else self._switches.why_not(self._catalog.switchable(entry), channel)

    def breaker_states(self) -> dict[str, StateName]:
        """By tool: closed, open or half_open."""
        return self._circuits.states()

    def notes(self) -> tuple[str, ...]:
        """What the answer must take into account, such as "The order system is down."; empty when all is well."""
        return status_notes(self._catalog, self._circuits.states())

    async def _call(self, entry: ToolEntry | None, request: CallRequest, started: float) -> Called:
        if entry is None:
            return self._unknown()
        if (refused := self._refused(entry, request)) is not None:
            return refused
        if request.tool != entry.name:
            request = replace(request, tool=entry.name)
        begin = self._begin(entry, request)
        if begin is None and self.why_not(entry.name, request.channel) is not None:
            return failed(ProblemCode.TOOL_SWITCHED_OFF)
        slot = self._slot(entry, request)
        if slot is not None and (kept := await self._kept(slot, entry)) is not None:
            return CallSucceeded(kept, self._ms(started), attempts=0, cached=True)
        done = await self._loop.run(call_exchange(entry, request), begin)
        await self._remember(entry, request, slot, done)
        if isinstance(done.outcome, Trouble):
            return self._fail(done, started)
        if isinstance(done.outcome, Later):
            return CallAccepted(entry.answers_within_s, self._ms(started), done.attempts)
        return CallSucceeded(done.outcome, self._ms(started), done.attempts, cached=False)

    def _refused(self, entry: ToolEntry, request: CallRequest, *, preview: bool = False) -> CallFailed | None:
        code = refusal(entry, request, preview=preview)
        # What a later release was planned with is checked by whoever serves it: this process may not have met it yet.
        if code is None and not (is_later(request.version, entry.version) or entry.accepts.accepts(request.arguments)):
            code = ProblemCode.INVALID_REQUEST
        if code is None and is_proposed(entry) and (reason := screened(entry.input_schema, request.arguments)):
            self._metrics.screened.labels(entry.name, reason).inc()
            code = ProblemCode.INVALID_REQUEST
        return None if code is None else failed(code)

    def _begin(self, entry: ToolEntry, request: CallRequest) -> Begin | None:
        """What a write of a customer's asks before it is sent. What was sent before goes to its end, whatever is
        switched since: nobody could say otherwise what came of it.
        """
        if not entry.write or entry.confirmation is Confirmation.NONE:
            return None
        switchable = self._catalog.switchable(entry)
        write = Write(request.turn_id, entry.name, request.args_hash)
        return lambda: self._switches.begin(switchable, request.channel, write)

    def _slot(self, entry: ToolEntry, request: CallRequest) -> Slot | None:
        # Whose the answer is, is no question of the subject alone: other addresses of the mailbox have the same.
        if self._cache is None or request.proven_email is not None:
            return None
        return self._cache.slot(entry, request.subject, canonical_json(request.arguments))

    async def _kept(self, slot: Slot, entry: ToolEntry) -> dict[str, Any] | None:
        return None if self._cache is None else await self._cache.get(slot, entry.name)

    async def _remember(self, entry: ToolEntry, request: CallRequest, slot: Slot | None, done: Finished) -> None:
        if self._cache is None:
            return
        if entry.write and done.attempts > 0:
            # Also after a failure: a time-out may have had its effect.
            await self._cache.forget(request.subject)
        elif slot is not None and isinstance(done.outcome, dict):
            self._cache.put(slot, done.outcome)

    def _unknown(self) -> CallFailed:
        """Nobody serves this tool as far as we know; look again soon, it may just have come up."""
        self._catalog.want_refresh()
        return failed(ProblemCode.TOOL_UNKNOWN)

    def _fail(self, done: Finished, started: float) -> CallFailed:
        code = done.outcome.code if isinstance(done.outcome, Trouble) else ProblemCode.INTERNAL
        if code in _ANOTHER_CONTRACT:
            self._catalog.want_refresh()
        return failed(code, ms=self._ms(started), attempts=done.attempts)

    def _ms(self, started: float) -> float:
        return round((self._clock.monotonic() - started) * 1000, 3)


def _outcome(result: Called) -> str:
    if isinstance(result, CallFailed):
        return result.code.value
    return "accepted" if isinstance(result, CallAccepted) else "succeeded"
