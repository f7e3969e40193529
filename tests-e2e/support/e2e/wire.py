"""One HTTP request as it comes off a socket, for services of the tests' own that see every byte."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body has a length: its first line, its headers by names in lower case, its body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        """Its method."""
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        """Its path and query, as they were sent."""
        return self.line.split(" ")[1]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request. Raises IncompleteReadError when the other end has left."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest if one)}
    return Request(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
