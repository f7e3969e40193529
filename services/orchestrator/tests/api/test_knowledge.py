"""A site's pages on their way to the knowledge base: who may send them, of which hosts, and what is answered."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import jwt
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.errors import ProblemCode
from contracts.knowledge import INGEST_PATH
from orchestrator.api.knowledge import KnowledgeDesk, KnowledgePush
from servicekit.auth.claims import Role
from servicekit.auth.minting import TokenMinter
from servicekit.errors import ProblemError, problem_response
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.live import live_server

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
PUSH = "/api/agent/knowledge/documents"
PAGE = {
    "url": "https://shop.example/returns", "title": "Returns", "body": "Thirty days.", "reviewed": True,
    "updated_at": "2026-03-02T09:00:00Z",
}  # fmt: skip


@dataclass
class Base:
    """A knowledge base that answers as it is told, else that all was stored; `asked` is the token and the body."""

    answers: list[Response] = field(default_factory=list)
    asked: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route(INGEST_PATH, self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        body = await request.json()
        self.asked.append((jwt.decode(token, options={"verify_signature": False}), body))
        if self.answers:
            return self.answers.pop(0)
        results = [{"url": one["url"], "action": "created", "chunks": 1, "detail": ""} for one in body["documents"]]
        return JSONResponse({"source": body["source"], "results": results, "searchable": True})


@pytest.fixture(scope="module")
def base() -> Base:
    return Base()


@pytest.fixture(scope="module")
def faults(base: Base) -> Faults:
    return Faults(base.app())


@pytest.fixture(scope="module")
def base_url(faults: Faults) -> Iterator[str]:
    with live_server(cast(FastAPI, faults)) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def pushing(api, base: Base, base_url: str) -> AsyncIterator[None]:
    """The API in front of that knowledge base, for pages of shop.example."""
    base.asked.clear()
    base.answers.clear()
    before = api.app.state.knowledge
    services = replace(before.services, urls={"retrieval": base_url})
    api.app.state.knowledge = KnowledgeDesk(services, ("shop.example",))
    yield
    api.app.state.knowledge = before


async def push(api, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    sent = {"documents": [PAGE], "source": "wordpress"} | body
    answer: httpx.Response = await api.http.post(PUSH, json=sent, headers=who or site(api))
    return answer


def site(api, **claims: Any) -> dict[str, str]:
    """The token of the site itself."""
    told = {"subject": "site", "role": Role.SERVICE, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    headers: dict[str, str] = api.issuer.bearer("orchestrator", ("kb.ingest",), **told | claims)
    return headers


async def test_pages_reach_the_knowledge_base_as_the_site_sent_them(api, base: Base) -> None:
    answer = await push(api, remove=["https://shop.example/gone"])
    assert answer.status_code == 200, answer.text
    told = {"source": "wordpress", "searchable": True}
    assert {name: answer.json()[name] for name in told} == told
    ((claims, body),) = base.asked
    assert body["documents"][0].items() >= PAGE.items()
    assert (body["source"], body["remove"], body["full_set"]) == (
        "push:wordpress",
        ["https://shop.example/gone"],
        False,
    )
    assert {name: claims[name] for name in ("aud", "sub", "role", "scope", "act")} == {
        "aud": "retrieval", "sub": "site", "role": "service", "scope": "kb.ingest", "act": "orchestrator",
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] <= 60


async def test_a_push_stands_in_the_audit_trail_once_it_was_taken(api, base: Base) -> None:
    count = "SELECT count(*) FROM audit WHERE tool = 'push_knowledge'"
    before = await api.db.fetchval(count)
    base.answers.append(problem_response(ProblemError(ProblemCode.CONFLICT).problem))
    assert (await push(api)).status_code == 409
    assert await api.db.fetchval(count) == before
    assert (await push(api, api.staff())).status_code == 200
    assert await api.db.fetchval(count) == before + 1


@pytest.mark.parametrize("source", ["folder:help", "wordpress:shop.example", "push:wordpress"])
async def test_a_source_that_the_site_has_not_pushed_is_out_of_its_reach(api, base: Base, source: str) -> None:
    assert (await push(api, documents=[], full_set=True, source=source)).status_code == 200
    assert [body["source"] for _, body in base.asked] == [f"push:{source}"]


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/returns", "https://shop.example.evil.example/", "https://shop.example@evil.example/",
     "https://evil.example\\\\@shop.example/", "https://shop.example:8443/", "kb:returns-policy"],
)  # fmt: skip
async def test_a_page_of_another_host_is_refused_with_all_others(api, base: Base, url: str) -> None:
    answer = await push(api, documents=[PAGE, PAGE | {"url": url}])
    assert_problem(answer, ProblemCode.FORBIDDEN)
    assert "Document 2" in answer.json()["detail"]
    assert base.asked == []


@pytest.mark.parametrize(
    ("issuer", "url", "own"),
    [
        ("https://shop.example", "https://shop.example/a", True),
        ("https://shop.example/en", "http://www.shop.example/a", True),
        ("http://127.0.0.1:8899", "http://127.0.0.1:8899/?p=7", True),
        ("http://127.0.0.1:8899", "http://127.0.0.1:8898/?p=7", False),
        ("https://shop.example", "https://help.shop.example/a", False),
        ("shop.example", "https://shop.example/a", False),
        ("my-shop", "https://my-shop/a", False),
        ("", "https:///a", False),
    ],
)
async def test_the_host_of_the_issuer_is_the_sites_own(api, issuer: str, url: str, own: bool) -> None:
    desk, asked = KnowledgeDesk(api.app.state.knowledge.services), {"documents": [PAGE | {"url": url}]}
    pushed = KnowledgePush.model_validate_json(json.dumps(asked))
    if own:
        desk.check_addresses(pushed, issuer)
        return
    with pytest.raises(ProblemError, match="not on a host of the site"):
        desk.check_addresses(pushed, issuer)


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST])
async def test_customers_and_guests_are_refused_whatever_scopes_they_have(api, base: Base, role: Role) -> None:
    assert_problem(await push(api, site(api, role=role)), ProblemCode.FORBIDDEN)
    assert base.asked == []


async def test_a_token_without_the_scope_an_expired_one_and_none_are_refused(api, base: Base) -> None:
    told = {"role": Role.SERVICE, "conversation_id": None, "turn_id": None}
    without = api.issuer.bearer("orchestrator", ("privacy:manage",), **told)
    assert_problem(await push(api, without), ProblemCode.INSUFFICIENT_SCOPE)
    earlier = FakeClock(datetime.now(UTC) - timedelta(minutes=10))
    minter = TokenMinter(api.issuer.minter.keys, api.issuer.minter.issuer, earlier)
    old = minter.mint(audience="orchestrator", subject="site", role=Role.SERVICE, scopes=("kb.ingest",))
    assert_problem(await push(api, {"authorization": f"Bearer {old}"}), ProblemCode.TOKEN_EXPIRED)
    assert_problem(await api.http.post(PUSH, json={"documents": []}), ProblemCode.UNAUTHENTICATED)
    assert_problem(await push(api, api.issuer.bearer("retrieval", ("kb.ingest",), **told)), ProblemCode.UNAUTHENTICATED)
    assert base.asked == []


async def test_two_megabytes_are_taken_here_and_no_more(api, base: Base) -> None:
    words = "word " * 79_000
    pages = [PAGE | {"url": f"https://shop.example/{number}", "body": words} for number in range(6)]
    assert (await push(api, documents=pages[:5])).status_code == 200
    assert_problem(await push(api, documents=pages), ProblemCode.PAYLOAD_TOO_LARGE)
    elsewhere = await api.http.post("/api/agent/privacy/export", json={"customer": "x" * 70_000}, headers=api.staff())
    assert_problem(elsewhere, ProblemCode.PAYLOAD_TOO_LARGE)
    assert len(base.asked) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (ProblemCode.CONFLICT, ProblemCode.CONFLICT),
        (ProblemCode.INVALID_REQUEST, ProblemCode.INVALID_REQUEST),
        (ProblemCode.RATE_LIMITED, ProblemCode.RATE_LIMITED),
        (ProblemCode.DEPENDENCY_DOWN, ProblemCode.DEPENDENCY_DOWN),
        # That our own token is refused is nothing that the site could mend.
        (ProblemCode.UNAUTHENTICATED, ProblemCode.DEPENDENCY_DOWN),
        (ProblemCode.INSUFFICIENT_SCOPE, ProblemCode.DEPENDENCY_DOWN),
        (ProblemCode.INTERNAL, ProblemCode.DEPENDENCY_DOWN),
    ],
)
async def test_what_the_knowledge_base_refuses_is_told_in_its_words_unless_it_is_our_trouble(
    api, base: Base, code: ProblemCode, told: ProblemCode
) -> None:
    base.answers.append(problem_response(ProblemError(code, "In its words.", retry_after_s=7).problem))
    answer = await push(api)
    assert_problem(answer, told)
    assert (answer.json()["detail"] == "In its words.") == (code is told)
    if code is ProblemCode.RATE_LIMITED:
        assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.garbage(), Fault.status(302)], ids=["500", "bad", "302"])
async def test_an_answer_that_is_none_is_a_retryable_problem(api, faults: Faults, fault: Fault) -> None:
    faults.next(fault)
    answer = await push(api)
    assert_problem(answer, ProblemCode.DEPENDENCY_DOWN)
    assert answer.json()["retryable"] is True
    assert UPSTREAM_SECRET not in answer.text


@pytest.mark.parametrize("urls", [{"retrieval": "http://127.0.0.1:9"}, {}], ids=["dead", "none"])
async def test_a_knowledge_base_that_is_away_is_a_retryable_problem(api, urls: dict[str, str]) -> None:
    api.app.state.knowledge = KnowledgeDesk(replace(api.app.state.knowledge.services, urls=urls), ("shop.example",))
    answer = await push(api)
    assert_problem(answer, ProblemCode.DEPENDENCY_DOWN)
    assert answer.json()["retryable"] is True


async def test_a_knowledge_base_that_is_too_slow_is_a_retryable_problem(api, faults: Faults) -> None:
    api.app.state.knowledge = replace(api.app.state.knowledge, timeout_s=0.2)
    faults.next(Fault.hang_after())
    answer = await push(api)
    assert_problem(answer, ProblemCode.DEADLINE_EXCEEDED)
    assert answer.json()["retryable"] is True
