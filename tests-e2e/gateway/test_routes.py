"""What leads where: customers' paths, links, other systems' news; what is not named leads nowhere."""

import json

import httpx
import pytest

from contracts.errors import ProblemCode
from onebox.ports import TOOL_SERVICES

from .conftest import OpenDoor
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TOKEN = {"authorization": "Bearer aaa.bbb.ccc"}
LINK = "?expires=1795000000&owner=9f86d081884c7d65&signature=3q2-7wAbCdEf_GhIjKlMnOpQrStUvWxYz0123456789"
LEADS = [
    ("orchestrator", "GET", "/"), ("orchestrator", "GET", "/demo/page.js"),
    ("orchestrator", "POST", "/demo/widget?who=ada"),
    ("orchestrator", "GET", "/widget/aiguy-chat.js"), ("orchestrator", "GET", "/.well-known/jwks.json"),
    ("orchestrator", "GET", "/openapi.json"), ("orchestrator", "GET", "/console"),
    ("orchestrator", "GET", "/console/inbox?tab=bot&after=1795000000000000~cnv_0123"),
    ("orchestrator", "POST", "/console/approvals"), ("orchestrator", "POST", "/chat"),
    ("orchestrator", "POST", "/api/agent/stop"), ("orchestrator", "POST", "/api/agent/knowledge/documents"),
    ("orchestrator", "GET", "/api/agent/stream?conversation_id=conv_1&turn_id=turn_1"),
    ("orchestrator", "POST", "/api/agent/tools/callback"),
    ("billing", "GET", f"/files/invoices/INV-2026-0001.pdf{LINK}"), ("billing", "GET", f"/receipts/rf_0123{LINK}"),
    ("billing", "GET", "/.well-known/receipt-keys.json"), ("billing", "POST", "/webhooks/stripe"),
    ("orchestrator", "POST", "/channels/email/inbound"),
    ("orchestrator", "POST", "/channels/slack/events"), ("orchestrator", "POST", "/channels/slack/interactions"),
    ("orders", "POST", "/webhooks/woocommerce"), ("orders", "POST", "/webhooks/shopify"),
]  # fmt: skip
INSIDE = [
    "/nothing", "/metrics", "/readyz", "/internal/privacy/erase", "/.well-known/tools.json", "/thread/conv_1",
    *(f"/services/{name}/{path}" for name in TOOL_SERVICES
      for path in ("metrics", "readyz", "livez", "openapi.json", ".well-known/tools.json", "internal/privacy/erase")),
    "/webhooks/other", "/webhooks/stripe/", "/chat/", "/channels/email", "/channels/slack", "/channels/slack/commands",
]  # fmt: skip


async def test_each_path_leads_to_its_service_as_it_was_asked(another_door: OpenDoor) -> None:
    async with Upstream().running() as orders, Upstream().running() as billing, Upstream().running() as orchestrator:
        behind = {"orders": orders, "billing": billing, "orchestrator": orchestrator}
        ports = {name: service.port for name, service in behind.items()}
        async with another_door(services=ports) as door, door.client() as client:
            for name, method, path in LEADS:
                answer = await client.request(method, path, headers=TOKEN, json={} if method == "POST" else None)
                assert answer.json() == {"reached": True}, path
                seen = behind[name].seen.pop()
                assert seen.line == f"{method} {path} HTTP/1.1"
        assert [service.seen for service in behind.values()] == [[], [], []]


@pytest.mark.parametrize("path", INSIDE)
async def test_what_leads_nowhere_is_a_problem(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    answer = await client.get(path, headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (404, ProblemCode.NOT_FOUND)
    assert upstream.seen == []


@pytest.mark.parametrize("path", ["/api/agent/knowledge/documents", "/api/agent/tools/callback"])
async def test_machines_are_heard_with_a_token_only(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    answer = await client.post(path, json={})
    assert (answer.status_code, answer.json()["code"]) == (401, ProblemCode.UNAUTHENTICATED)
    assert upstream.seen == []


async def test_a_redirect_names_no_host(client: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await client.get("/receipts", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (301, "/receipts/")


@pytest.mark.parametrize("path", ["/chat", "/api/agent/stream", "/api/agent/stop"])
async def test_a_browser_may_ask_whether_it_may_ask(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    asked = {
        "origin": "https://shop.example", "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key,last-event-id,accept-language",
    }  # fmt: skip
    upstream.answer = (
        b"HTTP/1.1 204 No Content\r\naccess-control-allow-origin: https://shop.example\r\ncontent-length: 0\r\n\r\n"
    )
    answer = await client.options(path, headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "https://shop.example")
    assert {name: upstream.seen[0].headers[name] for name in asked} == asked


async def test_a_page_of_an_allowed_origin_can_read_the_doors_own_problems(
    another_door: OpenDoor, upstream: Upstream
) -> None:
    origins = '["https://shop.example", "https://www.shop.example"]'
    async with another_door(AIGUY_WEB_ORIGINS=origins) as door, door.client() as client:
        ours = {"origin": "https://www.shop.example"}
        refused = await client.get("/openapi.json?q=<script>alert(1)</script>", headers=ours)
        foreign = await client.get("/nothing", headers={"origin": "https://wwwXshop.example"})
        passed = await client.get("/openapi.json", headers=ours)
    assert refused.status_code == 403
    assert refused.headers["access-control-allow-origin"] == "https://www.shop.example"
    assert refused.headers["access-control-expose-headers"] == "Retry-After"
    assert refused.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in foreign.headers
    assert "access-control-allow-origin" not in passed.headers, "the service answers for itself"


async def test_cookies_of_a_shop_do_no_harm(client: httpx.AsyncClient, upstream: Upstream) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in COOKIES.items())
    answer = await client.post("/chat", json={"message": "hello"}, headers={"cookie": cookie})
    assert answer.status_code == 200
    assert json.loads(upstream.seen[0].body) == {"message": "hello"}


#: As WordPress, WooCommerce, their order attribution, analytics and consent banners set them.
COOKIES = {
    "wordpress_logged_in_5c016e8f0f95f039102cbe8366c5c7f3":
        "ada%7C1795000000%7CkTqWbXbO2yQd9lU8J2nVwW3kQ5cH1rB7zZpX0aYsEfD%7C0c7f2a41d5f2f2dc4cb6e0b2b3f7bf6ee8f6f0b2a6a1a4b6",
    "wp-settings-1": "libraryContent%3Dbrowse%26editor%3Dhtml%26hidetb%3D1%26imgsize%3Dfull",
    "wp_woocommerce_session_5c016e8f": "t_9a8b7c6d5e%7C%7C1795000000%7C%7C1794996400%7C%7Cd41d8cd98f00b204",
    "woocommerce_cart_hash": "0c7f2a41d5f2f2dc4cb6e0b2b3f7bf6e",
    "sbjs_current_add": "fd%3D2026-11-22%2009%3A00%3A00%7C%7C%7Cep%3Dhttps%3A%2F%2Fshop.example%2Fhat%2F"
        "%3Futm_source%3Dnews%7C%7C%7Crf%3Dhttps%3A%2F%2Fsearch.example%2F",
    "sbjs_current": "typ%3Dutm%7C%7C%7Csrc%3Dnews%7C%7C%7Cmdm%3Demail%7C%7C%7Ccmp%3D%28none%29%7C%7C%7Cid%3D%28none%29",
    "sbjs_udata": "vst%3D1%7C%7C%7Cuip%3D%28none%29%7C%7C%7Cuag%3DMozilla%2F5.0%20%28X11%3B%20Linux%20x86_64%29"
        "%20AppleWebKit%2F537.36%20%28KHTML%2C%20like%20Gecko%29%20Chrome%2F120.0.0.0%20Safari%2F537.36",
    "_ga": "GA1.2.123456789.1795000000", "_fbp": "fb.1.1795000000000.1234567890",
    "aiguy_guest": "9a8b7c6d5e4f3a2b1c0d9a8b7c6d5e4f.a1b2c3d4", "PHPSESSID": "abcdef0123456789abcdef0123",
    "CookieConsent": "{stamp:%27abc==%27%2Cnecessary:true%2Cstatistics:false%2Cmethod:%27explicit%27%2Cver:1}",
}  # fmt: skip
