"""Event ids and frames: what a client resumes from."""

import pytest

from contracts.turn import ChunkEvent, Citation, EndEvent, Outcome, StatusEvent
from orchestrator.stream.frames import (
    BEFORE_ALL,
    EventId,
    encode_frame,
    frame_id,
    is_last,
    parse_event_id,
    split_frames,
)
from orchestrator.stream.sse import from_journal


def test_ids_compare_in_stream_order() -> None:
    assert EventId(1, 900) < EventId(2, 1) < EventId(2, 2)


@pytest.mark.parametrize("text", ["", "x", "1", "1-", "-1", "1-2-3", "٣-٣", "9" * 30 + "-1", "1-2\nx"])
def test_a_last_event_id_of_somebody_else_means_everything(text: str) -> None:
    assert parse_event_id(text) == BEFORE_ALL


def test_a_frame_carries_its_id_its_kind_and_its_data() -> None:
    frame = encode_frame(EventId(2, 7), ChunkEvent(text="a\nb", offset=3))
    assert frame == b'id: 2-7\nevent: chunk\ndata: {"text":"a\\nb","offset":3}\n\n'
    assert frame_id(frame) == EventId(2, 7)


def test_the_spaces_at_the_edges_of_a_piece_are_kept() -> None:
    assert b'"text":" is on "' in encode_frame(EventId(1, 1), ChunkEvent(text=" is on ", offset=3))


def test_a_batch_splits_into_its_frames() -> None:
    frames = [encode_frame(EventId(1, n), StatusEvent(state="plan", text="…")) for n in (1, 2, 3)]
    assert split_frames(b"".join(frames)) == frames


def test_a_chunk_that_quotes_an_end_event_does_not_end_the_stream() -> None:
    assert not is_last(encode_frame(EventId(1, 1), ChunkEvent(text="\nevent: end\n", offset=0)))
    assert is_last(encode_frame(EventId(1, 1), EndEvent(outcome=Outcome.ANSWERED, text="x")))


def test_the_journal_alone_gives_the_whole_answer() -> None:
    citation = Citation(chunk_id="c", title="T", url="https://shop.example/help/x", quote="q")
    frames = from_journal(EventId(3, 4), EndEvent(outcome=Outcome.ANSWERED, text="Hello", citations=(citation,)))
    kinds = [frame.split(b"\n")[1] for frame in frames]
    assert kinds == [b"event: chunk", b"event: citation", b"event: end"]
    assert all(frame_id(frame) > EventId(3, 4) for frame in frames)
