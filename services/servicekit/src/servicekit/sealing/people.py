"""All that a service keeps of a person: given to them, or erased."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from servicekit.audit import erase_subject
from servicekit.db.pool import Connection, Database
from servicekit.idempotency import forget_caller
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable, Record, erase, export

#: What stays of a person after an erasure, and why: kind → reason. Only what there is.
Kept = Callable[[Connection, str], Awaitable[Mapping[str, str]]]


#: Erases what is in another system, after our own erasure was committed. It raises nothing for what that system does.
Elsewhere = Callable[[Database, str], Awaitable["Erasure"]]


async def nothing_kept(_: Connection, __: str) -> Mapping[str, str]:
    """For a service that keeps nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Erasure:
    """How much of each kind was erased, and what stays for which reason."""

    erased: Mapping[str, int]
    kept: Mapping[str, str]

    def with_more(self, other: "Erasure") -> "Erasure":
        """Both together."""
        return Erasure({**self.erased, **other.erased}, {**self.kept, **other.kept})


@dataclass(frozen=True, slots=True)
class People:
    """The tables of one service. `subject` is that of the person's tokens."""

    keys: SubjectKeys
    tables: Sequence[PersonalTable]
    kept: Kept = nothing_kept
    elsewhere: Elsewhere | None = None

    async def export(self, db: Connection, subject: str) -> list[Record]:
        """Everything in clear, kind by kind. Raises KeyUnavailable, SealError."""
        return [record for table in self.tables for record in await export(db, self.keys, table, subject)]

    async def erase(self, db: Connection, issuer: str, subject: str) -> Erasure:
        """Erases the person's words, and the subject of the issuer's tokens from our records; `db` is in a transaction.

        The key goes first, which waits for writes of theirs: what these have written is erased as well.
        """
        await self.keys.destroy(db, self.keys.name(subject))
        erased = {table.kind: await erase(db, self.keys, table, subject) for table in self.tables}
        erased["audit_subject"] = await erase_subject(db, subject)
        erased["stored_answer"] = await forget_caller(db, issuer, subject)
        return Erasure(erased, await self.kept(db, subject))
