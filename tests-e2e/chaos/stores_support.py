"""A stack of one's own that may be broken, and the books of its shop."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.facts import connected, rows
from e2e.machine import Machine
from e2e.people import Person
from e2e.refund_books import wrong_in_books
from e2e.refunds import Intended
from e2e.visitor import Visitor
from onebox.stack import SERVICES
from servicekit.embedded.attach import running_url
from servicekit.embedded.postgres import SUPERUSER

#: Every turn that was accepted has ended so soon after its fault is over.
SETTLED_S = 30.0
CAPTURED, AMOUNT = 5_000, 700
_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
    " VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', now() - interval '3 days')"
)
_GIVEN = (
    "SELECT r.order_id, r.state,"
    " (SELECT array_agg(l.amount_minor) FROM ledger_refunds l WHERE l.charge_id = r.charge_id) AS given"
    " FROM refunds r WHERE r.order_id = ANY ($1)"
)


@dataclass(slots=True)
class Shop:
    """Customers of all kinds on one machine; each storm has conversations and paid orders of its own."""

    machine: Machine
    visitors: list[Visitor] = field(default_factory=list)
    orders: int = 0

    def visit(self, person: Person, *, patient: bool = True) -> Visitor:
        """A visitor whose connections are closed with the shop."""
        self.visitors.append(self.machine.visitor(person, patient=patient))
        return self.visitors[-1]

    @property
    def ledger(self) -> str:
        """URL of billing's database: only to judge by."""
        return self.machine.database("billing")

    @property
    def superuser(self) -> str:
        """URL of the database server, for one who may do anything to it."""
        return running_url(self.machine.stack.home.root / "postgres", "postgres", SUPERUSER)

    async def paid(self, orders: int) -> list[Intended]:
        """So many refunds that customers will ask for, small enough to need no member of staff."""
        first, self.orders = self.orders, self.orders + orders
        wanted = [Intended(number, AMOUNT, hasty=number % 2 == 1) for number in range(first, self.orders)]
        async with connected(self.ledger) as connection:
            for one in wanted:
                await connection.execute(_CHARGE, f"ch_{one.order}", one.order, one.person.subject, CAPTURED)
        return wanted

    async def up_again(self, timeout_s: float = 60.0) -> None:
        """Returns when every service says that it is ready: nobody helped it."""
        await self.machine.ready(*SERVICES, timeout_s=timeout_s)

    async def not_given_back_once(self, wanted: list[Intended]) -> list[str]:
        """The refunds that were lost, or made twice, and whatever does not add up in the books of all."""
        known = {row["order_id"]: row for row in await rows(self.ledger, _GIVEN, [one.order for one in wanted])}
        lost = [
            f"{one}: {known.get(one.order)}"
            for one in wanted
            if (row := known.get(one.order)) is None or (row["state"], row["given"]) != ("succeeded", [one.amount])
        ]
        return [*lost, *await wrong_in_books(self.ledger, [one.order for one in wanted])]


@asynccontextmanager
async def open_shop(home: Path) -> AsyncIterator[Shop]:
    """A shop on a machine of its own in this directory.

    Its breakers rest for a second: what comes back is asked again within a storm.
    """
    machine = Machine(home, {"AIGUY_BREAKER_OPEN_S": "1"})
    shop = Shop(machine)
    try:
        await machine.start()
        yield shop
    finally:
        for visitor in shop.visitors:
            await visitor.http.aclose()
        await machine.stop()


@contextmanager
def new_home(name: str) -> Iterator[Path]:
    """A directory for a machine, deleted in the end. Postgres, which is not root, may enter."""
    home = Path(tempfile.mkdtemp(prefix=f"aiguy-chaos-{name}-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
