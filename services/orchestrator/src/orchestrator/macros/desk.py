"""What the pages of macros use."""

import asyncio
from dataclasses import dataclass

from orchestrator.journal.conversations import Conversation
from orchestrator.journal.vaulting import held_values
from orchestrator.macros.asking import LOOKED_AT
from orchestrator.macros.fitting import Offered, asked_now, fitting, known_values, offered
from orchestrator.macros.listing import Reader
from orchestrator.macros.looking import Looking
from orchestrator.macros.policy import MacroPolicy
from orchestrator.macros.store import Results, active_macros
from servicekit.db.pool import Connection
from servicekit.language import LANGUAGES
from servicekit.privacy import Kind

_LAST = (
    "SELECT content FROM thread WHERE conversation_id = $1 AND role = 'customer' ORDER BY id DESC LIMIT $2"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MacroDesk:
    """Suggestions are read by `reader`, and found by `looking`."""

    looking: Looking
    reader: Reader

    @property
    def policy(self) -> MacroPolicy:
        """The rules."""
        return self.looking.policy

    async def offers(self, db: Connection, conversation: Conversation, *, revealed: bool) -> list[Offered]:
        """The macros that fit the last question of a conversation, filled in with what a colleague may see there: order
        numbers, and the customer's name where it is `revealed`. In the question's language; in any when that
        is not sure.
        """
        rows = await db.fetch(_LAST, conversation.id, LOOKED_AT)
        said = [conversation.sealer.open("thread", row["content"]).decode() for row in rows]
        question = asked_now(said, self.looking.gaps)
        if not question:
            return []
        language = self.looking.languages.detect(question)
        macros = await active_macros(db, conversation.issuer, language if language in LANGUAGES else "")
        found = await asyncio.to_thread(
            fitting, question, macros, self.looking.embedder, self.policy, self.looking.gaps
        )
        if not found:
            return []
        orders = {one.token: one.value for one in await held_values(db, conversation) if one.kind == Kind.ORDER}
        values = known_values(said, orders, (conversation.identity.name or "") if revealed else "")
        return [offered(one, values) for one in found]

    def faults(self, results: Results) -> tuple[str, ...]:
        """Why a version is not good: what staff or customers made of it, once there is enough to say so."""
        found = []
        if results.used >= self.policy.fewest_uses and results.edited >= self.policy.edited_share * results.used:
            found.append("edited heavily")
        if results.rated >= self.policy.fewest_uses and results.down >= self.policy.rated_down_share * results.rated:
            found.append("rated down")
        return tuple(found)
