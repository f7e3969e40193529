"""Customers who talk while something is exchanged: what each of their turns came to, and what they had to bear.

A customer's browser takes up a stream that broke, and sends a message again that got no answer: with the same id it
is the same turn. Both are counted. A turn that does not come to the end that it must have is a failed one.
"""

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from contracts.headers import REQUEST_ID
from deploy.cluster import LocalCluster
from deploy.witness import account
from e2e.facts import connected
from e2e.people import ADA, Person, stranger
from e2e.soak import Held, Wanted
from e2e.visitor import Event, Visitor
from onebox.agent import new_turn_id
from servicekit.testing import eventually

#: Kinds of turns in the order in which each customer has them: all tools but those of staff.
KINDS: tuple[tuple[str, str], ...] = (
    ("order", "Where is my order ABC123?"),
    ("knowledge", "How do I return an item?"),
    ("refund", "Refund order {order} for $5"),
    ("invoice", "Send me the invoice for ABC123"),
    ("ticket", "Please open a ticket: the zip of my new tent broke after only two nights in the mountains."),
)
REFUNDED_MINOR = 500
_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
    " VALUES ($1, $2, $3, 90000, 'USD', 'Visa ending in 4242', now() - interval '3 days')"
)
_AGAIN_S = 30.0


class Customer(Visitor):
    """A visitor whose browser tries again; `resent` and `resumed` say what had to be, `heard` what was answered."""

    def __init__(self, base_url: str, token: Callable[[], str]) -> None:
        super().__init__(base_url, token, patient=True)
        self.resent: list[str] = []
        self.resumed: list[str] = []
        self.heard: list[str] = []

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """One request, and again while nobody answers it."""

        async def once() -> httpx.Response | None:
            try:
                answer = await self.http.request(method, path, json=body, headers=self.headers)
            except httpx.TransportError as error:
                self.resent.append(f"{method} {path}: {error!r}")
                return None
            said = "" if answer.is_success else answer.text[:500]
            self.heard.append(f"{method} {path} {answer.status_code} id={answer.headers.get(REQUEST_ID, '')} {said}")
            if answer.status_code < 500:
                return answer
            self.resent.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None

        return await eventually(once, _AGAIN_S)

    async def events(self, url: str, last_id: str = "") -> AsyncIterator[Event]:
        """As a visitor's; what broke is noted."""
        ended = False
        try:
            async for event in super().events(url, last_id):
                ended = event.name == "end"
                yield event
        except httpx.TransportError as error:
            self.resumed.append(f"{url}: {error!r}")
            raise
        if not ended:
            self.resumed.append(f"{url}: it ended without an end")


@dataclass
class Customers:
    """`held` are the turns that were accepted, `failed` what went wrong in words, `paid` the orders refunds are of."""

    cluster: LocalCluster
    token: Callable[[Person], Callable[[], str]]
    held: list[Held] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    paid: dict[str, str] = field(default_factory=dict)
    resent: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    _number: Any = field(default_factory=itertools.count)

    def said(self) -> str:
        """One line for people."""
        kinds = Counter(one.wanted.kind for one in self.held)
        counted = (
            f"{len(self.held)} turns {dict(kinds)}: {len(self.failed)} failed, {len(self.resumed)} streams taken up"
            f" again, {len(self.resent)} requests sent again"
        )
        return "\n  ".join([counted, *self.failed, *self.resent, *self.resumed])

    async def talk(self, over: asyncio.Event) -> None:
        """One of them, turn after turn, until it is over; each turn by a new connection to the route's weights."""
        for kind, words in itertools.cycle(KINDS):
            if over.is_set():
                return
            try:
                await self.turn(kind, words)
            except AssertionError as error:
                self.failed.append(f"{kind}: {error}")

    async def turn(self, kind: str, words: str) -> Held:
        """One turn to its end. Raises AssertionError when it does not come to the one that it must have."""
        person = stranger() if kind == "refund" else ADA
        if "{order}" in words:
            words = words.format(order=await self._charge(person))
        turn = None
        async with Customer(self.cluster.url, self.token(person)) as customer:
            try:
                turn = await customer.send(await customer.begin(), words, new_turn_id())
                held = Held(Wanted(kind, words), turn)  # type: ignore[arg-type] - kinds of ours beside the soak's
                self.held.append(held)
                await customer.follow(turn)
                if turn.events[-1].name == "confirmation":
                    held.decided = True
                    answer = await customer.decide(turn, True)
                    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
                    await customer.follow(turn, to_end=True)
                assert turn.outcome == "answered", f"{turn.turn_id} {turn.end}"
                assert held.decided or kind not in ("refund", "ticket"), f"{turn.turn_id}: nobody was asked"
            except AssertionError as error:
                raise AssertionError(f"{error}\n{account(self.cluster.home.logs, customer.heard, turn)}") from error
            else:
                return held
            finally:
                self.resent += customer.resent
                self.resumed += customer.resumed

    async def _charge(self, person: Person) -> str:
        order = f"DP{secrets.randbelow(10**8):08d}"
        async with connected(self.cluster.databases["billing"]) as connection:
            await connection.execute(_CHARGE, f"ch_{order}", order, person.subject)
        self.paid[order] = person.subject
        return order

    @asynccontextmanager
    async def talking(self, at_once: int = 4) -> AsyncIterator["Customers"]:
        """So many of them talk for as long as the block lasts, and end their last turn."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(self.talk(over))
            try:
                yield self
            finally:
                over.set()

    async def goes_on(self, turns: int = 8) -> None:
        """Returns when so many more turns have begun, and none before has failed."""
        before = len(self.held)
        await eventually(lambda: len(self.held) >= before + turns or bool(self.failed), 60 + 2 * turns)
