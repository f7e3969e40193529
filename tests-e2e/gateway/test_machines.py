"""What machines send: pages that quote code and late answers of tools pass, and nothing else of theirs does."""

import datetime
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.knowledge import MAX_DOCUMENTS, Document, IngestRequest

from .test_exclusions import QUOTED
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TOKEN = {"authorization": "Bearer aaa.bbb.ccc"}
DOCUMENTS = ["/api/agent/knowledge/documents", "/services/retrieval/internal/ingest-knowledge"]
MAILS = "/channels/email/inbound"
SLACK = ["/channels/slack/events", "/channels/slack/interactions"]
CALLBACK = "/api/agent/tools/callback"
PAGE = Document(
    url="https://shop.example/help/snippets?lang=de&x=%C3%A4#code", title="Snippets: <b>SELECT</b> & friends",
    body="\n".join(QUOTED), tags=("Wolle & Strick", "how-to"), is_policy=True, reviewed=True, ttl_days=30,
    updated_at=datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.UTC),
)  # fmt: skip


def pages(many: int = 1, **changed: Any) -> dict[str, Any]:
    """A request with so many pages."""
    told: dict[str, Any] = IngestRequest(documents=(PAGE,) * many, source="wordpress:shop").model_dump(mode="json")
    told["documents"][-1] |= changed
    return told


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_help_pages_may_quote_anything(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    told = pages(2) | {"remove": ["https://shop.example/help/gone", "kb:old/page.md"]}
    assert (await client.post(path, json=told, headers=TOKEN)).status_code == 200
    assert json.loads(upstream.seen[0].body) == told


async def test_as_many_and_as_large_as_the_service_takes(client: httpx.AsyncClient, upstream: Upstream) -> None:
    many = pages(MAX_DOCUMENTS) | {"remove": [f"https://shop.example/{number}" for number in range(MAX_DOCUMENTS)]}
    large = pages(5, body="<p>SELECT * FROM orders</p>\n" * 70_000)
    for told in (many, large):
        assert (await client.post(DOCUMENTS[0], json=told, headers=TOKEN)).status_code == 200


@pytest.mark.parametrize(
    "told",
    [
        pages(2, url="https://shop.example/<script>alert(1)</script>"), pages(2, url="javascript:alert(1)"),
        pages(2, updated_at="1' OR '1'='1"), pages(2, channels=["web", "<script>"]), pages(2, other="hello"),
        pages() | {"source": "x' OR '1'='1"}, pages() | {"remove": ["../../etc/passwd"]}, pages() | {"more": "hello"},
        pages() | {"full_set": "$(cat /etc/passwd)"}, pages(2, body={"deeper": QUOTED[0]}),
    ],
)  # fmt: skip
async def test_all_else_of_a_page_is_what_it_is_made_of(
    client: httpx.AsyncClient, upstream: Upstream, told: dict[str, Any]
) -> None:
    told["documents"][0]["body"] = "long " * 20_000
    answer = await client.post(DOCUMENTS[0], json=told, headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (403, ProblemCode.FORBIDDEN)
    assert upstream.seen == []


@pytest.mark.parametrize("quoted", QUOTED)
async def test_a_late_answer_may_say_anything_in_its_output_and_nowhere_else(
    client: httpx.AsyncClient, upstream: Upstream, quoted: str
) -> None:
    async def status(told: dict[str, Any], path: str = CALLBACK, **more: Any) -> int:
        return (await client.post(path, json=told, headers=TOKEN, **more)).status_code

    assert await status({"output": {"notes": [{"text": quoted}], "note": quoted, "total_minor": 5}}) == 200
    assert await status({"problem": {"code": "dependency_down"}}) == 200
    upstream.seen.clear()
    assert await status({"output": {}, "other": quoted}) == 403
    assert await status({"problem": {"code": quoted}}) == 403
    assert await status({"problem": {"code": "internal", "text": quoted}}) == 403
    assert await status({"output": {}}, params={"output": quoted}) == 403
    assert await status({"output": {"note": quoted}}, path="/api/agent/tools/other") == 403
    assert upstream.seen == []


@pytest.mark.parametrize("path", [*DOCUMENTS, CALLBACK])
async def test_these_paths_take_json_and_no_query(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    form = await client.post(path, data={"json.output": QUOTED[0]}, headers=TOKEN)
    asked = await client.post(path, params={"x": "1"}, json={}, headers=TOKEN)
    plain = await client.post(path, content=QUOTED[0], headers=TOKEN)
    assert (form.status_code, asked.status_code, plain.status_code) == (403, 403, 400)
    assert upstream.seen == []


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/webhooks/woocommerce", "/webhooks/shopify"])
async def test_signed_news_arrive_as_the_bytes_that_were_signed(
    client: httpx.AsyncClient, upstream: Upstream, path: str
) -> None:
    lines = [{"name": quoted, "meta": [{"key": "_x", "value": quoted}] * 40} for quoted in QUOTED]
    body = json.dumps({"customer_note": QUOTED[0], "line_items": lines}, separators=(",", ": ")).encode()
    signed = {"content-type": "application/json", "stripe-signature": "t=1,v1=ab"}
    assert (await client.post(path, content=body, headers=signed)).status_code == 200
    assert upstream.seen[0].body == body
    asked = await client.post(path, params={"x": "1' OR '1'='1"}, content=body, headers=signed)
    assert asked.status_code == 403, "a query is no news"
    forged = await client.post(path, content=body, headers=signed | {"user-agent": "() { :; }; /bin/cat /etc/passwd"})
    assert forged.status_code == 403, "headers are looked at as everywhere"


@pytest.mark.parametrize("path", ["/webhooks/woocommerce", "/webhooks/shopify"])
async def test_an_order_has_as_many_lines_as_it_has(client: httpx.AsyncClient, upstream: Upstream, path: str) -> None:
    line = {f"field_{number}": {"amount": "1.00", "note": QUOTED[0]} for number in range(9)}
    body = json.dumps({"line_items": [line] * 1000}).encode()
    assert 800_000 < len(body) < 1024 * 1024
    signed = {"content-type": "application/json", "x-shopify-hmac-sha256": "ab=="}
    assert (await client.post(path, content=body, headers=signed)).status_code == 200
    assert upstream.seen[0].body == body


@pytest.mark.parametrize("kind", ["message/rfc822", "application/json"])
async def test_a_mail_arrives_as_the_bytes_that_were_signed_however_large(
    client: httpx.AsyncClient, upstream: Upstream, kind: str
) -> None:
    quoted = "\r\n".join(QUOTED).encode()
    body = b"Subject: x\r\n\r\n" + quoted + b"\r\n" + b"x" * (13 * 1024 * 1024)
    signed = {"content-type": kind, "webhook-id": "d-1", "webhook-timestamp": "1", "webhook-signature": "v1,ab=="}
    assert (await client.post(MAILS, content=body, headers=signed)).status_code == 200
    assert upstream.seen[0].body == body
    larger = await client.post(MAILS, content=body + b"x" * 2 * 1024 * 1024, headers=signed)
    assert larger.status_code == 413
    asked = await client.post(MAILS, params={"x": "1"}, content=b"Subject: x", headers=signed)
    forged = await client.post(MAILS, content=b"x", headers=signed | {"user-agent": "() { :; }; /bin/cat /etc/passwd"})
    assert (asked.status_code, forged.status_code) == (403, 403)


@pytest.mark.parametrize("path", SLACK)
async def test_what_slack_delivers_arrives_as_the_bytes_that_were_signed(
    client: httpx.AsyncClient, upstream: Upstream, path: str
) -> None:
    event = json.dumps({"event": {"text": "\n".join(QUOTED)}, "message": "x" * 200_000}).encode()
    button = b"payload=" + quote(event[:60_000].decode()).encode()
    signed = {"x-slack-request-timestamp": "1", "x-slack-signature": "v0=ab"}
    for kind, body in (("application/json", event), ("application/x-www-form-urlencoded", button)):
        assert (await client.post(path, content=body, headers=signed | {"content-type": kind})).status_code == 200
        assert upstream.seen[-1].body == body
    json_kind = signed | {"content-type": "application/json"}
    assert (await client.post(path, content=b"x" * 300_000, headers=json_kind)).status_code == 413
    asked = await client.post(path, params={"x": "1"}, content=event, headers=json_kind)
    forged = await client.post(
        path, content=b"{}", headers=json_kind | {"user-agent": "() { :; }; /bin/cat /etc/passwd"}
    )
    assert (asked.status_code, forged.status_code) == (403, 403)
