"""Tokens that are no good, at every endpoint: 401 or 403, said before anything else is looked at."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from contracts.errors import PROBLEM_MEDIA_TYPE
from orchestrator.api.deps import CHAT_SCOPE
from servicekit.testing import TestIssuer

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
ID, TURN = "cnv_" + "0" * 32, "trn_" + "0" * 32
STAFF_SCOPES = ("approvals:decide", "console:read", "conversations:answer", "knowledge:curate", "privacy:manage")
#: Besides those of the OpenAPI document: what is served without standing in it.
UNLISTED = {("get", "/api/agent/thread/{conversation_id}")}
#: Opened by a token of its own kind, or by a signature: see test_callbacks.py and test_email.py.
INBOUND = "/channels/email/inbound"
OTHERS = {("post", "/api/agent/tools/callback"), ("post", INBOUND)}


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": "orchestrator", "aud": "orchestrator", "sub": "cust_ada", "role": "customer", "scope": CHAT_SCOPE,
        "iat": now, "exp": now + 60, "jti": "j1",
    }  # fmt: skip
    return {key: value for key, value in (claims | changes).items() if value is not None}


def _signed(issuer: TestIssuer, typ: str = "at+jwt", **changes: Any) -> str:
    key = issuer.minter.keys.active
    return jwt.encode(_claims(**changes), key.private, "EdDSA", {"kid": key.kid, "typ": typ})


def _confused(issuer: TestIssuer, encoding: serialization.Encoding, form: serialization.PublicFormat) -> str:
    """HS256 with our *public* key as the secret: what a verifier that believes the token's own `alg` would accept."""
    key = issuer.minter.keys.active
    secret = key.private.public_key().public_bytes(encoding, form)

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    head = f"{part({'alg': 'HS256', 'kid': key.kid, 'typ': 'at+jwt'})}.{part(_claims())}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), secret)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _foreign(issuer: TestIssuer) -> str:
    """Signed with somebody else's key under our key's id."""
    stranger = TestIssuer.create().minter.keys.active.private
    return jwt.encode(_claims(), stranger, "EdDSA", {"kid": issuer.minter.keys.active.kid, "typ": "at+jwt"})


def _none(issuer: TestIssuer) -> str:
    return jwt.encode(_claims(), None, "none", {"kid": issuer.minter.keys.active.kid, "typ": "at+jwt"})  # type: ignore[arg-type]


def _tampered(issuer: TestIssuer) -> str:
    """A good token whose subject was changed afterwards."""
    head, _, signature = _signed(issuer).split(".")
    body = base64.urlsafe_b64encode(json.dumps(_claims(sub="cust_ben")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


_PEM, _RAW = serialization.Encoding.PEM, serialization.Encoding.Raw
_SPKI, _RAW_FORM = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.Raw
Make = Callable[[TestIssuer], str]
BAD: dict[str, tuple[Make, int, str]] = {
    "expired": (lambda i: _signed(i, iat=int(time.time()) - 400, exp=int(time.time()) - 200), 401, "token_expired"),
    "not_yet_valid": (lambda i: _signed(i, nbf=int(time.time()) + 60), 401, "unauthenticated"),
    "issued_in_the_future": (
        lambda i: _signed(i, iat=int(time.time()) + 100, exp=int(time.time()) + 200), 401, "unauthenticated",
    ),
    "lives_for_an_hour": (lambda i: _signed(i, exp=int(time.time()) + 3600), 401, "unauthenticated"),
    "lives_for_ever": (lambda i: _signed(i, exp=None), 401, "unauthenticated"),
    "foreign_key": (_foreign, 401, "unauthenticated"),
    "algorithm_none": (_none, 401, "unauthenticated"),
    "hs256_with_our_public_pem": (lambda i: _confused(i, _PEM, _SPKI), 401, "unauthenticated"),
    "hs256_with_our_public_bytes": (lambda i: _confused(i, _RAW, _RAW_FORM), 401, "unauthenticated"),
    "changed_afterwards": (_tampered, 401, "unauthenticated"),
    "unknown_issuer": (lambda i: _signed(i, iss="somebody"), 401, "unauthenticated"),
    "for_another_audience": (lambda i: _signed(i, aud="orders"), 401, "unauthenticated"),
    "without_an_audience": (lambda i: _signed(i, aud=None), 401, "unauthenticated"),
    "a_grant": (lambda i: _signed(i, typ="grant+jwt"), 401, "unauthenticated"),
    "no_subject": (lambda i: _signed(i, sub=None), 401, "unauthenticated"),
    "unknown_role": (lambda i: _signed(i, role="owner"), 401, "unauthenticated"),
    "garbage": (lambda _: "a.b.c", 401, "unauthenticated"),
    "far_too_long": (lambda _: "a" * 9000 + ".b.c", 401, "unauthenticated"),
    "without_the_scope": (lambda i: _signed(i, scope="orders.read_own"), 403, "insufficient_scope"),
    "with_a_longer_scope": (lambda i: _signed(i, scope="chat:send-all"), 403, "insufficient_scope"),
}  # fmt: skip


async def _endpoints(api) -> list[tuple[str, str]]:
    document = (await api.http.get("/openapi.json")).json()
    listed = {(method, path) for path, by in document["paths"].items() for method in by}
    return sorted((listed | UNLISTED) - OTHERS)


async def _call(api, method: str, path: str, headers: dict[str, str]):
    params = {"conversation_id": ID, "turn_id": TURN} if method == "get" else None
    sent = {"json": {}} if method in ("post", "put") else {}
    return await api.http.request(
        method, path.replace("{conversation_id}", ID).replace("{gap_id}", TURN), params=params, headers=headers, **sent
    )


@pytest.mark.parametrize("flaw", sorted(BAD))
async def test_a_bad_token_is_refused_everywhere(api, flaw: str) -> None:
    make, status, code = BAD[flaw]
    token = make(api.issuer)
    for method, path in await _endpoints(api):
        answer = await _call(api, method, path, {"authorization": f"Bearer {token}"})
        assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path)
        assert answer.json()["trace_id"]
        assert token not in answer.text
        assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    "header",
    [{}, {"authorization": ""}, {"authorization": "Bearer "}, {"authorization": "Basic YTpi"}, {"cookie": "token=x"}],
    ids=["none", "empty", "no_token", "basic", "cookie"],
)
async def test_no_token_is_refused_everywhere(api, header: dict[str, str]) -> None:
    for method, path in await _endpoints(api):
        answer = await _call(api, method, path, header)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)


async def test_a_body_that_cannot_be_read_is_no_way_round_the_token(api) -> None:
    for method, path in await _endpoints(api):
        if method in ("post", "put"):
            answer = await api.http.request(method, path, content=b"{", headers={"content-type": "application/json"})
            assert answer.status_code == 401, path


async def test_nor_round_what_only_staff_may_do(api) -> None:
    """A customer whose token has every scope."""
    scope = " ".join((CHAT_SCOPE, *STAFF_SCOPES))
    headers = {"authorization": f"Bearer {_signed(api.issuer, scope=scope)}", "content-type": "application/json"}
    refused = set()
    for method, path in await _endpoints(api):
        if method in ("post", "put"):
            filled = path.replace("{gap_id}", TURN)
            answer = await api.http.request(method, filled, content=b"{", headers=headers)
            refused |= {path} if answer.status_code == 403 else set()
            assert answer.status_code in (400, 403), path
    assert refused == {
        "/api/agent/approvals", "/api/agent/knowledge/documents", "/api/agent/knowledge/gaps/{gap_id}/dismiss",
        "/api/agent/privacy/erase", "/api/agent/privacy/export", "/api/agent/staff/handback",
        "/api/agent/staff/messages", "/api/agent/staff/takeover", "/api/agent/tools/phase",
        "/api/agent/tools/switches",
    }  # fmt: skip


async def test_no_token_opens_what_a_signature_does(api) -> None:
    scope = " ".join((CHAT_SCOPE, *STAFF_SCOPES))
    for role in ("customer", "staff", "service"):
        headers = {"authorization": f"Bearer {_signed(api.issuer, scope=scope, role=role)}"}
        answer = await api.http.post(INBOUND, json={"raw": "RnJvbTogYUBiLmMNCg0KaGk="}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_claims_of_this_test_are_good_ones(api) -> None:
    """Or the refusals above would prove nothing."""
    headers = {"authorization": f"Bearer {_signed(api.issuer)}"}
    assert (await api.http.post("/api/agent/conversations", json={}, headers=headers)).status_code == 201


async def test_who_somebody_is_comes_from_the_token_alone(api) -> None:
    """Identity in a query, a header or a cookie changes nothing."""
    conversation_id = await api.begin("cust_ada")
    ben = api.bearer("cust_ben") | {"x-user": "cust_ada", "x-aiguy-subject": "cust_ada", "cookie": "sub=cust_ada"}
    answer = await api.http.get(
        f"/api/agent/conversations/{conversation_id}", params={"subject": "cust_ada", "sub": "cust_ada"}, headers=ben
    )
    assert answer.status_code == 404
