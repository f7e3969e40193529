"""Journal entries: how an input becomes sealed bytes and back, and the one statement that appends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg
import orjson
from pydantic import TypeAdapter

from orchestrator.guard.vault import Held
from orchestrator.journal.sealing import Sealer
from orchestrator.journal.vaulting import vault_columns
from orchestrator.turn.inputs import TurnInput, input_adapter
from orchestrator.turn.journal import JournalConflict, Recorded
from servicekit.db.arrays import byte_texts, number_texts
from servicekit.db.pool import Connection

#: The error codes that the SQL function `journal_append` raises.
_CONFLICT_STATE = "JC001"
_ERASED_STATE = "JC002"


class ConversationErased(JournalConflict):
    """The person of this conversation was erased: nothing is appended any more."""


class Codec:
    """Inputs to JSON bytes and back. Built once per process: it compiles a schema."""

    def __init__(self) -> None:
        self._adapter: TypeAdapter[TurnInput] = input_adapter()

    def encode(self, turn_input: TurnInput, mark: str = "") -> bytes:
        """The input as JSON, with the mark of what it answers beside its own fields."""
        payload = self._adapter.dump_json(turn_input)
        return payload if not mark else b'%b,"mark":%b}' % (payload[:-1], orjson.dumps(mark))

    def decode(self, payload: bytes) -> TurnInput:
        """The input that the JSON stands for; raises ValueError when it is none of ours."""
        return self._adapter.validate_json(payload)

    @staticmethod
    def mark(payload: bytes) -> str:
        """The mark in the JSON of an input; "" in an entry that has none, such as an older one."""
        mark = orjson.loads(payload).get("mark", "")
        return mark if isinstance(mark, str) else ""


async def append_entries(
    db: Connection, sealer: Sealer, turn_id: str, after: int, inputs: Sequence[Recorded], codec: Codec,
    held: Sequence[Held] = (),
) -> None:  # fmt: skip
    """Append behind the first `after` inputs of the turn; `held` is what their tokens stand for.

    Raises JournalConflict when the turn has more inputs, ConversationErased when nobody may add to it.
    """
    with turning_away(turn_id):
        await db.execute(
            "SELECT journal_append($1, $2, $3, $4, $5::text[]::bigint[], $6::text[]::bytea[]),"
            " vault_keep($1, $7, $8::text[]::bytea[])",
            sealer.conversation_id, turn_id, after, *entry_columns(sealer, turn_id, after, inputs, codec),
            *vault_columns(sealer, held),
        )  # fmt: skip


def entry_columns(
    sealer: Sealer, turn_id: str, after: int, inputs: Sequence[Recorded], codec: Codec
) -> tuple[list[str], list[str], list[str]]:
    """Kinds, times and sealed payloads of entries, as the statements of the SQL functions take them."""
    payloads = byte_texts(
        sealer.seal(purpose(turn_id, after + index), codec.encode(one.turn_input, one.mark))
        for index, one in enumerate(inputs, start=1)
    )
    return [one.turn_input.kind for one in inputs], number_texts(one.at_ms for one in inputs), payloads


@contextmanager
def turning_away(turn_id: str) -> Iterator[None]:
    """Makes the SQL functions' refusals a JournalConflict or a ConversationErased."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate == _CONFLICT_STATE:
            raise JournalConflict(turn_id) from error
        if error.sqlstate == _ERASED_STATE:
            raise ConversationErased(turn_id) from error
        raise


async def load_entries(db: Connection, sealer: Sealer, turn_id: str, codec: Codec) -> list[Recorded]:
    """All inputs of a turn, oldest first."""
    rows = await db.fetch("SELECT turn_seq, at_ms, payload FROM journal WHERE turn_id = $1 ORDER BY turn_seq", turn_id)
    return [
        Recorded(codec.decode(sealer.open(purpose(turn_id, row["turn_seq"]), row["payload"])), row["at_ms"])
        for row in rows
    ]


def purpose(turn_id: str, turn_seq: int) -> str:
    """What a payload is sealed for: its own place, so that rows cannot be swapped."""
    return f"journal|{turn_id}|{turn_seq}"
