"""A visitor's browser: the public HTTP API, streams that are resumed, and everything that ever came back."""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from onebox.agent import new_turn_id
from onebox.sse import parse_events
from servicekit.testing import eventually

IMPATIENT_S, PATIENT_S = 60.0, 180.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    id: str
    name: str
    data: dict[str, Any]


@dataclass(slots=True)
class Turn:
    """One turn as its customer saw it."""

    conversation_id: str
    turn_id: str
    url: str
    events: list[Event] = field(default_factory=list)

    def named(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of that name."""
        return [event.data for event in self.events if event.name == name]

    @property
    def last_id(self) -> str:
        """The id of the last event that has one, '' before the first: a place in the queue has none."""
        return next((event.id for event in reversed(self.events) if event.id), "")

    @property
    def end(self) -> dict[str, Any]:
        """How the turn ended; fails when it did not, or twice."""
        ends = self.named("end")
        assert len(ends) == 1, [event.name for event in self.events]
        return ends[0]

    @property
    def text(self) -> str:
        """The whole answer."""
        return str(self.end["text"])

    @property
    def outcome(self) -> str:
        """The outcome's name."""
        return str(self.end["outcome"])

    @property
    def card(self) -> dict[str, Any]:
        """The one card that was shown."""
        (card,) = self.named("confirmation")
        return card

    @property
    def streamed(self) -> str:
        """The answer as its pieces gave it."""
        text = ""
        for piece in self.named("chunk"):
            text = text[: piece["offset"]] + piece["text"]
        return text

    def tools(self, phase: str) -> set[str]:
        """The tools that were shown in this phase."""
        return {tool["name"] for tool in self.named("tool") if tool["phase"] == phase}


class Visitor:
    """One caller. `received` is the whole HTTP exchange that came back: every header, body and stream."""

    def __init__(self, base_url: str, token: Callable[[], str], *, patient: bool = False) -> None:
        self.token = token
        self.patient = patient
        self.patience_s = PATIENT_S if patient else IMPATIENT_S
        self.received: list[str] = []
        self.http = httpx.AsyncClient(base_url=base_url, timeout=httpx.Timeout(40.0, connect=5.0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.http.aclose()

    @property
    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        return {"authorization": f"Bearer {self.token()}"}

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """One request; a patient visitor repeats it until it gets through or is refused for good."""
        deadline = time.monotonic() + self.patience_s

        async def once() -> httpx.Response | None:
            try:
                answer = await self.http.request(method, path, json=body, headers=self.headers)
            except httpx.TransportError:
                if not self.patient or time.monotonic() > deadline:
                    raise
                return None
            self.received.append(f"{dict(answer.headers)}\n{answer.text}")
            return None if self.patient and answer.status_code >= 500 else answer

        return await eventually(once, self.patience_s)

    async def begin(self) -> str:
        """A new conversation's id."""
        answer = await self.call("POST", "/api/agent/conversations", {"channel": "web"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["conversation_id"])

    async def post(self, conversation_id: str, text: str, client_turn_id: str | None = None) -> httpx.Response:
        """Write a message, whatever comes of it."""
        body = {"conversation_id": conversation_id, "text": text, "client_turn_id": client_turn_id or new_turn_id()}
        return await self.call("POST", "/api/agent/messages", body)

    async def send(self, conversation_id: str, text: str, client_turn_id: str | None = None) -> Turn:
        """Write a message that is accepted; its turn, not yet followed."""
        return accepted(conversation_id, await self.post(conversation_id, text, client_turn_id))

    async def say(self, text: str, conversation_id: str | None = None) -> Turn:
        """Write a message and follow its turn to the end, or to a card."""
        turn = await self.send(conversation_id or await self.begin(), text)
        return await self.follow(turn)

    async def hand_off(self, conversation_id: str) -> Turn:
        """Ask for a person by the button."""
        body = {"conversation_id": conversation_id, "client_turn_id": new_turn_id()}
        return accepted(conversation_id, await self.call("POST", "/api/agent/handoff", body))

    async def decide(
        self, turn: Turn, confirmed: bool, *, digest: str | None = None, conversation_id: str | None = None
    ) -> httpx.Response:
        """Answer the turn's card."""
        body = {
            "conversation_id": conversation_id or turn.conversation_id, "turn_id": turn.turn_id,
            "digest": digest or turn.card["digest"], "confirmed": confirmed,
        }  # fmt: skip
        return await self.call("POST", "/api/agent/confirmations", body)

    async def view(self, conversation_id: str) -> dict[str, Any]:
        """The conversation as the API shows it."""
        answer = await self.call("GET", f"/api/agent/conversations/{conversation_id}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def follow(self, turn: Turn, *, to_end: bool = False, until: str = "confirmation") -> Turn:
        """Follow a turn to its end (or, unless `to_end`, to an event `until`); a broken stream is resumed there."""
        last = "end" if to_end else until

        async def once() -> Turn | None:
            try:
                async for event in self.events(turn.url, turn.last_id):
                    turn.events.append(event)
                    if event.name in ("end", last):
                        return turn
            except httpx.TransportError:
                if not self.patient:
                    raise
            return None

        try:
            return await eventually(once, self.patience_s)
        except AssertionError as error:
            raise AssertionError(f"{turn.turn_id} has not ended: {[event.name for event in turn.events]}") from error

    async def events(self, url: str, last_id: str = "") -> AsyncIterator[Event]:
        """The events of one connection to a stream. Leaving the loop closes the connection."""
        headers = self.headers | {"accept": "text/event-stream"} | ({"last-event-id": last_id} if last_id else {})
        async with self.http.stream("GET", url, headers=headers) as answer:
            self.received.append(str(dict(answer.headers)))
            if self.patient and answer.status_code >= 500:
                return
            assert answer.status_code == 200, (await answer.aread()).decode()

            async def lines() -> AsyncIterator[str]:
                async for line in answer.aiter_lines():
                    self.received.append(line)
                    yield line

            async for sent in parse_events(lines()):
                yield Event(sent.id, sent.event, json.loads(sent.data))


def accepted(conversation_id: str, answer: httpx.Response) -> Turn:
    """The turn of a 202."""
    assert answer.status_code == 202, answer.text
    return Turn(conversation_id, answer.json()["turn_id"], answer.json()["stream_url"])
