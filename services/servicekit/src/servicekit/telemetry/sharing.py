"""What one replica reads from the database for all: kept in Redis for a while, and read directly without Redis."""

from collections.abc import Awaitable, Callable

import orjson
import redis.asyncio
from redis.exceptions import RedisError

from servicekit.logging import get_logger

PREFIX = "aiguy:numbers:"
#: By gauge, its rows: the labels' values, then the number.
Reading = dict[str, list[list[str | float]]]


class SharedReading:
    """The readings of `service`, each good for `keep_s` seconds."""

    def __init__(self, client: "redis.asyncio.Redis", service: str, keep_s: float) -> None:
        self._redis, self._key = client, PREFIX + service
        self._keep_ms = max(1, int(keep_s * 1000))

    async def get(self, read: Callable[[], Awaitable[Reading]]) -> Reading | None:
        """The reading of the last `keep_s` seconds, by `read` when there is none; None while another replica reads."""
        try:
            if kept := await self._redis.get(self._key):
                found: Reading = orjson.loads(kept)
                return found
            # Whoever dies over it holds up the others for no longer than a reading is good.
            if not await self._redis.set(f"{self._key}:reading", b"1", nx=True, px=self._keep_ms):
                return None
        except (RedisError, OSError):
            return await read()
        reading = await read()
        try:
            await self._redis.set(self._key, orjson.dumps(reading), px=self._keep_ms)
            await self._redis.delete(f"{self._key}:reading")
        except (RedisError, OSError) as error:
            get_logger().warning("numbers were not shared", reason=type(error).__name__)
        return reading
