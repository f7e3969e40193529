"""What confirming adds to a refund: `.venv/bin/python tests-e2e/bench/refunds.py`, on a quiet machine.

The whole product runs as `make up` starts it; our own ledger moves the money, so no provider's time is in the numbers.
Customers come one after the other. Each asks for a refund in a chat, sees the card, clicks yes, and sees it done.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from contracts.turn import ConfirmationEvent, EndEvent, StatusEvent, ToolEvent
from onebox.agent import AgentClient
from onebox.environment import machine_environment
from onebox.home import Home
from onebox.keys import Person
from onebox.report import ConsoleReport
from onebox.stack import SERVICES, Stack
from servicekit.auth.claims import Role
from servicekit.embedded import free_port

#: A measurement says more in a minute than any person.
UNLIMITED = Path(__file__).parents[1] / "support" / "e2e" / "unlimited.yaml"
GOAL_MS = 30.0
WARM_UP = 10
_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
    " VALUES ($1, $2, $3, 10000, 'USD', 'Visa ending in 4242', now() - interval '3 days')"
)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one refund: until the card was there, until the click was taken, until the money had moved."""

    preview: float
    confirm: float
    execute: float

    @property
    def added(self) -> float:
        """All three together."""
        return self.preview + self.confirm + self.execute


def main() -> int:
    """Prints medians and p95; 1 with --strict when the goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refunds", type=int, default=200, help="refunds that count (200)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when the goal was missed")
    told = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="aiguy-refunds-", dir="/var/tmp"))
    place.chmod(0o755)
    try:
        found = asyncio.run(_measure(place, told.refunds))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for name in ("preview", "confirm", "execute", "added"):
        values = sorted(getattr(one, name) for one in found)
        p95 = values[int(len(values) * 0.95)]
        print(f"{name:10} p50 {statistics.median(values):6.1f} ms   p95 {p95:6.1f} ms")
    missed = statistics.median(one.added for one in found) >= GOAL_MS
    print(f"{len(found)} refunds; added time {'is not' if missed else 'is'} below {GOAL_MS:.0f} ms at p50")
    return 1 if missed and told.strict else 0


async def _measure(place: Path, refunds: int) -> list[Times]:
    ports = {f"AIGUY_{name.upper()}_PORT": str(free_port()) for name in SERVICES}
    environment = {**machine_environment(os.environ), **ports, "AIGUY_LIMITS_FILE": str(UNLIMITED)}
    stack = Stack(Home(place), ConsoleReport(), environment)
    try:
        await stack.start()
        found = [await _refund(stack, number) for number in range(WARM_UP + refunds)]
        return found[WARM_UP:]
    finally:
        await stack.stop()


async def _refund(stack: Stack, number: int) -> Times:
    person, order = Person(f"cust_bench_{number}", Role.CUSTOMER), f"BN{number:05d}"
    connection = await asyncpg.connect(stack.addresses.databases["billing"])
    await connection.execute(_CHARGE, f"ch_{order}", order, person.subject)
    await connection.close()
    token = stack.keys.demo_token(person)
    async with AgentClient(stack.url(), lambda: token) as client:
        conversation = await client.begin()
        turn = await client.send(conversation, f"Refund order {order} for $1")
        at: dict[str, float] = {}
        async for event in client.follow(conversation, turn):
            now = time.perf_counter()
            match event:
                case StatusEvent() if event.state == "preview":
                    at["asked"] = now
                case ConfirmationEvent():
                    at["card"] = now
                    at["clicked"] = time.perf_counter()
                    await client.decide(conversation, turn, event.digest, confirmed=True)
                    at["taken"] = time.perf_counter()
                case ToolEvent() if event.phase == "succeeded":
                    at["done"] = now
                case EndEvent():
                    break
                case _:
                    pass
    ms = {name: value * 1000 for name, value in at.items()}
    return Times(ms["card"] - ms["asked"], ms["taken"] - ms["clicked"], max(0.0, ms["done"] - ms["taken"]))


if __name__ == "__main__":
    sys.exit(main())
