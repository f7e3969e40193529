"""The writing side: events of all turns of a process go to Redis in batches, in order, behind the turns' backs.

A turn never waits for Redis. Without Redis only live tokens are lost: that is counted, not raised.
"""

import asyncio
from collections import deque
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from contracts.turn import StreamEvent
from orchestrator.stream.frames import EventId, encode_frame, is_last
from servicekit.logging import get_logger
from servicekit.telemetry import Metrics

STREAM_TTL_S = 3600
_MAX_EVENTS = 2_000
#: More than this waits only when Redis hangs; the oldest are given up then.
_MAX_PENDING = 20_000
_MAX_BATCH = 500

Pending = tuple[str, EventId, bytes]


def stream_key(turn_id: str) -> str:
    """The Redis stream of a turn, and the channel that wakes its readers."""
    return f"aiguy:turn:{turn_id}"


class Publisher:
    """Publishes events; one per process. `start` and `close` belong to the service's lifespan."""

    def __init__(self, redis: Redis, metrics: Metrics) -> None:
        self._redis = redis
        self._lost = metrics.counter("aiguy_stream_lost_total", "Live events that Redis did not take", ["reason"])
        self._pending: deque[Pending] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="stream-publisher")

    async def close(self) -> None:
        """Write what is left, and stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        while self._pending:
            await self._write(self._take())

    def publish(self, turn_id: str, events: list[tuple[EventId, StreamEvent]]) -> None:
        """Announce events of a turn, in order. One that Redis has already is left as it is."""
        key = stream_key(turn_id)
        self._pending.extend((key, event_id, encode_frame(event_id, event)) for event_id, event in events)
        while len(self._pending) > _MAX_PENDING:
            self._pending.popleft()
            self._lost.labels("overflow").inc()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                await self._write(self._take())

    def _take(self) -> list[Pending]:
        return [self._pending.popleft() for _ in range(min(len(self._pending), _MAX_BATCH))]

    async def _write(self, batch: list[Pending]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        live: dict[str, bytes] = {}
        for key, event_id, frame in batch:
            pipeline.xadd(key, {"f": frame}, id=str(event_id), maxlen=_MAX_EVENTS, approximate=True)
            if event_id == EventId(1, 1) or is_last(frame):
                pipeline.expire(key, STREAM_TTL_S)
            live[key] = live.get(key, b"") + frame
        for key, frames in live.items():
            pipeline.publish(key, frames)
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            self._count(type(error).__name__, len(batch))
            return
        for reply in replies:
            # "equal or smaller id": told before a crash, and told again now.
            if isinstance(reply, Exception) and not (
                isinstance(reply, ResponseError) and "equal or smaller" in str(reply)
            ):
                self._count(type(reply).__name__, 1)

    def _count(self, reason: str, events: int) -> None:
        self._lost.labels(reason).inc(events)
        get_logger().warning("live events lost", reason=reason, events=events)
