"""Answers of reads, kept in Redis for as long as the contract says. Sealed: Redis never sees an order in clear.

Keys are opaque. A write leaves a mark for its subject; whatever was read before the mark is ignored. When Redis is
slow or down the call goes on without it, and that is counted.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.metrics import ToolMetrics
from servicekit.clock import Clock
from servicekit.crypto import open_sealed, seal
from servicekit.spare import AwayError, SpareRedis

PATIENCE_S = 0.1
MARK_TTL_S = 3600
#: Clocks of two replicas may differ by this much.
SKEW_MS = 1000
CACHE_PREFIX = "aiguy:tool:"


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the answer to one exact question is kept; `asked_ms` is when it was asked (epoch milliseconds)."""

    key: str
    mark: str
    asked_ms: int
    ttl_s: int


class ReadCache:
    """A cache of tool answers, sealed with `key` (32 bytes)."""

    def __init__(self, redis: SpareRedis, key: bytes, clock: Clock, metrics: ToolMetrics) -> None:
        self._redis = redis
        self._key = key
        self._clock = clock
        self._metrics = metrics
        self._storing: dict[str, asyncio.Task[None]] = {}

    def slot(self, entry: ToolEntry, subject: str, arguments: bytes) -> Slot | None:
        """The place for this question, or None when its answer is not to be kept.

        What guests may ask does not depend on who asks, so everybody shares it; all else belongs to its subject.
        """
        if entry.write or entry.cache_ttl_s <= 0:
            return None
        owner = "" if entry.guests else subject
        key = self._name("answer", owner, entry.name, entry.digest, arguments.decode())
        now_ms = int(self._clock.now().timestamp() * 1000)
        return Slot(key, self._name("mark", owner), now_ms, min(entry.cache_ttl_s, MARK_TTL_S))

    async def get(self, slot: Slot, tool: str) -> dict[str, Any] | None:
        """The kept answer; None when there is none, or Redis does not answer in time."""
        if (storing := self._storing.get(slot.key)) is not None:
            await asyncio.wait({storing})
        found = await self._attempt("get", lambda redis: redis.mget(slot.key, slot.mark))
        output = self._open(slot, found[0], found[1]) if found else None
        self._metrics.cache.labels(tool, "miss" if output is None else "hit").inc()
        return output

    def put(self, slot: Slot, output: dict[str, Any]) -> None:
        """Keeps an answer for the contract's time. Only who asks the same again waits until it is stored."""
        plain = orjson.dumps({"asked_ms": slot.asked_ms, "output": output})
        task = asyncio.create_task(self._store(slot, seal(self._key, plain, slot.key.encode())))
        self._storing[slot.key] = task
        task.add_done_callback(lambda done: self._stored(slot.key, done))

    async def forget(self, subject: str) -> None:
        """After a write: nothing that this subject asked before now is answered from the cache."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        mark = self._name("mark", subject)
        await self._attempt("forget", lambda redis: redis.set(mark, str(now_ms), ex=MARK_TTL_S), insist=True)

    async def _store(self, slot: Slot, sealed: bytes) -> None:
        await self._attempt("put", lambda redis: redis.set(slot.key, sealed, ex=slot.ttl_s))

    def _stored(self, key: str, done: asyncio.Task[None]) -> None:
        if self._storing.get(key) is done:
            del self._storing[key]

    def _open(self, slot: Slot, sealed: Any, mark: Any) -> dict[str, Any] | None:
        if not isinstance(sealed, bytes):
            return None
        try:
            kept = orjson.loads(open_sealed(self._key, sealed, slot.key.encode()))
        except ValueError:
            self._metrics.cache_failures.labels("open").inc()
            return None
        if mark is not None and kept["asked_ms"] <= int(mark) + SKEW_MS:
            return None
        output: dict[str, Any] = kept["output"]
        return output

    async def _attempt(
        self, operation: str, command: Callable[[Redis], Awaitable[Any]], *, insist: bool = False
    ) -> Any:
        try:
            return await self._redis.ask("tool_cache", command, PATIENCE_S, insist=insist)
        except AwayError:
            self._metrics.cache_failures.labels(operation).inc()
            return None

    def _name(self, *parts: str) -> str:
        message = "\x00".join(parts).encode()
        return CACHE_PREFIX + hmac.new(self._key, message, hashlib.sha256).hexdigest()[:40]
