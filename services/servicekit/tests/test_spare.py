"""Redis that can be done without: nobody waits for it twice, and our own slowness is not taken for its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from redis.exceptions import ConnectionError as BrokenError
from redis.exceptions import ResponseError

from servicekit.kit import open_redis
from servicekit.spare import REST_S, AwayError, SpareRedis
from servicekit.telemetry import Metrics

pytestmark = pytest.mark.service


class FakeRedis:
    """Counts what it is asked, and answers as it was told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.trouble: BaseException | None = None
        self.silent = False
        #: What the clock of this process says, and by how much it goes on while an answer is awaited.
        self.time = 0.0
        self.waits_s = 0.0

    def now(self) -> float:
        return self.time

    async def get(self, _key: str) -> bytes:
        self.asked += 1
        self.time += self.waits_s
        if self.trouble is not None:
            raise self.trouble
        if self.silent:
            await asyncio.Event().wait()
        return b"kept"


@pytest.fixture
def fake() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def spare(fake: FakeRedis, metrics: Metrics) -> SpareRedis:
    return SpareRedis(fake, metrics, fake.now)  # type: ignore[arg-type]


def ask(spare: SpareRedis, use: str = "test", patience_s: float = 0.05, **how: Any) -> Awaitable[Any]:
    return spare.ask(use, lambda redis: redis.get("a"), patience_s, **how)


async def why(asked: Awaitable[Any]) -> str:
    with pytest.raises(AwayError) as away:
        await asked
    return away.value.reason


async def test_ten_uses_of_one_request_wait_for_a_silent_redis_once(spare, fake, metrics) -> None:
    fake.silent = True
    reasons = [await why(ask(spare, use)) for use in ("limits", "memory") * 5]
    assert reasons == ["timeout", *["resting"] * 9]
    assert fake.asked == 1
    assert b'aiguy_redis_spared_total{reason="timeout",use="limits"} 1.0' in metrics.render()
    assert b'aiguy_redis_spared_total{reason="resting",use="memory"} 5.0' in metrics.render()


@pytest.mark.parametrize("trouble", [BrokenError("refused"), ConnectionResetError()])
async def test_a_broken_connection_is_not_tried_again_at_once(spare, fake, trouble) -> None:
    fake.trouble = trouble
    assert [await why(ask(spare)) for _ in range(2)] == ["connection", "resting"]


async def test_after_the_rest_one_asks_for_all_and_its_answer_ends_the_outage(spare, fake) -> None:
    fake.silent = True
    assert await why(ask(spare)) == "timeout"
    fake.time += REST_S
    assert sorted(await asyncio.gather(*(why(ask(spare)) for _ in range(5)))) == ["resting"] * 4 + ["timeout"]
    assert fake.asked == 2
    fake.time += REST_S
    fake.silent = False
    assert [await ask(spare), await ask(spare)] == [b"kept"] * 2


async def test_an_error_of_the_question_says_nothing_of_redis(spare, fake) -> None:
    fake.trouble = ResponseError("WRONGTYPE")
    assert [await why(ask(spare)) for _ in range(3)] == ["error"] * 3


async def test_what_must_not_be_left_out_is_asked_even_so(spare, fake) -> None:
    fake.trouble = BrokenError("refused")
    assert [await why(ask(spare)), await why(ask(spare, insist=True))] == ["connection"] * 2
    assert fake.asked == 2


async def test_our_own_slowness_is_not_taken_for_that_of_redis_unless_it_comes_twice(spare, fake) -> None:
    fake.silent, fake.waits_s = True, 0.2
    together = await asyncio.gather(*(why(ask(spare)) for _ in range(2)))
    assert together == ["late"] * 2
    assert [await why(ask(spare)) for _ in range(2)] == ["timeout", "resting"]
    fake.time += REST_S
    fake.silent = False
    assert await ask(spare) == b"kept"


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A server that takes connections and says nothing."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


async def test_whoever_has_no_patience_of_their_own_waits_for_one_time_out_of_the_client(silent_url) -> None:
    client = open_redis(silent_url)
    async with asyncio.timeout(2 * REST_S + 1):
        with pytest.raises(Exception, match="Timeout"):
            await client.get("a")
    await client.aclose(close_connection_pool=True)


async def test_a_listener_hears_what_comes_later_than_a_command_may_take(redis_url) -> None:
    client = open_redis(redis_url)
    async with client.pubsub(ignore_subscribe_messages=True) as listening:
        await listening.subscribe("later")
        heard = asyncio.ensure_future(anext(listening.listen()))
        done, _ = await asyncio.wait({heard}, timeout=1.5)  # longer than a command may take
        assert not done
        await client.publish("later", b"now")
        assert (await asyncio.wait_for(heard, 5))["data"] == b"now"
    await client.aclose(close_connection_pool=True)
