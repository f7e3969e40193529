"""A page with the widget on a host that plays scripts, in a Chromium that all tests of a run share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser

from e2e.scripted_host import ScriptedHost

from .widget import Widget

Open = Callable[..., Awaitable[Widget]]


@pytest_asyncio.fixture(loop_scope="session")
async def host() -> AsyncIterator[ScriptedHost]:
    """A host of its own for each test."""
    async with ScriptedHost().serving() as host:
        yield host


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium: Browser, host: ScriptedHost) -> AsyncIterator[Open]:
    """`await visit(placement="floating")`: the widget with these attributes, in a context with `look` (see playwright's
    `new_context`). Closed after the test.
    """
    async with AsyncExitStack() as stack:

        async def enter(look: dict[str, Any] | None = None, **attributes: str) -> Widget:
            context = await chromium.new_context(**{"viewport": {"width": 768, "height": 900}, **(look or {})})
            stack.push_async_callback(context.close)
            context.set_default_timeout(20_000)
            host.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
            page = await context.new_page()
            await page.goto(host.url)
            return Widget(page)

        yield enter
