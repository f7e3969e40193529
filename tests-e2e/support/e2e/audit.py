"""The books after a soak: every accepted turn ended once, every effect happened as often as it was confirmed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from e2e.facts import Row, connected, rows
from e2e.soak import Held, Soak
from orchestrator.journal.verify import verify_conversation
from servicekit.testing import eventually

#: Each table is read once: one look for each of 10,000 turns takes longer than what it waits for.
_UNSETTLED = """
SELECT t.id, t.status, t.outcome, t.runs,
       (SELECT array_agg(j.kind ORDER BY j.turn_seq) FROM journal j WHERE j.turn_id = t.id) AS kinds,
       concat_ws(', ', q.entrypoint, q.status, 'tries', q.attempts, 'due', q.execute_after - now(),
                 'silent for', now() - q.heartbeat) AS job
FROM turns t LEFT JOIN pgqueuer q ON q.payload = convert_to(t.id, 'UTF8')
WHERE t.conversation_id = ANY($1) AND (t.status <> 'ended' OR q.id IS NOT NULL)
"""
_TURNS = """
WITH j AS (SELECT turn_id, count(*) AS entries, max(turn_seq) AS last, array_agg(kind ORDER BY turn_seq) AS kinds
           FROM journal WHERE conversation_id = ANY($1) GROUP BY turn_id),
     h AS (SELECT turn_id, count(*) FILTER (WHERE role = 'assistant') AS answers,
                  count(*) FILTER (WHERE role = 'customer') AS questions
           FROM thread WHERE conversation_id = ANY($1) GROUP BY turn_id),
     m AS (SELECT turn_id, count(*) AS messages FROM messages WHERE conversation_id = ANY($1) GROUP BY turn_id)
SELECT t.id, t.conversation_id, t.status, t.outcome, t.inputs, t.runs, t.final_event IS NOT NULL AS final,
       j.entries, j.last, j.kinds, coalesce(h.answers, 0) AS answers, coalesce(h.questions, 0) AS questions,
       coalesce(m.messages, 0) AS messages
FROM turns t LEFT JOIN j ON j.turn_id = t.id LEFT JOIN h ON h.turn_id = t.id LEFT JOIN m ON m.turn_id = t.id
WHERE t.conversation_id = ANY($1) ORDER BY t.conversation_id, t.ordinal
"""
_TICKETS = """
SELECT t.turn_id, t.conversation_id, h.reason AS handoff FROM tickets t LEFT JOIN handoffs h ON h.ticket_id = t.id
WHERE t.conversation_id = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Books:
    """Where the truth about a soak is."""

    orchestrator: str
    tickets: str
    soak: Soak

    @property
    def conversations(self) -> list[str]:
        """Ids of the conversations of the soak."""
        return sorted({held.turn.conversation_id for held in self.soak.held})

    async def settled(self, timeout_s: float) -> None:
        """Returns when no turn is under way, no job is left and every promised hand-over was made."""

        async def done() -> bool:
            stuck = await rows(self.orchestrator, _UNSETTLED, self.conversations)
            assert not stuck, stuck[:3]
            # One hand-over is open per conversation: who asks again gets the same ticket.
            handed = await self._handed_conversations()
            late = [held for held in self._handed_over() if held.turn.conversation_id not in handed]
            assert not late, late[:3]
            return True

        await eventually(done, timeout_s)

    async def trouble(self) -> list[str]:
        """Everything that does not add up, in words."""
        turns = {turn["id"]: turn for turn in await rows(self.orchestrator, _TURNS, self.conversations)}
        tickets, handed = await self._tickets(), await self._handed_conversations()
        known = {held.turn.turn_id for held in self.soak.held}
        found = [f"a turn that nobody asked for: {turn}" for turn_id, turn in turns.items() if turn_id not in known]
        found += [f"a ticket of no turn: {turn_id}" for turn_id, _ in tickets if turn_id not in known]
        for held in self.soak.held:
            row = turns.get(held.turn.turn_id)
            wrong = ["lost"] if row is None else [*_turn_trouble(held, row), *_ticket_trouble(held, tickets, handed)]
            found += [f"{what}: {held} {row}" for what in wrong]
        return found + await self._broken_chains()

    async def _tickets(self) -> Counter[tuple[str, bool]]:
        found = await rows(self.tickets, _TICKETS, self.conversations)
        return Counter((row["turn_id"], row["handoff"] is not None) for row in found)

    async def _handed_conversations(self) -> set[str]:
        return {
            row["conversation_id"] for row in await rows(self.tickets, _TICKETS, self.conversations) if row["handoff"]
        }

    def _handed_over(self) -> list[Held]:
        return [held for held in self.soak.held if held.turn.outcome == "handed_over"]

    async def _broken_chains(self) -> list[str]:
        async with connected(self.orchestrator) as connection:
            checked = [await verify_conversation(connection, conversation) for conversation in self.conversations]
        return [f"the chain is broken: {broken}" for broken in checked if broken is not None]


def _turn_trouble(held: Held, row: Row) -> Iterator[str]:
    said_in_words = held.decided is not None and held.wanted.in_words
    if row["status"] != "ended" or not row["final"]:
        yield "not ended"
    if len(held.turn.named("end")) != 1:
        yield "its customer did not see exactly one end"
    elif held.turn.outcome != row["outcome"]:
        yield "its customer saw another outcome"
    if not row["entries"] == row["inputs"] == row["last"]:
        yield "a gap in its journal"
    if row["kinds"].count("turn_started") != 1:
        yield "not started once"
    if row["answers"] != (1 if held.turn.text else 0):
        yield "not answered once"
    if not row["questions"] == row["messages"] == 1 + said_in_words:
        yield "its messages are not there once"
    # What is told of a place in the queue has no id of its own: it changes, and is no event of the turn.
    ids = [event.id for event in held.turn.events if event.data.get("state") != "waiting"]
    if len(set(ids)) != len(ids):
        yield "an event was seen twice"


def _ticket_trouble(held: Held, tickets: Counter[tuple[str, bool]], handed: set[str]) -> Iterator[str]:
    opened, made = tickets[held.turn.turn_id, False], tickets[held.turn.turn_id, True]
    outcome = held.turn.outcome
    if opened > 1 or made > 1:
        yield f"{opened} tickets and {made} hand-overs"
    if opened and held.decided is not True:
        yield "a ticket that nobody confirmed"
    if held.decided is True and outcome == "answered" and not opened:
        yield "confirmed and answered, but there is no ticket"
    if outcome == "handed_over" and held.turn.conversation_id not in handed:
        yield "handed over, but nobody knows"
    if held.decided is False and outcome != "declined":
        yield "a no that was not heard"
