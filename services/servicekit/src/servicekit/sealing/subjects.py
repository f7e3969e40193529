"""A data key for each person: made when something of theirs is first written, destroyed to erase them.

Whoever writes holds the key's row until their transaction ends, so an erasure waits for them and then finds what they
wrote; a write after it starts a new key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from servicekit.crypto import MasterKeys, hash_subject, new_key, open_sealed, seal
from servicekit.db.pool import Connection

# KEY SHARE: an erasure (DELETE) waits for it, a new wrapping (UPDATE) does not.
_HELD = "SELECT key_id, wrapped FROM data_keys WHERE subject_hash = $1 FOR KEY SHARE"
_ADD = "INSERT INTO data_keys (subject_hash, key_id, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_FIND = "SELECT subject_hash, key_id, wrapped FROM data_keys WHERE subject_hash = ANY($1)"
_DESTROY = "DELETE FROM data_keys WHERE subject_hash = $1"


@dataclass(frozen=True, slots=True)
class SubjectSealer:
    """Seals and opens what belongs to one person. A value opens only for the row and column that it was sealed for."""

    name: str
    key: bytes = field(repr=False)

    def seal(self, column: str, row_id: str, text: str) -> bytes:
        """`text` for `column` (`tickets.body`) of that row."""
        return seal(self.key, text.encode(), _aad(column, row_id))

    def open(self, column: str, row_id: str, sealed: bytes) -> str:
        """The text; empty when it was erased. Raises SealError when the bytes were changed or belong elsewhere."""
        return open_sealed(self.key, sealed, _aad(column, row_id)).decode() if sealed else ""


class SubjectKeys:
    """The table `data_keys` under the master keys of a service."""

    def __init__(self, master: MasterKeys) -> None:
        self._master = master
        self._pepper = master.derive("data-keys")

    def name(self, subject: str) -> str:
        """What a subject is called in tables: 64 hex digits that cannot be tried out without the master key file."""
        return hash_subject(self._pepper, subject)

    async def sealer(self, db: Connection, name: str) -> SubjectSealer:
        """The sealer of the person `name`, with a new key when there is none; `db` is in a transaction.

        Raises KeyUnavailable when the master key of theirs is not there.
        """
        while (row := await db.fetchrow(_HELD, name)) is None:
            await db.execute(_ADD, name, *self._master.wrap(new_key(), name.encode()))
        return self._opened(name, row["key_id"], row["wrapped"])

    async def openers(self, db: Connection, names: Iterable[str]) -> Mapping[str, SubjectSealer]:
        """The sealers of those who have a key. Raises KeyUnavailable when the master key of one is not there."""
        rows = await db.fetch(_FIND, sorted(set(names)))
        return {row["subject_hash"]: self._opened(*row) for row in rows}

    async def opener(self, db: Connection, name: str) -> SubjectSealer | None:
        """The sealer of one person; None when there is nothing of theirs, or all was erased."""
        return (await self.openers(db, (name,))).get(name)

    async def destroy(self, db: Connection, name: str) -> bool:
        """Destroys the key, after everybody who writes with it just now; False when there was none."""
        done: str = await db.execute(_DESTROY, name)
        return done.endswith(" 1")

    def _opened(self, name: str, key_id: str, wrapped: bytes) -> SubjectSealer:
        return SubjectSealer(name, self._master.unwrap_key(key_id, wrapped, name.encode()))


def _aad(column: str, row_id: str) -> bytes:
    return f"{column}|{row_id}".encode()
