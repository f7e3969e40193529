"""The status page of a running stack, as somebody sees it on a phone and on a desk, by day and by night."""

import pytest
from playwright.async_api import Browser, expect

from e2e.browser import screenshot, violations
from e2e.machine import Machine
from e2e.people import ADA
from onebox.status_page.serving import status_page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_it_fits_and_can_be_read(machine: Machine, chromium: Browser, width: int, colours: str) -> None:
    visitor = machine.visitor(ADA)
    await visitor.say("How do I return an item?")
    await visitor.http.aclose()
    context = await chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=colours)
    try:
        async with status_page(machine.stack.home.read_running, 0) as address:
            page = await context.new_page()
            complaints: list[str] = []
            page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
            await page.goto(f"{address}/?still=1")
            await expect(page.get_by_text("services are ready.")).to_be_visible()
            await expect(page.get_by_role("term").filter(has_text="time of a turn")).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await violations(page) == []
            await screenshot(page, f"status-{width}-{colours}")
            assert complaints == []
    finally:
        await context.close()


async def test_what_goes_down_is_seen_without_a_touch(machine: Machine, chromium: Browser) -> None:
    context = await chromium.new_context(viewport={"width": 360, "height": 900})
    state = machine.stack.home.read_running() or {}
    try:
        async with status_page(lambda: state, 0) as address:
            page = await context.new_page()
            await page.goto(address)
            await expect(page.get_by_text("services are ready.")).to_be_visible()
            state["urls"] |= {"orders": "http://127.0.0.1:9"}
            await expect(page.get_by_text("orders: not ready.")).to_be_visible()
            await screenshot(page, "status-down")
    finally:
        await context.close()
