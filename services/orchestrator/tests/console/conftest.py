"""The console on real servers: browsers without a screen, that keep cookies and send forms."""

import importlib.util
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from servicekit.auth.claims import Role
from servicekit.testing import TestIssuer

_API = Path(__file__).parent.parent / "api"


def _of_the_api(name: str) -> Any:
    """A module of the API's tests: its helpers put turns where their engine leaves them."""
    full = f"console_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, _API / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


_conftest = _of_the_api("conftest")
api_settings, api = _conftest.api_settings, _conftest.api
VIEWER = ("console:read",)
AGENT = ("console:read", "conversations:answer")
APPROVER = ("console:read", "approvals:decide")
ADMIN = (*AGENT, "approvals:decide", "audit:read", "tools:switch")
ROLES = {"viewer": VIEWER, "agent": AGENT, "approver": APPROVER, "admin": ADMIN}


@dataclass
class Browser:
    """Somebody's browser at the console; `api` is the running service."""

    api: Any
    http: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **options: Any) -> httpx.Response:
        answer = await self.http.get(f"/console{path}", **options)
        if found := re.search(r'name="csrf" value="([0-9a-f]+)"', answer.text):
            self.csrf = found[1]
        return answer

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
        return unescape(answer.text)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.http.post(f"/console{path}", data={"csrf": self.csrf} | fields)

    async def sign_in(self, token: str) -> httpx.Response:
        return await self.http.post("/console/sign-in", data={"token": token})


def token(api: Any, subject: str, scopes: tuple[str, ...], issuer: TestIssuer | None = None, **claims: Any) -> str:
    told = {"subject": subject, "role": Role.STAFF, "conversation_id": None, "turn_id": None, "ttl_s": 300} | claims
    return (issuer or api.issuer).bearer("orchestrator", scopes, **told)["authorization"].removeprefix("Bearer ")


Enter = Callable[..., Awaitable[Browser]]


@pytest.fixture
def browser(api: Any) -> Callable[[], Browser]:
    """A browser that nobody has signed in with."""

    def opened() -> Browser:
        transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
        return Browser(api, httpx.AsyncClient(transport=transport, base_url="http://console"))

    return opened


@pytest.fixture
def enter(api: Any, browser: Callable[[], Browser]) -> Enter:
    """`await enter("agent")`: a browser in which staff_kim has signed in with that role."""

    async def signed_in(role: str = "admin", subject: str = "staff_kim", **claims: Any) -> Browser:
        found = browser()
        answer = await found.sign_in(token(api, subject, ROLES[role], **claims))
        assert answer.status_code == 303, answer.text
        await found.get("/inbox")
        return found

    return signed_in


@pytest.fixture
def ask_for_approval() -> Callable[..., Awaitable[Any]]:
    """A turn that waits for staff."""
    asked: Callable[..., Awaitable[Any]] = _of_the_api("test_approvals").ask
    return asked


@pytest.fixture
def with_a_person() -> Callable[..., Awaitable[str]]:
    """A conversation that was handed over."""
    handed: Callable[..., Awaitable[str]] = _of_the_api("test_staff").with_a_person
    return handed


@pytest.fixture
def say_silently() -> Callable[..., Awaitable[bool]]:
    """Whether the bot says nothing to a message that comes now."""
    silent: Callable[..., Awaitable[bool]] = _of_the_api("test_staff").silent
    return silent
