"""Bad input at every endpoint: the right 4xx problem, and nothing of the input in it.

The endpoints come from the service's own OpenAPI document: a new one without an entry in GOOD fails here.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contracts.errors import PROBLEM_MEDIA_TYPE
from orchestrator.tools.calls import CallRequest

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
CONVERSATION, TURN, DIGEST = "cnv_" + "0" * 32, "trn_" + "0" * 32, "0" * 64
REQUEST = "prv_" + "0" * 32
MARKER = "zq-marker-7391"
#: What each operation takes: a good body, or good query parameters.
GOOD: dict[str, dict[str, Any]] = {
    "POST /api/agent/conversations": {"channel": "web", "context": {"page": "/help"}, "session_id": "web-1234"},
    "POST /api/agent/messages": {"conversation_id": CONVERSATION, "text": "Hello", "client_turn_id": "one"},
    "POST /api/agent/handoff": {
        "conversation_id": CONVERSATION, "client_turn_id": "one", "mail_to": "gus@example.org",
    },
    "POST /api/agent/confirmations": {
        "conversation_id": CONVERSATION, "turn_id": TURN, "digest": DIGEST, "confirmed": True,
    },
    "POST /api/agent/stop": {"conversation_id": CONVERSATION, "turn_id": TURN},
    "POST /api/agent/approvals": {
        "conversation_id": CONVERSATION, "turn_id": TURN, "digest": DIGEST, "approved": True, "notes": "ok",
    },
    "GET /api/agent/approvals": {"limit": "5"},
    "POST /api/agent/tools/callback": {"problem": {"code": "order_not_found"}},
    "POST /api/agent/feedback": {
        "conversation_id": CONVERSATION, "turn_id": TURN, "thumbs": "up", "csat": 5, "tags": ["kind"], "comment": "ok",
    },
    "POST /chat": {"session_id": "session-1", "message": "Hello"},
    "GET /api/agent/conversations/{conversation_id}": {"limit": "5"},
    "GET /api/agent/knowledge/gaps": {"since": "2026-03-02T09:00:00Z", "limit": "5"},
    "POST /api/agent/knowledge/gaps/{gap_id}/dismiss": {"note": "ok"},
    "POST /api/agent/knowledge/documents": {"documents": [], "source": "wordpress", "full_set": False, "remove": []},
    "GET /api/agent/tools": {},
    "PUT /api/agent/tools/switches": {
        "tool": "issue_refund", "channel": "email", "seen": "on", "wanted": "off", "reason": "for a test",
    },
    "PUT /api/agent/tools/phase": {"seen": "channels", "wanted": "faq", "reason": "for a test", "override": True},
    "GET /api/agent/usage": {},
    "POST /api/agent/privacy/export": {"customer": "cust_ada"},
    "POST /api/agent/privacy/erase": {"customer": "cust_ada"},
    "GET /api/agent/privacy/requests/{request_id}": {},
    "GET /api/agent/handoffs": {"limit": "5"},
    "GET /api/agent/staff/conversations/{conversation_id}": {},
    "POST /api/agent/staff/messages": {"conversation_id": CONVERSATION, "text": "Hello", "client_message_id": "m-1"},
    "POST /api/agent/staff/takeover": {"conversation_id": CONVERSATION},
    "POST /api/agent/staff/handback": {"conversation_id": CONVERSATION, "note": "ok"},
    "GET /api/agent/stream": {"conversation_id": CONVERSATION, "turn_id": TURN},
}  # fmt: skip
OPTIONAL = {
    "channel", "context", "thumbs", "csat", "tags", "comment", "limit", "notes", "problem", "since", "note", "source",
    "full_set", "remove", "tool", "override", "mail_to",
}  # fmt: skip
#: What takes more than 64 KiB.
LARGE = {"POST /api/agent/knowledge/documents"}
#: Opened by the signature of its caller, before anything is read: test_email.py has what is wrong behind that.
SIGNED = "POST /channels/email/inbound"
WITH_BODY = sorted(name for name in GOOD if name.startswith(("POST", "PUT")))
DEEP = b"[" * 20_000 + b"]" * 20_000


def optional(name: str) -> set[str]:
    """The fields that a good request may leave out. A conversation needs no name, a message in one call does."""
    return OPTIONAL | ({"session_id"} if name == "POST /api/agent/conversations" else set())


def assert_refused(answer: httpx.Response, *expected: int) -> dict[str, Any]:
    assert answer.status_code in expected, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["code"]
    assert len(body["trace_id"]) == 32
    said = (answer.text + json.dumps(dict(answer.headers))).lower()
    for word in (MARKER, "traceback", "asyncpg", "pydantic", "postgresql://", "select "):
        assert word not in said
    return body


def _bearer(api, name: str) -> dict[str, str]:
    if name.endswith("/callback"):
        asked = CallRequest(
            tool="get_order", arguments={}, args_hash="", subject="s", role="guest", conversation_id=CONVERSATION,
            turn_id=TURN, request_id="r", timeout_s=1,
        )  # fmt: skip
        return {"authorization": f"Bearer {api.app.state.desk.callbacks.token(asked, 60)}"}
    staff = name.endswith(("/approvals", "/handoffs", "/usage", "/tools", "/switches", "/phase")) or any(
        part in name for part in ("/knowledge/", "/staff/", "/privacy/")
    )
    return api.staff() if staff else api.bearer()


def path_of(name: str) -> str:
    path = name.split()[1].replace("{conversation_id}", CONVERSATION)
    return path.replace("{gap_id}", TURN).replace("{request_id}", REQUEST)


async def send(api, name: str, content: bytes, content_type: str | None = "application/json") -> httpx.Response:
    headers = _bearer(api, name) | ({"content-type": content_type} if content_type else {})
    return await api.http.request(name.split()[0], path_of(name), content=content, headers=headers)


def wrong_values(value: Any) -> Iterator[Any]:
    """Values of other types than the good one's, and well-typed ones that are out of bounds."""
    for other in (7, 7.5, True, None, MARKER + "\x00", [MARKER], {MARKER: MARKER}, "", "\ud800" + MARKER, "x" * 5_000):
        if type(other) is not type(value) or isinstance(value, str):
            yield other


async def test_every_endpoint_is_covered_here(api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    operations = {f"{method.upper()} {path}" for path, by in document["paths"].items() for method in by}
    assert operations == set(GOOD) | {SIGNED}


async def test_every_endpoint_says_that_it_needs_a_token(api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    open_to_all = [
        f"{method.upper()} {path}"
        for path, by in document["paths"].items()
        for method, operation in by.items()
        if not operation.get("security")
    ]
    assert open_to_all == [SIGNED]


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422), (b"{", 400), (b"\xff\xfe{}", 400), (b'{"text": "\xc3\x28"}', 400), (DEEP, 400), (b"[]", 422),
        (b'"zq-marker-7391"', 422), (b"null", 422), (b"7", 422), (b"{}" * 2, 400), (b"NaN", 422),
        (b'{"text": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
    ids=["none", "cut_off", "bad_utf8", "bad_utf8_inside", "deep", "array", "string", "null", "number", "two", "nan",
         "1_mb"],
)  # fmt: skip
async def test_a_body_that_is_no_object_is_refused(api, name: str, content: bytes, status: int) -> None:
    assert_refused(await send(api, name, content * 3 if name in LARGE and status == 413 else content), status)


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_body_of_another_type_is_refused(api, name: str) -> None:
    good = json.dumps(GOOD[name]).encode()
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/json; x",
        None,
    ):
        assert_refused(await send(api, name, good, content_type), 415)


@pytest.mark.parametrize("name", WITH_BODY)
async def test_an_unknown_field_is_refused_and_named(api, name: str) -> None:
    body = GOOD[name] | {"customer_id": MARKER}
    refused = assert_refused(await send(api, name, json.dumps(body).encode()), 422)
    assert "/customer_id" in {error["pointer"] for error in refused["errors"]}


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_missing_field_is_refused_and_named(api, name: str) -> None:
    for field in GOOD[name].keys() - optional(name):
        body = {key: value for key, value in GOOD[name].items() if key != field}
        refused = assert_refused(await send(api, name, json.dumps(body).encode()), 422)
        assert f"/{field}" in {error["pointer"] for error in refused["errors"]}


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_value_of_the_wrong_kind_is_refused_and_named(api, name: str) -> None:
    for field, good in GOOD[name].items():
        for wrong in wrong_values(good):
            if (field in optional(name) and wrong is None) or (field in ("comment", "notes", "note") and wrong == ""):
                continue
            body = GOOD[name] | {field: wrong}
            answer = await send(api, name, json.dumps(body).encode())
            refused = assert_refused(answer, 422, 400)
            named = any(error["pointer"].startswith(f"/{field}") for error in refused["errors"])
            assert named or answer.status_code == 400, (field, wrong, answer.text)


@pytest.mark.parametrize("content", [b"", b"{", DEEP, b"\xff\xfe{}", b'{"raw": "zq-marker-7391"}', b"x" * 1_000_000])
@pytest.mark.parametrize("content_type", ["application/json", "message/rfc822", "text/plain", None])
async def test_whatever_is_handed_in_without_a_signature_is_refused(
    api, content: bytes, content_type: str | None
) -> None:
    before = await _rows(api)
    assert_refused(await send(api, SIGNED, content, content_type), 401)
    assert await _rows(api) == before
    assert_refused(await api.http.request("PUT", path_of(SIGNED), content=content), 405)


async def test_more_than_a_mail_can_have_is_not_even_read(api) -> None:
    assert_refused(await send(api, SIGNED, b"x" * 15_000_000, "message/rfc822"), 413)


@pytest.mark.parametrize("field", ["conversation_id", "turn_id"])
async def test_a_stream_needs_two_ids(api, field: str) -> None:
    name = "GET /api/agent/stream"
    for wrong in (MARKER, "cnv_" + "G" * 32, "", "\x00", "trn_" + "0" * 31, None):
        params = {key: value for key, value in (GOOD[name] | {field: wrong}).items() if value is not None}
        assert_refused(await api.http.get("/api/agent/stream", params=params, headers=api.bearer()), 422)


@pytest.mark.parametrize("wrong", [MARKER, "cnv_" + "Z" * 32, "%00", "..%2f..%2fetc", "cnv_" + "0" * 4_000])
async def test_an_id_in_a_path_that_is_none_is_refused(api, wrong: str) -> None:
    for method, path in (
        ("GET", "/api/agent/conversations/{}"), ("GET", "/api/agent/thread/{}"),
        ("GET", "/api/agent/staff/conversations/{}"), ("GET", "/api/agent/privacy/requests/{}"),
        ("POST", "/api/agent/knowledge/gaps/{}/dismiss"),
    ):  # fmt: skip
        customers = path.startswith(("/api/agent/conversations", "/api/agent/thread"))
        headers, body = api.bearer() if customers else api.staff(), {} if method == "POST" else None
        assert_refused(await api.http.request(method, path.format(wrong), json=body, headers=headers), 422, 404)


@pytest.mark.parametrize("name", sorted(GOOD))
async def test_another_method_is_refused(api, name: str) -> None:
    method = "PUT" if name.startswith("POST") else "DELETE"
    assert_refused(await api.http.request(method, path_of(name), headers=api.bearer()), 405)


async def test_a_path_that_is_none_is_a_problem_too(api) -> None:
    assert_refused(await api.http.get(f"/api/agent/{MARKER}", headers=api.bearer()), 404)


@pytest.mark.parametrize("key", ["", "x" * 65, "a b", "ключ".encode(), "a\tb", MARKER + "!"])
async def test_a_chat_with_an_unusable_idempotency_key_is_refused(api, key: str | bytes) -> None:
    headers: dict[str, str | bytes] = {**api.bearer(), "idempotency-key": key}
    answer = await api.http.post("/chat", json=GOOD["POST /chat"], headers=headers)  # type: ignore[arg-type]
    assert_refused(answer, 422)


async def test_nothing_that_was_refused_left_a_trace(api) -> None:
    before = await _rows(api)
    for name in WITH_BODY:
        await send(api, name, json.dumps(GOOD[name] | {"more": 1}).encode())
    assert await _rows(api) == before


async def _rows(api) -> dict[str, int]:
    """How many rows each table has."""
    tables = await api.db.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    return {name: await api.db.fetchval(f"SELECT count(*) FROM {name}") for (name,) in tables}
