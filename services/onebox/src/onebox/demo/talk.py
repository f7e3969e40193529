"""One message and all that came back, with times: what a scenario judges and the transcript prints."""

import time
from dataclasses import dataclass, field, replace

from contracts.turn import ApprovalEvent, ChunkEvent, ConfirmationEvent, EndEvent, ErrorEvent, StreamEvent, ToolEvent
from onebox.agent import AgentClient
from onebox.keys import KeyFiles, Person


@dataclass(frozen=True, slots=True)
class Talk:
    """`events` in order, each with the milliseconds since the message was sent."""

    person: Person
    question: str
    conversation_id: str
    turn_id: str
    events: tuple[tuple[float, StreamEvent], ...]

    @property
    def end(self) -> EndEvent | None:
        """How the turn ended; None when it ended in an error."""
        return next((event for _, event in reversed(self.events) if isinstance(event, EndEvent)), None)

    @property
    def card(self) -> ConfirmationEvent | None:
        """The card that asks the customer, when one was shown."""
        return next((event for _, event in self.events if isinstance(event, ConfirmationEvent)), None)

    @property
    def approval(self) -> ApprovalEvent | None:
        """What staff are asked, as the customer is told."""
        return next((event for _, event in self.events if isinstance(event, ApprovalEvent)), None)

    @property
    def problem(self) -> str:
        """What the stream said instead of an end, '' when it ended well."""
        return next((event.problem.detail for _, event in self.events if isinstance(event, ErrorEvent)), "")

    @property
    def text(self) -> str:
        """The whole answer, '' when there is none."""
        return self.end.text if self.end else ""

    @property
    def outcome(self) -> str:
        """The outcome's name, 'error' when the turn did not end."""
        return self.end.outcome.value if self.end else "error"

    @property
    def streamed(self) -> str:
        """The answer as put together from the pieces."""
        text = ""
        for _, event in self.events:
            if isinstance(event, ChunkEvent):
                text = text[: event.offset] + event.text
        return text

    @property
    def everything(self) -> str:
        """All that reached the client, as text: for judging what must not be in it."""
        return "\n".join(event.model_dump_json() for _, event in self.events)

    def used(self, phase: str) -> set[str]:
        """Names of the tools that were told to be in `phase` (started, succeeded, failed)."""
        return {event.name for _, event in self.events if isinstance(event, ToolEvent) and event.phase == phase}

    @property
    def total_ms(self) -> float:
        """Milliseconds from the message to the last event."""
        return self.events[-1][0] if self.events else 0.0

    @property
    def first_ms(self) -> float:
        """Milliseconds from the message to the first event."""
        return self.events[0][0] if self.events else 0.0


@dataclass(slots=True)
class Caller:
    """A person with a client of their own."""

    person: Person
    client: AgentClient
    conversations: list[str] = field(default_factory=list)

    async def say(self, text: str, *, conversation_id: str | None = None) -> Talk:
        """Send a message, in a new conversation unless one is given, and follow its turn to the end.

        A confirmation card is left open: the talk then ends with it.
        """
        if conversation_id is None:
            conversation_id = await self.client.begin()
            self.conversations.append(conversation_id)
        started = time.perf_counter()
        turn_id = await self.client.send(conversation_id, text)
        return await self._follow(Talk(self.person, text, conversation_id, turn_id, ()), started, ConfirmationEvent)

    async def agree(self, talk: Talk) -> Talk:
        """Say yes to the talk's card by its button, and follow until staff are asked or the turn is over."""
        card = talk.card
        if card is None:
            raise LookupError("no card was shown")
        started = time.perf_counter()
        await self.client.decide(talk.conversation_id, talk.turn_id, card.digest, confirmed=True)
        told = Talk(self.person, "(clicks “Yes, go ahead”)", talk.conversation_id, talk.turn_id, ())
        return await self._follow(told, started, ApprovalEvent, behind=ConfirmationEvent)

    async def wait(self, talk: Talk) -> Talk:
        """Follow a talk that waits for staff to its end, in the chat that stayed open."""
        told = Talk(self.person, "(waits, the chat stays open)", talk.conversation_id, talk.turn_id, ())
        return await self._follow(told, time.perf_counter(), EndEvent, behind=ApprovalEvent)

    async def _follow(
        self, talk: Talk, started: float, until: type[object], *, behind: type[object] | None = None
    ) -> Talk:
        """The talk's events up to the first of kind `until`; what was told before, up to `behind`, is left out."""
        events: list[tuple[float, StreamEvent]] = []
        async for event in self.client.follow(talk.conversation_id, talk.turn_id):
            if behind is not None:
                behind = None if isinstance(event, behind) else behind
                continue
            events.append(((time.perf_counter() - started) * 1000, event))
            if isinstance(event, until):
                break
        return replace(talk, events=tuple(events))


def caller(person: Person, base_url: str, keys: KeyFiles) -> Caller:
    """`person` with tokens that the demo issuer signs."""
    return Caller(person, AgentClient(base_url, lambda: keys.demo_token(person)))
