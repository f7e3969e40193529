"""The load client: customers who write through the public API and follow the stream to its end."""

import time
from collections import deque
from collections.abc import Callable

import aiohttp
import orjson

from onebox.agent import new_turn_id
from onebox.keys import KeyFiles
from turnbench.children import BenchError
from turnbench.customers import CUSTOMERS, tokens, tool_tokens
from turnbench.driving import together
from turnbench.task import TOOL, order_id, question

_AT_ONCE = 8


class LoadClient:
    """Runs turns against the product at `url`. Conversations are begun beforehand, by `prepare`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, keys: KeyFiles) -> None:
        self._session, self._url, self._keys = session, url, keys
        self._tokens: list[str] = []
        self._ready: deque[tuple[int, str]] = deque()
        self._next = 1

    async def prepare(self, turns: int) -> None:
        """Begins a conversation for each of the next turns."""
        self._tokens = tokens(self._keys)
        numbers = iter(range(self._next, self._next + turns))
        self._next += turns

        async def begin() -> None:
            for number in numbers:
                body = {"channel": "web"}
                told = await self._post("/api/agent/conversations", body, self._headers(number))
                self._ready.append((number, told["conversation_id"]))

        await together(begin, _AT_ONCE)

    async def turn(self, tokens: int, words: Callable[[int], str] = question) -> tuple[float, float]:
        """One turn: milliseconds to its end and to its first event. Raises BenchError when it is not answered.

        `words` gives what the customer of turn `number` writes.
        """
        number, conversation = self._ready.popleft()
        headers = self._headers(number)
        message = {"conversation_id": conversation, "text": words(number), "client_turn_id": new_turn_id()}
        began = time.perf_counter()
        accepted = await self._post("/api/agent/messages", message, headers)
        first, end = 0.0, b""
        async with self._session.get(f"{self._url}{accepted['stream_url']}", headers=headers) as stream:
            buffer = b""
            async for chunk in stream.content.iter_any():
                first = first or (time.perf_counter() - began) * 1000
                buffer += chunk
                *frames, buffer = buffer.split(b"\n\n")
                end = next((frame for frame in frames if b"\nevent: end\n" in frame), b"")
                if end:
                    break
        wall = (time.perf_counter() - began) * 1000
        _check(end, tokens)
        return wall, first

    async def call_tool(self, url: str, calls: int, concurrency: int) -> list[float]:
        """Milliseconds of each of so many calls of the tool at its service. Raises BenchError when one is refused."""
        signed = tool_tokens(self._keys)
        numbers, taken = iter(range(1, calls + 1)), []

        async def caller() -> None:
            for number in numbers:
                headers = {"authorization": f"Bearer {signed[number % CUSTOMERS]}", "content-type": "application/json"}
                body = orjson.dumps({"order_id": order_id(number)})
                began = time.perf_counter()
                async with self._session.post(f"{url}/tools/{TOOL}", data=body, headers=headers) as answer:
                    if answer.status != 200:
                        raise BenchError(f"{TOOL} answered {answer.status}: {await answer.text()}")
                    await answer.read()
                taken.append((time.perf_counter() - began) * 1000)

        await together(caller, concurrency)
        return taken

    def _headers(self, number: int) -> dict[str, str]:
        token = self._tokens[number % CUSTOMERS]
        return {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def _post(self, path: str, body: dict[str, str], headers: dict[str, str]) -> dict[str, str]:
        async with self._session.post(f"{self._url}{path}", data=orjson.dumps(body), headers=headers) as answer:
            if answer.status >= 300:
                raise BenchError(f"{path} answered {answer.status}: {await answer.text()}")
            told: dict[str, str] = orjson.loads(await answer.read())
            return told


def _check(end: bytes, tokens: int) -> None:
    """The turn must have done its work: an answer with the model's words, not an apology."""
    if not end:
        raise BenchError("the stream of a turn ended without its `end`")
    event = orjson.loads(end[end.index(b"\ndata: ") + 7 :])
    if event["outcome"] != "answered" or len(event["text"].split()) < tokens:
        raise BenchError(f"a turn was not answered as scripted: {event['outcome']}, {event['text']!r}")
