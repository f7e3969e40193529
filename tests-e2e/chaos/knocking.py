"""Somebody who repeats nothing while something is broken, and what they may be told."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from contracts.errors import PROBLEM_MEDIA_TYPE
from e2e.visitor import Visitor
from onebox.agent import new_turn_id

#: Between two knocks, whatever came of the last one.
KNOCK_EVERY_S = 0.4
#: What no customer ever reads.
INNARDS = ("Traceback", 'File "', "asyncpg", "redis", "sqlalchemy", "Errno", "No space left")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What customers may meet while something is broken.

    `codes`: of problems that they may be refused with. `answer_s`: within that every request is answered. `turn_s`:
    within that every accepted turn has ended, also while it is broken; None: after it. `broken`: connections may break.
    """

    codes: frozenset[str] = frozenset()
    answer_s: float = 5.0
    turn_s: float | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What one knock was told, and after how many seconds; `status` 0: no answer, the connection broke."""

    what: str
    status: int
    after_s: float
    code: str = ""
    media_type: str = ""
    text: str = ""

    def wrong(self, allowed: Allowed, slow: float) -> str:
        """What of it no customer may meet, '' when nothing, on a machine that is so many times `slow`."""
        if self.after_s > allowed.answer_s * slow:
            return "took too long"
        if self.status == 0:
            return "" if allowed.broken else "the connection broke"
        if any(word in self.text for word in INNARDS):
            return "shows our innards"
        if self.status < 400 or (self.code in allowed.codes and self.media_type.startswith(PROBLEM_MEDIA_TYPE)):
            return ""
        return "refused in another way"


@dataclass(slots=True)
class Knocker:
    """Somebody who repeats nothing: every knock is one request, and what it was told is kept as it was."""

    visitor: Visitor
    conversation_id: str
    answers: list[Answered] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    async def work(self, over: asyncio.Event) -> None:
        """Reads and writes in turn until `over`; returns when everything was answered."""
        async with asyncio.TaskGroup() as knocks:
            for number in count():
                if over.is_set():
                    return
                knocks.create_task(self._write() if number % 2 else self._read())
                await asyncio.wait({asyncio.ensure_future(over.wait())}, timeout=KNOCK_EVERY_S)

    async def _read(self) -> None:
        await self._ask("read", "GET", f"/api/agent/conversations/{self.conversation_id}")

    async def _write(self) -> None:
        begun = await self._ask("begin", "POST", "/api/agent/conversations", {"channel": "web"})
        if begun is None or begun.status_code != httpx.codes.CREATED:
            return
        body = {
            "conversation_id": begun.json()["conversation_id"], "client_turn_id": new_turn_id(),
            "text": "How do I return an item?",
        }  # fmt: skip
        taken = await self._ask("write", "POST", "/api/agent/messages", body)
        if taken is not None and taken.status_code == httpx.codes.ACCEPTED:
            self.accepted.append(taken.json()["turn_id"])

    async def _ask(
        self, what: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = await self.visitor.http.request(method, path, json=body, headers=self.visitor.headers)
        except httpx.TransportError as error:
            self.answers.append(Answered(what, 0, time.monotonic() - began, text=type(error).__name__))
            return None
        after_s, media_type = time.monotonic() - began, answer.headers.get("content-type", "")
        code = answer.json().get("code", "") if "json" in media_type else ""
        self.answers.append(Answered(what, answer.status_code, after_s, code, media_type, answer.text[:500]))
        return answer
