"""An issuer of tokens for tests: real keys, real signatures, no server."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from servicekit.auth import Issuer, KeySet, Role, TokenMinter
from servicekit.auth.grants import mint_grant
from servicekit.clock import Clock, SystemClock

CONVERSATION = "cnv_" + "0" * 32
TURN = "trn_" + "0" * 32


@dataclass(frozen=True, slots=True)
class TestIssuer:
    """`minter` signs, `trust` is what a verifier must be given to believe it."""

    __test__ = False

    minter: TokenMinter
    trust: Issuer

    @classmethod
    def create(
        cls, name: str = "orchestrator", clock: Clock | None = None, *, staff_of: str | None = None
    ) -> "TestIssuer":
        """An issuer with fresh keys; with `staff_of` it signs in staff of that issuer's site."""
        keys = KeySet.generate()
        return cls(
            TokenMinter(keys, name, clock or SystemClock()), Issuer(name, jwks=keys.jwks(), staff_of=staff_of)
        )  # fmt: skip

    def token(
        self,
        audience: str,
        scopes: Iterable[str] | str,
        *,
        subject: str = "cust_ada",
        role: Role = Role.CUSTOMER,
        conversation_id: str | None = CONVERSATION,
        turn_id: str | None = TURN,
        **more: Any,
    ) -> str:
        """An access token as the orchestrator mints it for one call."""
        return self.minter.mint(
            audience=audience,
            subject=subject,
            role=role,
            scopes=[scopes] if isinstance(scopes, str) else scopes,
            conversation_id=conversation_id,
            turn_id=turn_id,
            **more,
        )

    def bearer(self, audience: str, scopes: Iterable[str] | str, **more: Any) -> dict[str, str]:
        """The Authorization header with such a token."""
        return {"authorization": f"Bearer {self.token(audience, scopes, **more)}"}

    def grant(self, audience: str, tool: str, digest: str, *, subject: str = "cust_ada", **more: Any) -> str:
        """A grant for the effect `digest`, for the same turn as `token`'s."""
        more = {"conversation_id": CONVERSATION, "turn_id": TURN, **more}
        return mint_grant(self.minter, tool, digest, subject, audience=audience, **more)
