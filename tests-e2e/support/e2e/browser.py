"""A real Chromium for tests: the one of the machine, driven by playwright, which downloads none.

Fixtures: `chromium`, the browser, one per run; `tests-e2e/conftest.py` has it for all folders.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

_ROOT = Path(__file__).parents[3]
SCREENSHOTS = _ROOT / "var" / "screenshots"
_AXE = _ROOT / "services/orchestrator/widget/node_modules/axe-core/axe.min.js"
_PATIENCE_MS = 20_000
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
#: What would show that somebody's text has run as a program: it counts, and nothing is shown.
_TRAPS = """
window.__ran = [];
for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = (...all) => { window.__ran.push(name); };
document.addEventListener('securitypolicyviolation', (event) => window.__ran.push('policy ' + event.violatedDirective));
"""


def _executable() -> str:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("AIGUY_TEST_REQUIRE_SERVERS") == "1":
        pytest.fail("no Chromium on this machine (Debian: apt install chromium)")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser. Each test makes contexts of its own, which share nothing."""
    # A machine that runs many tests at once is slow, and nothing here is judged by its speed.
    expect.set_options(timeout=_PATIENCE_MS)
    # Root may not use the sandbox; the pages are ours.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=_executable(), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


async def screenshot(page: Page, name: str) -> Path:
    """What the page looks like, as `var/screenshots/<name>.png`."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=file, animations="disabled")
    return file


async def violations(page: Page) -> list[str]:
    """What axe finds on the page, shadow roots too, that is serious or critical; one line each."""
    if not _AXE.exists():
        await asyncio.to_thread(subprocess.run, [_ROOT / ".ci" / "widget", "install"], check=True)
    await page.evaluate(_AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['target']} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@dataclass
class Watch:
    """What a page did that it should not: programs that ran, requests to elsewhere, pages left or opened."""

    page: Page
    seen: list[str] = field(default_factory=list)

    async def caught(self) -> list[str]:
        """All of it, in words; empty for a page that did nothing wrong."""
        return [*self.seen, *await self.page.evaluate("window.__ran")]


async def watched(context: BrowserContext, origin: str) -> Watch:
    """A new page of the context that is watched; `origin` is the only place that it may speak with."""
    await context.add_init_script(_TRAPS)
    page = await context.new_page()
    watch = Watch(page)

    def asked(request: Request) -> None:
        if not request.url.startswith((origin, "data:", "blob:")):
            watch.seen.append(f"request {request.url[:80]}")
        if (
            request.is_navigation_request()
            and request.frame == page.main_frame
            and request.url != page.url != "about:blank"
        ):
            watch.seen.append(f"navigation {request.url[:80]}")

    page.on("request", asked)
    page.on("dialog", lambda dialog: watch.seen.append(f"dialog {dialog.message}"))
    page.on("pageerror", lambda error: watch.seen.append(f"error {error}"))
    context.on("page", lambda other: watch.seen.append(f"opened {other.url}"))
    return watch
