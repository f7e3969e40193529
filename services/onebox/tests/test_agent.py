"""The client of the public API: what a stream is made of, and how a broken one is resumed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from contracts.turn import ChunkEvent, EndEvent, ErrorEvent, StreamEvent
from onebox.agent import AgentClient, ApiError
from onebox.sse import ServerEvent, parse_events

END = 'id: 2-0\nevent: end\ndata: {"outcome":"answered","text":"Hello"}\n\n'
QUEUED = 'event: status\ndata: {"state":"waiting","text":"You are number 2."}\n\n'
HELLO = 'id: 1-0\nevent: chunk\ndata: {"text":"Hel","offset":0}\n\n'


async def parsed(*lines: str) -> list[ServerEvent]:
    async def given() -> AsyncIterator[str]:
        for line in lines:
            yield line

    return [event async for event in parse_events(given())]


@asynccontextmanager
async def server(answers: Sequence[tuple[str, str, str]]) -> AsyncIterator[tuple[str, list[str]]]:
    """Gives one answer (status line, content type, body) per connection, then cuts it; and what was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, kind, body = answers[min(len(asked), len(answers) - 1)]
        asked.append(request)
        writer.write(f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        writer.write(f"{len(body.encode()):x}\r\n{body}\r\n".encode())
        if kind != "text/event-stream":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()  # a stream misses its last chunk: the connection breaks

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", asked
    finally:
        listener.close()


async def followed(url: str) -> list[StreamEvent]:
    async with AgentClient(url, lambda: "token") as client:
        return [event async for event in client.follow("cnv_1", "trn_1")]


async def test_an_event_has_an_id_a_name_and_its_lines() -> None:
    events = await parsed("id: 7", "event: chunk", "data: one", "data: two", "")

    assert events == [ServerEvent("7", "chunk", "one\ntwo")]


async def test_comments_and_an_unfinished_event_are_left_out() -> None:
    assert await parsed(": keep-alive", "", "event: chunk", "data: cut off") == []


async def test_a_broken_stream_is_resumed_behind_the_last_event() -> None:
    async with server([("200 OK", "text/event-stream", HELLO), ("200 OK", "text/event-stream", END)]) as (url, asked):
        events = await followed(url)

    assert [type(event) for event in events] == [ChunkEvent, EndEvent]
    assert "last-event-id" not in asked[0].lower()
    assert "last-event-id: 1-0" in asked[1].lower()


async def test_a_place_in_the_queue_which_has_no_id_is_not_where_a_stream_is_resumed() -> None:
    answers = [("200 OK", "text/event-stream", body) for body in (HELLO, QUEUED, END)]
    async with server(answers) as (url, asked):
        await followed(url)

    assert ["last-event-id: 1-0" in one.lower() for one in asked] == [False, True, True]


async def test_nothing_is_asked_after_the_end() -> None:
    async with server([("200 OK", "text/event-stream", HELLO + END)]) as (url, asked):
        events = await followed(url)

    assert isinstance(events[-1], EndEvent)
    assert len(asked) == 1


async def test_events_of_a_newer_server_are_passed_over() -> None:
    newer = 'id: 1-1\nevent: hologram\ndata: {"shape":"cat"}\n\n'
    async with server([("200 OK", "text/event-stream", newer + END)]) as (url, _):
        assert [type(event) for event in await followed(url)] == [EndEvent]


async def test_an_error_event_ends_the_stream() -> None:
    problem = '{"title":"This took too long","status":504,"code":"deadline_exceeded"}'
    body = f'id: 1-0\nevent: error\ndata: {{"problem":{problem}}}\n\n'
    async with server([("200 OK", "text/event-stream", body)]) as (url, asked):
        events = await followed(url)

    assert isinstance(events[-1], ErrorEvent)
    assert len(asked) == 1


async def test_a_refusal_is_raised_with_its_code_and_not_tried_again() -> None:
    body = '{"title":"There is no such thing","status":404,"code":"not_found","detail":"No such turn."}'
    async with server([("404 Not Found", "application/problem+json", body)]) as (url, asked):
        with pytest.raises(ApiError) as caught:
            await followed(url)

    assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert "No such turn." in str(caught.value)
    assert len(asked) == 1
