"""Texts that would like to be programs, and a browser that writes down what its pages do that they must not."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest_asyncio
import yaml
from playwright.async_api import Browser

from e2e.browser import Watch, watched

from .browsing import sign_in
from .site import Site

_CORPUS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parents[1] / "browser" / "xss.yaml").read_text("utf-8"))
#: Without control characters, which the API takes from nobody.
PAYLOADS = [
    re.sub(r"[\x00-\x08\x0b-\x1f]", "", payload) for payloads in _CORPUS.values() for payload in payloads
]  # fmt: skip


def batches(most: int) -> Iterator[str]:
    """All of them, several in a text of at most so many characters."""
    text = ""
    for payload in PAYLOADS:
        if text and len(text) + len(payload) > most:
            yield text
            text = ""
        text = f"{text}\n\n{payload}".strip()
    yield text


@pytest_asyncio.fixture(loop_scope="session")
async def watch(site: Site, chromium: Browser) -> AsyncIterator[Watch]:
    """Ada's browser: what its pages do that they must not is written down."""
    context = await chromium.new_context()
    await sign_in(context, site, "ada")
    yield await watched(context, site.url)
    await context.close()
