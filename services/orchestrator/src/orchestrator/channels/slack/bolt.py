"""Slack's own framework, which tells apart what comes by HTTP and by Socket Mode alike. It answers when our transaction
is committed, never before, and holds no token: what is said in Slack is said by `posting.py` and `notes.py`.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError

#: Slack delivers again what is not acknowledged within three seconds.
ACKNOWLEDGED_S = 2.5
Handler = Callable[[Mapping[str, Any]], Awaitable[object]]


def bolt_app(on_message: Handler, on_press: Handler) -> AsyncApp:
    """The app. What a handler raises is raised by its dispatch too: nothing is acknowledged that was not done."""
    # Its lines would quote what people wrote.
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.CRITICAL)
    app = AsyncApp(
        name="aiguy", logger=logger, process_before_response=True, authorize=_authorized,
        # The route has verified the signature of the very bytes before anything reads them.
        request_verification_enabled=False, ssl_check_enabled=False,
        # Which messages are our own is decided with everything else that nobody answers (`events.py`).
        ignoring_self_events_enabled=False, attaching_function_token_enabled=False,
    )  # fmt: skip

    async def message(body: dict[str, Any]) -> None:
        await _in_time(on_message(body))

    async def press(body: dict[str, Any], ack: AsyncAck) -> None:
        await _in_time(on_press(body))
        await ack()

    async def failed(error: Exception) -> None:
        raise error

    # Of every type: one without a listener would be answered with a 404, and delivered again.
    app.event(re.compile(r".*"))(message)
    app.action(re.compile(r".*"))(press)
    app.error(failed)
    return app


async def _in_time(done: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(ACKNOWLEDGED_S):
            await done
    except TimeoutError:
        # Nothing was committed, or all of it: delivered again, it is known then.
        raise ProblemError(ProblemCode.DEADLINE_EXCEEDED, "This took longer than Slack waits.") from None


async def _authorized(enterprise_id: str | None, team_id: str | None, **_: object) -> AuthorizeResult:
    # Whose workspace it is is decided with the message; asking Slack here would make taking depend on it.
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)
