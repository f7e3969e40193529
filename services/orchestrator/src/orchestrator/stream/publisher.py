"""The writing side: events of all turns of a process go to Redis in batches, in order, behind the turns' backs.

A turn never waits for Redis. Without Redis only live tokens are lost: that is counted, not raised.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from contracts.turn import ChunkEvent, StreamEvent
from orchestrator.journal.sealing import Sealer
from orchestrator.stream.frames import EventId, encode_frame, seal_frames, stream_key
from orchestrator.stream.hub import Hub
from servicekit.logging import get_logger
from servicekit.telemetry import Metrics

STREAM_TTL_S = 3600
_MAX_BATCHES = 2_000
#: More than this waits only when Redis hangs; the oldest are given up then.
_MAX_PENDING = 20_000
_MAX_TAKEN = 500
#: Between two writes: what comes meanwhile goes together. Readers in this process do not wait for it.
_GAP_S = 0.025


@dataclass(slots=True)
class _Batch:
    """Frames of one turn, what seals them, and the id of the last.

    `steps`: they are more than pieces of text. `left`: the turn tells nothing more from this process.
    """

    key: str
    sealer: Sealer | None = None
    last: EventId = EventId(0, 0)  # noqa: RUF009 - immutable
    frames: bytes = b""
    events: int = 0
    steps: bool = False
    left: bool = False


class Publisher:
    """Publishes events; one per process. `start` and `close` belong to the service's lifespan."""

    def __init__(self, redis: Redis, metrics: Metrics, hub: Hub) -> None:
        self._redis = redis
        self._hub = hub
        self._lost = metrics.counter("aiguy_stream_lost_total", "Live events that Redis did not take", ["reason"])
        self._pending: deque[_Batch] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="stream-publisher")

    async def close(self) -> None:
        """Write what is left, and stop."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    @contextmanager
    def near(self, turn_id: str, *, resumed: bool = False) -> Iterator[None]:
        """While this turn runs here: readers in this process follow it without Redis, `resumed` from where it stood."""
        self._hub.begin_near(turn_id, resumed=resumed)
        try:
            yield
        finally:
            self._add(_Batch(stream_key(turn_id), left=True))

    def publish(self, turn_id: str, events: list[tuple[EventId, StreamEvent]], sealer: Sealer) -> None:
        """Announce events of a turn, in order. One that Redis has already is left as it is.

        They are the customer's own view: Redis gets them sealed with the conversation's key.
        """
        if not events:
            return
        frames = b"".join(encode_frame(event_id, event) for event_id, event in events)
        steps = any(not isinstance(event, ChunkEvent) for _, event in events)
        batch = _Batch(stream_key(turn_id), sealer, events[-1][0], frames, len(events), steps)
        self._hub.tell_near(batch.key, frames)
        self._add(batch)

    def _add(self, batch: _Batch) -> None:
        self._pending.append(batch)
        while len(self._pending) > _MAX_PENDING:
            self._lost.labels("overflow").inc(self._pending.popleft().events)
        self._wake.set()

    async def _run(self) -> None:
        while not (self._closing and not self._pending):
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                await self._write(self._take())
            await asyncio.sleep(_GAP_S)

    def _take(self) -> list[_Batch]:
        """What waits, one batch per turn, in the order in which the turns come first."""
        taken: dict[str, _Batch] = {}
        for _ in range(min(len(self._pending), _MAX_TAKEN)):
            one = self._pending.popleft()
            batch = taken.setdefault(one.key, _Batch(one.key))
            batch.sealer = one.sealer or batch.sealer
            batch.last = max(batch.last, one.last)
            batch.frames += one.frames
            batch.events += one.events
            batch.steps |= one.steps
            batch.left |= one.left
        return list(taken.values())

    async def _write(self, batches: list[_Batch]) -> None:
        told = [batch for batch in batches if batch.events]
        if told:
            await self._send(told)
        for batch in batches:
            if batch.left:
                await self._hub.end_near(batch.key)

    async def _send(self, batches: list[_Batch]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        added: list[tuple[int, _Batch]] = []
        for batch in batches:
            if batch.sealer is None:
                continue  # it holds no event
            sealed = seal_frames(batch.sealer, batch.key, batch.frames)
            added.append((len(pipeline), batch))
            # Text alone makes no stream: one without a time limit would stay for ever.
            pipeline.xadd(
                batch.key, {"f": sealed}, id=str(batch.last), maxlen=_MAX_BATCHES, approximate=True,
                nomkstream=not batch.steps,
            )  # fmt: skip
            if batch.steps:
                pipeline.expire(batch.key, STREAM_TTL_S)
            pipeline.publish(batch.key, sealed)
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            self._count(type(error).__name__, sum(batch.events for batch in batches))
            return
        for reply in replies:
            # "equal or smaller id": told before a crash, and told again now.
            if isinstance(reply, Exception) and not (
                isinstance(reply, ResponseError) and "equal or smaller" in str(reply)
            ):
                self._count(type(reply).__name__, 1)
        if wiped := [batch for place, batch in added if replies[place] is None]:
            # Readers get these a second time, and know them by their ids.
            for batch in wiped:
                batch.steps = True
            await self._send(wiped)

    def _count(self, reason: str, events: int) -> None:
        self._lost.labels(reason).inc(events)
        get_logger().warning("live events lost", reason=reason, events=events)
