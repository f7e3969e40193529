"""Attacks in paths, queries, headers, cookies and fields that are not running text do not come through."""

import json
import re

import httpx
import pytest

from contracts.errors import PROBLEM_MEDIA_TYPE, Problem, ProblemCode
from onebox.front_door import Parts

from .attack_cases import read_attacks
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: A rule that is not the rest of a chain.
_RULE = re.compile(r'\s*SecRule\s+(?P<reads>\S+)\s.*?"id:(?P<id>\d+)')


async def test_every_attack_is_refused_as_a_problem_and_reaches_nobody(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    attacks = list(read_attacks())
    assert len(attacks) >= 400
    passed = []
    for attack in attacks:
        answer = await client.send(attack.request(client))
        if answer.status_code not in attack.refused:
            passed.append(f"{answer.status_code} {attack.family} {attack.name}")
            continue
        assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
        assert Problem.model_validate(answer.json()).status == answer.status_code
    assert passed == []
    assert upstream.seen == []


async def test_the_attacks_are_of_every_family_of_rules(parts: Parts) -> None:
    names = [file.name for file in parts.rules.glob("REQUEST-9[1-4]*.conf")]
    # Reputation and counting are left to nginx; 949 sums up.
    families = {name.split("-")[1] for name in names} - {"910", "912", "949"}
    assert families <= {attack.family for attack in read_attacks()}


async def test_one_tag_reaches_every_rule_that_reads_fields(parts: Parts) -> None:
    """The exceptions name it: a rule without it would refuse what customers write."""
    asked, without = 0, []
    for file in sorted(parts.rules.glob("REQUEST-9[1-4]*.conf")):
        for rule in file.read_text("utf-8").replace("\\\n", " ").splitlines():
            found = _RULE.match(rule)
            reads = found is not None and ("ARGS" in found["reads"] or "REQUEST_BODY" in found["reads"])
            asked += reads
            if found and reads and not rule[found.end() :].split("tag:'", 1)[1].startswith("application-multi'"):
                without.append(found["id"])
    assert asked > 100
    assert without == []


async def test_what_is_no_json_is_refused_before_it_is_passed_on(client: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await client.post("/chat", content=b'{"message": "hello', headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, ProblemCode.MALFORMED_BODY)
    assert upstream.seen == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_writes_of_every_method_come_through(client: httpx.AsyncClient, upstream: Upstream, method: str) -> None:
    answer = await client.request(method, "/api/agent/conversations", json={"channel": "web"})
    assert answer.json() == {"reached": True}
    assert json.loads(upstream.seen[0].body) == {"channel": "web"}
