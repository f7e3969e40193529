"""One turn as its customer sees it: POST to the first event, to the first words, to the end; cards are agreed to."""

import json
import time
import uuid
from dataclasses import asdict, dataclass
from http.client import HTTPResponse
from typing import Any

from door import Door, Event, events
from kinds import Kind

_DROPS_AFTER = 3


class WrongTurnError(Exception):
    """The turn did not go as it must; the message says how."""


@dataclass(slots=True)
class Sample:
    """One turn, or one leg of it. Times are milliseconds since the customer wrote (or agreed); None: it did not come.

    `at` is epoch seconds of its beginning; `status` and `head_ms` are those of the answer to the POST, 0 when none
    came; `error` '' is a right answer.
    """

    kind: str
    tools: int
    at: float
    status: int = 0
    head_ms: float | None = None
    first_ms: float | None = None
    words_ms: float | None = None
    end_ms: float | None = None
    outcome: str = ""
    error: str = ""

    @property
    def put_off(self) -> bool:
        """Whether the customer was turned away for now, or promised an e-mail."""
        return self.status in (429, 503) or self.outcome == "later"

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self))


class Turn:
    """A turn of one customer, from `said` on. `legs` are what it came to: two with a card in between."""

    def __init__(self, door: Door, url: str, token: str, kind: Kind, order: str) -> None:
        self._door, self._url, self._kind, self._order = door, url, kind, order
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._streamed = self._headers | {"accept": "text/event-stream"}
        self._conversation = self._turn = self._last = ""
        self._began = 0.0
        self.legs: list[Sample] = []

    def say(self, session: str, words: str) -> None:
        """Hold the turn to its end. What goes wrong is the `error` of the last leg."""
        self._leg(self._kind.name)
        body = json.dumps({"session_id": session, "message": words}).encode()
        headers = self._streamed | {"idempotency-key": f"turn-{uuid.uuid4().hex}"}
        try:
            answer = self._door.ask("POST", "/chat", headers, body)
            self._must_be(200, answer)
            self._conversation = answer.headers["x-aiguy-conversation-id"]
            self._turn = answer.headers["x-aiguy-turn-id"]
            if not self._follow(answer, leave_after=_DROPS_AFTER if self._kind.drops else None):
                self._door.close()
                self._take_up()
        except Exception as error:  # noqa: BLE001 - whatever it was, it is what this customer got
            self._now.error = f"{type(error).__name__}: {error}"
            self._door.close()

    @property
    def _now(self) -> Sample:
        return self.legs[-1]

    def _leg(self, name: str) -> None:
        self._began = time.perf_counter()
        self.legs.append(Sample(name, self._kind.tools, time.time()))

    def _must_be(self, status: int, answer: HTTPResponse) -> None:
        now = self._now
        if now.head_ms is None:
            now.status, now.head_ms = answer.status, (time.perf_counter() - self._began) * 1000
        if answer.status != status:
            raise WrongTurnError(f"{answer.status} {_said(answer.read())}")

    def _take_up(self) -> None:
        path = f"/api/agent/stream?conversation_id={self._conversation}&turn_id={self._turn}"
        answer = self._door.ask("GET", path, self._streamed | {"last-event-id": self._last})
        self._must_be(200, answer)
        self._follow(answer)

    def _follow(self, answer: HTTPResponse, leave_after: int | None = None) -> bool:
        """Reads to the end; False when the customer leaves before it, after so many events."""
        seen = 0
        for event in events(answer):
            if not event.id:
                continue
            if event.name == "error":
                raise WrongTurnError(_said(event.data))
            if event.id == self._last:
                raise WrongTurnError(f"event {event.id} came twice")
            self._last, seen = event.id, seen + 1
            self._note(event)
            if event.name == "end":
                answer.read()
                return True
            if seen == leave_after:
                return False
        raise WrongTurnError("the stream ended without an end")

    def _note(self, event: Event) -> None:
        passed, now = (time.perf_counter() - self._began) * 1000, self._now
        if now.first_ms is None:
            now.first_ms = passed
        match event.name:
            case "chunk" if now.words_ms is None:
                now.words_ms = passed
            case "confirmation":
                now.end_ms, now.outcome = passed, "asked"
                self._agree(json.loads(event.data))
            case "end":
                now.end_ms = passed
                self._judge(json.loads(event.data))

    def _agree(self, card: dict[str, Any]) -> None:
        self._leg(f"{self._kind.name}, agreed")
        yes = {
            "conversation_id": self._conversation, "turn_id": self._turn, "digest": card["digest"], "confirmed": True,
        }  # fmt: skip
        door = Door(self._url)
        answer = door.ask("POST", "/api/agent/confirmations", self._headers, json.dumps(yes).encode())
        self._must_be(202, answer)
        door.close()

    def _judge(self, end: dict[str, Any]) -> None:
        self._now.outcome = end["outcome"]
        if end["outcome"] not in self._kind.outcomes:
            raise WrongTurnError(f"not answered: {end['outcome']}, {end['text'][:120]}")
        if self._kind.name == "refund" and len(self.legs) != 2:
            raise WrongTurnError("money moved, and the customer was not asked")
        if self._kind.order and self._kind.name != "refund" and self._order[-4:] not in end["text"]:
            raise WrongTurnError(f"the answer is not about order {self._order}: {end['text'][:120]}")


def _said(body: bytes) -> str:
    """What a problem says, without what differs from one to the next."""
    try:
        told = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    problem = told.get("problem", told)
    return f"{problem.get('code', '')}: {problem.get('detail', '')}"
