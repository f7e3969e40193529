"""The rivals' tool: `POST /tools/get_order_status` answers some 250 bytes at once."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
import uvicorn

#: Longer than any pause between two rounds: no client meets a connection that is being closed.
KEEP_ALIVE_S = 600
Message = MutableMapping[str, Any]
_ORDER = {
    "status": "shipped", "placed_at": "2026-01-05T09:12:44Z", "updated_at": "2026-01-06T16:02:10Z",
    "carrier": "Parcelway", "tracking_url": "https://parcelway.example/track/PW0000012345/portland",
    "eta": "2026-01-09T17:00:00Z",
}  # fmt: skip


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Raw ASGI."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    order = orjson.dumps({"order_id": orjson.loads(body)["order_id"] if body else "", **_ORDER})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(order)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": order})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
    )
