"""Keys behind a JWKS URL: rotation, floods, and a server that is down."""

import asyncio

import orjson
import pytest

from contracts.errors import ProblemCode
from servicekit.auth import Issuer, KeySet, Role, TokenMinter
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpResponse
from servicekit.testing import FakeClock, FakeHttp, eventually


class Server:
    """An issuer with its JWKS endpoint, which may be down, slow or talk nonsense."""

    def __init__(self):
        self.clock = FakeClock()
        self.minter = TokenMinter(KeySet.generate(), "shop", self.clock)
        self.down = False
        self.body = None
        self.gate = None
        self.http = FakeHttp(self.respond)
        trust = Issuer("shop", jwks_url="http://shop/.well-known/jwks.json")
        self.verifier = TokenVerifier([trust], "orders", self.clock, http=self.http)

    async def respond(self, sent):
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise HttpFailure("connect")
        body = self.body if self.body is not None else orjson.dumps(self.minter.keys.jwks())
        return HttpResponse(200, {}, body)

    def token(self, subject="cust_ada"):
        return self.minter.mint(audience="orders", subject=subject, role=Role.CUSTOMER, scopes=["a"])

    def stranger(self):
        minter = TokenMinter(KeySet.generate(), "shop", self.clock)
        return minter.mint(audience="orders", subject="cust_ada", role=Role.CUSTOMER, scopes=["a"])

    @property
    def fetches(self):
        return len(self.http.sent)


async def refused(verifier, token):
    with pytest.raises(ProblemError) as caught:
        await verifier.verify(token)
    return caught.value.code


async def test_keys_are_fetched_once_for_many_tokens():
    server = Server()
    await asyncio.gather(*(server.verifier.verify(server.token(f"c{n}")) for n in range(50)))
    assert server.fetches == 1


async def test_all_who_wait_for_the_same_fetch_are_served_by_it():
    server = Server()
    server.gate = asyncio.Event()
    waiting = [asyncio.create_task(server.verifier.verify(server.token(f"c{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    server.gate.set()
    assert {caller.issuer for caller in await asyncio.gather(*waiting)} == {"shop"}
    assert server.fetches == 1


async def test_before_the_first_keys_are_there_nobody_is_let_in_and_nobody_told_that_they_are_nobody():
    server = Server()
    server.down, token = True, server.token()
    for _ in range(50):
        assert await refused(server.verifier, token) is ProblemCode.DEPENDENCY_DOWN
    assert server.fetches == 1
    server.down = False
    server.clock.advance(1.0)
    assert (await server.verifier.verify(token)).subject == "cust_ada"
    assert await refused(server.verifier, server.stranger()) is ProblemCode.UNAUTHENTICATED
    assert server.fetches == 2


async def test_a_flood_of_unknown_kids_causes_one_fetch_in_ten_seconds():
    server = Server()
    await server.verifier.verify(server.token())
    for _ in range(6):
        for _ in range(100):
            assert await refused(server.verifier, server.stranger()) is ProblemCode.UNAUTHENTICATED
        server.clock.advance(5)
    assert server.fetches == 3


async def test_a_key_set_that_is_down_does_not_matter_to_known_keys():
    server = Server()
    await server.verifier.verify(server.token())
    server.down = True
    for number in range(100):
        server.clock.advance(30)
        assert (await server.verifier.verify(server.token(f"c{number}"))).subject == f"c{number}"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": [1, {"kid": "x"}]}', b"<html>", b'{"keys": 5}'])
async def test_nonsense_from_the_key_server_keeps_the_keys_that_we_have(body):
    server = Server()
    await server.verifier.verify(server.token())
    server.body = body
    server.clock.advance(400)
    await server.verifier.verify(server.token("c2"))
    await eventually(lambda: server.fetches == 2)
    assert (await server.verifier.verify(server.token("c3"))).subject == "c3"


async def test_a_key_server_that_hangs_holds_nobody_up():
    server = Server()
    await server.verifier.verify(server.token())
    server.gate = asyncio.Event()
    server.clock.advance(400)
    async with asyncio.timeout(1):
        for n in range(20):
            assert (await server.verifier.verify(server.token(f"c{n}"))).subject == f"c{n}"
    server.gate.set()
    await eventually(lambda: server.fetches == 2)


async def test_no_valid_token_is_refused_while_keys_rotate_every_ten_seconds():
    server = Server()
    for step in range(200):
        server.clock.advance(1)
        if step % 10 == 9:
            server.minter.keys = server.minter.keys.rotate()
        await server.verifier.verify(server.token(f"c{step}"))
    assert server.fetches <= 21


async def test_a_retired_key_is_forgotten_in_the_end():
    server = Server()
    old = TokenMinter(server.minter.keys, "shop", server.clock)
    await server.verifier.verify(server.token())
    for _ in range(4):
        server.minter.keys = server.minter.keys.rotate()
    server.clock.advance(301)
    await server.verifier.verify(server.token())
    await eventually(lambda: server.fetches == 2)
    token = old.mint(audience="orders", subject="cust_ada", role=Role.CUSTOMER, scopes=["a"])
    assert await refused(server.verifier, token) is ProblemCode.UNAUTHENTICATED


async def test_a_key_that_was_taken_back_takes_back_tokens_that_were_seen_before():
    server = Server()
    seen = server.token()
    assert (await server.verifier.verify(seen)).subject == "cust_ada"
    server.minter = TokenMinter(KeySet.generate(), "shop", server.clock)
    server.clock.advance(10)
    assert (await server.verifier.verify(server.token("cust_ben"))).subject == "cust_ben"
    assert await refused(server.verifier, seen) is ProblemCode.UNAUTHENTICATED


async def test_a_token_that_was_seen_before_is_good_after_its_keys_were_fetched_anew():
    server = Server()
    seen = server.token()
    await server.verifier.verify(seen)
    server.clock.advance(10)
    assert await refused(server.verifier, server.stranger()) is ProblemCode.UNAUTHENTICATED
    assert server.fetches == 2
    assert (await server.verifier.verify(seen)).subject == "cust_ada"
