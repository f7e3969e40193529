"""Every turn that a machine has recorded, run again: none may decide otherwise."""

from collections.abc import Sequence

from e2e.facts import connected
from e2e.machine import Machine
from onebox.ports import ORCHESTRATOR
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.replay.identical import Verdict, replay
from orchestrator.replay.reading import Recordings
from orchestrator.replay.recording import Recording, Unreadable
from servicekit.crypto import Keyring

_ALL = "SELECT id FROM conversations WHERE $1::text[] IS NULL OR id = ANY ($1) ORDER BY id"
#: These are as they should be: somebody was erased, or is being answered by another test.
_NOT_NOW = (Unreadable.ERASED, Unreadable.UNFINISHED)


async def replayed(machine: Machine, conversations: Sequence[str] | None = None) -> list[tuple[Recording, Verdict]]:
    """The turns of these conversations, or of all, each with its verdict; what cannot be read now is left out."""
    keyring = Keyring.load(machine.stack.keys.master(ORCHESTRATOR))
    recordings = Recordings(Conversations(keyring, b""), Codec())
    found = []
    async with connected(machine.database(ORCHESTRATOR)) as db:
        for row in await db.fetch(_ALL, None if conversations is None else list(conversations)):
            for one in await recordings.of_conversation(db, row["id"]):
                assert one.unreadable is None or one.unreadable in _NOT_NOW, one
                if one.unreadable is None:
                    found.append((one, replay(one)))
    return found


def odd(found: Sequence[tuple[Recording, Verdict]]) -> list[str]:
    """Those that differ, and answers that were recorded without a mark, in words."""
    differing = [f"{one.turn_id}: {verdict.difference}" for one, verdict in found if not verdict.identical]
    return differing + [f"{one.turn_id}: {verdict.unmarked} unmarked" for one, verdict in found if verdict.unmarked]
