"""Each running text that a tool's contract names passes as it was written, and nothing else of its call does."""

import json

import httpx
import pytest

from contracts.registry import CONTRACTS, AnyContract

from .test_exclusions import QUOTED
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TOKEN = {"authorization": "Bearer aaa.bbb.ccc"}
TEXTS = [(tool, name) for tool in CONTRACTS for name in tool.free_text if name in tool.input.model_fields]
SAID = [*QUOTED, "How do I use the <script> tag?", "union select shipping", "cat /etc/hosts"]


def test_there_are_tools_of_every_family_that_carry_text() -> None:
    assert {tool.family for tool, _ in TEXTS} == {tool.family for tool in CONTRACTS}


@pytest.mark.parametrize(("tool", "field"), TEXTS, ids=[f"{tool.name}.{field}" for tool, field in TEXTS])
async def test_a_running_text_passes_in_its_field_and_nowhere_else(
    client: httpx.AsyncClient, upstream: Upstream, tool: AnyContract, field: str
) -> None:
    usual = f"/services/{tool.family.value}{tool.path}"

    async def status(told: dict[str, object], path: str = usual, method: str = "POST") -> int:
        return (await client.request(method, path, json=told, headers=TOKEN)).status_code

    for said in SAID:
        assert await status({field: said}) == 200, said
        assert json.loads(upstream.seen[-1].body) == {field: said}
    assert await status({field: QUOTED[0]}, f"{usual}/preview") == 200
    upstream.seen.clear()
    assert await status({field: "hello", "other": QUOTED[0]}) == 403, "in another field"
    assert await status({field: {"deeper": QUOTED[0]}}) == 403, "below the field"
    assert await status({field: QUOTED[0]}, method="PUT") == 403, "by another method"
    assert await status({field: QUOTED[0]}, f"/services/{tool.family.value}/tools/get_thing") == 403, "on another path"
    assert upstream.seen == []
