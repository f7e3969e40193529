"""A process that dies at any commit, or while the provider works: the money moves once, whoever carries on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest

from billing.app import build
from billing.providers.ledger import LedgerProvider
from billing.providers.port import ProviderRefund, RefundOrder
from billing.settings import Settings
from contracts.tools.billing import APPROVE_REFUND, ISSUE_REFUND
from servicekit.app import KitFactory
from servicekit.context import Kit
from servicekit.db.pool import Connection, Database
from servicekit.settings import ServiceSettings
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient, tool_service

from .shop import KIM, Paid, approval, asking, given_back, history, look, paid, refund, somebody, sweep

pytestmark = pytest.mark.service
TIMES = 25


class Killed(Exception):
    """Nothing of the process runs after this."""


@dataclass
class Death:
    """When a call's process dies: around its `commit`th commit, `before` or after it. 0: never."""

    commit: int = 0
    before: bool = True
    seen: int = 0


_DEATH: ContextVar[Death] = ContextVar("death", default=Death())  # noqa: B039 - the default never dies


class MortalDatabase(Database):
    """Dies with the call that it works for."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits, unless the process dies just before; or dies just after."""
        death = _DEATH.get()
        async with super().transaction() as connection:
            yield connection
            death.seen += 1
            mine = death.seen == death.commit
            if mine and death.before:
                raise Killed
        if mine:
            raise Killed


@pytest.fixture
async def mortal(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    """The service; its own sweeps are off, so that tests say when they happen."""

    def app(open_kit: KitFactory):  # type: ignore[no-untyped-def]
        @asynccontextmanager
        async def mortal_kit(given: ServiceSettings) -> AsyncIterator[Kit]:
            async with open_kit(given) as kit:
                kit.db = MortalDatabase(kit.db.pool)
                yield kit

        return build(settings.model_copy(update={"refund_reconcile_every_s": 0}), kit_factory=mortal_kit)

    async with tool_service(app, clock) as client:
        yield client


async def dying(call: Callable[[], Awaitable[httpx.Response]], death: Death) -> httpx.Response:
    """The call, in a process that dies then."""
    _DEATH.set(death)  # gather gives each of them a context of its own
    return await call()


# T1, `submitted`, the ledger's own row, the end, the answer.
COMMITS = range(1, 6)
points = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
commits = pytest.mark.parametrize("commit", COMMITS)


@points
@commits
async def test_a_refund_that_is_tried_again_is_made_once(mortal: ToolClient, commit: int, before: bool) -> None:
    async def customer(number: int) -> None:
        order = await paid(mortal, 9_000, somebody())
        arguments, key = asking(order, 100), f"{commit}{before}{number}{order}"
        grant = await mortal.confirm(ISSUE_REFUND, arguments, order.who)

        async def call() -> httpx.Response:
            return await mortal.call(ISSUE_REFUND, arguments, order.who, key=key, grant=grant)

        assert (await asyncio.create_task(dying(call, Death(commit, before)))).status_code == 500
        again = await call()
        assert (again.status_code, again.json()["state"]) == (200, "succeeded"), again.text
        assert (await call()).content == again.content
        await _made_once(mortal, order, again.json()["refund_request_id"])

    await asyncio.gather(*map(customer, range(TIMES)))


@points
@commits
async def test_a_refund_that_nobody_comes_back_to_is_made_once_or_never_begun(
    mortal: ToolClient, clock: FakeClock, commit: int, before: bool
) -> None:
    async def customer(number: int) -> Paid:
        order = await paid(mortal, 9_000, somebody())
        arguments = asking(order, 100)
        grant = await mortal.confirm(ISSUE_REFUND, arguments, order.who)

        async def call() -> httpx.Response:
            return await mortal.call(ISSUE_REFUND, arguments, order.who, grant=grant)

        assert (await asyncio.create_task(dying(call, Death(commit, before)))).status_code == 500
        return order

    orders = await asyncio.gather(*map(customer, range(TIMES)))
    clock.advance(60)
    while await sweep(mortal):
        clock.advance(3600)
    begun = (commit, before) != (1, True)
    for order in orders:
        await _made_once(mortal, order, await _refund_of(mortal, order), begun=begun)


@points
@commits
async def test_an_approval_that_is_tried_again_is_made_once(mortal: ToolClient, commit: int, before: bool) -> None:
    async def colleague(number: int) -> None:
        order = await paid(mortal, 90_000, somebody())
        arguments = {"refund_request_id": (await refund(mortal, order, 20_000)).json()["refund_request_id"]}
        digest = (await mortal.preview(APPROVE_REFUND, arguments, order.who)).json()["digest"]
        grant = approval(mortal, digest, [KIM], order.who)

        async def call() -> httpx.Response:
            return await mortal.call(APPROVE_REFUND, arguments, order.who, key=f"{order}", grant=grant)

        assert (await asyncio.create_task(dying(call, Death(commit, before)))).status_code == 500
        again = await call()
        assert (again.status_code, again.json()["state"]) == (200, "succeeded"), again.text
        await _made_once(mortal, order, arguments["refund_request_id"], amount=20_000)

    await asyncio.gather(*map(colleague, range(TIMES)))


@commits
async def test_whoever_is_first_to_carry_on_the_money_moves_once(
    mortal: ToolClient, clock: FakeClock, commit: int
) -> None:
    """The customer's next try and the sweep at the same moment."""

    async def customer(number: int) -> None:
        order = await paid(mortal, 9_000, somebody())
        arguments = asking(order, 100)
        grant = await mortal.confirm(ISSUE_REFUND, arguments, order.who)

        async def call() -> httpx.Response:
            return await mortal.call(ISSUE_REFUND, arguments, order.who, key=f"{order}", grant=grant)

        await asyncio.create_task(dying(call, Death(commit, before=False)))
        clock.advance(6)
        again, *_ = await asyncio.gather(call(), sweep(mortal), sweep(mortal))
        assert (again.status_code, again.json()["state"]) == (200, "succeeded"), again.text
        await _made_once(mortal, order, again.json()["refund_request_id"])

    for number in range(TIMES):
        await customer(number)


class WatchingLedger(LedgerProvider):
    """Looks at our books, from another connection, while it is asked."""

    seen: ClassVar[list[str]] = []

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """Carries it out as the ledger does."""
        async with self._db.primary() as connection:
            rows = await connection.fetch(
                "SELECT kind FROM refund_events WHERE refund_request_id = $1 ORDER BY seq", order.refund_request_id
            )
        self.seen.extend(row["kind"] for row in rows)
        return await super().refund(order)


async def test_before_the_provider_is_asked_our_books_say_so(settings: Settings, clock: FakeClock) -> None:
    """Else a refund that the books call untouched might have been made."""
    providers = {"ledger": lambda kit: WatchingLedger(kit.db)}
    async with tool_service(lambda kit: build(settings, kit_factory=kit, open_providers=providers), clock) as service:
        await refund(service, await paid(service, 9_000), 100)
    assert WatchingLedger.seen == ["requested", "confirmed", "approved", "submitted"]


async def _made_once(
    service: ToolClient, order: Paid, refund_id: str | None, *, begun: bool = True, amount: int = 100
) -> None:
    assert await given_back(service, order) == ([amount] if begun else [])
    assert (refund_id is not None) is begun
    if refund_id is not None:
        assert (await look(service, refund_id, order.who))["state"] == "succeeded"
        happened = [state for state, _ in await history(service, refund_id)]
        assert happened == ["requested", "confirmed", "approved", "submitted", "succeeded"]


async def _refund_of(service: ToolClient, order: Paid) -> str | None:
    async with service.kit.db.primary() as connection:
        found: str | None = await connection.fetchval("SELECT id FROM refunds WHERE order_id = $1", order.id)
    return found
