"""The last turns of a conversation for the Brain (TURN-10): sealed in Redis for a day, else rebuilt from Postgres.

What is in Redis says how many messages of the thread it stands for. When that is not how many there were before the
turn, it is not used: a write that failed, or somebody else's word, is never missed, and nobody has to take anything
back.
"""

import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from prometheus_client import Counter
from redis.asyncio import Redis

from contracts.turn import Role
from orchestrator.brain.port import Message
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.views import Said, last_messages
from servicekit.db.pool import Database
from servicekit.spare import AwayError, SpareRedis
from servicekit.telemetry import Metrics

KEEP_MESSAGES = 20
#: Of a thread so many messages are read: half of them stand in the summary.
MOST_READ = 2 * KEEP_MESSAGES
TTL_S = 24 * 3600
MEMORY_PREFIX = "aiguy:said:"
#: A turn waits so long for Redis, once when it begins to plan and once when it has ended.
PATIENCE_S = 0.25
_SUMMARY_CHARS = 80
_SUMMARY_LINES = 6


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the Brain is told of earlier turns: the last ones word by word, the ones before in a line each.

    `calls` are the tool calls of each turn since a person last answered; they are known only from Redis. `entries` is
    what is stored, in order.
    """

    history: tuple[Message, ...]
    summary: str
    calls: tuple[frozenset[str], ...] = ()
    entries: tuple[dict[str, str], ...] = field(default=(), repr=False, compare=False)


NOTHING_YET = Remembered((), "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn stands in the thread: `before` it are so many messages; so many of the customer's are its `own`."""

    before: int
    own: int = 1


@dataclass(frozen=True, slots=True)
class ShortTermMemory:
    """Reads and extends the memory of conversations."""

    redis: SpareRedis
    database: Database
    reads: Counter

    @classmethod
    def of(cls, redis: SpareRedis, database: Database, metrics: Metrics) -> "ShortTermMemory":
        """The memory of one process."""
        reads = metrics.counter("aiguy_memory_reads_total", "Earlier turns that were read, by where from", ["source"])
        return cls(redis, database, reads)

    async def recall(self, conversation: Conversation, turn_id: str, place: Place) -> Remembered:
        """The earlier messages, masked as they are stored, without those of this turn."""
        entries = await self._cached(conversation, place.before)
        self.reads.labels("thread" if entries is None else "redis").inc()
        if entries is None:
            entries = await self._rebuild(conversation, turn_id)
        return _remembered([entry for entry in entries if entry["turn"] != turn_id])

    async def remember(
        self, conversation: Conversation, turn_id: str, place: Place, before: Remembered, question: str,
        answer: str, calls: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Store an ended turn behind what was there before it; storing it again changes nothing. `calls`: see
        `PlannedCall.same_as`.
        """
        asked = {"turn": turn_id, "role": "customer", "text": question, "calls": " ".join(calls)}
        entries = [*before.entries, asked]
        if answer:
            entries.append({"turn": turn_id, "role": "assistant", "text": answer})
        await self._store(conversation, place.before + place.own + bool(answer), entries)

    async def _cached(self, conversation: Conversation, said: int) -> list[dict[str, str]] | None:
        sealed = await self._attempt(lambda redis: redis.get(memory_key(conversation.id)))
        if sealed is None:
            return None  # the thread in Postgres answers instead
        kept: dict[str, Any] = orjson.loads(conversation.sealer.open("memory", sealed))
        entries: list[dict[str, str]] = kept["entries"]
        return entries if kept["said"] == said else None

    async def _rebuild(self, conversation: Conversation, turn_id: str) -> list[dict[str, str]]:
        async with self.database.primary() as db:
            said = await last_messages(db, conversation, MOST_READ)
        # Messages that wait behind this turn are not yet part of what was said.
        return _entries(itertools.takewhile(lambda one: one.turn_id != turn_id, said))

    async def _store(self, conversation: Conversation, said: int, entries: list[dict[str, str]]) -> None:
        kept = {"said": said, "entries": entries[-MOST_READ:]}
        sealed = conversation.sealer.seal("memory", orjson.dumps(kept))
        await self._attempt(lambda redis: redis.set(memory_key(conversation.id), sealed, ex=TTL_S))

    async def _attempt(self, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        """Its answer; None when Redis does not serve it in time."""
        try:
            return await self.redis.ask("memory", command, PATIENCE_S)
        except AwayError:
            return None


def of_thread(said: Iterable[Said]) -> Remembered:
    """What is remembered of these messages of a thread, oldest first, without Redis."""
    return _remembered(_entries(said))


def _entries(said: Iterable[Said]) -> list[dict[str, str]]:
    return [{"turn": one.turn_id or "", "role": one.role, "text": one.text} for one in said if not one.is_disclosure]


def _remembered(entries: list[dict[str, str]]) -> Remembered:
    messages = [Message(Role(entry["role"]), entry["text"]) for entry in entries]
    history = tuple(messages[-KEEP_MESSAGES:])
    return Remembered(history, summarise(messages[:-KEEP_MESSAGES]), _calls(entries), tuple(entries))


def _calls(entries: list[dict[str, str]]) -> tuple[frozenset[str], ...]:
    last = max((place for place, one in enumerate(entries) if one["role"] == Role.STAFF), default=-1)
    asked = (one for one in entries[last + 1 :] if one["role"] == Role.CUSTOMER)
    return tuple(frozenset(one.get("calls", "").split()) for one in asked)


def summarise(messages: list[Message]) -> str:
    """One short line for each of the customer's older messages, the newest few only."""
    lines = [f"- {one.text[:_SUMMARY_CHARS]}" for one in messages if one.role is Role.CUSTOMER]
    return "\n".join(lines[-_SUMMARY_LINES:])


def memory_key(conversation_id: str) -> str:
    """Where the memory of a conversation stands in Redis."""
    return MEMORY_PREFIX + conversation_id
