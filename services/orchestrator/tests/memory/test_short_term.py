"""Short-term memory: masked, bounded, shared through Redis, and rebuilt from the thread when Redis lost it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import redis.asyncio

from contracts.turn import Role
from orchestrator.brain.port import Message
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.memory.short_term import KEEP_MESSAGES, Place, ShortTermMemory, summarise
from servicekit.auth.claims import Caller
from servicekit.auth.claims import Role as CallerRole
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics

ADA = Caller("cust_ada", CallerRole.CUSTOMER, "shop", frozenset(), 0)


@pytest.fixture
async def database(database_url: Callable[[str], str]) -> AsyncIterator[Database]:
    database = await Database.connect(database_url("orchestrator"))
    yield database
    await database.close()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    client = redis.asyncio.Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def conversation(database: Database) -> Conversation:
    keyring = Keyring.generate()
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    async with database.transaction() as db:
        conversation_id = await conversations.create(db, ADA, "web")
        return await conversations.owned(db, conversation_id, ADA)


def memory_of(client: "redis.asyncio.Redis", database: Database, metrics: Metrics | None = None) -> ShortTermMemory:
    metrics = metrics or Metrics()
    return ShortTermMemory.of(SpareRedis(client, metrics), database, metrics)


async def said(database: Database, conversation: Conversation, turn_id: str, role: str, text: str) -> None:
    async with database.primary() as db:
        await db.execute(
            "INSERT INTO thread (conversation_id, turn_id, role, content) VALUES ($1, $2, $3, $4)",
            conversation.id, turn_id, role, conversation.sealer.seal("thread", text.encode()),
        )  # fmt: skip


@pytest.mark.service
async def test_memory_survives_the_loss_of_redis(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation
) -> None:
    memory = memory_of(client, database)
    await said(database, conversation, "trn_1", "customer", "I am <email_aaaaaaaa>")
    first = await memory.recall(conversation, "trn_1", Place(0))
    await memory.remember(conversation, "trn_1", Place(0), first, "I am <email_aaaaaaaa>", "Hello")
    await memory.remember(conversation, "trn_1", Place(0), first, "I am <email_aaaaaaaa>", "Hello")
    await said(database, conversation, "trn_1", "assistant", "Hello")
    before = await memory.recall(conversation, "trn_2", Place(2))
    await client.flushall()
    assert await memory.recall(conversation, "trn_2", Place(2)) == before
    assert before.history == (Message(Role.CUSTOMER, "I am <email_aaaaaaaa>"), Message(Role.ASSISTANT, "Hello"))


@pytest.mark.service
async def test_what_redis_holds_cannot_be_read_there(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation
) -> None:
    await said(database, conversation, "trn_1", "customer", "swordfish")
    memory = memory_of(client, database)
    await memory.remember(
        conversation, "trn_2", Place(1), await memory.recall(conversation, "trn_2", Place(1)), "hello", ""
    )
    keys = await client.keys(f"*{conversation.id}*")
    assert keys
    for key in keys:
        assert b"swordfish" not in await client.get(key)
        assert await client.ttl(key) > 0


@pytest.mark.service
async def test_without_redis_the_thread_answers_and_it_is_counted(
    database: Database, conversation: Conversation
) -> None:
    metrics = Metrics()
    nowhere = redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    await said(database, conversation, "trn_1", "customer", "Hello")
    remembered = await memory_of(nowhere, database, metrics).recall(conversation, "trn_2", Place(1))
    assert [message.text for message in remembered.history] == ["Hello"]
    assert b'aiguy_redis_spared_total{reason="connection",use="memory"} 1.0' in metrics.render()


@pytest.mark.service
async def test_a_redis_that_says_nothing_is_not_waited_for(
    database: Database, conversation: Conversation, silent_redis: "redis.asyncio.Redis"
) -> None:
    await said(database, conversation, "trn_1", "customer", "Hello")
    memory = memory_of(silent_redis, database)
    async with asyncio.timeout(2):
        remembered = await memory.recall(conversation, "trn_2", Place(1))
        await memory.remember(conversation, "trn_2", Place(1), remembered, "and now?", "Wait.")
    assert [message.text for message in remembered.history] == ["Hello"]


def test_older_messages_become_one_short_line_each() -> None:
    older = [Message(Role.CUSTOMER, f"{number} " + "x" * 200) for number in range(9)]
    summary = summarise([*older, Message(Role.ASSISTANT, "not this")])
    lines = summary.splitlines()
    assert len(lines) == 6
    assert all(len(line) <= 90 for line in lines)
    assert lines[-1].startswith("- 8 ")
    assert KEEP_MESSAGES <= 24


@pytest.mark.service
async def test_a_message_that_waits_behind_the_turn_is_not_remembered_as_said_before(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation
) -> None:
    memory = memory_of(client, database)
    for turn_id in ("trn_1", "trn_2"):
        await said(database, conversation, turn_id, "customer", f"message of {turn_id}")
    first = await memory.recall(conversation, "trn_1", Place(0))
    assert first.history == ()
    await memory.remember(conversation, "trn_1", Place(0), first, "message of trn_1", "answer")
    history = (await memory.recall(conversation, "trn_2", Place(2))).history
    assert [message.text for message in history] == ["message of trn_1", "answer"]


@pytest.mark.service
async def test_that_an_assistant_answers_is_nothing_that_was_said(
    database: Database, client: "redis.asyncio.Redis"
) -> None:
    keyring = Keyring.generate()
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    async with database.primary() as db:
        begun = await conversations.begin(db, ADA, "web", disclosure="You are chatting with an AI assistant.")
        conversation = await conversations.owned(db, begun.id, ADA)
    await said(database, conversation, "trn_1", "customer", "Hello")
    remembered = await memory_of(client, database).recall(conversation, "trn_2", Place(1))
    assert remembered.history == (Message(Role.CUSTOMER, "Hello"),)


@pytest.mark.service
async def test_the_calls_of_each_turn_are_remembered_until_a_person_answers(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation
) -> None:
    memory = memory_of(client, database)
    await said(database, conversation, "trn_0", "customer", "Hello")
    made = (("trn_1", ["get_order:1", "search_kb:2"]), ("trn_2", []), ("trn_3", ["get_order:1"]))
    for number, (turn_id, calls) in enumerate(made):
        place = Place(1 + 2 * number)
        before = await memory.recall(conversation, turn_id, place)
        await memory.remember(conversation, turn_id, place, before, "and now?", "Wait.", calls)
    remembered = await memory.recall(conversation, "trn_4", Place(7))
    assert remembered.calls == (set(), {"get_order:1", "search_kb:2"}, set(), {"get_order:1"})
    await said(database, conversation, "trn_4", "staff", "It ships today.")
    assert (await memory.recall(conversation, "trn_5", Place(8))).calls == ()


@pytest.mark.service
async def test_a_write_that_failed_leaves_nothing_out_of_the_next_turn(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation, silent_redis: "redis.asyncio.Redis"
) -> None:
    memory = memory_of(client, database)
    frozen = memory_of(silent_redis, database)
    for number, used in ((0, memory), (1, frozen)):
        turn_id, place = f"trn_{number}", Place(2 * number)
        before = await used.recall(conversation, turn_id, place)
        await said(database, conversation, turn_id, "customer", f"question {number}")
        await said(database, conversation, turn_id, "assistant", f"answer {number}")
        await used.remember(conversation, turn_id, place, before, f"question {number}", f"answer {number}")
    history = (await memory.recall(conversation, "trn_2", Place(4))).history
    assert [one.text for one in history] == ["question 0", "answer 0", "question 1", "answer 1"]


@pytest.mark.service
async def test_what_was_said_while_a_turn_ran_is_not_missed_by_the_next(
    database: Database, client: "redis.asyncio.Redis", conversation: Conversation
) -> None:
    memory = memory_of(client, database)
    before = await memory.recall(conversation, "trn_1", Place(0))
    for turn_id, role in (("trn_1", "customer"), ("trn_0", "assistant"), ("trn_1", "assistant")):
        await said(database, conversation, turn_id, role, f"{role} of {turn_id}")
    await memory.remember(conversation, "trn_1", Place(0), before, "customer of trn_1", "assistant of trn_1")
    history = (await memory.recall(conversation, "trn_2", Place(3))).history
    assert [one.text for one in history] == ["customer of trn_1", "assistant of trn_0", "assistant of trn_1"]


@pytest.mark.service
async def test_the_thread_counts_every_message_by_whoever_it_is_written(
    database: Database, conversation: Conversation
) -> None:
    for role in ("customer", "assistant", "staff"):
        await said(database, conversation, "trn_1", role, "Hello")
    async with database.primary() as db:
        assert await db.fetchval("SELECT thread_length FROM conversations WHERE id = $1", conversation.id) == 3
