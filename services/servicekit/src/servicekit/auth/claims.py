"""Who calls, as their token says it.

Claims: sub, role, iss, aud, scope (space separated), exp, iat, jti; optional act, cnv, trn, email,
name, client, proven_email.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError

MAX_LIFE_S = 300
LEEWAY_S = 5
ACCESS_TYPES = frozenset({"at+jwt", "jwt"})
GRANT_TYPE = "grant+jwt"
_MAX_TEXT = 512


class Role(StrEnum):
    """What kind of caller this is."""

    CUSTOMER = "customer"
    GUEST = "guest"
    STAFF = "staff"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller. `expires_at` is in Unix seconds; `actor` is who acts for the subject (the orchestrator).

    `staff_of` names the issuer whose customers the caller looks after, when that is not the caller's own. `client` is
    whom a site asks for, when it asks in its visitors' place: an opaque name of where the visitor is. `proven_email` is
    an address whose mail a guest has shown to read: it signs nobody in. A guest's `email` may be unproven.
    """

    subject: str
    role: Role
    issuer: str
    scopes: frozenset[str]
    expires_at: float
    actor: str | None = None
    conversation_id: str | None = None
    turn_id: str | None = None
    email: str | None = None
    name: str | None = None
    token_id: str = ""
    staff_of: str | None = None
    client: str | None = None
    proven_email: str | None = None

    @property
    def site(self) -> str:
        """The issuer whose customers the caller, if staff, may know of: no others'."""
        return self.issuer if self.staff_of is None else self.staff_of

    @property
    def is_guest(self) -> bool:
        """Guests reach no private data, but what a tool shows to who has proven an address."""
        return self.role is Role.GUEST


def unauthenticated(detail: str) -> ProblemError:
    """The 401 problem; `detail` names what is wrong with the token, never the token."""
    return ProblemError(ProblemCode.UNAUTHENTICATED, detail)


def text(claims: Mapping[str, Any], name: str) -> str:
    """The required claim `name`, a non-empty string of at most 512 characters; raises UNAUTHENTICATED."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or "\x00" in value:
        raise unauthenticated(f"The token has no usable claim {name!r}.")
    return value


def optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    """The claim `name`, or None when it is absent; raises UNAUTHENTICATED when it is there and no text."""
    return text(claims, name) if claims.get(name) is not None else None


def caller_from_claims(claims: Mapping[str, Any], staff_of: str | None = None) -> Caller:
    """The caller that verified claims describe; raises UNAUTHENTICATED when one is missing or of the wrong type.

    With `staff_of` the token's issuer speaks for nobody but staff of that site.
    """
    role = text(claims, "role")
    if role not in set(Role):
        raise unauthenticated("The token has an unknown role.")
    if staff_of is not None and role != Role.STAFF:
        raise unauthenticated("The token's issuer signs in staff only.")
    scope = claims.get("scope")
    if not isinstance(scope, str):
        raise unauthenticated("The token has no usable claim 'scope'.")
    return Caller(
        subject=text(claims, "sub"),
        role=Role(role),
        issuer=text(claims, "iss"),
        scopes=frozenset(scope.split()),
        expires_at=float(claims["exp"]),
        actor=optional_text(claims, "act"),
        conversation_id=optional_text(claims, "cnv"),
        turn_id=optional_text(claims, "trn"),
        email=optional_text(claims, "email"),
        name=optional_text(claims, "name"),
        token_id=text(claims, "jti"),
        staff_of=staff_of,
        client=optional_text(claims, "client"),
        proven_email=optional_text(claims, "proven_email"),
    )
