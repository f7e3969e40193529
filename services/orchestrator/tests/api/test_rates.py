"""Each public route ends in 429 with words for a person; and asking for a person never ends because of a chat."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import yaml
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr

from orchestrator.api.rating import assert_all_rated
from orchestrator.app import build
from orchestrator.limits.policy import load_limits
from orchestrator.settings import Settings
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
NOBODYS, TURN, DIGEST = "cnv_" + "0" * 32, "trn_" + "0" * 32, "0" * 64
MACRO, SUGGESTION = "mac_" + "0" * 32, "mcs_" + "0" * 32
#: Small numbers, so that a handful of requests shows every limit.
RATES = {
    "begin": {"caller": "4/minute", "guest_address": "6/minute", "device": "2/minute", "address": "40/minute"},
    "message": {"caller": "4/minute", "conversation": "3/minute", "guest_address": "6/minute", "address": "40/minute"},
    "human": {"caller": "3/minute"},
    "decide": {"caller": "3/minute"},
    "read": {"caller": "5/minute"},
    "staff": {"caller": "3/minute"},
    "tool": {"address": "3/minute"},
    "page": {"address": "3/minute"},
    "mail": {"caller": "3/minute"},
    "inbound": {"address": "3/minute"},
}
_PEERS = itertools.count(1)
Call = Callable[["Shop"], Awaitable[httpx.Response]]


@dataclass
class Shop:
    """One caller from an address of their own."""

    issuer: TestIssuer
    http: httpx.AsyncClient
    subject: str
    role: Role = Role.CUSTOMER
    client: str | None = None

    def headers(self) -> dict[str, str]:
        scopes = ("chat:send", "approvals:decide", "console:read", "knowledge:curate")
        extra = {} if self.client is None else {"client": self.client}
        told = {"subject": self.subject, "conversation_id": None, "turn_id": None, "ttl_s": 300, "extra": extra}
        return self.issuer.bearer("orchestrator", scopes, role=self.role, **told)

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.headers() | headers)

    async def put(self, path: str, body: object) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self.headers())

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers())

    async def begin(self) -> str:
        return str((await self.post("/api/agent/conversations", {})).json()["conversation_id"])

    async def say(self, conversation_id: str, text: str, number: int) -> httpx.Response:
        body = {"conversation_id": conversation_id, "text": text, "client_turn_id": f"id-{number}"}
        return await self.post("/api/agent/messages", body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(
    api_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[FastAPI, TestIssuer]]:
    folder = tmp_path_factory.mktemp("limits")
    policy, demo = folder / "limits.yaml", folder / "demo.json"
    policy.write_text(yaml.safe_dump(load_limits().model_dump(mode="json") | {"rates": RATES}))
    KeySet.generate().save(demo)
    told = {
        "limits_file": policy, "rate_factor": 1, "service": "rated", "demo": True, "demo_issuer_keys": demo,
        "environment": "local", "trusted_proxies": "127.0.0.1",
        "email_addresses": ("support@shop.example",), "email_webhook_secret": SecretStr("whsec_" + "QUFB" * 10),
        "slack_chat_token": SecretStr("xoxb-1"), "slack_team_id": "T0001", "slack_signing_secret": SecretStr("s"),
    }  # fmt: skip
    issuer = TestIssuer.create()
    app = build(
        api_settings.model_copy(update=told),
        kit_factory=lambda asked: open_kit(asked, issuers=[issuer.trust], audience="orchestrator"),
    )
    async with app.router.lifespan_context(app):
        yield app, issuer


@pytest_asyncio.fixture(loop_scope="module")
async def visit(app: tuple[FastAPI, TestIssuer]) -> AsyncIterator[Callable[..., Shop]]:
    """`visit("cust_ada")` calls from a fresh address, `visit("cust_ada", "10.0.0.1")` from that one."""
    served, issuer = app
    clients: list[httpx.AsyncClient] = []

    def enter(subject: str, peer: str | None = None, role: Role = Role.CUSTOMER) -> Shop:
        transport = httpx.ASGITransport(app=served, client=(peer or f"198.51.100.{next(_PEERS)}", 1))
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://service"))
        return Shop(issuer, clients[-1], subject, role)

    yield enter
    for client in clients:
        await client.aclose()


async def until_refused(call: Callable[[int], Awaitable[httpx.Response]], most: int = 20) -> int:
    """How many calls passed before one was refused, in the right way."""
    for number in range(most):
        answer = await call(number)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            if answer.headers["content-type"].startswith("text/html"):
                assert "please wait" in answer.text.lower()
                return number
            body = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert body["code"] == "rate_limited"
            assert "please wait" in body["detail"].lower()
            return number
    raise AssertionError(f"not refused within {most} calls")


ROUTES: dict[str, Callable[[Shop, int], Awaitable[httpx.Response]]] = {
    "POST /api/agent/conversations": lambda shop, _: shop.post("/api/agent/conversations", {}),
    "POST /api/agent/messages": lambda shop, n: shop.say(NOBODYS, "Hello", n),
    "POST /chat": lambda shop, n: shop.post("/chat", {"session_id": f"session-{n}", "message": "Hello"}),
    "POST /api/agent/handoff": lambda shop, n: shop.post(
        "/api/agent/handoff", {"conversation_id": NOBODYS, "client_turn_id": f"id-{n}"}
    ),
    "GET /api/agent/conversations/{conversation_id}": lambda shop, _: shop.get(f"/api/agent/conversations/{NOBODYS}"),
    "GET /api/agent/thread/{conversation_id}": lambda shop, _: shop.get(f"/api/agent/thread/{NOBODYS}"),
    "GET /api/agent/stream": lambda shop, _: shop.get("/api/agent/stream", conversation_id=NOBODYS, turn_id=TURN),
    "POST /api/agent/confirmations": lambda shop, _: shop.post(
        "/api/agent/confirmations", {"conversation_id": NOBODYS, "turn_id": TURN, "digest": DIGEST, "confirmed": True}
    ),
    "POST /api/agent/stop": lambda shop, _: shop.post("/api/agent/stop", {"conversation_id": NOBODYS, "turn_id": TURN}),
    "POST /api/agent/feedback": lambda shop, _: shop.post(
        "/api/agent/feedback", {"conversation_id": NOBODYS, "turn_id": TURN, "thumbs": "up"}
    ),
    "GET /api/agent/approvals": lambda shop, _: shop.get("/api/agent/approvals"),
    "POST /api/agent/approvals": lambda shop, _: shop.post(
        "/api/agent/approvals", {"conversation_id": NOBODYS, "turn_id": TURN, "digest": DIGEST, "approved": True}
    ),
    "GET /api/agent/handoffs": lambda shop, _: shop.get("/api/agent/handoffs"),
    "GET /api/agent/staff/conversations/{conversation_id}": lambda shop, _: shop.get(
        f"/api/agent/staff/conversations/{NOBODYS}"
    ),
    "POST /api/agent/staff/messages": lambda shop, _: shop.post("/api/agent/staff/messages", {}),
    "POST /api/agent/staff/takeover": lambda shop, _: shop.post("/api/agent/staff/takeover", {}),
    "POST /api/agent/staff/handback": lambda shop, _: shop.post("/api/agent/staff/handback", {}),
    "POST /api/agent/privacy/export": lambda shop, _: shop.post("/api/agent/privacy/export", {}),
    "POST /api/agent/privacy/erase": lambda shop, _: shop.post("/api/agent/privacy/erase", {}),
    "GET /api/agent/privacy/requests/{request_id}": lambda shop, _: shop.get(
        f"/api/agent/privacy/requests/prv_{'0' * 32}"
    ),
    "GET /api/agent/knowledge/gaps": lambda shop, _: shop.get("/api/agent/knowledge/gaps"),
    "POST /api/agent/knowledge/gaps/{gap_id}/dismiss": lambda shop, _: shop.post(
        f"/api/agent/knowledge/gaps/{TURN}/dismiss", {}
    ),
    "POST /api/agent/knowledge/documents": lambda shop, _: shop.post("/api/agent/knowledge/documents", {}),
    "GET /api/agent/tools": lambda shop, _: shop.get("/api/agent/tools"),
    "PUT /api/agent/tools/switches": lambda shop, _: shop.put("/api/agent/tools/switches", {}),
    "PUT /api/agent/tools/phase": lambda shop, _: shop.put("/api/agent/tools/phase", {}),
    "GET /api/agent/usage": lambda shop, _: shop.get("/api/agent/usage"),
    "POST /api/agent/tools/callback": lambda shop, _: shop.post(
        "/api/agent/tools/callback", {"problem": {"code": "order_not_found"}}
    ),
    "POST /channels/email/inbound": lambda shop, _: shop.post("/channels/email/inbound", {}),
    "POST /channels/slack/events": lambda shop, _: shop.post("/channels/slack/events", {}),
    "POST /channels/slack/interactions": lambda shop, _: shop.post("/channels/slack/interactions", {}),
    "POST /api/agent/slack/codes": lambda shop, _: shop.post("/api/agent/slack/codes", {}),
    "GET /widget/aiguy-chat.js": lambda shop, _: shop.get("/widget/aiguy-chat.js"),
    "GET /console": lambda shop, _: shop.get("/console"),
    "GET /console/static/{name}": lambda shop, _: shop.get("/console/static/console.css"),
    "GET /console/sign-in": lambda shop, _: shop.get("/console/sign-in"),
    "GET /console/sign-in/oidc": lambda shop, _: shop.get("/console/sign-in/oidc"),
    "GET /console/sign-in/oidc/callback": lambda shop, _: shop.get("/console/sign-in/oidc/callback"),
    "POST /console/sign-in": lambda shop, _: shop.post("/console/sign-in", {}),
    "POST /console/sign-in/demo": lambda shop, _: shop.post("/console/sign-in/demo", {}),
    "GET /console/signed-out": lambda shop, _: shop.get("/console/signed-out"),
    "POST /console/sign-out": lambda shop, _: shop.post("/console/sign-out", {}),
    "GET /console/inbox": lambda shop, _: shop.get("/console/inbox"),
    "GET /console/inbox/rows": lambda shop, _: shop.get("/console/inbox/rows"),
    "GET /console/approvals": lambda shop, _: shop.get("/console/approvals"),
    "GET /console/approvals/rows": lambda shop, _: shop.get("/console/approvals/rows"),
    "GET /console/approvals/{turn_id}/{digest}/{choice}": lambda shop, _: shop.get(
        f"/console/approvals/{TURN}/{DIGEST}/deny"
    ),
    "POST /console/approvals": lambda shop, _: shop.post("/console/approvals", {}),
    "GET /console/tools": lambda shop, _: shop.get("/console/tools"),
    "GET /console/tools/rows": lambda shop, _: shop.get("/console/tools/rows"),
    "GET /console/tools/switch": lambda shop, _: shop.get("/console/tools/switch?wanted=off"),
    "GET /console/tools/phase/{phase}": lambda shop, _: shop.get("/console/tools/phase/faq"),
    "POST /console/tools/switch": lambda shop, _: shop.post("/console/tools/switch", {}),
    "POST /console/tools/phase": lambda shop, _: shop.post("/console/tools/phase", {}),
    "GET /console/numbers": lambda shop, _: shop.get("/console/numbers"),
    "POST /console/numbers/count": lambda shop, _: shop.post("/console/numbers/count", {}),
    "GET /console/numbers/sample": lambda shop, _: shop.get("/console/numbers/sample"),
    "POST /console/numbers/sample": lambda shop, _: shop.post("/console/numbers/sample", {}),
    "GET /console/policy": lambda shop, _: shop.get("/console/policy"),
    "GET /console/policy/{name}": lambda shop, _: shop.get("/console/policy/limits"),
    "GET /console/knowledge": lambda shop, _: shop.get("/console/knowledge"),
    "GET /console/knowledge/gaps": lambda shop, _: shop.get("/console/knowledge/gaps"),
    "GET /console/macros": lambda shop, _: shop.get("/console/macros"),
    "GET /console/macros/new": lambda shop, _: shop.get("/console/macros/new"),
    "POST /console/macros/new": lambda shop, _: shop.post("/console/macros/new", {}),
    "POST /console/macros/look": lambda shop, _: shop.post("/console/macros/look", {}),
    "GET /console/macros/{macro_id}": lambda shop, _: shop.get(f"/console/macros/{MACRO}"),
    "POST /console/macros/{macro_id}": lambda shop, _: shop.post(f"/console/macros/{MACRO}", {}),
    "POST /console/macros/{macro_id}/retire": lambda shop, _: shop.post(f"/console/macros/{MACRO}/retire", {}),
    "GET /console/macros/{macro_id}/article": lambda shop, _: shop.get(f"/console/macros/{MACRO}/article"),
    "GET /console/macros/suggestions/{suggestion_id}": lambda shop, _: shop.get(
        f"/console/macros/suggestions/{SUGGESTION}"
    ),
    **{
        f"POST /console/macros/suggestions/{{suggestion_id}}/{step}": lambda shop, _, step=step: shop.post(
            f"/console/macros/suggestions/{SUGGESTION}/{step}", {}
        )
        for step in ("approve", "dismiss")
    },
    "GET /console/replay": lambda shop, _: shop.get("/console/replay"),
    "GET /console/replay/turns/{turn_id}": lambda shop, _: shop.get(f"/console/replay/turns/{TURN}"),
    "POST /console/replay/spans": lambda shop, _: shop.post("/console/replay/spans", {}),
    "GET /console/replay/spans/{span_id}": lambda shop, _: shop.get(f"/console/replay/spans/spn_{'0' * 32}"),
    "GET /console/replay/spans/{span_id}/progress": lambda shop, _: shop.get(
        f"/console/replay/spans/spn_{'0' * 32}/progress"
    ),
    "GET /console/audit": lambda shop, _: shop.get("/console/audit"),
    "GET /console/slack": lambda shop, _: shop.get("/console/slack"),
    "POST /console/slack": lambda shop, _: shop.post("/console/slack", {}),
    "GET /console/conversations/{conversation_id}": lambda shop, _: shop.get(f"/console/conversations/{NOBODYS}"),
    "GET /console/conversations/{conversation_id}/live": lambda shop, _: shop.get(
        f"/console/conversations/{NOBODYS}/live"
    ),
    "GET /console/conversations/{conversation_id}/macros": lambda shop, _: shop.get(
        f"/console/conversations/{NOBODYS}/macros"
    ),
    **{
        f"POST /console/conversations/{{conversation_id}}/{step}": lambda shop, _, step=step: shop.post(
            f"/console/conversations/{NOBODYS}/{step}", {}
        )
        for step in ("takeover", "messages", "draft", "notes", "handback", "reveal", "hide")
    },
    "GET /": lambda shop, _: shop.get("/"),
    "GET /demo/{name}": lambda shop, _: shop.get("/demo/page.css"),
    "POST /demo/widget": lambda shop, _: shop.post("/demo/widget?who=ada", {}),
    "POST /demo/session": lambda shop, _: shop.post("/demo/session", {"who": "guest"}),
}
#: Asked by machines all the time, or constant bytes that everybody may have.
FREE = {"GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /.well-known/jwks.json"}


@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_every_public_route_ends_in_429_with_words_for_a_person(visit, name: str) -> None:
    shop = visit(f"cust_{sorted(ROUTES).index(name)}", role=Role.CUSTOMER)
    if "approvals" in name or "knowledge" in name or "usage" in name or "agent/tools" in name:
        shop.role = Role.STAFF
    assert 1 <= await until_refused(lambda number: ROUTES[name](shop, number)) <= 6


async def test_no_route_is_left_out_here(app) -> None:
    served, _ = app
    found = {
        f"{method} {context.path}"
        for context in iter_route_contexts(served.routes)
        for method in (getattr(context, "methods", None) or getattr(context.original_route, "methods", None) or ())
        if method != "HEAD"
    }
    assert found == set(ROUTES) | FREE


async def test_a_route_without_an_allowance_keeps_the_service_from_starting() -> None:
    router, app = APIRouter(), FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @router.get("/api/agent/forgotten")
    async def forgotten() -> None: ...

    app.include_router(router)
    with pytest.raises(RuntimeError, match="/api/agent/forgotten"):
        assert_all_rated(app)


async def test_a_conversation_has_a_limit_of_its_own_below_its_callers(visit) -> None:
    ada = visit("cust_conversations")
    first, second = await ada.begin(), await ada.begin()
    assert await until_refused(lambda n: ada.say(first, "Hello", n)) == 3
    assert (await ada.say(second, "Hello", 0)).status_code == 202
    assert (await ada.say(second, "Hello", 1)).status_code == 429


async def test_who_has_used_up_the_chat_still_reaches_a_person(visit) -> None:
    ada = visit("cust_unhappy")
    conversation_id = await ada.begin()
    await until_refused(lambda n: ada.say(conversation_id, "Hello", n))
    assert (await ada.say(conversation_id, "I want to talk to a human", 50)).status_code == 202
    body = {"conversation_id": conversation_id, "client_turn_id": "help"}
    assert (await ada.post("/api/agent/handoff", body)).status_code == 202
    assert (await ada.say(conversation_id, "Hello", 51)).status_code == 429


async def test_a_stranger_cannot_use_up_the_limit_of_somebody_elses_conversation(visit) -> None:
    ada, eve = visit("cust_victim"), visit("cust_eve")
    conversation_id = await ada.begin()
    assert await until_refused(lambda n: eve.say(conversation_id, "Hello", n)) == 3
    assert (await ada.say(conversation_id, "Hello", 0)).status_code == 202


async def test_a_guest_who_comes_back_as_somebody_else_is_still_at_the_same_address(visit) -> None:
    peer = "203.0.113.9"
    passed = await until_refused(
        lambda n: visit(f"guest_{n:032x}", peer, Role.GUEST).post("/api/agent/conversations", {})
    )
    assert passed == 6
    # A customer who has signed in there is not held back with them.
    assert (await visit("cust_same_house", peer).post("/api/agent/conversations", {})).status_code == 201


async def test_a_device_hint_makes_a_limit_stricter_and_never_wider(visit) -> None:
    async def begin(n: int, device: str, peer: str) -> httpx.Response:
        guest = visit(f"guest_{next(_PEERS):032x}", peer, Role.GUEST)
        return await guest.post("/api/agent/conversations", {}, **{"x-aiguy-device": device})

    assert await until_refused(lambda n: begin(n, "phone-1", f"203.0.113.{20 + n}")) == 2
    assert await until_refused(lambda n: begin(n, f"fresh-{n}", "203.0.113.40")) == 6


async def test_a_forged_forwarding_header_buys_nothing(visit) -> None:
    async def begin(n: int) -> httpx.Response:
        guest = visit(f"guest_{0xF000 + n:032x}", "203.0.113.50", Role.GUEST)
        return await guest.post("/api/agent/conversations", {}, **{"x-forwarded-for": f"192.0.2.{n}"})

    assert await until_refused(begin) == 6


async def test_behind_our_own_proxy_each_guest_counts_for_themselves(visit) -> None:
    async def begin(n: int) -> httpx.Response:
        guest = visit(f"guest_{0xE000 + n:032x}", "127.0.0.1", Role.GUEST)
        return await guest.post("/api/agent/conversations", {}, **{"x-forwarded-for": f"6.6.6.6, 192.0.2.{100 + n}"})

    assert [(await begin(n)).status_code for n in range(8)] == [201] * 8


async def test_a_site_that_asks_for_its_visitors_says_where_each_is(visit) -> None:
    """One address for all of them: a shop whose server calls us is no crowd of one."""

    async def begin(n: int, client: str | None) -> httpx.Response:
        guest = visit(f"guest_{next(_PEERS):032x}", "203.0.113.60", Role.GUEST)
        guest.client = client
        return await guest.post("/api/agent/conversations", {})

    assert [(await begin(n, f"visitor-{n}")).status_code for n in range(8)] == [201] * 8
    assert await until_refused(lambda n: begin(n, "one-visitor")) == 6
    assert await until_refused(lambda n: begin(n, None)) == 6


async def test_what_is_in_redis_names_nobody(app, visit) -> None:
    served, _ = app
    await visit("cust_nameless", "203.0.113.77").begin()
    keys = [key.decode() async for key in served.state.kit.redis.scan_iter("aiguy:limit*", count=10_000)]
    assert keys
    assert not [key for key in keys if "cust_" in key or "203.0.113" in key]


async def test_a_policy_file_is_read_from_where_the_operator_says(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(load_limits().model_dump(mode="json") | {"rates": RATES}))
    assert load_limits(tmp_path / "own.yaml").rates["tool"].address == "3/minute"
