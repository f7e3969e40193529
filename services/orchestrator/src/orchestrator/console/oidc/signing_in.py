"""Who somebody is by what the provider says: their groups are roles at the console, and nothing else counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import ProblemCode
from orchestrator.console.oidc.provider import Provider
from orchestrator.console.roles import ConsoleRole, scopes_of
from servicekit.auth.claims import Caller, Role, optional_text, text
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """The provider, which of its groups are which roles, and the site whose staff it signs in."""

    provider: Provider
    groups: Mapping[str, ConsoleRole]
    groups_claim: str
    site: str

    def caller(self, claims: Mapping[str, Any]) -> Caller:
        """Who it is. Raises FORBIDDEN for somebody without a group that is a role, and UNAUTHENTICATED."""
        told = claims.get(self.groups_claim)
        named = {one for one in told if isinstance(one, str)} if isinstance(told, list) else set()
        roles = [role for group, role in self.groups.items() if group in named]
        if not roles:
            raise ProblemError(ProblemCode.FORBIDDEN, "None of your groups has a role at the console. Ask an admin.")
        issuer = self.provider.client.issuer
        return Caller(
            subject=text(claims, "sub"), role=Role.STAFF, issuer=issuer, scopes=scopes_of(roles),
            expires_at=float(claims["exp"]), email=optional_text(claims, "email"), name=optional_text(claims, "name"),
            staff_of=None if issuer == self.site else self.site,
        )  # fmt: skip
