"""Tokens: which are believed, and the many that are not."""

import base64
import json
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ProblemCode
from servicekit.auth import Issuer, KeySet, Role, SigningKey, TokenMinter
from servicekit.auth.claims import GRANT_TYPE
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock

KEYS = KeySet.generate()
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = b"s" * 32


def make(clock=None, **issuer):
    clock = clock or FakeClock(START)
    trust = Issuer("shop", **(issuer or {"jwks": KEYS.jwks()}))
    return TokenVerifier([trust], "orders", clock), TokenMinter(KEYS, "shop", clock), clock


def claims(**changes):
    now = int(START.timestamp())
    base = {
        "iss": "shop", "aud": "orders", "sub": "cust_ada", "role": "customer", "scope": "orders.read_own",
        "iat": now, "exp": now + 60, "jti": "t1",
    }  # fmt: skip
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def signed(changed=None, key=None, algorithm="EdDSA", **headers):
    key = key or KEYS.active.private
    return jwt.encode(changed or claims(), key, algorithm, {"kid": KEYS.active.kid, **headers})


async def refusal(verifier, token):
    with pytest.raises(ProblemError) as caught:
        await verifier.verify(token)
    assert token not in str(caught.value)
    return caught.value.code


async def test_a_good_token_gives_its_caller():
    verifier, minter, _ = make()
    token = minter.mint(
        audience="orders", subject="cust_ada", role=Role.CUSTOMER, scopes=["orders.read_own", "x"], ttl_s=60,
        actor="orchestrator", conversation_id="cnv_1", turn_id="trn_1", email="ada@example.com", name="Ada",
    )  # fmt: skip
    caller = await verifier.verify(token)
    assert (caller.subject, caller.role, caller.actor, caller.turn_id) == (
        "cust_ada",
        Role.CUSTOMER,
        "orchestrator",
        "trn_1",
    )
    assert caller.scopes == {"orders.read_own", "x"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "elsewhere"}, {"aud": "billing"}, {"aud": ["billing"]}, {"aud": None}, {"sub": None}, {"sub": ""},
        {"sub": 5}, {"sub": "a\x00b"}, {"role": None}, {"role": "admin"}, {"scope": None}, {"scope": ["a"]},
        {"jti": None}, {"iat": None}, {"iat": True}, {"iat": "now"}, {"exp": None}, {"exp": float("inf")},
        {"exp": int(START.timestamp()) + 301}, {"iat": int(START.timestamp()) + 60},
        {"nbf": int(START.timestamp()) + 60}, {"act": 5}, {"sub": "x" * 600},
    ],
    ids=str,
)  # fmt: skip
async def test_a_claim_that_is_missing_or_wrong_is_refused(changes):
    verifier, _, _ = make()
    removed = {key for key, value in changes.items() if value is None}
    body = {key: value for key, value in {**claims(), **changes}.items() if key not in removed}
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=").decode()
    header = (
        base64.urlsafe_b64encode(json.dumps({"alg": "EdDSA", "kid": KEYS.active.kid}).encode()).rstrip(b"=").decode()
    )
    signature = base64.urlsafe_b64encode(KEYS.active.private.sign(f"{header}.{payload}".encode())).rstrip(b"=").decode()
    assert await refusal(verifier, f"{header}.{payload}.{signature}") is ProblemCode.UNAUTHENTICATED


async def test_an_audience_may_be_one_of_several():
    verifier, _, _ = make()
    assert (await verifier.verify(signed(claims(aud=["orders", "billing"])))).subject == "cust_ada"


async def test_an_unsigned_token_is_refused():
    verifier, _, _ = make()
    assert await refusal(verifier, jwt.encode(claims(), None, "none")) is ProblemCode.UNAUTHENTICATED


async def test_a_public_key_never_serves_as_a_shared_secret():
    verifier, _, _ = make()
    public = KEYS.active.public_jwk()["x"].encode()
    for secret in (public, base64.urlsafe_b64decode(public + b"=")):
        token = signed(key=secret + b"\0" * 32, algorithm="HS256")
        assert await refusal(verifier, token) is ProblemCode.UNAUTHENTICATED


async def test_a_shared_secret_issuer_accepts_no_other_algorithm():
    verifier, _, _ = make(secret=SECRET, algorithms=("HS256",))
    assert (await verifier.verify(signed(key=SECRET, algorithm="HS256"))).subject == "cust_ada"
    assert await refusal(verifier, signed()) is ProblemCode.UNAUTHENTICATED
    assert await refusal(verifier, signed(key=b"t" * 32, algorithm="HS256")) is ProblemCode.UNAUTHENTICATED


async def test_shared_secrets_rotate_by_kid():
    verifier, _, _ = make(secret={"old": SECRET, "new": b"n" * 32}, algorithms=("HS256",))
    assert (await verifier.verify(signed(key=b"n" * 32, algorithm="HS256", kid="new"))).subject == "cust_ada"
    assert await refusal(verifier, signed(key=SECRET, algorithm="HS256", kid="gone")) is ProblemCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "source",
    [
        {}, {"jwks_url": "http://x", "jwks": {}}, {"secret": b"short", "algorithms": ("HS256",)},
        {"secret": SECRET, "algorithms": ("EdDSA",)}, {"jwks": {}, "algorithms": ("HS256",)},
        {"jwks": {}, "algorithms": ("none",)}, {"jwks": {}, "algorithms": ()},
    ],
    ids=str,
)  # fmt: skip
def test_an_issuer_with_an_unsafe_key_source_cannot_be_made(source):
    with pytest.raises(ValueError, match="issuer"):
        Issuer("shop", **source)


async def test_a_key_of_somebody_else_is_refused_even_under_our_kid():
    verifier, _, _ = make()
    assert await refusal(verifier, signed(key=Ed25519PrivateKey.generate())) is ProblemCode.UNAUTHENTICATED


async def test_a_critical_header_or_a_grant_type_is_refused():
    verifier, _, _ = make()
    assert await refusal(verifier, signed(crit=["x"], x=1)) is ProblemCode.UNAUTHENTICATED
    assert await refusal(verifier, signed(typ=GRANT_TYPE)) is ProblemCode.UNAUTHENTICATED


async def test_a_token_expires_also_when_it_is_remembered():
    verifier, _, clock = make()
    token = signed()
    await verifier.verify(token)
    clock.advance(64)
    await verifier.verify(token)
    clock.advance(2)
    assert await refusal(verifier, token) is ProblemCode.TOKEN_EXPIRED
    assert await refusal(verifier, token) is ProblemCode.TOKEN_EXPIRED


def test_we_never_mint_a_token_of_more_than_five_minutes():
    _, minter, _ = make()
    with pytest.raises(ValueError, match="300"):
        minter.mint(audience="a", subject="s", role=Role.STAFF, scopes=[], ttl_s=301)


def test_extra_claims_cannot_replace_our_own():
    _, minter, _ = make()
    token = minter.mint(
        audience="orders",
        subject="cust_ada",
        role=Role.CUSTOMER,
        scopes=["a"],
        extra={"sub": "cust_ben", "scope": "all", "k": 1},
    )
    body = jwt.decode(token, options={"verify_signature": False})
    assert (body["sub"], body["scope"], body["k"]) == ("cust_ada", "a", 1)


@settings(max_examples=1000, deadline=None)
@given(data=st.data())
async def test_no_mutation_of_a_good_token_is_accepted(data):
    verifier, _, _ = make()
    token = signed()
    position = data.draw(st.integers(0, len(token) - 1))
    kind = data.draw(st.sampled_from(["replace", "delete", "insert", "cut", "swap"]))
    char = data.draw(st.sampled_from("ABCxyz019-_.=é\n "))
    mutated = {
        "replace": token[:position] + char + token[position + 1 :],
        "delete": token[:position] + token[position + 1 :],
        "insert": token[:position] + char + token[position:],
        "cut": token[:position],
        "swap": ".".join(reversed(token.split("."))),
    }[kind]
    if mutated == token or _same_signature_bytes(mutated, token):
        return
    with pytest.raises(ProblemError):
        await verifier.verify(mutated)


def _same_signature_bytes(mutated: str, token: str) -> bool:
    # The last character of base64 has bits that carry nothing.
    return mutated[:-1] == token[:-1]


@pytest.mark.parametrize(
    "junk", ["", "a", "..", "a.b.c", "." * 9000, "e30.e30.", "é.é.é", "bnVsbA.bnVsbA.x", "\x00.\x00.\x00"]
)
async def test_junk_is_refused_without_a_crash(junk):
    verifier, _, _ = make()
    with pytest.raises(ProblemError):
        await verifier.verify(junk)


def test_keys_survive_the_disk_and_stay_private(tmp_path):
    keys = KeySet.generate().rotate()
    keys.save(tmp_path / "keys.json")
    loaded = KeySet.load(tmp_path / "keys.json")
    assert loaded.jwks() == keys.jwks()
    assert loaded.active.kid == keys.active.kid
    assert loaded.next is not None
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert "d" not in loaded.jwks()["keys"][0]


def test_a_folder_of_keys_signs_with_the_one_that_is_named(tmp_path):
    for kid in ("k1", "k2"):
        SigningKey.generate(kid).save(tmp_path / f"{kid}.json")
    assert KeySet.load(tmp_path).active.kid == "k2"
    (tmp_path / "active").write_text("k1\n")
    assert KeySet.load(tmp_path).active.kid == "k1"
    assert {key["kid"] for key in KeySet.load(tmp_path).jwks()["keys"]} == {"k1", "k2"}


def test_the_next_key_is_published_before_it_signs():
    keys = KeySet.generate()
    for _ in range(5):
        published = {key["kid"] for key in keys.jwks()["keys"]}
        retired, keys = keys.active.kid, keys.rotate()
        assert keys.active.kid in published
        assert retired in {key["kid"] for key in keys.jwks()["keys"]}


async def test_an_issuer_of_staff_signs_in_staff_of_its_site_and_nobody_else():
    verifier, _, _ = make(jwks=KEYS.jwks(), staff_of="customers-of-the-shop")
    caller = await verifier.verify(signed(claims(role="staff")))
    assert (caller.issuer, caller.site) == ("shop", "customers-of-the-shop")
    for role in ("customer", "guest", "service"):
        assert await refusal(verifier, signed(claims(role=role))) is ProblemCode.UNAUTHENTICATED


async def test_without_a_word_about_it_staff_are_of_their_own_issuers_site():
    verifier, _, _ = make()
    assert (await verifier.verify(signed(claims(role="staff")))).site == "shop"
