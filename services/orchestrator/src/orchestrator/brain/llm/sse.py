"""Reads the `data:` lines of a Server-Sent-Events stream, wherever the network cuts it."""

MAX_LINE_BYTES = 1024 * 1024


class LineTooLong(Exception):
    """A line that no model writes."""


class SseLines:
    """Feed it bytes; it gives back the data of every line that is complete. Comments and other fields are skipped.

    Model APIs write one line per event, so a data line is taken for a whole event.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that `chunk` completes. Raises `LineTooLong`."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            raise LineTooLong
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]
