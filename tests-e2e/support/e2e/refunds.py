"""Hundreds of refunds through the chat, with impatient customers and busy staff, and their books afterwards."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from e2e.facts import connected, rows
from e2e.payments import Payments
from e2e.visitor import Turn, Visitor
from onebox.agent import new_turn_id
from onebox.keys import Person
from servicekit.auth.claims import Role
from servicekit.testing import eventually

_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at, provider,"
    " provider_charge) VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', now() - interval '3 days', 'stripe', $5)"
)
CAPTURED = 90_000
AT_ONCE = 12


@dataclass(slots=True)
class Intended:
    """A refund that one customer wants once. `turns` are all that were needed until a card was shown."""

    number: int
    amount: int
    hasty: bool
    turns: list[Turn] = field(default_factory=list)
    confirmed: bool = False

    @property
    def order(self) -> str:
        """The order it is about; nobody else's."""
        return f"RF{self.number:05d}"

    @property
    def person(self) -> Person:
        """Who wants it."""
        return Person(f"cust_refund_{self.number}", Role.CUSTOMER, f"Customer {self.number}", None)

    def __str__(self) -> str:
        seen = [[event.name for event in turn.events] for turn in self.turns]
        return f"{self.order} {self.amount} {[turn.turn_id for turn in self.turns]} {seen}"


def plan(number: int, dice: random.Random) -> list[Intended]:
    """Most are small, some need one member of staff, a few need two. A third of the customers click twice."""
    found = []
    for one in range(number):
        amount = dice.choices((dice.randint(100, 900), dice.randint(10_001, 50_000), dice.randint(50_001, 80_000)),
                              (80, 14, 6))[0]  # fmt: skip
        found.append(Intended(one, amount, dice.random() < 0.33))
    return found


async def take_payments(billing_url: str, wanted: list[Intended], account: Payments) -> None:
    """Each order was paid, at Stripe and in our books."""
    async with connected(billing_url) as connection:
        for one in wanted:
            charge = account.stripe.charge(CAPTURED)
            await connection.execute(_CHARGE, f"ch_{one.order}", one.order, one.person.subject, CAPTURED, charge)


@dataclass(slots=True)
class Staff:
    """Two colleagues who approve whatever waits of what is `wanted`, both at once, and click twice."""

    people: tuple[Visitor, Visitor]
    wanted: list[Intended]
    decided: int = 0

    async def work(self, over: asyncio.Event) -> None:
        """Until `over`."""
        while not over.is_set():
            for card in await self._queue():
                await asyncio.gather(*(self._approve(person, card) for person in (*self.people, self.people[0])))
            await asyncio.wait({asyncio.ensure_future(over.wait())}, timeout=0.3)

    async def _queue(self) -> list[dict[str, Any]]:
        answer = await self.people[0].call("GET", "/api/agent/approvals?limit=200")
        assert answer.status_code == 200, answer.text
        customers = {one.person.name for one in self.wanted}
        return [card for card in answer.json()["approvals"] if card["customer"] in customers]

    async def _approve(self, person: Visitor, card: dict[str, Any]) -> httpx.Response:
        body = {name: card[name] for name in ("conversation_id", "turn_id", "digest")} | {"approved": True}
        answer = await person.call("POST", "/api/agent/approvals", body)
        # 409: the other one was enough; 404: it is over already.
        assert answer.status_code in (202, 404, 409), answer.text
        self.decided += answer.status_code == 202
        return answer


@dataclass(slots=True)
class RefundSoak:
    """All refunds, some at a time."""

    wanted: list[Intended]
    visitor: Callable[[Person], Visitor]
    failed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Returns when every customer has seen the end; what they had to give up is in `failed`."""
        places = asyncio.Semaphore(AT_ONCE)

        async def hold(one: Intended) -> None:
            async with places:
                try:
                    await self._hold(one)
                except AssertionError as error:
                    told = one.turns[-1].named("end") if one.turns else None
                    self.failed.append(f"{one.order} {one.amount}, last told: {told}: {error}")

        async with asyncio.TaskGroup() as group:
            for one in self.wanted:
                group.create_task(hold(one))

    async def _hold(self, one: Intended) -> None:
        customer = self.visitor(one.person)
        await eventually(lambda: self._ask(customer, one), customer.patience_s)
        turn = one.turns[-1]
        clicks = [customer.decide(turn, True) for _ in range(2 if one.hasty else 1)]
        for answer in await asyncio.gather(*clicks):
            assert answer.status_code == 202, answer.text
        one.confirmed = True
        await customer.follow(turn, to_end=True)
        if one.hasty:
            again = await customer.decide(turn, True)
            assert again.status_code == 202, again.text

    async def _ask(self, customer: Visitor, one: Intended) -> bool:
        """True when the card is shown. While billing is away there is none, and the customer asks again: in a new
        conversation, because in the old one a person takes over from a question that was asked in vain three times.
        """
        conversation_id = await customer.begin()
        text, client_turn_id = f"Refund order {one.order} for ${one.amount / 100:.2f}", new_turn_id()
        sent = [customer.send(conversation_id, text, client_turn_id) for _ in range(2 if one.hasty else 1)]
        turns = await asyncio.gather(*sent)
        assert len({turn.turn_id for turn in turns}) == 1
        one.turns.append(await customer.follow(turns[0]))
        return one.turns[-1].events[-1].name == "confirmation"


_REFUNDS = "SELECT id, order_id, amount_minor, state FROM refunds WHERE order_id LIKE 'RF%' ORDER BY order_id"
_UNDER_WAY = "SELECT count(*) AS n FROM refunds WHERE order_id LIKE 'RF%' AND state NOT IN ('succeeded', 'failed')"


async def settled(billing_url: str, wanted: list[Intended], timeout_s: float) -> None:
    """Returns when every confirmed refund is over."""

    async def over() -> bool:
        (under_way,) = await rows(billing_url, _UNDER_WAY)
        known = await rows(billing_url, _REFUNDS)
        assert under_way["n"] == 0, [row for row in known if row["state"] not in ("succeeded", "failed")][:3]
        assert len(known) >= sum(one.confirmed for one in wanted)
        return True

    await eventually(over, timeout_s)


@dataclass(frozen=True, slots=True)
class Balance:
    """What came of all refunds, at the provider and in our books."""

    intended: int
    duplicated: list[str]
    lost: list[str]
    wrong: list[str]

    def __str__(self) -> str:
        return f"{len(self.duplicated)} of {self.intended} duplicated, {len(self.lost)} of {self.intended} lost"


async def balance(billing_url: str, wanted: list[Intended], account: Payments) -> Balance:
    """Compares customers' wishes, the provider and our books, to the cent."""
    refunds = {row["order_id"]: row for row in await rows(billing_url, _REFUNDS)}
    by_order = {f"RF{number:05d}": charge for number, charge in enumerate(account.stripe.charges)}
    confirmed = [one for one in wanted if one.confirmed]
    duplicated, lost, wrong = [], [], []
    for one in wanted:
        given = account.stripe.refunded(by_order[one.order])
        if len(given) > 1:
            duplicated.append(f"{one}: {given}")
        if one.confirmed and not given:
            lost.append(f"{one}: {refunds.get(one.order)}")
        if given and not one.confirmed:
            wrong.append(f"nobody confirmed {one}: {given}")
        if given and given[0] != one.amount:
            wrong.append(f"another amount than {one}: {given}")
        row = refunds.get(one.order)
        if given and (row is None or row["state"] != "succeeded" or row["amount_minor"] != sum(given)):
            wrong.append(f"our books say {row}, the provider {given}")
    return Balance(len(confirmed), duplicated, lost, wrong)
