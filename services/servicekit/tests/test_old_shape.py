"""Calls in an old shape over HTTP: read as new ones, counted, written down, answered with a warning (TOOLS-3)."""

import dataclasses
from datetime import UTC, datetime

import pytest

from contracts import headers
from contracts.manifest import MANIFEST_PATH
from contracts.tool import Deprecation
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER_STATUS
from servicekit.audit.usage import OldCalls, usage_since
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import ToolBinding

pytestmark = pytest.mark.service
TEXT = Deprecation(argument="text", since="2026-01-01", remove_after="2026-03-01", replaced_by="note")
EMAIL = Deprecation(argument="email", since="2026-02-01", remove_after="2026-02-20")
NUMBER = Deprecation(
    argument="number", since="2025-01-01", remove_after="2025-03-01", replaced_by="order_id", removed=True
)
STATUS, NOTE = GET_ORDER_STATUS.path, ADD_ORDER_NOTE.path
READ, WRITE = "orders.read_own", "orders.note_own"
COUNTER = "aiguy_tool_deprecated_arguments_total"


@pytest.fixture
def sample():
    return Sample()


@pytest.fixture
def bindings(sample):
    status = dataclasses.replace(GET_ORDER_STATUS, deprecations=(EMAIL, NUMBER))
    note = dataclasses.replace(ADD_ORDER_NOTE, deprecations=(TEXT,))
    return [
        ToolBinding(status, sample.get_order_status),
        ToolBinding(note, sample.add_order_note, preview=sample.preview_note),
    ]


def sent(issuer, scope, client=None):
    return issuer.bearer("orders", scope) | ({headers.CLIENT: client} if client else {})


def counted(service, tool, argument, client):
    labels = {"tool": tool, "argument": argument, "client": client}
    return service.kit.metrics.registry.get_sample_value(COUNTER, labels)


async def test_a_preview_in_the_old_shape_shows_the_same_effect_and_is_counted_by_client(serve, bindings, issuer):
    began = datetime.now(UTC)
    async with serve(bindings) as service:
        new = await service.client.post(
            f"{NOTE}/preview", json={"order_id": "ABC123", "note": "Ring"}, headers=sent(issuer, WRITE, "shop/2")
        )
        old = await service.client.post(
            f"{NOTE}/preview", json={"order_id": "ABC123", "text": "Ring"}, headers=sent(issuer, WRITE, "shop/1")
        )
        assert old.status_code == 200
        assert old.json() == new.json()
        assert counted(service, "add_order_note", "text", "shop/1") == 1
        assert counted(service, "add_order_note", "text", "shop/2") is None
        found = await usage_since(service.db, began)
    assert found.calls == {"add_order_note": 2}
    assert found.old == (OldCalls("add_order_note", "text", "shop/1", 1),)


async def test_a_write_in_the_old_shape_happens_once_and_its_repeat_hears_the_warning_too(serve, bindings, issuer):
    body = {"order_id": "ABC123", "text": "Ring"}
    async with serve(bindings) as service:
        preview = await service.client.post(f"{NOTE}/preview", json=body, headers=sent(issuer, WRITE))
        grant = issuer.grant("orders", "add_order_note", preview.json()["digest"])
        told = sent(issuer, WRITE) | {headers.IDEMPOTENCY_KEY: "k1", headers.GRANT: grant}
        first = await service.client.post(NOTE, json=body, headers=told)
        again = await service.client.post(NOTE, json=body, headers=told)
        assert await service.effects() == 1
    assert (first.status_code, again.content) == (200, first.content)
    for answer in (first, again):
        assert answer.headers["deprecation"] == "@1767225600"
        assert answer.headers["sunset"] == "Sun, 01 Mar 2026 00:00:00 GMT"


async def test_an_argument_without_a_successor_works_until_it_is_removed(serve, bindings, issuer, sample):
    async with serve(bindings) as service:
        answer = await service.client.post(STATUS, json={"email": "ada@example.com"}, headers=sent(issuer, READ))
        assert counted(service, "get_order_status", "email", "unknown") == 1
    assert (answer.json()["code"], sample.calls) == ("order_not_found", [GET_ORDER_STATUS]), "the handler was asked"


async def test_a_call_in_the_new_shape_is_neither_counted_nor_warned(serve, bindings, issuer):
    async with serve(bindings) as service:
        answer = await service.client.post(STATUS, json={"order_id": "ABC123"}, headers=sent(issuer, READ))
        assert COUNTER not in (await service.client.get("/metrics")).text
    assert answer.status_code == 200
    assert not {"deprecation", "sunset"} & answer.headers.keys()


async def test_a_removed_argument_is_refused_before_anything_runs_and_names_its_successor(
    serve, bindings, issuer, sample
):
    async with serve(bindings) as service:
        answer = await service.client.post(STATUS, json={"number": "ABC123"}, headers=sent(issuer, READ))
    assert (answer.status_code, answer.json()["code"]) == (422, "argument_removed")
    assert answer.json()["errors"] == [
        {"pointer": "/number", "detail": "The argument 'number' was removed; use 'order_id' instead."}
    ]
    assert sample.calls == []


async def test_the_manifest_and_the_document_accept_what_the_service_accepts(serve, bindings):
    async with serve(bindings) as service:
        manifest = (await service.client.get(MANIFEST_PATH)).json()
        document = (await service.client.get("/openapi.json")).json()
    (entry,) = [one for one in manifest["tools"] if one["name"] == "add_order_note"]
    (body,) = document["paths"][NOTE]["post"]["requestBody"]["content"].values()
    assert entry["input_schema"]["properties"]["text"]["deprecated"] is True
    assert body["schema"]["properties"]["text"]["deprecated"] is True
