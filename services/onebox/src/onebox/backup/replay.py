"""Erases again, in a database that came back, who was erased after its backup."""

from collections.abc import Callable, Mapping, Sequence

from billing.people import people_of as people_of_billing
from onebox.backup.erasures import Erased
from onebox.ports import ORCHESTRATOR
from orchestrator.limits.usage import forget_customer
from orchestrator.privacy.erasing import erase_conversations
from orders.people import people_of as people_of_orders
from servicekit.crypto import Keyring
from servicekit.db.pool import Connection
from servicekit.encoding import digest_of
from servicekit.sealing.people import People
from servicekit.sealing.subjects import SubjectKeys
from tickets.people import people_of as people_of_tickets

PEOPLE_OF: Mapping[str, Callable[[SubjectKeys], People]] = {
    "orders": people_of_orders,
    "billing": people_of_billing,
    "tickets": people_of_tickets,
}
_THERE = "SELECT id, subject_hash FROM conversations WHERE id = ANY ($1) AND erased_at IS NULL FOR UPDATE"
_SUBJECTS = "SELECT DISTINCT subject FROM audit WHERE subject IS NOT NULL"


async def replay(db: Connection, service: str, erasures: Sequence[Erased], ring: Keyring | None) -> int:
    """How many conversations or persons were still there and are erased now. `ring`: the service's master keys."""
    if not erasures:
        return 0
    async with db.transaction():
        if service == ORCHESTRATOR:
            return await _conversations(db, erasures)
        if ring is None or service not in PEOPLE_OF:
            return 0
        return await _persons(db, PEOPLE_OF[service](SubjectKeys(ring)), erasures)


async def _conversations(db: Connection, erasures: Sequence[Erased]) -> int:
    rows = await db.fetch(_THERE, [one.whom for one in erasures])
    await erase_conversations(db, [row["id"] for row in rows])
    for subject_hash in {row["subject_hash"] for row in rows}:
        await forget_customer(db, subject_hash)
    return len(rows)


async def _persons(db: Connection, people: People, erasures: Sequence[Erased]) -> int:
    issuers = {one.whom: one.issuer for one in erasures}
    done = set()
    for subject in await _subjects(db, people):
        name = people.keys.name(subject)
        if (whom := _digest(name)) in issuers:
            await people.erase(db, issuers[whom], subject)
            done.add(name)
    # Of somebody whose subject stands nowhere in clear there is only the key: without it their words are shut.
    for row in await db.fetch("SELECT subject_hash FROM data_keys"):
        if _digest(row["subject_hash"]) in issuers and await people.keys.destroy(db, row["subject_hash"]):
            done.add(row["subject_hash"])
    return len(done)


async def _subjects(db: Connection, people: People) -> set[str]:
    queries = [_SUBJECTS, *(f"SELECT DISTINCT {one.subject} FROM {one.table}" for one in people.tables)]  # noqa: S608 - names of our own
    return {row[0] for query in queries for row in await db.fetch(query)}


def _digest(name: str) -> str:
    """As the audit record has the person."""
    return digest_of({"person": name})
