"""Socket Mode: Slack delivers over a connection that we open, for a stack that the world cannot reach."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from servicekit.background import stop
from servicekit.logging import get_logger

_AGAIN_S, _PING_S = 5.0, 10.0


@asynccontextmanager
async def listening(app: AsyncApp, app_token: str, client: AsyncWebClient) -> AsyncIterator[None]:
    """Listens until the block ends. While Slack is away it is asked for a connection again and again."""
    logger = logging.getLogger("slack_sdk.socket_mode")
    logger.setLevel(logging.CRITICAL)  # its lines would quote what people wrote
    handler = AsyncSocketModeHandler(app, app_token, logger=logger, web_client=client, ping_interval=_PING_S)
    task = asyncio.create_task(_connected(handler), name="slack-socket")
    try:
        yield
    finally:
        await stop([task])
        with suppress(aiohttp.ClientError, OSError):
            await handler.close_async()  # type: ignore[no-untyped-call]


async def _connected(handler: AsyncSocketModeHandler) -> None:
    while True:
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            get_logger().warning("slack_cannot_listen", reason=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)
        else:
            get_logger().info("slack_listens")
            return  # from here on the client itself connects again
