"""Reads Server-Sent Events, as a browser does: fields, comments, several data lines."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. `data` is its text, lines joined by a newline."""

    id: str
    event: str
    data: str


async def parse_events(lines: AsyncIterable[str]) -> AsyncIterator[ServerEvent]:
    """Events from lines without their line ends. An unfinished last event is dropped, as the standard says."""
    event_id, kind, data = "", "message", list[str]()
    async for line in lines:
        if not line:
            if data:
                yield ServerEvent(event_id, kind, "\n".join(data))
            kind, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            event_id = value
        elif field == "event":
            kind = value
        elif field == "data":
            data.append(value)
