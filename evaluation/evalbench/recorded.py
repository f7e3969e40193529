"""Real conversations of a stack, with tokens for what tells who somebody is: to be graded, or made into a case.

The thread is kept with such tokens; the vault, which knows what they stand for, is not opened here. What customers'
words still hold is hidden once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import asyncpg
import yaml

from evalbench.case import Case, Ending
from evalbench.rubric import POINTS
from orchestrator.journal.conversations import COLUMNS, Conversations
from servicekit.crypto import Keyring
from servicekit.privacy.finder import Finder
from servicekit.privacy.hiding import hidden
from servicekit.privacy.kinds import Kind
from servicekit.privacy.tokens import TOKEN, plain_tokens

#: The same conversations whenever it is asked, in an order that tells nothing of them.
_SAMPLE = (
    f"SELECT {COLUMNS} FROM conversations c WHERE c.data_key IS NOT NULL AND EXISTS"
    " (SELECT FROM turns t WHERE t.conversation_id = c.id AND t.status = 'ended'"
    " AND ($1::timestamptz IS NULL OR t.created_at >= $1)) ORDER BY md5(c.id) LIMIT $2"
)
_ONE = f"SELECT {COLUMNS} FROM conversations c WHERE c.id = $1 AND c.data_key IS NOT NULL"
_THREAD = (
    "SELECT m.role, m.content, t.outcome FROM thread m LEFT JOIN turns t ON t.id = m.turn_id"
    " WHERE m.conversation_id = $1 ORDER BY m.id"
)
_ENDINGS = frozenset(get_args(Ending))


class NotRecorded(Exception):
    """There is no such conversation, or nothing of it can be read any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a thread. `outcome` of the turn that it belongs to; None outside of one."""

    role: str
    text: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A conversation as it was kept."""

    id: str
    customer: bool
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The conversations of one orchestrator's database. `keyring` opens what it has sealed."""

    url: str
    keyring: Keyring
    finder: Finder

    async def sample(self, since: datetime | None, most: int) -> list[Recorded]:
        """At most so many conversations with a turn that ended since then. Raises what asyncpg raises."""
        return await self._read(_SAMPLE, since, most)

    async def one(self, conversation_id: str) -> Recorded:
        """That conversation. Raises NotRecorded."""
        found = await self._read(_ONE, conversation_id)
        if not found:
            raise NotRecorded(f"there is no conversation {conversation_id}, or it was erased")
        return found[0]

    async def _read(self, sql: str, *arguments: Any) -> list[Recorded]:
        connection = await asyncpg.connect(self.url, timeout=5)
        opening = Conversations(self.keyring, b"")
        try:
            found = []
            for row in await connection.fetch(sql, *arguments):
                conversation = opening.opened(row)
                messages = tuple(
                    Message(
                        one["role"], self._hidden(conversation.sealer.open("thread", one["content"]).decode()),
                        one["outcome"],
                    )
                    for one in await connection.fetch(_THREAD, conversation.id)
                )  # fmt: skip
                found.append(Recorded(conversation.id, conversation.customer, messages))
            return found
        finally:
            await connection.close()

    def _hidden(self, text: str) -> str:
        """The text without what the finder finds; links of answers lead to help pages and stay."""
        return hidden(text, self.finder.find(text, kinds=frozenset(Kind) - {Kind.LINK}))


def to_grade(recorded: Sequence[Recorded]) -> str:
    """Rows for a file of `labels/`: somebody writes who they are, and the grades."""
    rows = [
        {"id": f"real-{number}", "by": None, "grades": dict.fromkeys(POINTS), "said": _said(one)}
        for number, one in enumerate(recorded, 1)
    ]
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=110)


def to_case(one: Recorded, name: str) -> str:
    """A file of `cases/` for somebody to finish: what happened stands in it, and they say what should have.

    Raises NotRecorded when no customer said anything.
    """
    orders: dict[str, str] = {}

    def placed(text: str) -> str:
        for token in TOKEN.finditer(text):
            if token[1] == "order" and token[0] not in orders:
                orders[token[0]] = "{order}" if not orders else f"{{order{len(orders) + 1}}}"
        for token, place in orders.items():
            text = text.replace(token, place)
        return plain_tokens(text)

    turns = [
        {"says": placed(message.text), "outcome": [message.outcome if message.outcome in _ENDINGS else "answered"]}
        for message in one.messages
        if message.role == "customer"
    ]
    if not turns:
        raise NotRecorded(f"in {one.id} no customer said anything")
    row = {
        "id": name, "category": "recorded", "tier": "private" if orders else "low",
        "who": "customer" if one.customer else "guest", "orders": [{}] * max(1, len(orders)), "turns": turns,
    }  # fmt: skip
    Case.model_validate(row)
    shared = {key: row.pop(key) for key in ("category", "tier", "who")}
    head = (
        "# What happened. Say what should have: outcome, has, lacks, cites, effects; make up what a token stands for.\n"
    )
    return head + yaml.safe_dump({**shared, "cases": [row]}, allow_unicode=True, sort_keys=False, width=110)


def _said(one: Recorded) -> str:
    who = {"customer": "Customer", "assistant": "Assistant", "staff": "Staff"}
    return "\n".join(f"{who[message.role]}: {plain_tokens(message.text)}" for message in one.messages)
