"""The status page: what it shows of a stack, and that nobody but this machine sees it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import JSONResponse, PlainTextResponse, Response

from onebox.ports import TOOL_SERVICES
from onebox.status_page.serving import status_page
from servicekit.testing.live import live_server

NAMES = ("orchestrator", *TOOL_SERVICES)


class Stack:
    """Five services in one, of which some may be down, and what they count."""

    def __init__(self) -> None:
        self.down: dict[str, str] = {}
        self.metrics: dict[str, str] = {}
        self.url = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/{name}/readyz")
        async def readyz(name: str) -> Response:
            if name in self.down:
                return JSONResponse({"detail": self.down[name]}, 503)
            return JSONResponse({"status": "ready", "checks": {"database": "up"}})

        @app.get("/{name}/metrics")
        async def metrics(name: str) -> Response:
            return PlainTextResponse(self.metrics.get(name, ""))

        return app

    def state(self) -> dict[str, Any]:
        return {"urls": {name: f"{self.url}/{name}" for name in NAMES}, "gateway": None}


@asynccontextmanager
async def shown(stack: Stack, port: int = 0) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    with live_server(stack.app()) as stack.url:
        async with status_page(stack.state, port) as address, httpx.AsyncClient() as client:
            yield address, client


@pytest.fixture
def stack() -> Stack:
    return Stack()


async def test_services_and_numbers_are_on_it_and_it_comes_again_by_itself(stack: Stack) -> None:
    stack.metrics["orchestrator"] = "aiguy_approvals_waiting 2\naiguy_approvals_oldest_seconds 600\n"
    async with shown(stack) as (address, client):
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "All 5 services are ready." in answer.text
        assert "2, the oldest for 10 min" in answer.text
        assert "Look here" not in answer.text
        assert answer.headers["refresh"] == "5"
        assert answer.headers["cache-control"] == "no-store"
        assert "refresh" not in (await client.get(address, params={"still": 1})).headers
        assert (await client.get(f"{address}/page.css")).headers["content-type"].startswith("text/css")


async def test_what_is_down_and_what_needs_somebody_stands_first_in_words(stack: Stack) -> None:
    stack.down["orders"] = "database: <timeout>"
    stack.metrics["billing"] = "aiguy_refunds_without_approval 1\n"
    async with shown(stack) as (address, client):
        text = (await client.get(address)).text
        assert "orders: not ready." in text
        assert "database: &lt;timeout&gt;" in text, "what others say is text"
        assert text.index("services/runbooks/refund-without-approval.md") < text.index("Numbers")


async def test_a_stack_that_is_gone_is_a_page_too_and_no_error() -> None:
    async with httpx.AsyncClient() as client:
        async with status_page(lambda: None, 0) as address:
            assert "Nothing runs." in (await client.get(address)).text
        async with status_page(lambda: {"urls": {"orders": "http://127.0.0.1:9"}}, 0) as address:
            assert "orders: not ready." in (await client.get(address)).text


async def test_only_this_machine_sees_it_and_only_by_its_own_name(stack: Stack) -> None:
    async with shown(stack) as (address, client):
        port = address.rpartition(":")[2]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
            assert (await client.get(address, headers={"host": host})).status_code in (400, 421), host
        assert (await client.get(address, headers={"host": f"localhost:{port}"})).status_code == 200
        assert (await client.post(address)).status_code == 405
        assert (await client.get(address)).headers["content-security-policy"].startswith("default-src 'none';")
        elsewhere = [one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
        for host in {one for one in elsewhere if not str(one).startswith("127.")}:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"http://{host}:{port}/")


async def test_a_port_that_is_taken_is_replaced_and_the_page_ends_with_the_stack(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with shown(stack, taken.getsockname()[1]) as (address, client):
            assert (await client.get(address)).status_code == 200
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(address)
