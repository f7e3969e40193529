"""Who a person in Slack is: an account that said so itself, signed in, by a one-time code. What it may do is what its
token or session let it do then, and ends.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from contracts.errors import ProblemCode
from contracts.ids import new_id
from orchestrator.channels.slack.channel import SlackChannel
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import open_sealed, seal
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

CODE_S = 600
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CODE = re.compile(r"(?i)\b([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})\b")
_ACTOR = "slack"

_ASK = (
    "INSERT INTO slack_links (id, code, subject_hash, account, expires_at)"
    " VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))"
)
_TAKE = (
    "UPDATE slack_links SET code = NULL WHERE code = $1 AND expires_at > now() AND person IS NULL RETURNING id, account"
)
_FREE = "DELETE FROM slack_links WHERE person = $1"
_LINK = (
    "UPDATE slack_links SET person = $2, expires_at = now() + make_interval(secs => $3) WHERE id = $1"
    " RETURNING extract(epoch FROM expires_at)"
)
_FIND = (
    "SELECT id, account, extract(epoch FROM expires_at) AS expires FROM slack_links"
    " WHERE person = $1 AND expires_at > now()"
)


@dataclass(frozen=True, slots=True)
class Links:
    """`key` (32 bytes) seals the accounts. A customer's link lasts `customer_s`, one of staff `staff_s`; `scopes` is
    all that staff may do from Slack.
    """

    channel: SlackChannel
    key: bytes = field(repr=False)
    customer_s: float
    staff_s: float
    scopes: frozenset[str]

    async def invite(self, db: Connection, caller: Caller, subject_hash: str) -> str:
        """A code, for `CODE_S`, with which one person in Slack becomes the caller. Raises FORBIDDEN for who is neither
        a customer nor staff of the site that Slack is for.
        """
        if caller.role not in (Role.CUSTOMER, Role.STAFF) or caller.site != self.channel.site:
            raise ProblemError(ProblemCode.FORBIDDEN, "Only customers and staff of this site can connect Slack.")
        code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        link_id = new_id("lnk")
        scopes = sorted(caller.scopes & self.scopes) if caller.role is Role.STAFF else []
        account = orjson.dumps({
            "subject": caller.subject, "issuer": caller.issuer, "role": caller.role.value, "scopes": scopes,
            "email": caller.email, "name": caller.name, "staff_of": caller.staff_of,
        })  # fmt: skip
        sealed = seal(self.key, account, link_id.encode())
        await db.execute(_ASK, link_id, self.channel.code(code), subject_hash, sealed, float(CODE_S))
        return code

    async def redeem(self, db: Connection, person: str, code: str) -> Caller | None:
        """Who said this code is its account from now on, and no other any more; None for a code that is none, was used
        or is too old.
        """
        row = await db.fetchrow(_TAKE, self.channel.code(code))
        if row is None:
            return None
        account = self._opened(row["id"], row["account"])
        await db.execute(_FREE, person)
        lasts = self.staff_s if account["role"] == Role.STAFF else self.customer_s
        expires = await db.fetchval(_LINK, row["id"], person, float(lasts))
        return _caller(account, float(expires))

    async def burn(self, db: Connection, code: str) -> None:
        """Nobody can use this code any more: more than one person has read it."""
        await db.execute("DELETE FROM slack_links WHERE code = $1", self.channel.code(code))

    async def caller_of(self, db: Connection, person: str) -> Caller | None:
        """The account of a person; None for one who has not connected theirs, or too long ago."""
        row = await db.fetchrow(_FIND, person)
        return None if row is None else _caller(self._opened(row["id"], row["account"]), float(row["expires"]))

    async def forget(self, db: Connection, person: str) -> bool:
        """The person is nobody in particular from now on; False when that was so before."""
        return (await db.execute(_FREE, person)) != "DELETE 0"

    def _opened(self, link_id: str, sealed: bytes) -> dict[str, object]:
        account: dict[str, object] = orjson.loads(open_sealed(self.key, sealed, link_id.encode()))
        return account


def code_in(text: str) -> str | None:
    """The one-time code in a message, as it was made."""
    found = _CODE.search(text)
    return None if found is None else found[1].upper()


async def forget_subjects(db: Connection, subject_hashes: Sequence[str]) -> None:
    """Nobody in Slack is one of these accounts any more."""
    await db.execute("DELETE FROM slack_links WHERE subject_hash = ANY ($1)", list(subject_hashes))


def _caller(account: dict[str, object], expires_at: float) -> Caller:
    def text(name: str) -> str | None:
        value = account.get(name)
        return value if isinstance(value, str) else None

    scopes = account["scopes"]
    return Caller(
        str(account["subject"]), Role(str(account["role"])), str(account["issuer"]),
        frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(), expires_at, actor=_ACTOR,
        email=text("email"), name=text("name"), staff_of=text("staff_of"),
    )  # fmt: skip
