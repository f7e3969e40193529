"""Suggestions with their words, for the people who decide: opened from the threads, and masked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.vaulting import Vaults
from orchestrator.macros.suggestions import Counted, answers_of, open_suggestions
from orchestrator.macros.wording import CUSTOMER_NAME, ORDER_NUMBER, masked, words_of
from servicekit.db.pool import Connection
from servicekit.privacy import Kind


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
        return [
            self._opened(one, await answers_of(db, one.id)) for one in await open_suggestions(db, site, fewest, only)
        ]  # fmt: skip

    def _opened(self, counted: Counted, rows: Sequence[Record]) -> Suggestion:
        told = [self._told(row) for row in rows]
        question, _ = _usual([asked for asked, _ in told])
        text, proposal = _usual([said for _, said in told])
        return Suggestion(
            counted, question, text, proposal.replace(f"<{Kind.ORDER}>", f"{{{ORDER_NUMBER}}}"),
            tuple(dict.fromkeys(row["id"] for row in rows)),
        )  # fmt: skip

    def _told(self, row: Record) -> tuple[tuple[str, str], tuple[str, str]]:
        """Question and answer, each masked, and with a place for the customer's own name."""
        conversation = self.conversations.opened(row)
        vault, finder = self.vaults.of(conversation), self.vaults.finder
        said = conversation.sealer.open("thread", row["answer"]).decode()
        asked = masked(conversation.sealer.open("thread", row["question"]).decode(), finder)
        return (asked, asked), (masked(said, finder), masked(_with_place(said, conversation, vault), finder))


def _with_place(text: str, conversation: Conversation, vault: Vault) -> str:
    name = conversation.identity.name
    for part in () if not name else (name, *name.split()):
        text = text.replace(vault.mask(part), f"{{{CUSTOMER_NAME}}}")
    return text


def _usual(texts: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The most frequent wording; the newest of several."""
    counts = Counter(" ".join(words_of(shown)) for shown, _ in texts)
    return max(texts, key=lambda one: counts[" ".join(words_of(one[0]))])
