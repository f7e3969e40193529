"""The roles of the table, each with the strongest token that such a one could show: with the scope that is needed."""

from dataclasses import dataclass
from typing import Literal

from servicekit.auth.claims import Role
from servicekit.auth.minting import TokenMinter
from servicekit.testing import FakeClock, TestIssuer

Flaw = Literal["", "none", "expired", "audience", "issuer", "grant"]
SUBJECTS = {"ada": "cust_ada", "ben": "cust_ben", "guest": "guest_7f3a", "elsewhere": "cust_ada"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `flaw`: what is wrong with the token of one who says to be Ada; `scoped`: whether it has the scope."""

    name: str
    subject: str = "cust_ada"
    role: Role = Role.CUSTOMER
    scoped: bool = True
    elsewhere: bool = False
    flaw: Flaw = ""

    def __str__(self) -> str:
        return self.name


CALLERS = (
    Caller("nobody", flaw="none"),
    Caller("guest", SUBJECTS["guest"], Role.GUEST),
    Caller("other guest", "guest_9b21", Role.GUEST),
    Caller("ada"),
    Caller("ada without the scope", scoped=False),
    Caller("ben", SUBJECTS["ben"]),
    Caller("elsewhere", elsewhere=True),
    Caller("staff", "staff_kim", Role.STAFF),
    Caller("staff without the scope", "staff_kim", Role.STAFF, scoped=False),
    Caller("staff elsewhere", "staff_kim", Role.STAFF, elsewhere=True),
    Caller("service", "orchestrator", Role.SERVICE),
    Caller("expired", flaw="expired"),
    Caller("for another service", flaw="audience"),
    Caller("of an unknown issuer", flaw="issuer"),
    Caller("with a grant for a token", flaw="grant"),
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes the tokens for one service. `other` is an issuer that the orchestrator believes, and no tool service."""

    audience: str
    issuer: TestIssuer
    other: TestIssuer
    unknown: TestIssuer

    def headers(self, caller: Caller, scope: str) -> dict[str, str]:
        """The Authorization header of a caller; none for nobody."""
        if caller.flaw == "none":
            return {}
        if caller.flaw == "grant":
            return {"authorization": f"Bearer {self.issuer.grant(self.audience, 'get_order', '0' * 64)}"}
        issuer = self.unknown if caller.flaw == "issuer" else self.other if caller.elsewhere else self.issuer
        if caller.flaw == "expired":
            issuer = TestIssuer(TokenMinter(issuer.minter.keys, issuer.minter.issuer, FakeClock()), issuer.trust)
        mail = f"{caller.subject[5:]}@example.com" if caller.role is Role.CUSTOMER else None
        audience = "elsewhere" if caller.flaw == "audience" else self.audience
        scopes = [scope] if caller.scoped and scope else ["nothing"]
        return issuer.bearer(audience, scopes, subject=caller.subject, role=caller.role, ttl_s=300, email=mail)
