"""One customer's connection to the front door: requests, and streams of events as they come off the wire."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_PATIENCE_S = 60.0
_PIECE = 65_536
#: What a connection that the door closed while it was idle looks like at the next request.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream; `data` is its JSON. Those without an id are none of the turn."""

    id: str
    name: str
    data: bytes


class Door:
    """A connection that is kept between requests. Raises OSError and http.client.HTTPException."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.hostname != "127.0.0.1":
            raise ValueError("load goes to this machine, and nowhere else")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_PATIENCE_S)

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        """The head of the answer; on a new connection where the kept one has ended meanwhile."""
        fresh = self._connection.sock is None
        try:
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()
        except _STALE:
            self.close()
            if fresh:
                raise
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()

    def close(self) -> None:
        """Leave, whatever is under way."""
        self._connection.close()


def events(answer: http.client.HTTPResponse) -> Iterator[Event]:
    """The events of a stream until it ends; comments are left out."""
    buffer = b""
    while piece := answer.read1(_PIECE):
        *frames, buffer = (buffer + piece).split(b"\n\n")
        for frame in frames:
            fields = dict(line.partition(b": ")[::2] for line in frame.split(b"\n"))
            if b"data" in fields:
                yield Event(fields.get(b"id", b"").decode(), fields.get(b"event", b"").decode(), fields[b"data"])
