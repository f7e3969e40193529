"""The writing side: events of a turn into Redis. Without Redis only live tokens are lost: counted, not raised."""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from contracts.turn import StreamEvent
from orchestrator.stream.frames import EventId, encode_frame
from servicekit.logging import get_logger
from servicekit.telemetry import Metrics

STREAM_TTL_S = 3600
_MAX_EVENTS = 2_000


def stream_key(turn_id: str) -> str:
    """The Redis stream of a turn, and the channel that wakes its readers."""
    return f"aiguy:turn:{turn_id}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes events; one per process."""

    redis: Redis
    metrics: Metrics

    async def publish(self, turn_id: str, events: list[tuple[EventId, StreamEvent]]) -> None:
        """Store and announce events, in order. An event that is there already is left as it is."""
        key = stream_key(turn_id)
        frames = [(event_id, encode_frame(event_id, event)) for event_id, event in events]
        pipeline = self.redis.pipeline(transaction=False)
        for event_id, frame in frames:
            pipeline.xadd(key, {"f": frame}, id=str(event_id), maxlen=_MAX_EVENTS, approximate=True)
        pipeline.expire(key, STREAM_TTL_S)
        pipeline.publish(key, b"".join(frame for _, frame in frames))
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            self._lost(type(error).__name__)
            return
        for reply in replies:
            # "equal or smaller id": told before a crash, and told again now.
            if isinstance(reply, ResponseError) and "equal or smaller" in str(reply):
                continue
            if isinstance(reply, Exception):
                self._lost(type(reply).__name__)

    def _lost(self, reason: str) -> None:
        self.metrics.counter("aiguy_stream_lost_total", "Live events that Redis did not take", ["reason"]).labels(
            reason
        ).inc()
        get_logger().warning("live events lost", reason=reason)
