"""Suggestions with their words, for the people who decide: opened from the threads, and masked."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.sealing import open_sealer
from orchestrator.journal.vaulting import Vaults
from orchestrator.macros.suggestions import Counted, answers_of, open_suggestions
from orchestrator.macros.wording import CUSTOMER_NAME, ORDER_NUMBER, masked, words_of
from servicekit.db.pool import Connection
from servicekit.privacy import Kind
from servicekit.privacy.tokens import plain_tokens


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What staff answered over and over. `text` is one of their answers word for word, masked; `proposal` the same with
    places for the customer's name and order number.
    """

    counted: Counted
    question: str
    text: str
    proposal: str
    conversation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Opens suggestions."""

    conversations: Conversations
    vaults: Vaults

    async def suggestions(self, db: Connection, site: str, fewest: int, only: str = "") -> list[Suggestion]:
        """The site's open ones, the largest first; `only` one of them."""
        counted = await open_suggestions(db, site, fewest, only)
        rows = await answers_of(db, [one.id for one in counted])
        return await asyncio.to_thread(lambda: [self._opened(one, rows[one.id]) for one in counted if one.id in rows])

    def _opened(self, counted: Counted, rows: Sequence[Record]) -> Suggestion:
        told = [self._told(row) for row in rows]
        question = told[_usual([asked for asked, _ in told])][0]
        usual = _usual([said for _, said in told])
        # Finding personal data is what takes time here: only what is shown is looked through.
        finder, text = self.vaults.finder, told[usual][1]
        proposal = masked(self._with_place(text, self.conversations.opened(rows[usual])), finder)
        return Suggestion(
            counted, masked(question, finder), masked(text, finder),
            proposal.replace(f"<{Kind.ORDER}>", f"{{{ORDER_NUMBER}}}"),
            tuple(dict.fromkeys(row["id"] for row in rows)),
        )  # fmt: skip

    def _told(self, row: Record) -> tuple[str, str]:
        """Question and answer, with tokens."""
        sealer = open_sealer(self.conversations.keyring, row["id"], row["key_id"], row["data_key"])
        return sealer.open("thread", row["question"]).decode(), sealer.open("thread", row["answer"]).decode()

    def _with_place(self, text: str, conversation: Conversation) -> str:
        """The text with a place for the customer's own name."""
        name, vault = conversation.identity.name, self.vaults.of(conversation)
        for part in () if not name or "<" not in text else (name, *name.split()):
            text = text.replace(vault.mask(part), f"{{{CUSTOMER_NAME}}}")
        return text


def _usual(texts: Sequence[str]) -> int:
    """The place of the most frequent wording; the first of several, which is the newest."""
    wordings = [" ".join(words_of(plain_tokens(text))) for text in texts]
    counts = Counter(wordings)
    return max(range(len(texts)), key=lambda place: counts[wordings[place]])
