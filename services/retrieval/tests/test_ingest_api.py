"""The way in for documents over HTTP: who may send them, what becomes of them, and hostile bodies."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import As, ToolClient

pytestmark = pytest.mark.service

INGEST = "/internal/ingest-knowledge"
STATUS = f"{INGEST}/status"
STAFF = As(subject="staff_eve", role=Role.STAFF, scopes=("kb.ingest",))


async def _send(client: ToolClient, body: Any, who: As = STAFF) -> httpx.Response:
    sent = client.headers_for(SEARCH_KB, who) | {"content-type": "application/json"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.http.post(INGEST, content=content, headers=sent)


def _json(*documents: Document, **more: Any) -> dict[str, Any]:
    return {"documents": [one.model_dump(mode="json") for one in documents], **more}


async def test_documents_sent_are_searchable_when_the_answer_comes(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    response = await _send(blank, _json(page("tents"), page("pans")))
    assert response.status_code == 200, response.text
    report = response.json()
    assert report["searchable"] is True
    assert [one["action"] for one in report["results"]] == ["created", "created"]
    found = (await blank.call(SEARCH_KB, {"query": "tents"})).json()
    assert found["passages"][0]["url"].endswith("/tents")


async def test_sending_again_changes_nothing_and_a_full_set_deletes(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    await _send(blank, _json(page("tents"), page("pans")))
    again = (await _send(blank, _json(page("tents"), page("pans")))).json()
    assert {one["action"] for one in again["results"]} == {"unchanged"}
    less = (await _send(blank, _json(page("tents"), full_set=True))).json()
    assert [one["action"] for one in less["results"]] == ["unchanged", "deleted"]
    nothing = (await _send(blank, _json(full_set=True))).json()
    assert [one["action"] for one in nothing["results"]] == ["deleted"]
    assert_problem(await blank.call(SEARCH_KB, {"query": "tents"}), ProblemCode.INDEX_UNAVAILABLE)


async def test_single_documents_are_removed_from_their_own_source_only(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    tents, pans, boots = page("tents"), page("pans"), page("boots")
    await _send(blank, _json(tents, pans, source="site"))
    await _send(blank, _json(boots, source="folder:help"))
    gone = [tents.url, boots.url, "https://shop.example/never"]
    for actions in ([("deleted", tents.url), ("skipped", boots.url)], [("skipped", tents.url), ("skipped", boots.url)]):
        response = await _send(blank, _json(source="site", remove=gone))
        assert response.status_code == 200, response.text
        told = [(one["action"], one["url"]) for one in response.json()["results"]]
        assert told == [*actions, ("skipped", "https://shop.example/never")]
    found = (await blank.call(SEARCH_KB, {"query": "tents"})).json()
    assert {one["url"] for one in found["passages"]} == {pans.url, boots.url}


async def test_documents_are_stored_and_removed_in_one_go(blank: ToolClient, page: Callable[..., Document]) -> None:
    await _send(blank, _json(page("tents"), page("pans")))
    moved = (await _send(blank, _json(page("boots"), remove=[page("tents").url]))).json()
    assert [one["action"] for one in moved["results"]] == ["created", "deleted"]
    response = await blank.http.get(STATUS, headers=blank.headers_for(SEARCH_KB, STAFF))
    assert (response.json()["documents"], response.json()["indexed_revision"]) == (2, response.json()["revision"])


async def test_what_is_stored_is_not_removed_in_the_same_breath(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    assert_problem(await _send(blank, _json(page("tents"), remove=[page("tents").url])), ProblemCode.CONFLICT)


async def test_the_status_tells_how_far_it_is(blank: ToolClient, page: Callable[..., Document]) -> None:
    await _send(blank, _json(page("tents"), page("draft", reviewed=False)))
    response = await blank.http.get(STATUS, headers=blank.headers_for(SEARCH_KB, STAFF))
    told = response.json()
    assert [(one["source"], one["state"]) for one in told.pop("sources")] == [("api", "done")]
    assert told == {
        "index": "ready", "revision": 2, "indexed_revision": 2, "documents": 2, "searchable": 1, "chunks": 2,
        "windows": 2, "pending_windows": 2, "running": None,
    }  # fmt: skip


async def test_an_ingest_is_audited(blank: ToolClient, page: Callable[..., Document]) -> None:
    await _send(blank, _json(page("tents")))
    async with blank.kit.db.primary() as connection:
        entries = await connection.fetch("SELECT tool, outcome, subject FROM audit")
    assert [tuple(entry) for entry in entries] == [("ingest_knowledge", "ok", "staff_eve")]


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (replace(STAFF, scopes=("kb.search",)), ProblemCode.INSUFFICIENT_SCOPE),
        (replace(STAFF, audience="orders"), ProblemCode.UNAUTHENTICATED),
        (replace(STAFF, role=Role.CUSTOMER), ProblemCode.FORBIDDEN),
        (replace(STAFF, role=Role.GUEST), ProblemCode.FORBIDDEN),
    ],
    ids=["scope", "audience", "customer", "guest"],
)
async def test_only_staff_and_services_with_the_scope_come_in(
    blank: ToolClient, page: Callable[..., Document], who: As, code: ProblemCode
) -> None:
    assert_problem(await _send(blank, _json(page("tents")), who), code)
    assert_problem(await blank.http.get(STATUS, headers=blank.headers_for(SEARCH_KB, who)), code)
    async with blank.kit.db.primary() as connection:
        assert await connection.fetchval("SELECT count(*) FROM documents") == 0


async def test_nobody_comes_in_without_a_token(blank: ToolClient) -> None:
    assert_problem(await blank.http.post(INGEST, json={"documents": []}), ProblemCode.UNAUTHENTICATED)
    assert_problem(await blank.http.get(STATUS), ProblemCode.UNAUTHENTICATED)


async def test_a_service_may_ingest(blank: ToolClient, page: Callable[..., Document]) -> None:
    assert (await _send(blank, _json(page("tents")), replace(STAFF, role=Role.SERVICE))).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"url": "javascript:alert(1)"}, {"url": "https://shop.example/ä"}, {"title": ""}, {"body": ""}, {"body": "a\x00b"},
     {"body": "x" * 400_001}, {"tags": [" "]}, {"channels": []}, {"channels": ["fax"]}, {"updated_at": "soon"},
     {"updated_at": "2026-01-01T00:00:00"}, {"updated_at": "9999-12-31T23:59:59-05:00"}, {"ttl_days": 0},
     {"ttl_days": 36_501}, {"reviewed": "yes"}, {"owner": "eve"}],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
async def test_a_document_with_a_wrong_field_is_refused_whole(
    blank: ToolClient, page: Callable[..., Document], change: dict[str, Any]
) -> None:
    body = _json(page("tents"), page("pans"))
    body["documents"][1] |= change
    assert_problem(await _send(blank, body), ProblemCode.INVALID_REQUEST)
    async with blank.kit.db.primary() as connection:
        assert await connection.fetchval("SELECT count(*) FROM documents") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", ProblemCode.MALFORMED_BODY),
        (b'{"documents": [\xff]}', ProblemCode.MALFORMED_BODY),
        (b"[]", ProblemCode.INVALID_REQUEST),
        (b"{}", ProblemCode.INVALID_REQUEST),
        (b'{"documents": [], "source": "../x"}', ProblemCode.INVALID_REQUEST),
        (b'{"documents": [], "delete": true}', ProblemCode.INVALID_REQUEST),
        (b'{"documents": [], "remove": ["javascript:alert(1)"]}', ProblemCode.INVALID_REQUEST),
        (b'{"documents": [], "remove": [' + b'"kb:x", ' * 200 + b'"kb:x"]}', ProblemCode.INVALID_REQUEST),
        (b'{"documents": [], "source": "' + b"x" * 2_200_000 + b'"}', ProblemCode.PAYLOAD_TOO_LARGE),
    ],
    ids=["empty", "bad_utf8", "array", "nothing", "bad_source", "unknown", "bad_url", "many_urls", "2_mb"],
)
async def test_a_bad_ingest_body_is_the_callers_error(blank: ToolClient, body: bytes, code: ProblemCode) -> None:
    assert_problem(await _send(blank, body), code)


async def test_bodies_of_up_to_two_megabytes_are_read(blank: ToolClient, page: Callable[..., Document]) -> None:
    spaces = b" " * 1_900_000
    body = json.dumps(_json(page("tents"))).encode()
    assert (await _send(blank, body[:-1] + spaces + b"}")).status_code == 200


async def test_two_documents_with_one_url_are_a_conflict(blank: ToolClient, page: Callable[..., Document]) -> None:
    assert_problem(await _send(blank, _json(page("tents"), page("tents"))), ProblemCode.CONFLICT)


@pytest.mark.asyncio(loop_scope="module")
async def test_ingest_without_the_database_is_a_retryable_503(down: ToolClient, page: Callable[..., Document]) -> None:
    assert_problem(await _send(down, _json(page("tents"))), ProblemCode.DEPENDENCY_DOWN)
