"""Pages of other origins: those that the shop has named may call the API, with a token and never with cookies."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from orchestrator.app import build
from orchestrator.settings import Settings
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer, running

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
SHOP, LOCAL, FOREIGN = "https://www.shop.example", "http://localhost:8000", "https://evil.example"
ASKED = "authorization, content-type, idempotency-key, last-event-id, accept-language"
PATHS = ["/chat", "/api/agent/conversations", "/api/agent/stream", "/api/agent/confirmations"]
EXPOSED = {"x-aiguy-conversation-id", "x-aiguy-turn-id", "retry-after"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, TestIssuer]]:
    """An API that two origins may call."""
    issuer = TestIssuer.create()
    settings = api_settings.model_copy(update={"web_origins": (SHOP, LOCAL)})
    app: FastAPI = build(settings, kit_factory=lambda told: open_kit(told, issuers=[issuer.trust]))
    async with running(app) as client:
        yield client, issuer


def _signed_in(issuer: TestIssuer, origin: str) -> dict[str, str]:
    told = {"subject": "cust_ada", "conversation_id": None, "turn_id": None, "ttl_s": 300}
    return issuer.bearer("orchestrator", ("chat:send",), **told) | {"origin": origin}


async def _preflight(http: httpx.AsyncClient, path: str, origin: str, method: str = "POST") -> httpx.Response:
    asked = {"access-control-request-method": method, "access-control-request-headers": ASKED, "origin": origin}
    return await http.options(path, headers=asked)


def _cors(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("origin", [SHOP, LOCAL])
async def test_an_origin_that_is_named_reads_the_answers(shop, origin: str) -> None:
    http, issuer = shop
    answer = await http.post("/api/agent/conversations", json={}, headers=_signed_in(issuer, origin))
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == origin
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {one.strip() for one in exposed.split(",")} == EXPOSED
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", [FOREIGN, "null", SHOP + ".evil.example", "http://www.shop.example", SHOP.upper()])
async def test_no_other_origin_gets_a_header(shop, origin: str) -> None:
    http, issuer = shop
    answer = await http.post("/api/agent/conversations", json={}, headers=_signed_in(issuer, origin))
    assert "access-control-allow-origin" not in answer.headers
    refused = await _preflight(http, "/chat", origin)
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("path", PATHS)
async def test_a_browser_may_ask_first_without_a_token(shop, path: str) -> None:
    answer = await _preflight(shop[0], path, SHOP, "GET" if path.endswith("stream") else "POST")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert set(ASKED.split(", ")) <= set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
async def test_what_no_route_of_customers_takes_is_refused_at_the_first_question(shop, method: str) -> None:
    assert (await _preflight(shop[0], "/chat", SHOP, method)).status_code == 400


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [("/chat", b"{}", 401), ("/api/agent/nothing", b"{}", 404), ("/chat", b'"' + b"x" * 100_000 + b'"', 413)],
)
async def test_the_page_can_read_what_went_wrong(shop, path: str, content: bytes, status: int) -> None:
    sent = {"origin": SHOP, "content-type": "application/json"}
    answer = await shop[0].post(path, content=content, headers=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers["access-control-allow-origin"] == SHOP


async def test_a_stream_is_for_the_page_too(shop) -> None:
    http, issuer = shop
    headers = _signed_in(issuer, SHOP) | {"accept": "text/event-stream"}
    answer = await http.post("/chat", json={"session_id": "web-origins", "message": "Hello"}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["access-control-allow-origin"] == SHOP


async def test_without_a_list_no_page_of_another_origin_reads_anything(api) -> None:
    answer = await api.http.post("/api/agent/conversations", json={}, headers=api.bearer() | {"origin": SHOP})
    assert (answer.status_code, _cors(answer)) == (201, {})
    assert _cors(await _preflight(api.http, "/chat", SHOP)) == {}
