"""What every tool service promises, as tests to inherit: `class TestReads(ToolConformance): ...`

The fixtures are the service's own: ToolClients `service`, `down` (no database), `hurried` (2 calls a minute), ToolCases
`case` and `write`.
"""
# ruff: noqa: S101 - these are tests, only kept where all services can import them

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest

from contracts import headers
from contracts.errors import PROBLEM_MEDIA_TYPE, PROBLEMS, ProblemCode
from contracts.registry import CONTRACTS, AnyContract, contracts_of
from contracts.tool import Confirmation
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.tool_client import ADA, GUEST, PROVEN, ToolClient


@dataclass(frozen=True, slots=True)
class ToolCase:
    """A bound contract with arguments that are good for `cust_ada`, and other good ones.

    `counted`: for a write, the SQL that counts its effects. `secrets`: what no refusal may contain.
    """

    contract: AnyContract
    arguments: Mapping[str, Any]
    others: Mapping[str, Any]
    counted: str = ""
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.contract.name


def assert_problem(response: httpx.Response, code: ProblemCode, case: ToolCase | None = None) -> None:
    """The response is the RFC 9457 problem `code`, says nothing of `case.secrets`, and shows no internals."""
    assert response.headers["content-type"] == PROBLEM_MEDIA_TYPE, response.text
    body = response.json()
    assert (response.status_code, body["code"]) == (PROBLEMS[code].status, code.value), response.text
    assert body["status"] == response.status_code
    said = response.text + json.dumps(dict(response.headers))
    for secret in (*(case.secrets if case else ()), "Traceback", "asyncpg", "SELECT ", "postgresql://"):
        assert secret not in said


class ToolConformance:
    """Inherit it; each test runs once per `case`."""

    async def test_a_call_without_a_token_is_refused(self, service: ToolClient, case: ToolCase) -> None:
        response = await service.http.post(case.contract.path, json=dict(case.arguments))
        assert_problem(response, ProblemCode.UNAUTHENTICATED, case)

    @pytest.mark.parametrize("flaw", ["expired", "audience", "algorithm_none", "stranger", "garbage", "too_long_lived"])
    async def test_a_token_that_is_no_good_is_refused(self, service: ToolClient, case: ToolCase, flaw: str) -> None:
        token = _flawed_token(service, case.contract, flaw)
        sent = {"authorization": f"Bearer {token}", headers.IDEMPOTENCY_KEY: "k"}
        response = await service.http.post(case.contract.path, json=dict(case.arguments), headers=sent)
        assert_problem(response, ProblemCode.TOKEN_EXPIRED if flaw == "expired" else ProblemCode.UNAUTHENTICATED, case)

    async def test_another_tools_scope_is_not_enough(self, service: ToolClient, case: ToolCase) -> None:
        response = await service.call(case.contract, case.arguments, replace(ADA, scopes=("kb.search",)))
        assert_problem(response, ProblemCode.INSUFFICIENT_SCOPE, case)

    async def test_a_grant_is_no_access_token(self, service: ToolClient, case: ToolCase) -> None:
        sent = {"authorization": f"Bearer {service.grant(case.contract, '0' * 64)}", headers.IDEMPOTENCY_KEY: "k"}
        response = await service.http.post(case.contract.path, json=dict(case.arguments), headers=sent)
        assert_problem(response, ProblemCode.UNAUTHENTICATED, case)

    async def test_guests_reach_only_what_is_meant_for_them(self, service: ToolClient, case: ToolCase) -> None:
        response = await service.call(case.contract, case.arguments, GUEST)
        if not case.contract.guests:
            assert_problem(response, ProblemCode.FORBIDDEN, case)
        elif case.contract.confirmation is Confirmation.CUSTOMER:
            assert_problem(response, ProblemCode.CONFIRMATION_REQUIRED, case)
        else:
            assert response.status_code == 200, response.text

    async def test_a_proven_address_is_enough_for_reads_that_say_so_and_for_nothing_else(
        self, service: ToolClient, case: ToolCase
    ) -> None:
        guests, proven = [await service.call(case.contract, case.arguments, who) for who in (GUEST, PROVEN)]
        if case.contract.proven_address:
            assert proven.status_code == 200, proven.text
        elif case.contract.guests:
            assert proven.status_code == guests.status_code
        else:
            assert_problem(proven, ProblemCode.FORBIDDEN, case)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", ProblemCode.MALFORMED_BODY),
            (b"{", ProblemCode.MALFORMED_BODY),
            (b'{"order_id": "\xff\xfe"}', ProblemCode.MALFORMED_BODY),
            (b"[]", ProblemCode.INVALID_REQUEST),
            (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", ProblemCode.MALFORMED_BODY),
            (b'{"order_id": "' + b"x" * 1_000_000 + b'"}', ProblemCode.PAYLOAD_TOO_LARGE),
        ],
        ids=["empty", "cut_off", "bad_utf8", "array", "deep", "1_mb"],
    )
    async def test_a_bad_body_is_the_callers_error(
        self, service: ToolClient, case: ToolCase, body: bytes, code: ProblemCode
    ) -> None:
        response = await _raw(service, case.contract, body)
        assert_problem(response, code, case)

    async def test_only_a_tool_that_takes_no_arguments_is_called_without_any(
        self, service: ToolClient, case: ToolCase
    ) -> None:
        response = await _raw(service, case.contract, b"{}")
        if case.arguments:
            assert_problem(response, ProblemCode.INVALID_REQUEST, case)
        else:
            assert response.status_code == 200, response.text

    async def test_an_unknown_field_is_refused_and_named(self, service: ToolClient, case: ToolCase) -> None:
        response = await service.call(case.contract, {**case.arguments, "customer_id": "cust_ben"})
        assert_problem(response, ProblemCode.INVALID_REQUEST, case)
        assert "/customer_id" in {error["pointer"] for error in response.json()["errors"]}

    @pytest.mark.parametrize("wrong", [5, True, None, ["x"], {"x": "y"}, ""], ids=str)
    async def test_a_value_of_the_wrong_type_is_refused(self, service: ToolClient, case: ToolCase, wrong: Any) -> None:
        # A tool that takes no arguments refuses each.
        field = next(iter(case.arguments), "order_id")
        response = await service.call(case.contract, {**case.arguments, field: wrong})
        assert_problem(response, ProblemCode.INVALID_REQUEST, case)

    async def test_a_form_is_not_json(self, service: ToolClient, case: ToolCase) -> None:
        sent = service.headers_for(case.contract) | {headers.IDEMPOTENCY_KEY: "k"}
        response = await service.http.post(case.contract.path, data={"order_id": "ABC123"}, headers=sent)
        assert_problem(response, ProblemCode.UNSUPPORTED_MEDIA_TYPE, case)

    async def test_only_post_reaches_a_tool(self, service: ToolClient, case: ToolCase) -> None:
        response = await service.http.get(case.contract.path, headers=service.headers_for(case.contract))
        assert_problem(response, ProblemCode.METHOD_NOT_ALLOWED, case)

    async def test_a_deadline_that_is_over_is_honoured(self, service: ToolClient, case: ToolCase) -> None:
        sent = service.headers_for(case.contract) | {headers.IDEMPOTENCY_KEY: "late", headers.DEADLINE_MS: "0"}
        response = await service.http.post(case.contract.path, json=dict(case.arguments), headers=sent)
        assert_problem(response, ProblemCode.DEADLINE_EXCEEDED, case)

    async def test_without_the_database_the_answer_is_a_retryable_503(self, down: ToolClient, case: ToolCase) -> None:
        response = await down.call(case.contract, case.arguments)
        assert_problem(response, ProblemCode.DEPENDENCY_DOWN, case)
        assert response.json()["retryable"] is True

    async def test_a_caller_who_asks_too_often_is_told_when_to_come_back(
        self, hurried: ToolClient, case: ToolCase
    ) -> None:
        busy = replace(ADA, subject=f"cust_{secrets.token_hex(6)}")
        answers = [await hurried.call(case.contract, case.arguments, busy) for _ in range(3)]
        assert all(answer.status_code != 429 for answer in answers[:2])
        assert_problem(answers[2], ProblemCode.RATE_LIMITED, case)
        assert int(answers[2].headers[headers.RETRY_AFTER]) >= 1


class WriteConformance:
    """Inherit it for the writes; each test runs once per `write`, a `ToolCase` with `counted`."""

    async def test_a_write_needs_a_key(self, service: ToolClient, write: ToolCase) -> None:
        response = await service.http.post(
            write.contract.path, json=dict(write.arguments), headers=service.headers_for(write.contract)
        )
        assert_problem(response, ProblemCode.IDEMPOTENCY_KEY_MISSING, write)

    async def test_the_same_key_gives_the_same_bytes_and_one_effect(self, service: ToolClient, write: ToolCase) -> None:
        before, grant = await _count(service, write), await _grant(service, write)
        first = await service.call(write.contract, write.arguments, key="same", grant=grant)
        service.clock.advance(30)
        again = await service.call(write.contract, write.arguments, key="same", grant=grant)
        assert first.status_code == again.status_code == 200, first.text
        assert first.content == again.content
        assert headers.IDEMPOTENT_REPLAYED not in first.headers
        assert again.headers[headers.IDEMPOTENT_REPLAYED] == "true"
        assert await _count(service, write) == before + 1

    async def test_the_same_key_with_another_body_is_refused(self, service: ToolClient, write: ToolCase) -> None:
        grant = await _grant(service, write)
        await service.call(write.contract, write.arguments, key="reused", grant=grant)
        response = await service.call(write.contract, write.others, key="reused", grant=grant)
        assert_problem(response, ProblemCode.IDEMPOTENCY_KEY_REUSED, write)

    async def test_another_callers_key_is_another_key(self, service: ToolClient, write: ToolCase) -> None:
        grant = await _grant(service, write)
        mine = await service.call(write.contract, write.arguments, key="shared", grant=grant)
        theirs = await service.call(write.contract, write.arguments, replace(ADA, subject="cust_chi"), key="shared")
        assert mine.status_code == 200
        assert headers.IDEMPOTENT_REPLAYED not in theirs.headers
        assert theirs.content != mine.content

    async def test_twenty_at_once_have_one_effect(self, service: ToolClient, write: ToolCase) -> None:
        before, grant = await _count(service, write), await _grant(service, write)
        calls = (service.call(write.contract, write.arguments, key="crowd", grant=grant) for _ in range(20))
        responses = await asyncio.gather(*calls)
        answered = [response for response in responses if response.status_code == 200]
        assert len({response.content for response in answered}) == 1
        for response in responses:
            if response.status_code != 200:
                assert_problem(response, ProblemCode.IDEMPOTENCY_IN_FLIGHT, write)
        assert await _count(service, write) == before + 1

    async def test_what_was_not_confirmed_does_not_happen(self, service: ToolClient, write: ToolCase) -> None:
        if write.contract.confirmation is not Confirmation.CUSTOMER:
            pytest.skip("this write needs no confirmation")
        before, grant = await _count(service, write), await _grant(service, write)
        elsewhere = replace(ADA, conversation_id="cnv_" + "1" * 32)
        refused = {
            "no grant": (await service.call(write.contract, write.arguments), ProblemCode.CONFIRMATION_REQUIRED),
            "changed": (await service.call(write.contract, write.others, grant=grant), ProblemCode.GRANT_INVALID),
            "elsewhere": (
                await service.call(write.contract, write.arguments, elsewhere, grant=grant), ProblemCode.GRANT_INVALID,
            ),
            "access token": (
                await service.call(write.contract, write.arguments, grant=service.issuer.token(
                    write.contract.family.value, write.contract.scope)), ProblemCode.GRANT_INVALID,
            ),
        }  # fmt: skip
        for response, code in refused.values():
            assert_problem(response, code, write)
        assert await _count(service, write) == before

    async def test_a_grant_is_good_for_one_effect(self, service: ToolClient, write: ToolCase) -> None:
        if write.contract.confirmation is not Confirmation.CUSTOMER:
            pytest.skip("this write needs no confirmation")
        grant = await _grant(service, write)
        first = await service.call(write.contract, write.arguments, grant=grant)
        second = await service.call(write.contract, write.arguments, grant=grant)
        assert first.status_code == 200, first.text
        assert_problem(second, ProblemCode.GRANT_INVALID, write)

    async def test_an_old_grant_is_refused(self, service: ToolClient, write: ToolCase) -> None:
        if write.contract.confirmation is not Confirmation.CUSTOMER:
            pytest.skip("this write needs no confirmation")
        grant = await _grant(service, write)
        service.clock.advance(200)
        response = await service.call(write.contract, write.arguments, grant=grant)
        assert_problem(response, ProblemCode.GRANT_INVALID, write)

    async def test_a_preview_changes_nothing_and_names_the_effect(self, service: ToolClient, write: ToolCase) -> None:
        before = await _count(service, write)
        one = (await service.preview(write.contract, write.arguments)).json()
        same = (await service.preview(write.contract, write.arguments)).json()
        other = (await service.preview(write.contract, write.others)).json()
        assert one == same
        assert one["digest"] != other["digest"]
        assert one["summary"]
        assert await _count(service, write) == before


async def assert_says_what_is_down(down: ToolClient) -> None:
    """Without its database a service is alive, and not ready, and says why."""
    ready = await down.http.get("/readyz")
    assert_problem(ready, ProblemCode.DEPENDENCY_DOWN)
    assert ready.json()["detail"].startswith("database:")
    assert (await down.http.get("/livez")).status_code == 200


async def assert_runs_like_the_others(service: ToolClient, bound: set[str]) -> None:
    """Health, metrics, OpenAPI and manifest are served, and the manifest says which tools are there."""
    assert (await service.http.get("/livez")).status_code == 200
    ready = await service.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready"), ready.text
    assert "aiguy_tool_calls_total" in (await service.http.get("/metrics")).text
    family = contracts_of(next(contract.family for contract in CONTRACTS if contract.name in bound))
    manifest = (await service.http.get("/.well-known/tools.json")).json()
    assert {tool["name"]: tool["available"] for tool in manifest["tools"]} == {
        contract.name: contract.name in bound for contract in family
    }
    paths = (await service.http.get("/openapi.json")).json()["paths"]
    assert {contract.path for contract in family} <= set(paths)
    for contract in family:
        if contract.name not in bound:
            response = await service.call(contract, {})
            assert_problem(response, ProblemCode.NOT_IMPLEMENTED)


async def _grant(service: ToolClient, write: ToolCase) -> str | None:
    if write.contract.confirmation is not Confirmation.CUSTOMER:
        return None
    return await service.confirm(write.contract, write.arguments)


async def _count(service: ToolClient, write: ToolCase) -> int:
    async with service.kit.db.primary() as connection:
        found: int = await connection.fetchval(write.counted)
    return found


async def _raw(service: ToolClient, contract: AnyContract, body: bytes) -> httpx.Response:
    sent = service.headers_for(contract) | {headers.IDEMPOTENCY_KEY: "raw", "content-type": "application/json"}
    return await service.http.post(contract.path, content=body, headers=sent)


def _flawed_token(service: ToolClient, contract: AnyContract, flaw: str) -> str:
    audience, scope = contract.family.value, contract.scope
    good = service.issuer.token(audience, scope)
    claims = jwt.decode(good, options={"verify_signature": False})
    match flaw:
        case "expired":
            service.clock.advance(120)
            return good
        case "audience":
            return service.issuer.token("somewhere-else", scope)
        case "algorithm_none":
            return jwt.encode(claims, None, "none", {"typ": "at+jwt"})  # type: ignore[arg-type]
        case "stranger":
            return TestIssuer.create(clock=service.clock).token(audience, scope)
        case "too_long_lived":
            minter = service.issuer.minter
            key = minter.keys.active
            return jwt.encode(
                {**claims, "exp": claims["exp"] + 86_400}, key.private, "EdDSA", {"kid": key.kid, "typ": "at+jwt"}
            )
        case _:
            return "not.a.token"
