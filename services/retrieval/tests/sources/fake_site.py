"""A small web site of our own: sitemaps, robots.txt, conditional requests, and everything that can go wrong."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from servicekit.testing.live import live_server

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass
class FakePage:
    """What the site answers at a path."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeSite:
    """Pages by path; `seen` are the requests by path, `asked` their headers."""

    base: str = ""
    pages: dict[str, FakePage] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def page(self, path: str, text: str, **headers: str) -> None:
        """An article."""
        title = path.rsplit("/", 1)[-1].capitalize()
        html = (
            f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = FakePage(html.encode(), headers=named)

    def sitemap(
        self, *paths: str, at: str = "/sitemap.xml", index: bool = False, packed: bool = False, **lastmod: str
    ) -> None:
        """A sitemap of these paths, or addresses; `lastmod` by the last part of the path."""
        outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        entries = ""
        for path in paths:
            loc = path if "://" in path else self.base + path
            stated = lastmod.get(path.rsplit("/", 1)[-1])
            entries += f"<{inner}><loc>{loc}</loc>{f'<lastmod>{stated}</lastmod>' if stated else ''}</{inner}>"
        body = f'<?xml version="1.0" encoding="UTF-8"?><{outer} xmlns="{SITEMAP}">{entries}</{outer}>'.encode()
        kind = "application/gzip" if packed else "application/xml"
        self.pages[at] = FakePage(gzip.compress(body) if packed else body, kind=kind)

    def robots(self, text: str) -> None:
        """The site's robots.txt."""
        self.pages["/robots.txt"] = FakePage(text.encode(), kind="text/plain")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        request = Request(scope)
        self.seen.append(request.url.path)
        self.asked.append(dict(request.headers))
        page = self.pages.get(request.url.path, FakePage(b"Not here", 404))
        etag = page.headers.get("etag")
        modified = page.headers.get("last-modified")
        known = (etag and request.headers.get("if-none-match") == etag) or (
            modified and request.headers.get("if-modified-since") == modified
        )
        answer = Response(status_code=304) if known else Response(page.body, page.status, media_type=page.kind)
        answer.headers.update(page.headers)
        await answer(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def serve_site() -> Iterator[FakeSite]:
    """The site, served on a port of this machine."""
    site = FakeSite()
    with live_server(cast(FastAPI, site)) as url:
        site.base = url
        yield site
