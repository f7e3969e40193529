"""Other services are asked with tokens of one scope, and one that does not answer is no error."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contracts.resolved import RESOLVED_PATH
from contracts.tools.retrieval import SEARCH_KB
from orchestrator.colleagues import ServiceCalls
from orchestrator.gaps.colleagues import Colleagues
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.testing.live import live_server

TICKET = {"number": "HP-1", "subject": "Axe", "resolution": "Yes.", "resolved_at": None}


class Services:
    """Retrieval and tickets at one address: what they answer, and what they were asked."""

    def __init__(self) -> None:
        self.search: Response = JSONResponse(
            {"passages": [], "strength": 0.9, "gap": 0.1, "cover": 1.0, "answerable": True}
        )
        self.tickets: Response = JSONResponse({"tickets": [TICKET]})
        self.asked: list[tuple[dict[str, Any], dict[str, Any]]] = []

    async def found(self, request: Request) -> Response:
        return await self._seen(request, self.search)

    async def resolved(self, request: Request) -> Response:
        return await self._seen(request, self.tickets)

    async def _seen(self, request: Request, answer: Response) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append((jwt.decode(token, options={"verify_signature": False}), await request.json()))
        return answer


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    app = FastAPI()
    app.add_route(SEARCH_KB.path, services.found, methods=["POST"])
    app.add_route(RESOLVED_PATH, services.resolved, methods=["POST"])
    with live_server(app) as address:
        yield address


@pytest.fixture
async def colleagues(url: str):
    http = AiohttpClient()
    yield made(http)({"retrieval": url, "tickets": url})
    await http.close()


def made(http: AiohttpClient) -> Callable[[dict[str, str]], Colleagues]:
    minter = TokenMinter(KeySet.generate(), "orchestrator", SystemClock())
    return lambda urls: Colleagues(ServiceCalls(urls, http, minter, timeout_s=2.0))


async def test_each_is_asked_with_a_scope_of_its_own(colleagues: Colleagues, services: Services) -> None:
    assert await colleagues.answerable("Do you sharpen axes?") is True
    found = await colleagues.resolved("Do you sharpen axes?", 5)
    assert found is not None
    assert [one.number for one in found] == ["HP-1"]
    (searched, question), (told, query) = services.asked
    assert (searched["aud"], searched["scope"], searched["role"]) == ("retrieval", "kb.search", "service")
    assert (told["aud"], told["scope"], told["role"]) == ("tickets", "tickets.resolved", "service")
    assert told["exp"] - told["iat"] <= 60
    assert question["query"] == query["query"] == "Do you sharpen axes?"


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"tickets": [TICKET]}, 503),
        Response(status_code=403),
        Response("<html>"),
        JSONResponse({"tickets": [{"number": 1}]}),
    ],
    ids=["down", "forbidden", "garbage", "other_shape"],
)
async def test_who_does_not_answer_properly_was_not_asked(
    colleagues: Colleagues, services: Services, answer: Response
) -> None:
    services.search = services.tickets = answer
    assert await colleagues.answerable("q") is None
    assert await colleagues.resolved("q", 5) is None


async def test_who_cannot_be_reached_or_is_not_set_up_was_not_asked() -> None:
    http = AiohttpClient()
    for urls in ({}, {"retrieval": "http://127.0.0.1:9", "tickets": "http://127.0.0.1:9"}):
        assert await made(http)(urls).answerable("q") is None
        assert await made(http)(urls).resolved("q", 5) is None
    await http.close()
