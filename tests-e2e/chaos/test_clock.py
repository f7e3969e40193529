"""One service's clock is wrong, by seconds and by minutes, and jumps while customers talk.

Tokens are good for LEEWAY_S either way of their life, and that is all the difference that clocks may have. Beyond it
nobody is believed: customers are told that something does not work, no money moves, and when the clock is right again
everything goes on by itself. Postgres and Valkey have clocks of their own: how long a lease, a card for staff, or a
limit holds is theirs to say.
"""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from contracts.errors import PROBLEM_MEDIA_TYPE
from e2e.facts import rows
from e2e.people import ADA
from e2e.refunds import Intended
from e2e.visitor import Turn, Visitor
from onebox.ports import ORCHESTRATOR
from servicekit.auth.claims import LEEWAY_S
from servicekit.testing import eventually

from .stores_support import AMOUNT, SETTLED_S, Shop, new_home, open_shop

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ROOT = Path(__file__).parents[2]
#: Still the same time to everybody, whatever a request takes.
NEAR_S = LEEWAY_S - 2
PER_MINUTE = 20
SKEWED = ("orders", "billing", "tickets")
_STATUS = "SELECT status FROM turns WHERE id = $1"
_LEDGER = "SELECT amount_minor FROM ledger_refunds WHERE charge_id = $1"


def _library() -> str | None:
    return next((str(one) for one in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def library_or_give_up() -> str:
    """Path of libfaketime, installed when root may; else one loud skip, and a failure where servers are required."""
    if (found := _library()) is not None:
        return found
    done = subprocess.run([ROOT / ".ci" / "packages", "clock"], capture_output=True, text=True, check=False)
    if (found := _library()) is not None:
        return found
    message = f"NO CLOCK WAS SET WRONG: libfaketime is missing. {done.stdout[-300:]}"
    if os.environ.get("AIGUY_TEST_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The wall clocks of services, each in a file; what measures durations stays right."""

    shop: Shop
    directory: Path

    def environment(self, service: str, library: str) -> dict[str, str]:
        """What makes a service read its clock here."""
        self.set(service, 0)
        return {
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self._file(service)), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        }  # fmt: skip

    def set(self, service: str, by_s: int) -> None:
        """The clock of a service is so many seconds ahead from now on."""
        partial = self._file(service).with_suffix(".new")
        partial.write_text(f"{by_s:+d}s\n")
        partial.replace(self._file(service))

    @contextmanager
    def off(self, service: str, by_s: int) -> Iterator[None]:
        """Inside the block it is."""
        self.set(service, by_s)
        try:
            yield
        finally:
            self.set(service, 0)

    def _file(self, service: str) -> Path:
        return self.directory / service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clocks() -> AsyncIterator[Clocks]:
    """A machine on which the clocks of some services can be set."""
    library = library_or_give_up()
    with new_home("clock") as home:
        (home / "clocks").mkdir()
        async with open_shop(home) as shop:
            made = Clocks(shop, home / "clocks")
            told = {service: made.environment(service, library) for service in (*SKEWED, ORCHESTRATOR)}
            told["tickets"]["AIGUY_RATE_LIMIT_PER_MINUTE"] = str(PER_MINUTE)
            await asyncio.gather(*(shop.machine.stack.restart(service, told[service]) for service in SKEWED))
            await shop.machine.stack.restart(ORCHESTRATOR, told[ORCHESTRATOR])
            yield made


@dataclass(frozen=True, slots=True)
class Skew:
    """A clock that is `by_s` ahead, and what customers meet: `refused` is the problem's code of whoever writes at all;
    `order` and `refund` whether a question about an order, and a refund, still work.
    """

    service: str
    by_s: int
    order: bool = True
    refund: bool = True
    refused: str = ""

    def __str__(self) -> str:
        return f"{self.service}{self.by_s:+d}s"


#: Tokens of calls live for a minute from the orchestrator's clock on, those of customers for five from the site's.
SKEWS = (
    *(Skew(service, by_s) for service in ("orders", "billing", ORCHESTRATOR) for by_s in (NEAR_S, -NEAR_S)),
    *(Skew("orders", by_s, order=False) for by_s in (90, -90, 600, -600)),
    *(Skew("billing", by_s, refund=False) for by_s in (90, -90, 600, -600)),
    Skew(ORCHESTRATOR, 90, order=False, refund=False),
    Skew(ORCHESTRATOR, -90, refused="unauthenticated"),
    Skew(ORCHESTRATOR, 600, refused="token_expired"),
    Skew(ORCHESTRATOR, -600, refused="unauthenticated"),
)  # fmt: skip
#: What nobody is told when a service is wrong about the time: it is not the customer's doing.
BLAME = "for your account"


async def _told(visitor: Visitor, text: str) -> Turn:
    turn = await visitor.say(text)
    assert turn.events[-1].name == "confirmation" or (turn.text and BLAME not in turn.text), turn.events[-1]
    return turn


async def _given(shop: Shop, one: Intended) -> list[int]:
    return [row["amount_minor"] for row in await rows(shop.ledger, _LEDGER, f"ch_{one.order}")]


async def _refunded(visitor: Visitor, turn: Turn) -> Turn:
    assert (await visitor.decide(turn, True)).status_code == httpx.codes.ACCEPTED
    return await visitor.follow(turn, to_end=True)


@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_a_wrong_clock_moves_no_money_and_blames_nobody(clocks: Clocks, skew: Skew) -> None:
    shop, words = clocks.shop, f"Refund order {{}} for ${AMOUNT / 100:.2f}"
    (wanted,) = await shop.paid(1)
    asking, refunding = shop.visit(ADA, patient=False), shop.visit(wanted.person, patient=False)
    await shop.machine.wipe_redis()  # an answer of the cache would not have to be asked for
    with clocks.off(skew.service, skew.by_s):
        if skew.refused:
            answer = await asking.call("POST", "/api/agent/conversations", {"channel": "web"})
            assert (answer.status_code, answer.json()["code"]) == (401, skew.refused)
            assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
        else:
            order = await _told(asking, "Where is my order ABC123?")
            assert (order.outcome == "answered", "Parcelway" in order.text) == (skew.order, skew.order)
            refund = await _told(refunding, words.format(wanted.order))
            assert (refund.events[-1].name == "confirmation") is skew.refund
            if skew.refund:
                assert (await _refunded(refunding, refund)).outcome == "answered"
            assert await _given(shop, wanted) == [AMOUNT] * skew.refund
    # A breaker that has opened meanwhile rests for a second, and a key that was looked for in vain for some.
    await eventually(lambda: _answers(asking), SETTLED_S)
    if not await _given(shop, wanted):
        again = await eventually(lambda: _card(refunding, words.format(wanted.order)), SETTLED_S)
        assert (await _refunded(refunding, again)).outcome == "answered"
    assert await shop.not_given_back_once([wanted]) == []


async def _card(visitor: Visitor, words: str) -> Turn | None:
    turn = await _told(visitor, words)
    return turn if turn.named("confirmation") else None


async def _answers(visitor: Visitor) -> bool:
    return "Parcelway" in (await _told(visitor, "Where is my order ABC123?")).text


@pytest.mark.parametrize("by_s", [90, -90])
async def test_a_clock_that_jumps_behind_a_yes_delays_the_refund_and_makes_it_once(clocks: Clocks, by_s: int) -> None:
    (wanted,) = await clocks.shop.paid(1)
    visitor = clocks.shop.visit(wanted.person, patient=False)
    turn = await visitor.say(f"Refund order {wanted.order} for ${AMOUNT / 100:.2f}")
    with clocks.off("billing", by_s):
        assert (await visitor.decide(turn, True)).status_code == httpx.codes.ACCEPTED
        # Whether it was done nobody can know until billing believes us again: it is neither given up nor denied.
        await eventually(lambda: _waits(clocks.shop, turn), 20)
        assert await _given(clocks.shop, wanted) == []
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "answered"
    assert await clocks.shop.not_given_back_once([wanted]) == []


async def _waits(shop: Shop, turn: Turn) -> bool:
    (row,) = await rows(shop.machine.database(ORCHESTRATOR), _STATUS, turn.turn_id)
    return bool(row["status"] == "waiting")


async def test_a_limit_holds_for_as_long_as_it_did_whatever_the_time_is(clocks: Clocks) -> None:
    url = f"{clocks.shop.machine.stack.url('tickets')}/tools/create_ticket"
    async with httpx.AsyncClient() as client:
        first = [(await client.post(url, json={})).status_code for _ in range(PER_MINUTE + 1)]
        # What earlier tests asked of tickets counts too.
        assert first[-1] == httpx.codes.TOO_MANY_REQUESTS
        for by_s in (90, -90, 600, -600):
            with clocks.off("tickets", by_s):
                refused = await client.post(url, json={})
                assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
                assert 0 < int(refused.headers["retry-after"]) <= 120
