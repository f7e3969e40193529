"""Ten thousand tokens that were tampered with, a thousand good ones, and keys that rotate while many verify.

One case each, with what is wrong in words, is in `test_verification.py` and `test_key_sources.py`.
"""

import asyncio
import base64
import itertools
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from servicekit.auth import Issuer, KeySet, Role, TokenMinter
from servicekit.auth.keysources import MIN_FETCH_INTERVAL_S
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpResponse
from servicekit.testing import FakeClock, FakeHttp
from servicekit.testing.clock import START

KEYS = KeySet.generate()
STRANGER = Ed25519PrivateKey.generate()
NOW = int(START.timestamp())
SERVICES = ("orders", "billing", "tickets", "retrieval", "orchestrator")
TAMPERED, GOOD = 10_000, 1_000
PUBLIC = KEYS.active.private.public_key()
#: Everything that is public and might be taken for a shared secret.
PUBLIC_FORMS = (
    PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    PUBLIC.public_bytes(Encoding.Raw, PublicFormat.Raw),
    KEYS.active.public_jwk()["x"].encode(),
    json.dumps(KEYS.active.public_jwk()).encode(),
    json.dumps(KEYS.jwks()).encode(),
)
KIDS: tuple[Any, ...] = (
    "", None, 0, True, [], [KEYS.active.kid], {"kid": KEYS.active.kid}, "../../etc/passwd", "/dev/null", "' OR 1=1 --",
    KEYS.active.kid + "\x00", KEYS.active.kid.upper() + "x", "k" * 5000, "http://127.0.0.1/jwks.json",
    KEYS.next.kid if KEYS.next else "next",
)  # fmt: skip
Draw = Callable[[random.Random], str]


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims(**changes: Any) -> dict[str, Any]:
    base = {
        "iss": "shop", "aud": "orders", "sub": "cust_ada", "role": "customer", "scope": "orders.read_own",
        "iat": NOW, "exp": NOW + 60, "jti": "t1",
    }  # fmt: skip
    return {**base, **changes}


def written(header: Mapping[str, Any], body: Mapping[str, Any] | bytes, sign: Callable[[bytes], bytes]) -> str:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = f"{encode(json.dumps(header).encode())}.{encode(content)}"
    return f"{signed}.{encode(sign(signed.encode()))}"


def ours(body: Mapping[str, Any] | bytes, **header: Any) -> str:
    """A token with a signature that is really ours."""
    return written({"alg": "EdDSA", "kid": KEYS.active.kid, **header}, body, KEYS.active.private.sign)


def theirs(body: Mapping[str, Any], **header: Any) -> str:
    return written({"alg": "EdDSA", "kid": KEYS.active.kid, **header}, body, STRANGER.sign)


TOKEN = ours(claims(), typ="at+jwt")


def flipped(draw: random.Random) -> str:
    """One bit of the header, the claims or the signature."""
    parts = TOKEN.split(".")
    place = draw.randrange(3)
    content = bytearray(decode(parts[place]))
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    parts[place] = encode(bytes(content))
    return ".".join(parts)


def edited(draw: random.Random) -> str:
    """A character more, less or other: also one that a lenient decoder would pass over."""
    place, char = draw.randrange(len(TOKEN)), draw.choice("ABCxyz019-_.=+/é\n \t\x00Ａ\u200b")
    return draw.choice(
        [TOKEN[:place] + char + TOKEN[place + 1 :], TOKEN[:place] + TOKEN[place + 1 :], TOKEN[:place],
         TOKEN[:place] + char + TOKEN[place:], TOKEN + char * draw.randrange(1, 4), TOKEN[place:] + TOKEN[:place]]
    )  # fmt: skip


def unsigned(draw: random.Random) -> str:
    algorithm = draw.choice(["none", "None", "NONE", "nOnE", "", None, "EdDSA"])
    return written({"alg": algorithm, "kid": KEYS.active.kid}, claims(jti=str(draw.random())), lambda _: b"")


def with_the_public_key(draw: random.Random) -> str:
    algorithm = draw.choice(["HS256", "HS384", "HS512"])
    hashed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    key, body = draw.choice(PUBLIC_FORMS), claims(jti=str(draw.random()))
    return written({"alg": algorithm, "kid": KEYS.active.kid}, body, lambda signed: hashed.sign(signed, key))


def under_another_kid(draw: random.Random) -> str:
    body, kid = claims(jti=str(draw.random())), draw.choice(KIDS)
    return draw.choice([ours, theirs])(body, kid=kid)


def with_its_own_key(draw: random.Random) -> str:
    """The header brings the key, or says where it is."""
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    brought = {
        "jwk": {**jwk, "kid": "mine"}, "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"], "x5t": "AAAA", "crit": ["jwk"],
    }  # fmt: skip
    names = draw.sample(sorted(brought), draw.randrange(1, 4))
    kid = draw.choice(["mine", KEYS.active.kid, draw.choice(["", "evil"])])
    return theirs(claims(jti=str(draw.random())), kid=kid, **{name: brought[name] for name in names})


def with_other_claims(draw: random.Random) -> str:
    """Our header and our signature around claims that we did not sign."""
    header, _, signature = TOKEN.split(".")
    changed = draw.choice(
        [{"sub": f"cust_{draw.randrange(9**9)}"}, {"role": "staff"}, {"scope": "billing.refund " + str(draw.random())},
         {"exp": NOW + draw.randrange(61, 300)}, {"aud": ["orders", "billing", str(draw.random())]}]
    )  # fmt: skip
    body = json.dumps(claims(**changed)).encode()
    if draw.random() < 0.3:  # the same claim twice: whichever a parser takes, it is not what was signed
        body = json.dumps(claims())[:-1].encode() + b', "sub": "cust_%d"}' % draw.randrange(9**9)
    return f"{header}.{encode(body)}.{signature}"


def out_of_time(draw: random.Random) -> str:
    far = draw.randrange(7, 10**9)
    return ours(claims(**draw.choice(
        [{"iat": NOW - far - 60, "exp": NOW - far}, {"iat": NOW + far, "exp": NOW + far + 60}, {"nbf": NOW + far},
         {"exp": NOW + 300 + far}, {"exp": NOW}, {"exp": NOW - far}, {"exp": str(NOW + 60)}, {"iat": None},
         {"exp": 10**400}, {"exp": True}, {"exp": None}]
    ), ))  # fmt: skip


def for_somebody_else(draw: random.Random) -> str:
    some = str(draw.random())
    return ours(claims(**draw.choice(
        [{"aud": draw.choice(SERVICES[1:])}, {"aud": "orders#grant"}, {"aud": ["billing", some]}, {"aud": some},
         {"aud": {"orders": True}}, {"aud": "ORDERS"}, {"aud": None}, {"iss": some}, {"iss": "Shop"}, {"iss": ["shop"]},
         {"iss": "shop "}, {"iss": None}, {"role": some}, {"role": ["customer"]}, {"sub": ""}, {"sub": 5},
         {"sub": None}, {"sub": "x" * draw.randrange(513, 3000)}, {"sub": "a\x00" + some}, {"scope": [some]},
         {"jti": None}]
    )))  # fmt: skip


def of_another_type(draw: random.Random) -> str:
    kind = draw.choice(["grant+jwt", "GRANT+JWT", "id+jwt", "JWE", "", "at+jwt\x00", None, 5])
    return ours(claims(jti=str(draw.random())), typ=kind)


def junk(draw: random.Random) -> str:
    size = draw.choice([0, 1, 10, 300, 8192, 100_000])
    text = "".join(draw.choices("aZ09-_.=é\u202e\U0001f600", k=min(size, 300))) * (1 + size // 300)
    huge = ours(claims(pad="x" * draw.randrange(8200, 20_000)))
    return draw.choice([text, f"{text}.{text}.{text}", huge, TOKEN + "." + text, "." * size, f"{TOKEN},{TOKEN}"])


KINDS: tuple[Draw, ...] = (
    flipped, edited, unsigned, with_the_public_key, under_another_kid, with_its_own_key, with_other_claims, out_of_time,
    for_somebody_else, of_another_type, junk,
)  # fmt: skip


def verifier(audience: str = "orders", clock: FakeClock | None = None) -> TokenVerifier:
    return TokenVerifier([Issuer("shop", jwks=KEYS.jwks())], audience, clock or FakeClock())


async def accepted(by: TokenVerifier, token: str) -> bool:
    try:
        await by.verify(token)
    except ProblemError:
        return False
    return True


async def test_of_ten_thousand_tampered_tokens_none_is_accepted() -> None:
    draw, orders = random.Random(11), verifier()
    assert await accepted(orders, TOKEN)
    for number in range(TAMPERED):
        token = TOKEN
        while token == TOKEN:
            token = KINDS[number % len(KINDS)](draw)
        assert not await accepted(orders, token), (KINDS[number % len(KINDS)].__name__, token[:2000])


async def test_of_a_thousand_good_tokens_none_is_refused_where_it_is_for_and_all_are_elsewhere() -> None:
    draw, clock = random.Random(12), FakeClock()
    services = {name: verifier(name, clock) for name in SERVICES}
    minter = TokenMinter(KEYS, "shop", clock)
    for number in range(GOOD):
        audience, role, ttl_s = draw.choice(SERVICES), draw.choice(list(Role)), draw.randrange(1, 301)
        subject = draw.choice([f"cust_{number}", "ä" * 40, "a b/c", "\U0001f600", "x" * 512, "' OR 1=1 --"])
        token = minter.mint(
            audience=audience, subject=subject, role=role, scopes=["a", f"s{number}"], ttl_s=ttl_s,
            email=draw.choice([None, "ada@example.com"]), conversation_id=draw.choice([None, "cnv_1"]),
        )  # fmt: skip
        clock.advance(draw.choice([0, ttl_s, ttl_s + 5]))
        caller = await services[audience].verify(token)
        assert (caller.subject, caller.role, caller.scopes) == (subject, role, {"a", f"s{number}"})
        for name, service in services.items():
            assert await accepted(service, token) is (name == audience), (name, audience)


class Fleet:
    """Services that fetch the keys of one issuer; `fetched` is when each did."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.minter = TokenMinter(KeySet.generate(), "shop", self.clock)
        self.down = False
        self.fetched: dict[str, list[float]] = {name: [] for name in SERVICES}
        trust = Issuer("shop", jwks_url="http://shop/.well-known/jwks.json")
        self.services = {
            name: TokenVerifier([trust], name, self.clock, http=FakeHttp(self._answers(name))) for name in SERVICES
        }

    def _answers(self, name: str) -> Callable[[Any], Any]:
        async def respond(sent: Any) -> HttpResponse:
            self.fetched[name].append(self.clock.monotonic())
            await asyncio.sleep(0)
            if self.down:
                raise HttpFailure("connect")
            return HttpResponse(200, {}, orjson.dumps(self.minter.keys.jwks()))

        return respond

    def tokens(self, number: int) -> list[tuple[str, str]]:
        """One for each service, for as long as a token may live."""
        told = {"role": Role.CUSTOMER, "scopes": ["a"], "ttl_s": 300}
        return [(name, self.minter.mint(audience=name, subject=f"c{number}", **told)) for name in SERVICES]

    def strangers(self, count: int) -> list[tuple[str, str]]:
        """Tokens with key ids that nobody knows."""
        minter = TokenMinter(KeySet.generate(), "shop", self.clock)
        return [
            (name, minter.mint(audience=name, subject="c", role=Role.CUSTOMER, scopes=["a"]))
            for name in itertools.islice(itertools.cycle(SERVICES), count)
        ]

    async def accepted(self, tokens: list[tuple[str, str]]) -> list[bool]:
        return await asyncio.gather(*(accepted(self.services[name], token) for name, token in tokens))


async def test_while_keys_rotate_every_ten_seconds_many_clients_are_never_refused_in_spite_of_a_flood() -> None:
    fleet, draw, alive = Fleet(), random.Random(13), []
    for second in range(330):
        if second % 10 == 0 and second:
            fleet.minter.keys = fleet.minter.keys.rotate(keep=31)  # as many as sign within the life of a token
        alive = [*alive, *((second, one) for one in fleet.tokens(second))]
        alive = [(born, one) for born, one in alive if second - born <= 300]
        asked = [one for _, one in draw.sample(alive, min(10, len(alive)))] + [one for _, one in alive[-5:]]
        answers = await fleet.accepted(asked + fleet.strangers(10))
        assert all(answers[: len(asked)]), second
        assert not any(answers[len(asked) :])
        fleet.clock.advance(1)
    for times in fleet.fetched.values():
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert times
        assert min(gaps) >= MIN_FETCH_INTERVAL_S


async def test_while_the_key_server_is_down_known_keys_serve_and_a_flood_does_not_knock_more_often() -> None:
    fleet = Fleet()
    assert all(await fleet.accepted(fleet.tokens(0)))
    fleet.down = True
    for second in range(60):
        fleet.clock.advance(1)
        answers = await fleet.accepted(fleet.tokens(second) + fleet.strangers(20))
        assert all(answers[:5])
        assert not any(answers[5:])
    for times in fleet.fetched.values():
        assert len(times) <= 1 + 60 / MIN_FETCH_INTERVAL_S
