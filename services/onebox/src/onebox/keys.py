"""The keys of one machine's stack, kept under the state directory, and the persons of its demo shop.

Nothing here is meant to leave this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.privacy import PRIVACY_SCOPE
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.demo_people import ADA, BEN, GUEST, KIM, LEE, Person
from servicekit.keyfiles import DEMO_ISSUER, ORCHESTRATOR, StackKeys

__all__ = ["ADA", "BEN", "GUEST", "KIM", "LEE", "ORCHESTRATOR", "PEOPLE", "KeyFiles", "Person"]

CHAT_SCOPES = ("chat:send",)
STAFF_SCOPES = ("approvals:decide", "console:read", "conversations:answer", "knowledge:curate", PRIVACY_SCOPE)
TOKEN_TTL_S = 300


PEOPLE: Mapping[str, Person] = {"ada": ADA, "ben": BEN, "guest": GUEST}


@dataclass(frozen=True, slots=True)
class KeyFiles(StackKeys):
    """Where each key is, and the tokens of the demo's persons."""

    def demo_token(self, person: Person) -> str:
        """A token that the demo issuer signs for `person`, good for five minutes; staff may decide, not chat."""
        minter = TokenMinter(KeySet.load(self.demo_issuer), DEMO_ISSUER, SystemClock())
        return minter.mint(
            audience=ORCHESTRATOR, subject=person.subject, role=person.role, ttl_s=TOKEN_TTL_S,
            scopes=STAFF_SCOPES if person.role is Role.STAFF else CHAT_SCOPES, email=person.email, name=person.name,
        )  # fmt: skip
