"""Words are in the browser as they come; and what PHP, the front door and the browser add to the rest.

`make bench-first-words` runs this with more questions. They are asked in turns, so that what else the machine does
falls on all ways alike.
"""

import os
import time
from statistics import median
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from e2e.llm import Llm
from e2e.machine import Machine
from onebox.agent import new_turn_id

from .browsing import Window, window
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Sentences, since each is shown when it is whole.
LONG = " ".join(f"Word{number} and word{number}." for number in range(40))
#: Another question each time: who asks the same again and again is handed to a person.
_TOPICS = (
    "lamps", "chairs", "wool", "bread", "rivers", "trains", "winter", "bells", "maps", "violins", "harbours", "gardens",
    "clocks", "cities", "birds", "letters", "bridges", "salt", "kites", "libraries",
)  # fmt: skip
_TOKEN = r"return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::of_user(get_user_by('login', 'ben')));"
#: All texts of the next answer, each with its time in milliseconds since Enter was pressed.
_WATCH = """
() => {
  const root = document.querySelector("aiguy-chat").shadowRoot, before = root.querySelectorAll("li.answer").length;
  let began = performance.now();
  window.__seen = [];
  window.__watch?.disconnect();
  root.addEventListener("keydown", (event) => { if (event.key === "Enter") began = performance.now(); }, true);
  window.__watch = new MutationObserver(() => {
    const text = root.querySelectorAll("li.answer")[before]?.querySelector(".text")?.textContent.trim() ?? "";
    if (text !== (window.__seen.at(-1)?.text ?? "")) window.__seen.push({ text, ms: performance.now() - began });
  });
  window.__watch.observe(root, { subtree: true, childList: true, characterData: true });
}
"""


async def streamed_ms(client: httpx.AsyncClient, session_id: str, question: str) -> float:
    """How long a question takes to its first words; returns when the whole answer is there."""
    body = {"session_id": session_id, "message": question}
    headers = {"accept": "text/event-stream", "idempotency-key": new_turn_id()}
    began, first = time.perf_counter(), 0.0
    async with client.stream("POST", "/chat", json=body, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            if not first and line == "event: chunk":
                first = time.perf_counter() - began
    assert first, "no words came"
    return first * 1000


async def shown(guest: Window, question: str) -> list[dict[str, Any]]:
    """The texts that the answer to a question had on the page, with their times."""
    await guest.page.evaluate(_WATCH)
    await expect(await guest.say(question)).to_contain_text("Word39 and word39.")
    seen: list[dict[str, Any]] = await guest.page.evaluate("window.__seen")
    return seen


async def test_words_are_shown_as_they_come(
    wordpress: Site, model: Llm, chromium: Browser, running_machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    model.say("Tell me", {"text": LONG})
    model.behave(token_ms=10)
    token, door = await wordpress.run(_TOKEN), running_machine.stack.front_door
    assert door is not None
    took: dict[str, list[float]] = {"orchestrator": [], "front door": [], "browser": []}
    headers = {"authorization": f"Bearer {token}"}
    async with (
        window(chromium, wordpress) as guest,
        httpx.AsyncClient(base_url=running_machine.stack.url(), headers=headers, timeout=60.0) as inside,
        httpx.AsyncClient(base_url=door, headers=headers, timeout=60.0) as outside,
    ):
        await guest.open(wordpress.url)
        await expect(guest.chat.get_by_role("note")).to_be_visible()
        for topic in _TOPICS[: int(os.environ.get("AIGUY_FIRST_WORDS", "1"))]:
            question = f"Tell me a story about {topic}"
            took["orchestrator"].append(await streamed_ms(inside, "web-first-inside", question))
            took["front door"].append(await streamed_ms(outside, "web-first-outside", question))
            seen = await shown(guest, question)
            assert len(seen) > 10
            assert all(LONG.startswith(one["text"]) for one in seen)
            took["browser"].append(seen[0]["ms"])
    with capsys.disabled():
        own = median(took["orchestrator"])
        print("\nfirst words, median in ms (and more than the orchestrator by itself):")
        for way, each in took.items():
            print(f"  {way:<14}{median(each):6.0f} ({median(each) - own:+.0f}), {len(each)} questions")
