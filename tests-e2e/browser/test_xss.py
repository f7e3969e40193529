"""Texts that would like to be programs are texts: in every place of the chat, whole and in pieces."""

from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, expect

from e2e.browser import Watch, watched
from e2e.scripted_host import ScriptedHost
from e2e.scripted_turns import answer, card, chunks, end

from .widget import Widget

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
CORPUS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "xss.yaml").read_text())
PAYLOADS = [payload for payloads in CORPUS.values() for payload in payloads]
TEXTS = [payload.replace("\x00", "") for payload in PAYLOADS]
#: Elements and attributes that no answer has, in the whole shadow root.
FORBIDDEN = """
() => {
  const found = [];
  const BAD = 'script, img, iframe, object, embed, style, link, meta, base, video, audio, template, math, slot[name]';
  const within = (root) => {
    for (const one of root.querySelectorAll('*')) {
      const inside = one.getRootNode() instanceof ShadowRoot;
      if (inside && one.matches(BAD)) found.push(one.outerHTML);
      for (const { name, value } of one.attributes) {
        const ours = name === 'style' && one.matches('textarea, .panel, html');
        if (/^on|^style$|^srcdoc$|^ping$/i.test(name) && !ours) found.push(`${name}=${value}`);
        if (inside && name === 'href' && !/^(https?|mailto):/i.test(value)) found.push(`href=${value}`);
      }
      if (one.shadowRoot) within(one.shadowRoot);
    }
  };
  within(document);
  return found;
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def watch(chromium: Browser, host: ScriptedHost):
    """A page that is watched, on a host that says whatever a test wants."""
    context = await chromium.new_context(viewport={"width": 768, "height": 900})
    context.set_default_timeout(30_000)
    yield await watched(context, host.url)
    await context.close()


async def _clean(watch: Watch) -> None:
    await watch.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert await watch.page.evaluate(FORBIDDEN) == []
    assert await watch.caught() == []


async def test_there_are_more_than_a_hundred() -> None:
    assert len(set(PAYLOADS)) >= 100


async def test_the_watch_sees_a_program_that_runs(watch: Watch, host: ScriptedHost) -> None:
    await watch.page.goto(host.url)
    await watch.page.evaluate("alert(1)")
    await watch.page.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://evil.example/x.png' }))")
    await expect(watch.page.locator("body > img")).to_have_count(1)
    caught = await watch.caught()
    assert "alert" in caught
    assert any(one.startswith(("policy img-src", "request https://evil.example")) for one in caught)


@pytest.mark.parametrize("kind", ["html", "breaking_out", "markdown"])
async def test_as_a_message_and_as_an_answer(watch: Watch, host: ScriptedHost, kind: str) -> None:
    texts = [payload.replace("\x00", "") for payload in CORPUS[kind]]
    host.script_for = answer
    await watch.page.goto(host.url)
    widget = Widget(watch.page)
    for text in texts:
        await widget.ask(text)
    assert await widget.questions.count() == len(texts)
    await _clean(watch)
    # And read again, as a thread.
    await watch.page.reload()
    await expect(widget.questions).to_have_count(len(texts))
    await _clean(watch)


async def test_in_a_stream_that_is_split_at_every_place(watch: Watch, host: ScriptedHost) -> None:
    joined = "\n\n".join(TEXTS)
    host.scripts = [[*chunks(*joined), end("Over.")]]
    await watch.page.goto(host.url)
    widget = Widget(watch.page)
    await widget.say("Tell me")
    await expect(widget.answers).to_have_text("Over.", timeout=120_000)
    await _clean(watch)


async def test_each_alone_in_single_characters(watch: Watch, host: ScriptedHost) -> None:
    await watch.page.goto(host.url)
    widget = Widget(watch.page)
    for text in TEXTS[::3]:
        host.scripts = [[*chunks(*text), end("Over.")]]
        await widget.ask("Next")
    await _clean(watch)


async def test_as_sources_links_steps_and_cards(watch: Watch, host: ScriptedHost) -> None:
    sources = [{"title": text, "url": text, "quote": text} for text in TEXTS]
    steps = [{"event": "tool", "name": text, "label": text, "phase": "started"} for text in TEXTS]
    cards = [
        card(summary=text, digest=str(number), expires_at=text, texts=[{"name": text, "text": text, "by": "others"}])
        for number, text in enumerate(TEXTS)
    ]
    host.scripts = [
        [*steps, *cards, *({"event": "citation", **source} for source in sources),
         end("Here.", citations=sources, links={text: text for text in TEXTS})],
    ]  # fmt: skip
    await watch.page.goto(host.url)
    widget = Widget(watch.page)
    await widget.ask("All of them")
    await widget.page.locator("aiguy-chat summary").click()
    await _clean(watch)
    bad = await watch.page.locator("aiguy-chat a").evaluate_all("(all) => all.map((one) => one.protocol)")
    assert set(bad) <= {"https:", "http:", "mailto:"}


async def test_in_the_attributes_and_from_staff(watch: Watch, host: ScriptedHost) -> None:
    joined = " ".join(TEXTS).replace("\n", " ")
    host.attributes = {"title": joined, "greeting": joined, "contact": "javascript:alert(1)"}
    await watch.page.goto(host.url)
    await expect(watch.page.locator("aiguy-chat .greeting")).to_be_visible()
    await _clean(watch)
    widget = Widget(watch.page)
    await widget.ask("Hello")
    for text in TEXTS:
        host.staff_says(text)
    await watch.page.reload()
    await expect(watch.page.locator("aiguy-chat .item.staff")).to_have_count(len(TEXTS))
    await _clean(watch)


async def test_pressing_what_looks_like_a_link_leads_nowhere_bad(watch: Watch, host: ScriptedHost) -> None:
    host.script_for = answer
    await watch.page.goto(host.url)
    widget = Widget(watch.page)
    for text in [*CORPUS["markdown"][3:13], *(f"[press]({link})" for link in CORPUS["links"][:9])]:
        await widget.ask(text)
    targets = widget.answers.get_by_text("press")
    for number in range(await targets.count()):
        if await targets.nth(number).get_attribute("href") is None:
            await targets.nth(number).click()
    await _clean(watch)
