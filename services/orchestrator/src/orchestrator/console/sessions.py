"""Sessions of the console: an opaque cookie in the browser, everything else in Postgres, where it can be ended."""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from asyncpg import Record

from orchestrator.console.roles import ALL_SCOPES, actor_of
from servicekit.auth.claims import Caller, Role, unauthenticated
from servicekit.crypto import open_sealed, seal
from servicekit.db.pool import Connection

COOKIE = "aiguy_console"
_OPEN = (
    "INSERT INTO console_sessions (id_hash, proof, issuer, subject, staff_of, name, email, scopes, expires_at,"
    " id_token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $10)"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_FIND = (
    "SELECT *, extract(epoch FROM expires_at) AS expires, seen_at < now() - interval '1 minute' AS unseen,"
    " revealed_until > now() AS reveals FROM console_sessions WHERE id_hash = $1 AND ended_at IS NULL"
    " AND expires_at > now() AND seen_at > now() - make_interval(secs => $2)"
)
_SEEN = "UPDATE console_sessions SET seen_at = now() WHERE id_hash = $1"
_END = (
    "WITH open AS (SELECT id_hash, id_token FROM console_sessions WHERE id_hash = $1 AND ended_at IS NULL FOR UPDATE)"
    " UPDATE console_sessions s SET ended_at = now(), id_token = NULL FROM open WHERE s.id_hash = open.id_hash"
    " RETURNING open.id_token"
)
_REVEAL = (
    "UPDATE console_sessions SET revealed = $2, revealed_until = now() + make_interval(secs => $3) WHERE id_hash = $1"
)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `csrf` stands in each form of theirs; `revealed`: the one conversation whose personal
    data they see.
    """

    id_hash: bytes = field(repr=False)
    csrf: str = field(repr=False)
    caller: Caller
    revealed: str | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens and finds sessions. `key` makes the tokens of forms, `token_key` seals ID tokens; a session ends after
    `life_s` seconds, and after `idle_s` without a page that somebody asked for: what a page fetches by itself does not
    count.
    """

    key: bytes = field(repr=False)
    token_key: bytes = field(repr=False)
    life_s: int
    idle_s: int
    reveal_s: int = 300

    async def open(self, db: Connection, caller: Caller, proof: str, id_token: str | None = None) -> str:
        """A session for a verified member of staff; its cookie's value. `id_token`: what an OpenID provider gave, for
        signing out there. Raises UNAUTHENTICATED when `proof` has opened one before.
        """
        cookie = secrets.token_urlsafe(32)
        id_hash = _hashed(cookie)
        sealed = None if id_token is None else seal(self.token_key, id_token.encode(), id_hash)
        opened = await db.fetchval(
            _OPEN, id_hash, f"{caller.issuer}|{proof}", caller.issuer, caller.subject, caller.staff_of,
            caller.name, caller.email, sorted(caller.scopes & ALL_SCOPES), float(self.life_s),
            sealed,
        )  # fmt: skip
        if not opened:
            raise unauthenticated("This sign-in was used before. Please sign in again.")
        return cookie

    async def find(self, db: Connection, cookie: str, *, seen: bool) -> Session | None:
        """The session of a cookie; None when it is none, has ended, or was idle for too long. `seen`: somebody asks."""
        row = await db.fetchrow(_FIND, _hashed(cookie), float(self.idle_s))
        if row is None:
            return None
        if seen and row["unseen"]:
            await db.execute(_SEEN, row["id_hash"])
        revealed = row["revealed"] if row["reveals"] else None
        return Session(row["id_hash"], self.csrf(cookie), _caller(row), revealed)

    async def end(self, db: Connection, session: Session) -> str | None:
        """Nobody comes in with its cookie any more. What it was opened with of an ID token, which is kept no longer."""
        sealed = await db.fetchval(_END, session.id_hash)
        return None if sealed is None else open_sealed(self.token_key, sealed, session.id_hash).decode()

    async def reveal(self, db: Connection, session: Session, conversation_id: str | None) -> None:
        """Show the personal data of this one conversation for a while; None: of none."""
        await db.execute(_REVEAL, session.id_hash, conversation_id, float(self.reveal_s))

    def csrf(self, cookie: str) -> str:
        """What the forms of this cookie's session hold: nobody can make it who knows the cookie alone."""
        return hmac.digest(self.key, b"csrf\n" + cookie.encode(), "sha256").hex()


def _hashed(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()


def _caller(row: Record) -> Caller:
    scopes = frozenset(row["scopes"])
    return Caller(
        subject=row["subject"], role=Role.STAFF, issuer=row["issuer"], scopes=scopes, expires_at=float(row["expires"]),
        actor=actor_of(scopes), email=row["email"], name=row["name"], staff_of=row["staff_of"],
    )  # fmt: skip
