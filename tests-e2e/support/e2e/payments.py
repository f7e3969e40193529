"""Stripe for the whole machine: billing's own test double, behind a line that fails at every point now and then."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fake_stripe import KEY, FakeStripe
from starlette.types import Receive, Scope, Send

from servicekit.testing.faulty import Fault, Faults
from servicekit.testing.live import live_server

#: Answers that get lost or are none, by how often they come among a hundred orders. An effect may have happened or not.
TROUBLES: tuple[tuple[int, Fault], ...] = (
    (3, Fault.status(500)),
    (3, Fault.garbage()),
    (3, Fault(500, runs=True)),
    (3, Fault(200, {"content-type": "application/json"}, b'{"id": "re_', runs=True)),
    (2, Fault.status(429, {"retry-after": "1"})),
    (1, Fault.hang_after()),
)


@dataclass
class Payments:
    """The account and the line to it. `at_effect` is called when an order was carried out and not yet answered."""

    stripe: FakeStripe
    dice: random.Random
    url: str = ""
    at_effect: Callable[[], None] | None = None
    troubled: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """What billing is told."""
        return {
            "AIGUY_STRIPE_KEY": KEY,
            "AIGUY_STRIPE_API_BASE": self.url,
            "AIGUY_STRIPE_WEBHOOK_SECRET": "whsec_x" * 8,
        }

    @property
    def given_back(self) -> dict[str, list[int]]:
        """By refund_request_id: every amount that was given back for it."""
        found: dict[str, list[int]] = {}
        for one in self.stripe.refunds:
            found.setdefault(one["metadata"]["refund_request_id"], []).append(one["amount"])
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request: looks pass, orders meet trouble now and then."""
        app = Faults(self._told)
        if scope["type"] == "http" and scope["method"] == "POST" and (fault := self._trouble()) is not None:
            app.next(fault)
        await app(scope, receive, send)

    async def _told(self, scope: Scope, receive: Receive, send: Send) -> None:
        before = len(self.stripe.refunds)

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and len(self.stripe.refunds) > before and self.at_effect:
                self.at_effect()
            await send(message)

        await self.stripe.app()(scope, receive, sending)

    def _trouble(self) -> Fault | None:
        with self._lock:
            rolled = self.dice.randrange(100)
            for share, fault in TROUBLES:
                if rolled < share:
                    self.troubled += 1
                    return fault
                rolled -= share
        return None


@contextmanager
def payments(seed: int) -> Iterator[Payments]:
    """A new account, served on loopback until the block ends."""
    account = Payments(FakeStripe(), random.Random(seed))
    with live_server(account) as account.url:  # type: ignore[arg-type]
        yield account
