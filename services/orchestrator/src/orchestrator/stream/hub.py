"""The reading side: one Redis subscription per process, fanned out to all open streams of that process.

A reader first subscribes, then replays what is stored, then follows; frames that come twice are dropped by their id.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from orchestrator.stream.frames import EventId, parse_event_id
from orchestrator.stream.publisher import stream_key
from servicekit.logging import get_logger

#: A reader that is this many batches behind is cut off; it resumes by Last-Event-ID.
_BACKLOG = 256
_RECONNECT_S = 0.5


class Hub:
    """Fans live frames out to readers. `start` and `close` belong to the service's lifespan."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._readers: dict[str, set[asyncio.Queue[bytes | None]]] = defaultdict(set)
        self._pubsub: PubSub | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen(), name="stream-hub")

    async def close(self) -> None:
        """Stop, and end every reader."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for queues in self._readers.values():
            for queue in queues:
                _offer(queue, None)

    @asynccontextmanager
    async def follow(self, turn_id: str) -> AsyncIterator[asyncio.Queue[bytes | None]]:
        """A queue of batches of frames of the turn from now on; None means that the reader was cut off."""
        key = stream_key(turn_id)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)
        first = key not in self._readers
        self._readers[key].add(queue)
        try:
            if first:
                await self._subscribe(key)
            yield queue
        finally:
            self._readers[key].discard(queue)
            if not self._readers[key]:
                del self._readers[key]
                await self._unsubscribe(key)

    async def stored(self, turn_id: str, after: EventId) -> list[bytes] | None:
        """The frames that Redis holds behind `after`; None when Redis cannot be asked."""
        try:
            entries: Any = await self._redis.xrange(stream_key(turn_id), min=f"({after}")
        except (RedisError, OSError):
            return None
        return [fields[b"f"] for _, fields in entries]

    async def _subscribe(self, key: str) -> None:
        if self._pubsub is not None:
            with suppress(RedisError, OSError):  # the listener reconnects and subscribes to all keys again
                await self._pubsub.subscribe(key)

    async def _unsubscribe(self, key: str) -> None:
        if self._pubsub is not None:
            with suppress(RedisError, OSError):  # a dead connection is unsubscribed already
                await self._pubsub.unsubscribe(key)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                get_logger().warning("live stream connection lost", reason=type(error).__name__)
                await asyncio.sleep(_RECONNECT_S)

    async def _listen_once(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            # Something must be subscribed before the first read, even when no stream is open yet.
            await pubsub.subscribe("aiguy:hub", *self._readers)
            self._pubsub = pubsub
            try:
                async for message in pubsub.listen():
                    for queue in self._readers.get(message["channel"].decode(), ()):
                        _offer(queue, message["data"])
            finally:
                self._pubsub = None


def split_frames(batch: bytes) -> list[bytes]:
    """The frames of a published batch."""
    return [part + b"\n\n" for part in batch.split(b"\n\n") if part]


def frame_id(frame: bytes) -> EventId:
    """The id of an encoded frame."""
    return parse_event_id(frame[4 : frame.index(b"\n")].decode())


def _offer(queue: asyncio.Queue[bytes | None], item: bytes | None) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        item = None
    queue.put_nowait(item)
