"""The reading side: live frames of turns, fanned out to the open streams of this process.

A turn that runs in this process is followed without Redis: its frames are kept here until Redis has them all. Any other
turn is read from Redis, through one subscription per process. Frames that come twice are dropped by their id.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from orchestrator.journal.sealing import Sealer
from orchestrator.stream.frames import EventId, is_last, open_frames, split_frames, stream_key
from orchestrator.stream.mailbox import Mailbox
from servicekit.crypto import SealError
from servicekit.logging import get_logger
from servicekit.spare import AwayError, SpareRedis

_RECONNECT_S = 0.5
#: A customer waits so long for what Redis has stored of a stream; the journal has the answer too.
_PATIENCE_S = 1.0


@dataclass(slots=True)
class _Near:
    """What a turn told while it runs here, `runs` times; `resumed`: it told more before, which is in Redis."""

    resumed: bool
    runs: int = 0
    told: list[bytes] = field(default_factory=list)


class Hub:
    """Fans live frames out to readers. `start` and `close` belong to the service's lifespan."""

    def __init__(self, redis: SpareRedis) -> None:
        self._redis = redis
        self._near: dict[str, _Near] = {}
        self._readers: dict[str, set[Mailbox]] = defaultdict(set)
        self._sealers: dict[str, Sealer] = {}
        self._subscribed: set[str] = set()
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
        for key in self._readers:
            self._cut_off(key)

    def begin_near(self, turn_id: str, *, resumed: bool = False) -> None:
        """The turn runs in this process: from its first event on, or `resumed` behind what Redis has."""
        near = self._near.setdefault(stream_key(turn_id), _Near(resumed))
        near.runs += 1

    def tell_near(self, key: str, batch: bytes) -> None:
        """Frames of a turn, if it runs in this process: its readers here get them at once."""
        if (near := self._near.get(key)) is not None:
            near.told.append(batch)
            self._offer(key, batch)

    async def end_near(self, key: str) -> None:
        """Redis has all frames that the turn had here; who still follows it goes on from there."""
        near = self._near.get(key)
        if near is not None:
            near.runs -= 1
            if near.runs > 0:
                return  # it waited for a moment only, and runs here again
            del self._near[key]
        if self._readers.get(key) and not (near and near.told and is_last(near.told[-1])):
            await self._subscribe(key)
            self._cut_off(key)

    @asynccontextmanager
    async def follow(self, turn_id: str, sealer: Sealer) -> AsyncIterator[Mailbox]:
        """Where the frames of the turn come from now on.

        `sealer` is that of the turn's conversation: what comes through Redis is sealed with it.
        """
        key = stream_key(turn_id)
        mailbox = Mailbox()
        self._readers[key].add(mailbox)
        self._sealers[key] = sealer
        try:
            if key not in self._near:
                await self._subscribe(key)
            yield mailbox
        finally:
            mailbox.close()
            self._readers[key].discard(mailbox)
            if not self._readers[key]:
                del self._readers[key], self._sealers[key]
                await self._unsubscribe(key)

    def runs_here(self, turn_id: str) -> bool:
        """Whether the turn runs in this process."""
        return stream_key(turn_id) in self._near

    def is_followed(self, turn_id: str) -> bool:
        """Whether somebody follows the turn here."""
        return stream_key(turn_id) in self._readers

    async def stored(self, turn_id: str, after: EventId, sealer: Sealer) -> list[bytes]:
        """The frames of the turn so far, those up to `after` perhaps left out; none when Redis cannot be asked."""
        key = stream_key(turn_id)
        near = self._near.get(key)
        batches = [] if near and not near.resumed else await self._in_redis(key, after, sealer)
        # What Redis has of them already comes twice then, and is dropped by its id.
        batches += near.told if near else ()
        return [frame for batch in batches for frame in split_frames(batch)]

    async def _in_redis(self, key: str, after: EventId, sealer: Sealer) -> list[bytes]:
        try:
            entries: Any = await self._redis.ask(
                "stream", lambda redis: redis.xrange(key, min=f"({after}"), _PATIENCE_S
            )
        except AwayError:
            return []
        opened = (_opened(sealer, key, fields[b"f"]) for _, fields in entries)
        return [frames for frames in opened if frames is not None]

    async def _subscribe(self, key: str) -> None:
        if key in self._subscribed:
            return
        self._subscribed.add(key)
        if self._pubsub is not None:
            with suppress(RedisError, OSError):  # the listener reconnects and subscribes to all keys again
                await self._pubsub.subscribe(key)

    async def _unsubscribe(self, key: str) -> None:
        if key not in self._subscribed:
            return
        self._subscribed.discard(key)
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
        async with self._redis.client.pubsub(ignore_subscribe_messages=True) as pubsub:
            # Something must be subscribed before the first read, even when no stream is open yet.
            await pubsub.subscribe("aiguy:hub", *self._subscribed)
            self._pubsub = pubsub
            try:
                async for message in pubsub.listen():
                    self._heard(message["channel"].decode(), message["data"])
            finally:
                self._pubsub = None

    def _heard(self, key: str, sealed: bytes) -> None:
        sealer = self._sealers.get(key)
        if sealer is not None and (frames := _opened(sealer, key, sealed)) is not None:
            self._offer(key, frames)

    def _offer(self, key: str, frames: bytes) -> None:
        for mailbox in self._readers.get(key, ()):
            mailbox.put(frames)

    def _cut_off(self, key: str) -> None:
        for mailbox in self._readers.get(key, ()):
            mailbox.cut_off()


def _opened(sealer: Sealer, key: str, sealed: bytes) -> bytes | None:
    """The frames; None when they are none of ours: the journal then gives the answer."""
    try:
        return open_frames(sealer, key, sealed)
    except SealError:
        get_logger().warning("live events do not open", key=key)
        return None
