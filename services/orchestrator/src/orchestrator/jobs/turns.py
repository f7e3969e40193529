"""Running one turn as a job: claim it, build its scope, run the loop. Killed anywhere, the next run goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.effects.runner import Runner
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.running import RunningTurns
from orchestrator.journal.accept import Begun
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec, ConversationErased
from orchestrator.journal.store import PgTurnJournal
from orchestrator.memory.short_term import Place
from orchestrator.turn.journal import JournalConflict, Recorded
from orchestrator.turn.loop import run_turn
from servicekit.logging import get_logger

#: Joins the claimed turn with its conversation: one round trip to start a turn.
CLAIM = (
    "WITH claimed AS (UPDATE turns SET runs = runs + 1 WHERE id = $1 AND status = 'running'"
    " RETURNING conversation_id, runs, request_id, ordinal, by_mail)"
    " SELECT claimed.runs, claimed.request_id, claimed.ordinal, claimed.by_mail, asked.own, asked.since, c.*"
    " FROM claimed JOIN conversations c ON c.id = claimed.conversation_id CROSS JOIN LATERAL"
    # What the customer said in this turn, and behind it: the thread has that already.
    " (SELECT count(*) FILTER (WHERE o.id = $1) AS own, count(*) AS since FROM turns o"
    " JOIN thread t ON t.conversation_id = c.id AND t.turn_id = o.id AND t.role = 'customer'"
    " WHERE o.conversation_id = c.id AND o.ordinal >= claimed.ordinal) asked"
)
#: Its answer was promised by e-mail, and no job that sends it is there yet.
_OWED = ("promised", "hurried")


@dataclass(frozen=True, slots=True)
class TurnJobs:
    """Runs turns by id."""

    world: Collaborators
    conversations: Conversations
    codec: Codec
    queue: JobQueue
    running: RunningTurns

    async def run(self, turn_id: str) -> float | None:
        """Run the turn as far as it goes; the seconds of it that models and tools took, None when that was not from its
        beginning. A turn that has ended, waits or runs elsewhere is left alone.
        """
        async with self.world.database.primary() as db:
            row = await db.fetchrow(CLAIM, turn_id)
        if row is None:
            return None
        if row["runs"] > 1:
            self.world.metrics.taken_over.inc()
        conversation, run = self.conversations.opened(row), row["runs"] - 1
        first, place = run == 0 and row["ordinal"] == 1, Place(conversation.said - row["since"], row["own"])
        scope = TurnScope(conversation, turn_id, row["request_id"], run, first, self.world, place=place)
        with self.running.until_stopped(turn_id, row["runs"]), self.world.publisher.near(turn_id, resumed=True):
            asked_s = await self._go_on(scope, by_mail=row["by_mail"] in _OWED)
            return asked_s if run == 0 else None
        return None

    async def run_begun(self, begun: Begun) -> float | None:
        """Run a turn that this process has just accepted and leased; the seconds of it that models and tools took, None
        when it went on elsewhere.
        """
        scope = TurnScope(
            begun.conversation, begun.turn_id, begun.request_id, 0, begun.first, self.world, begun.vault
        )  # fmt: skip
        with self.running.until_stopped(begun.turn_id, 1), self.world.publisher.near(begun.turn_id):
            return await self._go_on(scope, (begun.recorded,))
        return None

    def break_off(self, turn_id: str) -> None:
        """Leave the run of a turn that was stopped, before it goes on in another."""
        self.running.break_off(turn_id)

    async def _go_on(self, scope: TurnScope, known: Sequence[Recorded] = (), *, by_mail: bool = False) -> float | None:
        world = self.world
        journal = PgTurnJournal(
            world.database, scope.conversation, scope.turn_id, self.codec, world.scheduler, scope.vault, known, by_mail
        )  # fmt: skip
        runner = Runner(scope)
        with world.metrics.running.track_inprogress():
            try:
                await run_turn(journal, runner, scope.now_ms)
            except ConversationErased:
                get_logger().info("the turn ended with its erased conversation", turn_id=scope.turn_id)
                return None
            except JournalConflict:
                get_logger().info("the turn went on in another worker", turn_id=scope.turn_id)
                return None
        return runner.asked_s
