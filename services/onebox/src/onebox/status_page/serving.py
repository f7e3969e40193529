"""Serves the status page of a stack to this machine alone.

It listens on the loopback address, and answers only to that name: a web page of somebody else, whose name was made to
lead here, gets nothing. It shows numbers and addresses, never what anybody said, and there is nothing to be sent to it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib import resources
from typing import Any

from aiohttp import web
from jinja2 import Environment, StrictUndefined, Template

from onebox.looking import Look, look

HOST = "127.0.0.1"
USUAL_PORT = 8095
EVERY_S = 5
_NAMES = frozenset({HOST, "localhost"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
ReadState = Callable[[], Mapping[str, Any] | None]


@asynccontextmanager
async def status_page(read_state: ReadState, port: int = USUAL_PORT) -> AsyncIterator[str]:
    """The address of the page while the block runs: at `port`, or at a free one when that is taken.

    `read_state` says what runs where (`Home.read_running`).
    """
    files = resources.files("onebox.status_page")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = made.from_string(files.joinpath("page.html").read_text("utf-8"))
    application = web.Application(middlewares=[_only_from_here])
    application.router.add_get("/", partial(_page, read_state, template))
    application.router.add_get("/page.css", partial(_style, files.joinpath("page.css").read_text("utf-8")))
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        yield await _listen(runner, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> str:
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError:
        await web.TCPSite(runner, HOST, 0).start()
    return f"http://{HOST}:{runner.addresses[0][1]}"


@web.middleware
async def _only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if request.url.host not in _NAMES:
        raise web.HTTPMisdirectedRequest(text=f"This page answers to {' and '.join(sorted(_NAMES))} only.\n")
    return await handler(request)


async def _page(read_state: ReadState, template: Template, request: web.Request) -> web.Response:
    seen = await look(read_state() or {"urls": {}})
    still = "still" in request.query
    headers = _HEADERS if still else {**_HEADERS, "Refresh": str(EVERY_S)}
    return web.Response(text=page(template, seen, still=still), content_type="text/html", headers=headers)


def page(template: Template, seen: Look, *, still: bool = False) -> str:
    """The page as HTML. `still`: it is not loaded again by itself."""
    alarms = [one for one in seen.lines if one.alarm]
    return template.render(
        seen=seen, alarms=alarms, still=still, every_s=EVERY_S, at=f"{datetime.now().astimezone():%H:%M:%S}"
    )


async def _style(text: str, _: web.Request) -> web.Response:
    return web.Response(text=text, content_type="text/css", headers=_HEADERS)
