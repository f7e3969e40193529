"""What is refused counts like what is answered, and what is too much costs no look of the WAF."""

import httpx
import pytest

from contracts.errors import Problem, ProblemCode

from .conftest import OpenDoor
from .test_limits import BURST, SLOW_RATE
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ATTACK = "/openapi.json?q=<script>alert(1)</script>"
TOOL, DOCUMENTS = "/services/orders/tools/get_order", "/api/agent/knowledge/documents"


async def test_an_attack_counts_against_the_rate(another_door: OpenDoor, upstream: Upstream) -> None:
    async with another_door(**SLOW_RATE) as door, door.client() as client:
        attacks = [await client.get(ATTACK) for _ in range(BURST + 2)]
        assert [answer.status_code for answer in attacks] == [403] * (BURST + 1) + [429]
        assert (await client.get("/openapi.json")).status_code == 429
    assert upstream.seen == []


@pytest.mark.parametrize(("path", "size"), [(TOOL, 0), ("/api/agent/tools/callback", 0), (DOCUMENTS, 200_000)])
async def test_who_has_no_token_is_counted(another_door: OpenDoor, upstream: Upstream, path: str, size: int) -> None:
    body = {"documents": "x" * size}
    async with another_door(**SLOW_RATE) as door, door.client() as client:
        answers = [await client.post(path, json=body) for _ in range(BURST + 2)]
    assert [answer.status_code for answer in answers] == [401] * (BURST + 1) + [429]
    assert _code(answers[0]) is ProblemCode.UNAUTHENTICATED
    assert _code(answers[-1]) is ProblemCode.RATE_LIMITED
    assert upstream.seen == []


async def test_the_waf_never_sees_what_is_too_much(another_door: OpenDoor, upstream: Upstream) -> None:
    async with another_door(**SLOW_RATE) as door, door.client() as client:
        for _ in range(BURST + 1):
            assert (await client.get("/openapi.json")).status_code == 200
        asked = [await client.get(ATTACK), await client.post("/chat", json={"x": "<script>alert(1)</script>"})]
        # Where messages come in, one limit is that of a client and one that of all.
        assert [answer.status_code for answer in asked] == [429, 503]
        assert "ModSecurity: Access denied" not in (door.state / "error.log").read_text("utf-8")
    assert len(upstream.seen) == BURST + 1


@pytest.mark.parametrize("path", ["/chat", "/services/tickets/tools/create_ticket"])
async def test_a_body_has_as_many_fields_as_a_form_of_ours_may_need(
    client: httpx.AsyncClient, upstream: Upstream, path: str
) -> None:
    def fields(many: int) -> dict[str, str]:
        return {f"f{number}": "x" for number in range(many)}

    headers = {"authorization": "Bearer aaa.bbb.ccc"}
    assert (await client.post(path, json=fields(100), headers=headers)).status_code == 200
    refused = await client.post(path, json=fields(101), headers=headers)
    assert (refused.status_code, _code(refused)) == (400, ProblemCode.MALFORMED_BODY)
    assert len(upstream.seen) == 1


def _code(answer: httpx.Response) -> ProblemCode:
    return Problem.model_validate(answer.json()).code
