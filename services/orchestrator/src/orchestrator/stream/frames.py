"""One event, encoded once: the bytes that are sealed and stored in Redis are the bytes that go to the browser.

An id is `<inputs>-<n>`: how many inputs the turn had when the event was made, and a counter. Redis keeps frames in
batches under the id of their last one, so what is told again after a crash is dropped by Redis, or by its readers.
"""

from dataclasses import dataclass

from contracts.turn import StreamEvent
from orchestrator.journal.sealing import Sealer

#: Each new run of a turn that streams text starts its counter here, so that its pieces follow the lost run's.
RUN_STRIDE = 100_000
STREAM_PREFIX = "aiguy:turn:"


@dataclass(frozen=True, slots=True, order=True)
class EventId:
    """Where an event stands in its turn; compares in stream order."""

    inputs: int
    number: int

    def __str__(self) -> str:
        return f"{self.inputs}-{self.number}"


BEFORE_ALL = EventId(0, 0)
#: What a turn tells first, unless further messages joined it before it began.
FIRST = EventId(1, 1)


def parse_event_id(text: str) -> EventId:
    """The id in a `Last-Event-ID` header; BEFORE_ALL when it is none of ours (the client then gets everything)."""
    inputs, _, number = text.partition("-")
    if text.isascii() and inputs.isdecimal() and number.isdecimal() and len(text) <= 20:
        return EventId(int(inputs), int(number))
    return BEFORE_ALL


def stream_key(turn_id: str) -> str:
    """The Redis stream of a turn, and the channel that wakes its readers."""
    return STREAM_PREFIX + turn_id


def encode_frame(event_id: EventId, event: StreamEvent) -> bytes:
    """The event as an SSE frame."""
    return f"id: {event_id}\n".encode() + encode_event(event)


def encode_event(event: StreamEvent) -> bytes:
    """The event as an SSE frame without an id."""
    return f"event: {event.event}\ndata: {event.model_dump_json(exclude={'event'})}\n\n".encode()


def seal_frames(sealer: Sealer, key: str, frames: bytes) -> bytes:
    """A batch of frames as Redis gets it: readable for who has the conversation's key."""
    return sealer.seal(f"stream|{key}", frames)


def open_frames(sealer: Sealer, key: str, sealed: bytes) -> bytes:
    """The batch; raises SealError when the bytes are none of ours."""
    return sealer.open(f"stream|{key}", sealed)


def is_last(frame: bytes) -> bool:
    """Whether the frame closes the stream."""
    return b"\nevent: end\n" in frame or b"\nevent: error\n" in frame


def split_frames(batch: bytes) -> list[bytes]:
    """The frames of a batch."""
    return [part + b"\n\n" for part in batch.split(b"\n\n") if part]


def frame_id(frame: bytes) -> EventId:
    """The id of an encoded frame."""
    return parse_event_id(frame[4 : frame.index(b"\n")].decode())
