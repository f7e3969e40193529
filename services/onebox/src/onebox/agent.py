"""A client of the public HTTP API: begins conversations, sends messages, follows a turn's stream and resumes it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import TypeAdapter

from contracts.turn import EndEvent, ErrorEvent, StreamEvent
from onebox.sse import parse_events

EVENTS: TypeAdapter[StreamEvent] = TypeAdapter(StreamEvent)
KINDS = frozenset({"status", "tool", "chunk", "citation", "confirmation", "approval", "error", "end"})
RESUMES = 5


class ApiError(Exception):
    """An answer that is a problem. `status` is HTTP's, `code` the problem's own, the message is for people."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        super().__init__(f"{status} {self.code}: {problem.get('detail') or problem.get('title') or 'no details'}")


class LostConnectionError(Exception):
    """The stream of a turn could not be followed to its end."""


class AgentClient:
    """Talks as one caller. `token` is asked before each request, because tokens live at most five minutes."""

    def __init__(self, base_url: str, token: Callable[[], str]) -> None:
        self._token = token
        # A turn may wait 30 s between two events; keep-alives come far more often.
        self._http = httpx.AsyncClient(base_url=base_url, timeout=httpx.Timeout(40.0, connect=5.0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self._http.aclose()

    async def begin(self) -> str:
        """A new conversation's id."""
        return (await self.open())[0]

    async def open(self) -> tuple[str, str]:
        """A new conversation's id, and what its customer is told first."""
        answer = await self._call("POST", "/api/agent/conversations", {"channel": "web"})
        return str(answer["conversation_id"]), str(answer.get("disclosure", ""))

    async def send(self, conversation_id: str, text: str, client_turn_id: str | None = None) -> str:
        """Write a message; the id of the turn that answers it."""
        turn = {"conversation_id": conversation_id, "text": text, "client_turn_id": client_turn_id or new_turn_id()}
        return str((await self._call("POST", "/api/agent/messages", turn))["turn_id"])

    async def decide(self, conversation_id: str, turn_id: str, digest: str, *, confirmed: bool) -> None:
        """Answer a confirmation card."""
        decision = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": digest, "confirmed": confirmed}
        await self._call("POST", "/api/agent/confirmations", decision)

    async def approvals(self) -> list[dict[str, Any]]:
        """What waits for staff, the oldest first; the caller is one of them."""
        waiting: list[dict[str, Any]] = (await self._call("GET", "/api/agent/approvals"))["approvals"]
        return waiting

    async def approve(
        self, conversation_id: str, turn_id: str, digest: str, *, approved: bool, notes: str = ""
    ) -> dict[str, Any]:
        """Decide as staff about exactly this effect; says how many approvals are missing."""
        decision = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": digest, "approved": approved}
        return await self._call("POST", "/api/agent/approvals", decision | {"notes": notes})

    async def hand_off(self, conversation_id: str) -> str:
        """Ask for a person; the id of the turn that answers."""
        request = {"conversation_id": conversation_id, "client_turn_id": new_turn_id()}
        return str((await self._call("POST", "/api/agent/handoff", request))["turn_id"])

    async def read(self, conversation_id: str) -> dict[str, Any]:
        """The conversation: messages, who is answering, open cards."""
        return await self._call("GET", f"/api/agent/conversations/{conversation_id}")

    async def follow(self, conversation_id: str, turn_id: str) -> AsyncIterator[StreamEvent]:
        """The events of a turn to its `end` or `error`; a broken connection is resumed where it stopped."""
        last_id = ""
        for attempt in range(RESUMES + 1):
            with suppress(httpx.TransportError):
                async for event_id, event in self._stream(conversation_id, turn_id, last_id):
                    last_id = event_id or last_id
                    yield event
                    if isinstance(event, EndEvent | ErrorEvent):
                        return
            await asyncio.sleep(min(2.0, 0.1 * 2**attempt))
        raise LostConnectionError(f"the stream of {turn_id} broke {RESUMES + 1} times")

    async def _stream(self, conversation_id: str, turn_id: str, last_id: str) -> AsyncIterator[tuple[str, StreamEvent]]:
        where = {"conversation_id": conversation_id, "turn_id": turn_id}
        headers = self._headers() | {"accept": "text/event-stream"} | ({"last-event-id": last_id} if last_id else {})
        async with self._http.stream("GET", "/api/agent/stream", params=where, headers=headers) as response:
            if response.is_error:
                await response.aread()
                raise _api_error(response)
            async for sent in parse_events(response.aiter_lines()):
                if sent.event in KINDS:
                    yield sent.id, EVENTS.validate_python(json.loads(sent.data) | {"event": sent.event})

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = await self._http.request(method, path, json=body, headers=self._headers())
        if response.is_error:
            raise _api_error(response)
        answer: dict[str, Any] = response.json()
        return answer

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token()}"}


def new_turn_id() -> str:
    """An id of the client's own for one message: sent again with the same id, it is the same turn."""
    return f"msg_{secrets.token_hex(12)}"


def _api_error(response: httpx.Response) -> ApiError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    return ApiError(response.status_code, problem if isinstance(problem, dict) else {})
