"""Telling the customer: steps, cards and the turn's end as live events. Told again after a crash, they are dropped."""

from contracts.turn import ApprovalEvent, ChunkEvent, CitationEvent, ConfirmationEvent, StreamEvent
from orchestrator.effects.scope import TurnScope
from orchestrator.journal.cards import card_event, card_of
from orchestrator.journal.showing import shown_card, shown_end
from orchestrator.journal.store import end_event
from orchestrator.stream.frames import RUN_STRIDE, EventId
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AwaitCallback,
    AwaitOutcome,
    Emit,
    Finish,
    TellingEffect,
)
from orchestrator.turn.state import TurnState

#: Telling effects of a step come before the text that an asking effect of the same step streams.
_FIRST_CHUNK = 100


class Teller:
    """The events of one running turn, numbered so that the same event has the same id in every run."""

    def __init__(self, scope: TurnScope) -> None:
        self._scope = scope
        self._told: dict[int, int] = {}
        self._chunks: dict[int, int] = {}
        # What is said after a wait, or by the run that took over, is no first word.
        self._worded = scope.run > 0

    def tell(self, effect: TellingEffect, state: TurnState) -> None:
        """Publish what the effect shows."""
        events = _events(self._scope, effect, state)
        if any(isinstance(one, ChunkEvent | ConfirmationEvent | ApprovalEvent) for one in events):
            self._first_words(state)
        number = self._told.get(state.inputs, 0)
        self._told[state.inputs] = number + len(events)
        numbered = [(EventId(state.inputs, number + n), event) for n, event in enumerate(events, 1)]
        self._publish(numbered)

    async def chunk(self, state: TurnState, text: str, offset: int) -> None:
        """Publish a piece of the answer as it is written."""
        self._first_words(state)
        number = self._chunks.get(state.inputs, 0)
        self._chunks[state.inputs] = number + 1
        event_id = EventId(state.inputs, _FIRST_CHUNK + self._scope.run * RUN_STRIDE + number)
        self._publish([(event_id, ChunkEvent(text=text, offset=offset))])

    def _first_words(self, state: TurnState) -> None:
        if not self._worded:
            self._worded = True
            scope = self._scope
            scope.world.metrics.first_words.observe(state.worked_ms(scope.now_ms()) / 1000)

    def _publish(self, events: list[tuple[EventId, StreamEvent]]) -> None:
        scope = self._scope
        scope.world.publisher.publish(scope.turn_id, events, scope.conversation.sealer)


def _events(scope: TurnScope, effect: TellingEffect, state: TurnState) -> list[StreamEvent]:
    match effect:
        case Emit():
            return [effect.event]
        case Finish():
            events: list[StreamEvent] = []
            end = shown_end(end_event(state, effect), scope.vault)
            if end.text and (effect.lead or not effect.streamed):
                events.append(ChunkEvent(text=end.text, offset=0))
            events += [CitationEvent(title=one.title, url=one.url, quote=one.quote) for one in end.citations]
            return [*events, end]
        case AskConfirmation() | AskApproval():
            return [card_event(shown_card(card_of(scope.turn_id, effect), scope.vault))]
        case AwaitOutcome() | AwaitCallback():
            return []  # said once, by a step
