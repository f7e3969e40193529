"""Five customers, one for each thing that a tool does, and what each of them was shown in the end."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.registry import AnyContract
from contracts.tools.billing import GET_INVOICE_PDF, ISSUE_REFUND
from contracts.tools.orders import GET_ORDER_STATUS
from contracts.tools.retrieval import SEARCH_KB
from contracts.tools.tickets import CREATE_TICKET
from e2e.machine import Machine
from e2e.people import ADA, stranger
from e2e.shop import Paid, paid_order
from e2e.soak import Held, Kind, Wanted
from e2e.visitor import Turn, Visitor
from servicekit.testing import eventually

Visit = Callable[..., Visitor]
#: What no customer may ever be shown.
INTERNALS = re.compile(
    r"traceback|exception|error \d|\bhttp(?!s://shop\.example)|\b50\d\b|127\.0\.0\.1|get_order|list_orders|issue_refund|search_kb",
    re.I,
)
_LINK = re.compile(r"\]\([^)]*\)")
#: What is said while the help pages cannot be searched (`policy/phrases.yaml`).
_WITHOUT_PAGES = "I cannot search our help pages just now."
_PERSON = re.compile(r"\b(person|human|colleague|team|ticket)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a customer wants of one tool; the text may name their own order. `agrees`: a card has to be answered."""

    name: str
    tool: AnyContract
    text: str
    kind: Kind
    agrees: bool = False

    @property
    def service(self) -> str:
        """Whose tool it is."""
        return self.tool.family.value

    @property
    def timeout_s(self) -> float:
        """What the contract gives the tool."""
        return self.tool.timeout_ms / 1000


ERRANDS: tuple[Errand, ...] = (
    Errand("order", GET_ORDER_STATUS, "Where is my order ABC123?", "order"),
    Errand("invoice", GET_INVOICE_PDF, "Please send me the invoice of order ABC123", "order"),
    Errand("refund", ISSUE_REFUND, "Refund order {order} for $5", "order", agrees=True),
    Errand("ticket", CREATE_TICKET, "Please open a ticket: my tent broke on the second night.", "ticket", agrees=True),
    Errand("question", SEARCH_KB, "How do I return an item?", "knowledge"),
)


@dataclass(slots=True)
class Customer:
    """One customer on one errand, who has said what they want and, where a card is needed, sees it already."""

    errand: Errand
    visitor: Visitor
    conversation_id: str
    paid: Paid | None = None
    turn: Turn | None = None
    took_s: float = 0.0

    @classmethod
    async def come(cls, errand: Errand, machine: Machine, visit: Visit) -> "Customer":
        """Ready to act: those who must agree to something have the card before them."""
        paid = await paid_order(machine) if errand.name == "refund" else None
        person = paid.person if paid else stranger() if errand.kind in ("ticket", "knowledge") else ADA
        visitor = visit(person, patient=True)
        found = cls(errand, visitor, await visitor.begin(), paid)
        if errand.agrees:
            await found.ask()
        return found

    async def ask(self) -> Turn:
        """Say it, and follow to a card or the end."""
        text = self.errand.text.format(order=self.paid.order if self.paid else "")
        self.turn = await self.visitor.send(self.conversation_id, text)
        return await self.visitor.follow(self.turn)

    async def act(self) -> None:
        """What the fault strikes: the question, or the yes to the card. Returns at the end, or when told to wait."""
        began = time.monotonic()
        await self._act()
        self.took_s = time.monotonic() - began

    async def _act(self) -> None:
        if not self.errand.agrees:
            await self.ask()
            return
        assert self.turn is not None
        answer = await self.visitor.decide(self.turn, True)
        assert answer.status_code == 202, answer.text
        await self.visitor.follow(self.turn, until="status")
        while self.turn.events[-1].name == "status" and self.turn.events[-1].data["state"] != "outcome":
            await self.visitor.follow(self.turn, until="status")

    async def see_the_end(self) -> str:
        """Follow to the end, and say what was shown there."""
        assert self.turn is not None
        if self.turn.events[-1].name != "end":
            await self.visitor.follow(self.turn, to_end=True)
        return shown(self.turn)

    @property
    def served(self) -> bool:
        """Whether all is well again: they have the card, or what they asked for."""
        assert self.turn is not None
        if self.errand.agrees:
            return self.turn.events[-1].name == "confirmation"
        return self.turn.events[-1].name == "end" and shown(self.turn) == "answer"

    @property
    def held(self) -> Held:
        """The turn, for the books: a refund is no ticket, so its yes is none there."""
        assert self.turn is not None
        wanted = Wanted(self.errand.kind, self.errand.text)
        return Held(wanted, self.turn, True if self.errand.name == "ticket" else None)


async def come_all(errands: Sequence[Errand], machine: Machine, visit: Visit) -> list[Customer]:
    """One customer for each errand, ready to act."""
    return [await Customer.come(errand, machine, visit) for errand in errands]


async def act_all(customers: Sequence[Customer], machine: Machine) -> None:
    """All act at once; nobody is answered by what was read a moment ago."""
    await machine.wipe_redis()
    await asyncio.gather(*(customer.act() for customer in customers))


async def served_again(errand: Errand, machine: Machine, visit: Visit, timeout_s: float = 30.0) -> None:
    """Returns when a new customer is served, as before the fault."""

    async def served() -> bool:
        await machine.wipe_redis()
        customer = await Customer.come(errand, machine, visit)
        if not errand.agrees:
            await customer.act()
        return customer.served

    await eventually(served, timeout_s)


def shown(turn: Turn) -> str:
    """In one word, what the end of a turn was to its customer. Fails when there was none fit to be shown."""
    text = turn.text
    assert text, turn.events
    assert not INTERNALS.search(_LINK.sub("]", text)), text
    assert turn.streamed in ("", text), (turn.streamed, text)
    match turn.outcome:
        case "answered" | "degraded":
            return "answer"
        case "tool_failed":
            assert _PERSON.search(text), text
            return "apology"
        case "handed_over":
            assert _PERSON.search(text), text
            if _WITHOUT_PAGES not in text:
                return "person"
            assert "within 30 days of delivery" in text, text
            assert any(event.name == "citation" for event in turn.events), turn.events
            return "fallback"
        case other:
            return other
