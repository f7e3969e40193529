"""Following a turn: without Redis while it runs here, through Redis from any other process, and across the two."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from redis.asyncio import Redis

from contracts.turn import ChunkEvent, EndEvent, Outcome, StatusEvent, StreamEvent
from orchestrator.journal.sealing import Sealer
from orchestrator.stream.frames import BEFORE_ALL, EventId, frame_id, stream_key
from orchestrator.stream.hub import Hub
from orchestrator.stream.publisher import STREAM_TTL_S, Publisher
from orchestrator.stream.sse import KEEP_ALIVE, Ending, Standing, stream_turn
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics
from servicekit.testing import eventually

pytestmark = pytest.mark.service
STATUS = StatusEvent(state="plan", text="Reading")
SEALER = Sealer("cnv_1", b"k" * 32)
END = EndEvent(outcome=Outcome.ANSWERED, text="one two")
Process = tuple[Hub, Publisher]


def _word(text: str) -> StreamEvent:
    return ChunkEvent(text=text, offset=0)


@pytest.fixture
def process(redis_url: str) -> Callable[[], AbstractAsyncContextManager[Process]]:
    """Makes the streams of one process; all share one Redis."""

    @asynccontextmanager
    async def make() -> AsyncIterator[Process]:
        redis = Redis.from_url(redis_url)
        hub = Hub(SpareRedis(redis, Metrics()))
        publisher = Publisher(redis, Metrics(), hub)
        hub.start()
        publisher.start()
        try:
            yield hub, publisher
        finally:
            await publisher.close()
            await hub.close()
            await redis.aclose()

    return make


async def _nothing() -> Standing:
    return Standing()


async def _reading(hub: Hub, turn_id: str) -> AsyncIterator[bytes]:
    """The turn's stream without its signs of life: a busy machine may ask Redis a second time."""
    async for piece in stream_turn(hub, turn_id, BEFORE_ALL, Ending(None, _nothing), 20, SEALER):
        if piece != KEEP_ALIVE:
            yield piece


async def _ids(reading: AsyncIterator[bytes]) -> list[str]:
    frames = [part for piece in [piece async for piece in reading] for part in piece.split(b"\n\n") if part]
    return [str(frame_id(frame + b"\n\n")) for frame in frames if not frame.startswith(b":")]


async def test_a_turn_that_runs_here_is_followed_while_redis_is_away() -> None:
    nowhere = Redis.from_url("redis://127.0.0.1:1")
    metrics = Metrics()
    hub = Hub(SpareRedis(nowhere, metrics))
    publisher = Publisher(nowhere, metrics, hub)
    publisher.start()
    with publisher.near("trn_a"):
        publisher.publish("trn_a", [(EventId(1, 1), STATUS)], SEALER)
        reading = _reading(hub, "trn_a")
        first = await anext(reading)
        publisher.publish("trn_a", [(EventId(2, 100), _word("one ")), (EventId(3, 1), END)], SEALER)
        assert frame_id(first) == EventId(1, 1)
        assert await _ids(reading) == ["2-100", "3-1"]
    await publisher.close()
    await nowhere.aclose()
    assert b'aiguy_stream_lost_total{reason="ConnectionError"}' in metrics.render()


async def test_a_stream_ends_from_the_journal_in_time_while_redis_says_nothing(silent_redis) -> None:
    async def ended() -> Standing:
        return Standing(END)

    reading = stream_turn(
        Hub(SpareRedis(silent_redis, Metrics())), "trn_a", BEFORE_ALL, Ending(None, ended), 20, SEALER
    )
    async with asyncio.timeout(4):
        told = b"".join([piece async for piece in reading])
    assert b"event: end" in told


async def test_another_process_follows_through_redis(process) -> None:
    async with process() as (_, publisher), process() as (hub, _other):
        with publisher.near("trn_b"):
            publisher.publish("trn_b", [(EventId(1, 1), STATUS)], SEALER)
            await eventually(lambda: hub.stored("trn_b", BEFORE_ALL, SEALER))
            reading = _reading(hub, "trn_b")
            assert frame_id(await anext(reading)) == EventId(1, 1)
            publisher.publish("trn_b", [(EventId(3, 1), END)], SEALER)
            assert await _ids(reading) == ["3-1"]


async def test_a_reader_goes_on_when_the_turn_goes_on_in_another_process(process) -> None:
    async with process() as (hub, here), process() as (_, elsewhere):
        with here.near("trn_c"):
            here.publish("trn_c", [(EventId(1, 1), STATUS)], SEALER)
            reading = _reading(hub, "trn_c")
            assert frame_id(await anext(reading)) == EventId(1, 1)
        # It waits for a person now; after the yes it runs in another process.
        elsewhere.publish("trn_c", [(EventId(5, 1), STATUS), (EventId(6, 1), END)], SEALER)
        assert await _ids(reading) == ["5-1", "6-1"]


async def test_what_is_told_twice_after_a_crash_is_shown_once(process) -> None:
    async with process() as (hub, publisher):
        publisher.publish("trn_d", [(EventId(1, 1), STATUS), (EventId(2, 1), STATUS)], SEALER)
        await eventually(lambda: hub.stored("trn_d", BEFORE_ALL, SEALER))
        publisher.publish("trn_d", [(EventId(1, 1), STATUS)], SEALER)
        publisher.publish("trn_d", [(EventId(2, 1), STATUS), (EventId(3, 1), END)], SEALER)
        assert await _ids(_reading(hub, "trn_d")) == ["1-1", "2-1", "3-1"]


async def test_an_ended_turn_of_which_redis_has_only_a_part_is_told_from_the_journal(process) -> None:
    async with process() as (hub, publisher):
        publisher.publish("trn_e", [(EventId(3, 1), END)], SEALER)
        await eventually(lambda: hub.stored("trn_e", BEFORE_ALL, SEALER))
        reading = stream_turn(hub, "trn_e", BEFORE_ALL, Ending(END, _nothing), 20, SEALER)
        text = b"".join([piece async for piece in reading])
        assert text.count(b"event: chunk") == 1
        assert text.count(b"event: end") == 1


async def test_a_turn_that_is_over_a_moment_before_its_last_events_still_tells_them_in_order(process) -> None:
    """The journal knows the end first; steps that are told right after it must not be lost."""
    async with process() as (hub, publisher):

        async def over() -> Standing:
            publisher.publish("trn_f", [(EventId(2, 1), STATUS), (EventId(3, 1), END)], SEALER)
            return Standing(END)

        with publisher.near("trn_f"):
            publisher.publish("trn_f", [(EventId(1, 1), STATUS)], SEALER)
            reading = stream_turn(hub, "trn_f", BEFORE_ALL, Ending(None, over), 20, SEALER)
            assert await _ids(reading) == ["1-1", "2-1", "3-1"]


async def test_a_turn_that_goes_on_here_is_told_whole_to_who_comes_later_and_who_was_there(process) -> None:
    async with process() as (hub, publisher):
        with publisher.near("trn_r"):
            publisher.publish("trn_r", [(EventId(1, 1), STATUS)], SEALER)
            early = _reading(hub, "trn_r")
            assert frame_id(await anext(early)) == EventId(1, 1)
        await eventually(lambda: "aiguy:turn:trn_r" not in hub._near)
        with publisher.near("trn_r", resumed=True):
            publisher.publish("trn_r", [(EventId(2, 1), STATUS)], SEALER)
            late = _reading(hub, "trn_r")
            assert frame_id(await anext(late)) == EventId(1, 1)
            publisher.publish("trn_r", [(EventId(3, 1), END)], SEALER)
            assert (await _ids(late))[-1] == "3-1"
            assert await _ids(early) == ["2-1", "3-1"]


async def test_a_turn_that_waits_for_a_moment_only_stays_near(process) -> None:
    async with process() as (hub, publisher):
        with publisher.near("trn_m"):
            publisher.publish("trn_m", [(EventId(1, 1), STATUS)], SEALER)
        with publisher.near("trn_m", resumed=True):
            await eventually(lambda: not publisher._pending)
            publisher.publish("trn_m", [(EventId(2, 1), END)], SEALER)
            assert await _ids(_reading(hub, "trn_m")) == ["1-1", "2-1"]


async def test_a_stream_that_redis_lost_in_the_middle_is_made_anew_with_a_time_limit(
    process: Callable[[], AbstractAsyncContextManager[Process]], redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    key = stream_key("trn_w")
    async with process() as (_, publisher), process() as (elsewhere, _):
        with publisher.near("trn_w"):
            publisher.publish("trn_w", [(EventId(1, 1), STATUS)], SEALER)
            await eventually(lambda: redis.exists(key))
            assert 0 < await redis.ttl(key) <= STREAM_TTL_S
            await redis.delete(key)
            publisher.publish("trn_w", [(EventId(2, 100), _word("one "))], SEALER)
            await eventually(lambda: redis.exists(key))
            assert 0 < await redis.ttl(key) <= STREAM_TTL_S, "text alone would have stayed for ever"
            reading = _reading(elsewhere, "trn_w")
            first = await anext(reading)
            publisher.publish("trn_w", [(EventId(3, 1), END)], SEALER)
            assert (frame_id(first), await _ids(reading)) == (EventId(2, 100), ["3-1"])
    await redis.aclose()


async def test_readers_that_hang_up_leave_no_task_and_nothing_behind(process) -> None:
    async with process() as (hub, _), process() as (_, elsewhere):
        before = asyncio.all_tasks()
        elsewhere.publish("trn_h", [(EventId(1, 1), STATUS)], SEALER)
        await eventually(lambda: hub.stored("trn_h", BEFORE_ALL, SEALER))
        readers = [_reading(hub, "trn_h") for _ in range(30)]
        for reader in readers:
            assert frame_id(await anext(reader)) == EventId(1, 1)
        staying = readers[9:]
        waiting = [asyncio.create_task(anext(reader)) for reader in readers[:9]]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        assert all(
            isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*waiting, return_exceptions=True)
        )
        assert len(hub._readers["aiguy:turn:trn_h"]) == len(staying)
        elsewhere.publish("trn_h", [(EventId(2, 1), END)], SEALER)
        assert [await _ids(reader) for reader in staying] == [["2-1"]] * len(staying)
        assert (dict(hub._readers), hub._sealers, hub._subscribed) == ({}, {}, set())
        assert asyncio.all_tasks() == before
