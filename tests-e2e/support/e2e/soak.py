"""A shop's busy minute: many conversations at a steady pace, and what each of their turns came to."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from e2e.people import ADA
from e2e.visitor import Turn, Visitor
from onebox.keys import Person

Kind = Literal["knowledge", "order", "ticket", "human"]
QUESTIONS: dict[Kind, tuple[str, ...]] = {
    "knowledge": ("How do I return an item?", "How long does delivery take?", "What does the warranty cover?"),
    "order": ("Where is my order ABC123?", "Where is my order 1234?", "What is in my order ABC123?"),
    "ticket": ("Please open a ticket: the zip of my new tent broke after only two nights in the mountains.",),
    "human": ("I want to talk to a person",),
}
SHARES: dict[Kind, int] = {"knowledge": 40, "order": 30, "ticket": 20, "human": 10}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One turn to be held. `decision` answers a card, by the button or (`in_words`) by a plain message."""

    kind: Kind
    text: str
    decision: bool = True
    in_words: bool = False


@dataclass(slots=True)
class Held:
    """One accepted turn and what its customer did in it."""

    wanted: Wanted
    turn: Turn
    decided: bool | None = None

    def __str__(self) -> str:
        seen = " ".join(event.name for event in self.turn.events)
        return f"{self.wanted} {self.turn.conversation_id} {self.turn.turn_id} decided={self.decided} saw: {seen}"


@dataclass(slots=True)
class Soak:
    """Conversations of one to three turns each, `turns` in all, begun over `seconds`, the same for the same seed."""

    seed: int
    turns: int
    seconds: float
    held: list[Held] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def plan(self) -> list[list[Wanted]]:
        """The conversations."""
        dice = random.Random(self.seed)
        wanted = [_wanted(dice) for _ in range(self.turns)]
        return list(_conversations(wanted, dice))

    async def run(self, visitor: Callable[[Person], Visitor], at_once: int = 8) -> None:
        """Hold all conversations, at most `at_once` at the same time. What its customers had to give up is `failed`."""
        conversations = self.plan()
        places = asyncio.Semaphore(at_once)
        begun = asyncio.get_running_loop().time()
        customer = visitor(ADA)

        async def hold(number: int, conversation: list[Wanted]) -> None:
            async with places:
                due = begun + self.seconds * number / len(conversations)
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))  # the pace of the load
                try:
                    await self._hold_all(customer, conversation)
                except AssertionError as error:
                    self.failed.append(f"{error} in {[str(one) for one in self.held[-at_once:]]}")

        async with asyncio.TaskGroup() as group:
            for number, conversation in enumerate(conversations):
                group.create_task(hold(number, conversation))

    async def _hold_all(self, customer: Visitor, conversation: list[Wanted]) -> None:
        conversation_id = await customer.begin()
        for wanted in conversation:
            await self._hold(customer, conversation_id, wanted)

    async def _hold(self, customer: Visitor, conversation_id: str, wanted: Wanted) -> None:
        held = Held(wanted, await customer.send(conversation_id, wanted.text))
        self.held.append(held)
        await customer.follow(held.turn)
        if held.turn.events[-1].name == "confirmation":
            held.decided = wanted.decision
            if wanted.in_words:
                await customer.send(conversation_id, "yes" if wanted.decision else "no")
            else:
                answer = await customer.decide(held.turn, wanted.decision)
                assert answer.status_code == 202, f"{answer.text} {held}"
            await customer.follow(held.turn, to_end=True)


def _wanted(dice: random.Random) -> Wanted:
    (kind,) = dice.choices(list(SHARES), list(SHARES.values()))
    return Wanted(kind, dice.choice(QUESTIONS[kind]), decision=dice.random() < 0.8, in_words=dice.random() < 0.4)


def _conversations(wanted: list[Wanted], dice: random.Random) -> Iterator[list[Wanted]]:
    conversation: list[Wanted] = []
    for one in wanted:
        conversation.append(one)
        # Nothing is asked any more once a person has the conversation.
        if one.kind == "human" or len(conversation) == 3 or dice.random() < 0.5:
            yield conversation
            conversation = []
    if conversation:
        yield conversation
