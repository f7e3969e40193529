"""One customer's stream of one turn: stored frames, then live ones, and always an end, from the journal if need be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from contracts.errors import ProblemCode, problem
from contracts.turn import ChunkEvent, CitationEvent, EndEvent, ErrorEvent, StatusEvent, StreamEvent
from orchestrator.journal.sealing import Sealer
from orchestrator.stream.frames import (
    BEFORE_ALL,
    FIRST,
    EventId,
    encode_event,
    encode_frame,
    frame_id,
    is_last,
    split_frames,
)
from orchestrator.stream.hub import Hub

#: How long a quiet stream waits before it asks the journal whether the turn has ended; also the keep-alive.
QUIET_S = 2.0
#: A turn that runs nowhere near may stand in a queue: its customer hears that soon.
SOON_S = 0.3
#: A turn is over in the journal a moment before its last events are told: they get this long.
LAST_CALL_S = 0.25
KEEP_ALIVE = b": keep-alive\n\n"
#: The closing events that the journal can always give stand behind every live one.
_FROM_JOURNAL = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How the turn stands by the journal: its end, or the open card that it waits for, with the card's event id.

    `erased`: the conversation is gone, and nothing more can be shown of it. `waiting`: nobody works at it yet.
    """

    end: EndEvent | None = None
    erased: bool = False
    card: tuple[EventId, StreamEvent] | None = None
    waiting: StatusEvent | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What the journal says: the end that was `known` when the stream began, and `ask` to look again."""

    known: EndEvent | None
    ask: Callable[[], Awaitable[Standing]]


async def stream_turn(
    hub: Hub, turn_id: str, after: EventId, ending: Ending, deadline_s: float, sealer: Sealer
) -> AsyncIterator[bytes]:
    """Frames of the turn behind `after`, to its `end`; each piece is one or more whole frames.

    After `deadline_s` seconds without an end (the turn waits for a person) the stream closes with a retryable error
    event; the client comes back with its Last-Event-ID.
    """
    if ending.known is not None:
        told = await hub.stored(turn_id, BEFORE_ALL, sealer)
        _, fresh, closed = _behind(after, told)
        # Redis has all of it, or else the answer comes from the journal.
        whole = closed and frame_id(told[0]) == FIRST
        yield b"".join(fresh if whole else from_journal(after, ending.known))
        return
    loop = asyncio.get_running_loop()
    closes_at = loop.time() + deadline_s
    last, end = after, None
    async with hub.follow(turn_id, sealer) as mailbox:
        pending = await hub.stored(turn_id, after, sealer)
        quiet_s = QUIET_S if pending or hub.runs_here(turn_id) else SOON_S
        while True:
            last, fresh, closed = _behind(last, pending)
            if fresh:
                yield b"".join(fresh)
            if closed:
                return
            patience, quiet_s = quiet_s if end is None else LAST_CALL_S, QUIET_S
            try:
                batch = await mailbox.take(min(patience, max(0.05, closes_at - loop.time())))
            except TimeoutError:
                if end is not None:
                    # The turn is over and its live events are gone, or were all seen but the last.
                    yield b"".join(from_journal(last, end))
                    return
                standing = await ending.ask()
                end = standing.end
                if standing.erased:
                    gone = problem(ProblemCode.NOT_FOUND, "This conversation was erased.")
                    yield encode_frame(EventId(last.inputs, last.number), ErrorEvent(problem=gone))
                    return
                if end is None and loop.time() >= closes_at:
                    waiting = problem(ProblemCode.DEADLINE_EXCEEDED, "The turn still waits; follow the stream again.")
                    yield encode_frame(EventId(last.inputs, last.number), ErrorEvent(problem=waiting))
                    return
                # Where it stands in the queue has no id: it is no event of the turn, and it changes.
                yield KEEP_ALIVE if standing.waiting is None else encode_event(standing.waiting)
                pending = await hub.stored(turn_id, last, sealer)
                if standing.card is not None and not _behind(last, pending)[1]:
                    # Redis may have lost the card that everybody waits for; under its own id it is shown only once.
                    pending = [encode_frame(*standing.card)]
            else:
                # Cut off for being slow, or from a turn that left this process: what was missed is read from the store.
                pending = split_frames(batch) if batch is not None else await hub.stored(turn_id, last, sealer)


def _behind(last: EventId, frames: list[bytes]) -> tuple[EventId, list[bytes], bool]:
    """The frames behind `last`, up to one that closes the stream; the id of their last one; whether one closes it."""
    fresh = []
    for frame in frames:
        if (own := frame_id(frame)) > last:
            last = own
            fresh.append(frame)
            if is_last(frame):
                return last, fresh, True
    return last, fresh, False


def from_journal(last: EventId, end: EndEvent) -> list[bytes]:
    """What a client needs to show the whole answer when its live events are gone."""
    events: list[StreamEvent] = []
    if end.text:
        events.append(ChunkEvent(text=end.text, offset=0))
    events += [CitationEvent(title=one.title, url=one.url, quote=one.quote) for one in end.citations]
    events.append(end)
    return [
        encode_frame(EventId(last.inputs, _FROM_JOURNAL + last.number + n), event) for n, event in enumerate(events, 1)
    ]
