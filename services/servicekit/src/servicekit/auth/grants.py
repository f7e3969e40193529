"""A grant says that exactly one effect was confirmed (and approved). It is no access token, nor the reverse:
type and audience differ, and both are checked.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import ProblemCode
from servicekit.addresses import fingerprint
from servicekit.auth.claims import GRANT_TYPE, Caller, text
from servicekit.auth.minting import TokenMinter
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified grant: `digest` is the preview's, `approvers` the members of staff who approved, `addresses` the
    fingerprints of their mail addresses, of those who have one.
    """

    tool: str
    digest: str
    subject: str
    approvers: tuple[str, ...]
    conversation_id: str
    turn_id: str
    token_id: str
    addresses: tuple[str, ...] = ()


def grant_audience(audience: str) -> str:
    """The `aud` of grants for the service `audience`: never that of access tokens."""
    return f"{audience}#grant"


def mint_grant(
    minter: TokenMinter,
    tool: str,
    digest: str,
    subject: str,
    approvers: Sequence[str] = (),
    addresses: Sequence[str] = (),
    *,
    conversation_id: str,
    turn_id: str,
    audience: str,
    ttl_s: int = 120,
) -> str:
    """A signed grant for the effect `digest` of `tool`, for `subject`, good for `ttl_s` seconds at `audience`."""
    claims: dict[str, Any] = {"tool": tool, "digest": digest, "cnv": conversation_id, "trn": turn_id}
    if approvers:
        claims["apr"] = list(approvers)
    if addresses:
        claims["apa"] = list(addresses)
    return minter.mint_typed_grant(audience=grant_audience(audience), subject=subject, claims=claims, ttl_s=ttl_s)


async def verify_grant(verifier: TokenVerifier, token: str, *, tool: str, digest: str, caller: Caller) -> Grant:
    """The grant, when it is for exactly this tool, effect and caller. Raises ProblemError(GRANT_INVALID)."""
    try:
        claims = await verifier.verified_claims(token, types={GRANT_TYPE}, audience=grant_audience(verifier.audience))
        grant = Grant(
            tool=text(claims, "tool"), digest=text(claims, "digest"), subject=text(claims, "sub"),
            approvers=_approvers(claims, "apr"), conversation_id=text(claims, "cnv"),
            turn_id=text(claims, "trn"), token_id=text(claims, "jti"), addresses=_approvers(claims, "apa"),
        )  # fmt: skip
        issuer = text(claims, "iss")
    except ProblemError as error:
        raise invalid_grant(error.problem.detail) from error
    if not hmac.compare_digest(grant.digest.encode(), digest.encode()):
        raise invalid_grant("The grant is for another effect: what was confirmed is not what would happen now.")
    if grant.tool != tool or grant.subject != caller.subject or issuer != caller.issuer:
        raise invalid_grant("The grant is for another tool or another customer.")
    if grant.conversation_id != caller.conversation_id or grant.turn_id != caller.turn_id:
        raise invalid_grant("The grant is for another turn.")
    # One person may have a subject at the shop's issuer and another one at that of its staff. An address only takes a
    # right away here, so nobody has to have proven it.
    if grant.subject in grant.approvers or (caller.email and fingerprint(caller.email) in grant.addresses):
        raise invalid_grant("The requester cannot approve.")
    if len(set(grant.approvers)) != len(grant.approvers):
        raise invalid_grant("One member of staff approves once.")
    return grant


def _approvers(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = claims.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise invalid_grant("The grant names its approvers in a way that is not understood.")
    return tuple(found)


def invalid_grant(detail: str) -> ProblemError:
    """The problem of a grant that does not cover the effect."""
    return ProblemError(ProblemCode.GRANT_INVALID, detail)
