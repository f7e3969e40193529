"""A tool call over HTTP: who may, what is accepted, what is answered."""

import asyncio

import orjson
import pytest

from contracts.errors import ProblemCode
from servicekit.auth import Role
from servicekit.errors import ProblemError
from servicekit.testing import eventually
from servicekit.testing.sample.tools import Sample

pytestmark = pytest.mark.service
STATUS = "/tools/get_order_status"
NOTE = "/tools/add_order_note"
READ, WRITE = "orders.read_own", "orders.note_own"
NOTE_BODY = {"order_id": "ABC123", "note": "Please ring twice"}


async def test_a_read_answers_the_contracts_output(serve, issuer):
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
    assert answer.status_code == 200
    assert answer.json()["status"] == "shipped"
    assert answer.headers["x-request-id"]


async def test_the_answer_keeps_the_callers_request_id_and_trace(serve, issuer):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"x-request-id": "req-7", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["x-request-id"] == "req-7"
    assert answer.json()["trace_id"] == trace


async def test_a_token_without_the_tools_scope_is_403(serve, issuer):
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", WRITE))
        outcomes = await service.db.fetch("SELECT outcome FROM audit ORDER BY at DESC LIMIT 1")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert outcomes[0]["outcome"] == "insufficient_scope"


async def test_who_is_refused_is_counted_by_role_and_by_who_acts_and_by_no_name(serve, issuer):
    guest = issuer.bearer("orders", READ, subject="guest_1", role=Role.GUEST, actor="orchestrator")
    customer = issuer.bearer("orders", WRITE, actor=None)
    allowed = issuer.bearer("orders", READ)
    async with serve() as service:
        for headers in (guest, guest, customer, allowed, {}):
            await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
        text = (await service.client.get("/metrics")).text
    counted = {line for line in text.splitlines() if line.startswith("aiguy_http_forbidden_total")}
    assert counted == {
        'aiguy_http_forbidden_total{actor="orchestrator",role="guest"} 2.0',
        'aiguy_http_forbidden_total{actor="itself",role="customer"} 1.0',
    }


async def test_no_token_is_401_and_says_how_to_authenticate(serve):
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_for_another_service_is_refused(serve, issuer):
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("billing", READ))
    assert answer.status_code == 401


async def test_guests_reach_only_tools_that_are_open_to_guests(serve, issuer):
    headers = issuer.bearer("orders", READ, subject="guest_1", role=Role.GUEST)
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_customers_order_does_not_exist(serve, issuer):
    headers = issuer.bearer("orders", READ, subject="cust_ben")
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"order_id": NaN}', 400),
        (b'{"order_id": 1e999}', 400),
        (b'{"order_id": "ABC123", "order_id": "XYZ789"}', 400),
        (b'{"order_id": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
        (b'{"order_id": ' + b"[" * 30_000, 400),
        (b'{"order_id": ' + b"9" * 20_000 + b"}", 400),
        (b'{"order_id": "\\ud800"}', 400),
        (b'{"order_id": "ABC\\u0000"}', 422),
        (b'{"order_id": "' + "ABC\u0000".encode() + b'"}', 400),
        (b'{"a\\u0000b": 1}', 422),
        (b"[]", 422),
        (b'"ABC123"', 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"order_id": 5}', 422),
        (b'{"order_id": "ABC123", "email": "ada@example.com"}', 422),
        (b'{"order_id": "ABC123", "invented": true}', 422),
        (b'{"order_id": "\' OR 1=1"}', 422),
    ],
)
async def test_bad_bodies_are_refused_without_a_server_error(serve, issuer, body, status):
    headers = {**issuer.bearer("orders", READ), "content-type": "application/json"}
    async with serve() as service:
        answer = await service.client.post(STATUS, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_errors_name_the_field_and_never_quote_its_value(serve, issuer):
    headers = issuer.bearer("orders", READ)
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "hunter2!secret", "a/b": 1}, headers=headers)
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/order_id", "/a~1b"}
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/json; charset=latin-1", "application/jsonp", ""]
)
async def test_only_json_in_utf8_is_read(serve, issuer, kind):
    headers = {**issuer.bearer("orders", READ), "content-type": kind}
    async with serve() as service:
        answer = await service.client.post(STATUS, content=b'{"order_id":"ABC123"}', headers=headers)
    assert answer.status_code == 415


async def test_a_large_body_is_413_whether_or_not_it_says_its_length(serve, issuer):
    async def pieces():
        for _ in range(16):
            yield b" " * 65536

    headers = {**issuer.bearer("orders", READ), "content-type": "application/json"}
    async with serve() as service:
        declared = await service.client.post(STATUS, content=b" " * 1_000_000, headers=headers)
        chunked = await service.client.post(STATUS, content=pieces(), headers=headers)
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert declared.json()["code"] == chunked.json()["code"] == "payload_too_large"


async def test_other_methods_and_unknown_tools_are_problems_too(serve, issuer):
    async with serve() as service:
        method = await service.client.get(STATUS)
        unknown = await service.client.post("/tools/drop_tables", json={})
    assert (method.status_code, method.json()["code"], method.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_a_tool_without_a_backend_is_501_and_not_available_in_the_manifest(serve, issuer):
    async with serve() as service:
        answer = await service.client.post("/tools/get_order", json={}, headers=issuer.bearer("orders", READ))
        manifest = (await service.client.get("/.well-known/tools.json")).json()
    available = {tool["name"]: tool["available"] for tool in manifest["tools"]}
    assert (answer.status_code, answer.json()["code"]) == (501, "not_implemented")
    assert available == {"get_order": False, "get_order_status": True, "list_orders": False, "add_order_note": True}


async def test_an_unexpected_error_is_a_500_without_any_inside(serve, issuer):
    sample = Sample(fail_with=RuntimeError("password=hunter2"))
    async with serve(sample.orders()) as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


async def test_the_callers_deadline_ends_a_slow_call(serve, issuer):
    sample = Sample(before_commit=asyncio.Event())
    headers = {**issuer.bearer("orders", READ), "x-aiguy-deadline-ms": "50"}
    async with serve(sample.orders()) as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
        outcome = await service.db.fetchval("SELECT outcome FROM audit ORDER BY at DESC LIMIT 1")
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    assert outcome == "deadline_exceeded"


async def test_a_handlers_own_refusal_is_audited_once(serve, issuer):
    sample = Sample(fail_with=ProblemError(ProblemCode.FORBIDDEN, "Not yours."))
    async with serve(sample.orders()) as service:
        before = await service.db.fetchval("SELECT count(*) FROM audit")
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
        after = await service.db.fetchval("SELECT count(*) FROM audit")
    assert (answer.status_code, after - before) == (403, 1)


async def test_with_a_replica_reads_use_it_and_the_audit_does_not(serve, issuer, postgres_server):
    replica = postgres_server.create("servicekit.testing.sample")
    async with serve(database_replica_url=replica) as service:
        before = await service.db.fetchval("SELECT count(*) FROM audit")
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
        after = await service.db.fetchval("SELECT count(*) FROM audit")
    assert (answer.status_code, after - before) == (200, 1)


@pytest.mark.parametrize(("given", "status"), [("0", 504), ("-5", 422), ("soon", 422), ("1e3", 422), ("9" * 30, 422)])
async def test_odd_deadlines_never_break_a_call(serve, issuer, given, status):
    headers = {**issuer.bearer("orders", READ), "x-aiguy-deadline-ms": given}
    async with serve() as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=headers)
    assert answer.status_code == status


async def test_each_call_is_counted_and_audited(serve, issuer):
    async with serve() as service:
        before = await service.db.fetchval("SELECT count(*) FROM audit")
        await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
        await service.client.post(STATUS, json={"order_id": "NOPE"}, headers=issuer.bearer("orders", READ))
        rows = await service.db.fetch("SELECT outcome, entry FROM audit ORDER BY at DESC LIMIT 2")
        after = await service.db.fetchval("SELECT count(*) FROM audit")
        metrics = (await service.client.get("/metrics")).text
    assert after - before == 2
    assert [row["outcome"] for row in rows] == ["order_not_found", "ok"]
    assert "cust_ada" not in rows[0]["entry"].decode()
    assert 'aiguy_tool_calls_total{outcome="ok",tool="get_order_status"} 1.0' in metrics
    assert 'aiguy_http_requests_total{method="POST",route="/tools/get_order_status",status="404"} 1.0' in metrics


async def test_a_dead_database_is_a_503_that_can_be_retried(serve, issuer):
    async with serve() as service:
        await service.kit.db.close()
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
        ready = await service.client.get("/readyz")
        alive = await service.client.get("/livez")
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "dependency_down", True)
    assert (ready.status_code, ready.json()["detail"]) == (503, "database: The database cannot be reached.")
    assert alive.status_code == 200


async def test_concurrent_reads_do_not_disturb_each_other(serve, issuer):
    async with serve() as service:
        calls = [
            service.client.post(STATUS, json={"order_id": "ABC123"}, headers=issuer.bearer("orders", READ))
            for _ in range(60)
        ]
        answers = await asyncio.gather(*calls)
        await eventually(lambda: service.kit.db.pool.get_idle_size() == service.kit.db.pool.get_size())
    assert {answer.status_code for answer in answers} == {200}


async def test_the_document_describes_every_tool(serve):
    async with serve() as service:
        document = (await service.client.get("/openapi.json")).json()
    note = document["paths"][NOTE]["post"]
    required = {parameter["name"] for parameter in note["parameters"] if parameter["required"]}
    assert required == {"idempotency-key"}
    assert note["requestBody"]["content"]["application/json"]["schema"]["additionalProperties"] is False
    assert {"400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503", "504"} <= set(
        note["responses"]
    )
    assert "application/problem+json" in note["responses"]["422"]["content"]
    assert orjson.dumps(document).count(b"$defs") == 0
