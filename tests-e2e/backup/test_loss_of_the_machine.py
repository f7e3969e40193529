"""The machine is lost and comes back from its backup: what was said, who was erased, and whose money was given back."""

import asyncio
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from e2e.approving import confirmed
from e2e.chatter import chattering
from e2e.facts import connected, rows
from e2e.machine import Machine
from e2e.payments import Payments, payments
from e2e.people import ADA, stranger
from e2e.shop import Paid, paid_order
from e2e.visitor import Visitor
from onebox.audit import show_chains
from onebox.backup.__main__ import run as run_by_urls
from onebox.backup.command import DONE, REFUSED, backup_databases, restore_here
from onebox.backup.sealing import make_identity
from onebox.home import Home
from onebox.keys import KIM, Person
from onebox.privacy_command import erase_customer
from onebox.stack import SERVICES
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


class Calm:
    """Dice on which no trouble is ever thrown."""

    def randrange(self, sides: int) -> int:
        return sides - 1


class Site:
    """A folder for a machine, one for its backups, and the payment provider, which outlives the machine."""

    def __init__(self, folder: Path, account: Payments) -> None:
        self.home, self.backups, self.account = Home(folder / "machine"), folder / "backups", account
        self.identity = folder / "identity"
        make_identity(self.identity)
        self.said = io.StringIO()
        self.console = Console(file=self.said, width=400)
        self.machine = self.fresh()

    def fresh(self) -> Machine:
        """A machine on this folder; not started."""
        self.home.root.mkdir(exist_ok=True)
        return Machine(self.home.root, self.account.environment | {"AIGUY_REFUND_PROVIDER": "stripe"})

    @property
    def urls(self) -> dict[str, str]:
        """Where the databases are while it runs."""
        return {name: self.machine.database(name) for name in SERVICES}

    async def backup(self) -> int:
        """Exit code of the command."""
        arguments = (self.backups, self.urls, self.home.keys, Path(f"{self.identity}.pub"), None, self.console)
        return await asyncio.to_thread(backup_databases, *arguments)

    async def restore(self) -> int:
        """Exit code of the command."""
        work = (self.home, self.backups, self.identity, self.console)
        return await asyncio.to_thread(restore_here, *work, replace=False, environment={})

    async def lose(self) -> None:
        """The machine stops, and its disk is gone."""
        await self.machine.stop()
        shutil.rmtree(self.home.root)
        self.machine = self.fresh()

    async def erase(self, person: Person) -> None:
        """The customer's wish, granted in all services."""
        kim = self.machine.visitor(KIM)
        async with kim:
            asked = (self.machine.stack.url(), kim.token(), person.subject, self.console)
            assert await asyncio.to_thread(erase_customer, *asked) == 0, self.said.getvalue()
        await eventually(self._everybody_was_asked, 30)

    async def _everybody_was_asked(self) -> bool:
        waiting = "SELECT id FROM privacy_requests WHERE services = '{}'"
        return not await rows(self.machine.database("orchestrator"), waiting)


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="aiguy-e2e-backup-"))
    folder.chmod(0o755)
    with payments(0) as account:
        account.dice = Calm()  # type: ignore[assignment]
        yield Site(folder, account)
    shutil.rmtree(folder)


async def bought(site: Site) -> Paid:
    """An order that was paid at the provider."""
    order = await paid_order(site.machine, 9_000)
    async with connected(site.machine.database("billing")) as db:
        await db.execute(
            "UPDATE charges SET provider = 'stripe', provider_charge = $2 WHERE order_id = $1",
            order.order, site.account.stripe.charge(9_000),
        )  # fmt: skip
    return order


async def refunded(visitor: Visitor, order: Paid, dollars: int) -> None:
    turn = await confirmed(visitor, order.order, dollars)
    assert (turn.outcome, order.order) == ("answered", order.order), turn.end


async def is_gone(site: Site, person: Person, conversation_id: str) -> None:
    async with site.machine.visitor(person) as visitor:
        answer = await visitor.call("GET", f"/api/agent/conversations/{conversation_id}")
        assert answer.status_code == 404
    tickets, people = site.machine.database("tickets"), site.machine.people
    assert await rows(tickets, "SELECT 1 FROM data_keys WHERE subject_hash = $1", people.name(person.subject)) == []
    assert await rows(tickets, "SELECT 1 FROM audit WHERE subject = $1", person.subject) == []


#: Tables whose rows stay as they were written, whatever comes after.
BOOKS = {"orchestrator": "journal", "orders": "orders", "billing": "refund_events"}


async def books(site: Site) -> dict[str, set[str]]:
    """Every row of them, as text."""
    found = {}
    for name, table in BOOKS.items():
        lines = await rows(site.machine.database(name), f"SELECT t::text AS line FROM {table} t")
        found[table] = {one["line"] for one in lines}
    return found


async def test_a_lost_machine_comes_back_and_pays_nothing_twice(site: Site) -> None:
    early, late, shopper, opened = stranger(), stranger(), site, []

    def visit(person: Person) -> Visitor:
        opened.append(shopper.machine.visitor(person))
        return opened[-1]

    try:
        await site.machine.start()
        order = await bought(site)
        customer = visit(order.person)
        talk = await visit(ADA).say("Where is my order 1234?")
        gone = {who.subject: await visit(who).say("My lamp broke, I want to talk to a person") for who in (early, late)}
        await refunded(customer, order, 20)
        await site.erase(early)
        shown, written = await visit(ADA).view(talk.conversation_id), await books(site)
        async with chattering(visit) as chatter:
            await chatter.goes_on()
            assert await site.backup() == DONE, site.said.getvalue()
            await chatter.goes_on()
        assert await site.restore() == REFUSED, "a stack that runs is not restored over"
        # After the backup: somebody is erased, money is given back.
        await site.erase(late)
        environment = {"AIGUY_DATABASE_URLS": json.dumps(site.urls)}
        assert await asyncio.to_thread(run_by_urls, ["erasures", str(site.backups)], environment, site.console) == 0
        await refunded(customer, order, 30)
        assert sorted(site.account.stripe.refunded(next(iter(site.account.stripe.charges)))) == [2_000, 3_000]
        for one in opened:
            await one.http.aclose()
        await site.lose()

        assert await site.restore() == DONE, site.said.getvalue()
        assert "tickets:" in site.said.getvalue()
        assert "1 erased again" in site.said.getvalue()
        await site.machine.start()
        again = await visit(ADA).view(talk.conversation_id)
        assert again["messages"] == shown["messages"]
        there = await books(site)
        assert all(written.values())
        assert {table: len(then - there[table]) for table, then in written.items()} == dict.fromkeys(written, 0)
        for who in (early, late):
            await is_gone(site, who, gone[who.subject].conversation_id)
        assert (await visit(stranger()).say("How do I return an item?")).outcome == "answered"
        assert await asyncio.to_thread(show_chains, site.urls, None, site.console) == 0, site.said.getvalue()

        async def looked_for() -> bool:
            return not await rows(
                site.machine.database("billing"), "SELECT 1 FROM refund_searches WHERE done_at IS NULL"
            )

        await eventually(looked_for, 40)
        turn = await confirmed(visit(order.person), order.order, 30)
        assert turn.named("approval"), "staff look at it first"
        assert sorted(site.account.stripe.refunded(next(iter(site.account.stripe.charges)))) == [2_000, 3_000]
    finally:
        for one in opened:
            await one.http.aclose()
        await site.machine.stop()
