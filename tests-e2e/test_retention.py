"""What a stack keeps in Redis ends by itself: every key is of a family that we know, and has a time to live."""

import pytest
import redis.asyncio

from e2e.people import ADA
from onebox.stack import SERVICES
from orchestrator.retention import REDIS
from servicekit.retention import NUMBERS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def _keys(urls: set[str]) -> dict[str, int]:
    """Every key of these databases, with the seconds that it has left; -1: it stays for ever."""
    found: dict[str, int] = {}
    for url in urls:
        async with redis.asyncio.from_url(url) as client:
            found |= {key.decode(): await client.ttl(key) async for key in client.scan_iter(count=500)}
    return {key: ttl for key, ttl in found.items() if ttl != -2}  # gone meanwhile


async def test_nothing_in_redis_stays_for_ever(machine, visit) -> None:
    customer = visit(ADA)
    conversation = await customer.begin()
    for text in ("Do you also deliver to an island?", "Where is my order 1234?"):
        await customer.follow(await customer.send(conversation, text))

    found = await _keys({machine.stack.addresses.redis[name] for name in SERVICES})

    families = {one.prefix: one.most_s for one in REDIS}
    of = {key: next((prefix for prefix in families if key.startswith(prefix)), None) for key in found}
    assert {key for key, prefix in of.items() if prefix is None} == set()
    assert set(families) - set(of.values()) <= {NUMBERS.prefix}, "a family that is never seen is no family"
    assert {key: ttl for key, ttl in found.items() if not 0 <= ttl <= families[of[key]]} == {}
