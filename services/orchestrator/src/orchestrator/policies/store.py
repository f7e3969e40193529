"""The SQL of policies: what was seen when, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from orchestrator.policies.texts import PolicyText
from servicekit.db.pool import Connection

_SHOWN = 50
#: Of several processes that start at once, one says what is new.
_LOCK = "SELECT pg_advisory_xact_lock(7214615)"
_SEE = (
    "INSERT INTO policy_versions (name, version, digest, content, seen_at, seen_by, release, released_by)"
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT digest FROM policy_versions WHERE name = $1"
    " ORDER BY id DESC LIMIT 1) IS DISTINCT FROM $3 RETURNING true"
)
_COLUMNS = "id, name, version, digest, seen_at, seen_by, release, released_by"
_IN_FORCE = f"SELECT DISTINCT ON (name) {_COLUMNS} FROM policy_versions ORDER BY name, id DESC"  # noqa: S608 - constants
_HISTORY = f"SELECT {_COLUMNS} FROM policy_versions WHERE name = $1 ORDER BY id DESC LIMIT $2"  # noqa: S608
_CONTENT = "SELECT content FROM policy_versions WHERE name = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who sees policies: a process, its release, and who released that as far as it was told."""

    process: str
    release: str
    released_by: str = ""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A text of a policy, in force from `since` until the next one was seen."""

    id: int
    name: str
    version: str
    digest: str
    since: datetime
    seen_by: str
    release: str
    released_by: str


async def see(db: Connection, texts: Sequence[PolicyText], sighting: Sighting, now: datetime) -> list[str]:
    """Keep what is not as it was seen last; the names of what is new. The caller brings the transaction."""
    await db.execute(_LOCK)
    return [
        one.name
        for one in texts
        if await db.fetchval(
            _SEE, one.name, one.version, one.digest, one.text, now, sighting.process, sighting.release,
            sighting.released_by,
        )
    ]  # fmt: skip


async def in_force(db: Connection) -> list[PolicyVersion]:
    """What was seen last of each policy, by name."""
    return [_version(row) for row in await db.fetch(_IN_FORCE)]


async def history(db: Connection, name: str) -> list[PolicyVersion]:
    """The newest versions of a policy, the newest first; none for a policy that nobody knows."""
    return [_version(row) for row in await db.fetch(_HISTORY, name, _SHOWN)]


async def content(db: Connection, name: str, version_id: int) -> str | None:
    """The text of a version; None when the policy has no such one."""
    found: str | None = await db.fetchval(_CONTENT, name, version_id)
    return found


def _version(row: Record) -> PolicyVersion:
    return PolicyVersion(
        row["id"], row["name"], row["version"], row["digest"], row["seen_at"], row["seen_by"], row["release"],
        row["released_by"],
    )  # fmt: skip
