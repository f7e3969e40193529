"""A line that breaks, a page that is loaded anew, a reader who stops: no word is lost, none is doubled."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from e2e.llm import Llm
from onebox.faults import FaultProxy

from .browsing import Window, window
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Sentences, since each is shown when it is whole.
LONG = " ".join(f"Word{number} and word{number}." for number in range(40))
_ASK = "Tell me a long story"
#: All texts that the newest answer ever had, each with its time in milliseconds since the question.
_WATCH = """
() => {
  const root = document.querySelector("aiguy-chat").shadowRoot, began = performance.now();
  window.__seen = [];
  const look = () => {
    const text = [...root.querySelectorAll("li.answer .text")].at(-1)?.textContent.trim() ?? "";
    if (text !== (window.__seen.at(-1)?.text ?? "")) window.__seen.push({ text, ms: performance.now() - began });
  };
  new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true });
}
"""


async def told(page: Window) -> list[dict[str, Any]]:
    """Every text that the answer had, in its order."""
    seen: list[dict[str, Any]] = await page.page.evaluate("window.__seen")
    return seen


@pytest_asyncio.fixture(loop_scope="session")
async def line(site: Site) -> AsyncIterator[FaultProxy]:
    """What is between the browser and the site, and may break."""
    proxy = FaultProxy(site.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def test_a_line_that_breaks_in_mid_answer_loses_no_word_and_doubles_none(
    wordpress: Site, model: Llm, chromium: Browser, line: FaultProxy
) -> None:
    model.say("Tell me", {"text": LONG})
    model.behave(token_ms=60)
    async with window(chromium, wordpress, proxy={"server": f"http://127.0.0.1:{line.port}"}) as guest:
        await guest.open(wordpress.url)
        await expect(guest.chat.get_by_role("note")).to_be_visible()
        await guest.page.evaluate(_WATCH)
        await guest.write(_ASK)
        for word in ("Word3 ", "Word12 ", "Word25 "):
            await expect(guest.answers).to_contain_text(word, timeout=60_000)
            line.reset()
            line.passing()
        await expect(guest.answers).to_contain_text("Word39 and word39.", timeout=60_000)
        await guest.rest()
        seen = await told(guest)
        assert line.connections > 3
        assert [one["text"] for one in seen if not LONG.startswith(one["text"])] == []
        shown = await guest.answers.locator(".text").inner_text()
        await guest.page.reload()
        await expect(guest.answers.locator(".text")).to_have_text(LONG)
    assert shown == LONG


async def test_a_page_that_is_loaded_anew_in_mid_answer_goes_on_with_it(
    wordpress: Site, model: Llm, chromium: Browser
) -> None:
    model.say("Tell me", {"text": LONG})
    model.behave(token_ms=60)
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.write(_ASK)
        await expect(guest.answers).to_contain_text("Word3 ", timeout=60_000)
        await guest.page.reload()
        await expect(guest.answers.locator(".text")).to_have_text(LONG, timeout=60_000)
        await expect(guest.answers).to_have_count(1)


async def test_the_answer_stops_when_its_reader_says_so(wordpress: Site, model: Llm, chromium: Browser) -> None:
    model.say("Tell me", {"text": LONG})
    model.behave(token_ms=120)
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.write(_ASK)
        await expect(guest.answers).to_contain_text("Word1 ", timeout=60_000)
        await guest.chat.get_by_role("button", name="Stop", exact=True).click()
        await guest.rest()
        await expect(guest.answers).not_to_contain_text("Word39")
