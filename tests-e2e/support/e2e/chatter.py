"""Customers who keep talking, in conversation after conversation, while something is done to the machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from e2e.people import stranger
from e2e.soak import QUESTIONS
from e2e.visitor import Visitor
from onebox.keys import Person
from servicekit.testing import eventually

AT_ONCE = 2
_PATIENCE_S = 20.0


@dataclass
class Chatter:
    """`answered` are the turns so far: who asked what, in which conversation. Any turn that fails ends the block."""

    answered: list[tuple[Visitor, str, str]] = field(default_factory=list)

    async def goes_on(self) -> None:
        """Returns when each of the customers has had another turn, begun after the call."""
        before = len(self.answered)
        await eventually(lambda: len(self.answered) >= before + 2 * AT_ONCE, _PATIENCE_S)

    async def talk(self, visit: Callable[[Person], Visitor], over: asyncio.Event) -> None:
        """One customer after the other, until it is over; none of them sends anything twice."""
        while not over.is_set():
            visitor = visit(stranger())
            conversation_id = await visitor.begin()
            for text in QUESTIONS["knowledge"]:
                turn = await visitor.say(text, conversation_id)
                assert turn.outcome == "answered", turn.end
                self.answered.append((visitor, conversation_id, text))


@asynccontextmanager
async def chattering(visit: Callable[[Person], Visitor]) -> AsyncIterator[Chatter]:
    """Some customers talk at once for as long as the block lasts."""
    chatter, over = Chatter(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(chatter.talk(visit, over))
        try:
            yield chatter
        finally:
            over.set()
