"""Sign-ins under way: each is good once, for ten minutes, in the browser that began it."""

import base64
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from servicekit.db.pool import Connection

LIFE_S = 600
_BEGIN = "INSERT INTO console_sign_ins (state_hash, browser_hash, nonce, verifier) VALUES ($1, $2, $3, $4)"
_TAKE = (
    "DELETE FROM console_sign_ins WHERE state_hash = $1 AND browser_hash = $2"
    " AND created_at > now() - make_interval(secs => $3) RETURNING nonce, verifier"
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What a sign-in is bound with: `state` and `nonce` travel through the provider, `browser` is in a cookie, and
    `verifier` shows at the end that it was us who began it.
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    browser: str = field(default="", repr=False)

    @property
    def challenge(self) -> str:
        """The verifier's SHA-256, as PKCE has it (S256)."""
        return base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


async def begin(db: Connection) -> Begun:
    """A new sign-in."""
    one = Begun(*(secrets.token_urlsafe(32) for _ in range(4)))
    await db.execute(_BEGIN, _hashed(one.state), _hashed(one.browser), one.nonce, one.verifier)
    return one


async def take(db: Connection, state: str, browser: str) -> Begun | None:
    """The sign-in that comes back, once; None for a state of nobody, of another browser, used before, or too old."""
    row = await db.fetchrow(_TAKE, _hashed(state), _hashed(browser), float(LIFE_S))
    return None if row is None else Begun(state, row["nonce"], row["verifier"])


def _hashed(value: str) -> bytes:
    return sha256(value.encode()).digest()
