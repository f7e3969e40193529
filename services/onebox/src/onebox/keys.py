"""The keys of one machine's stack: made on first use, 0600, kept under the state directory.

A production installation mounts its own; nothing here is meant to leave this machine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.privacy import PRIVACY_SCOPE
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.crypto import Keyring
from servicekit.embedded.files import read_or_create_secret, write_private

DEMO_ISSUER = "aiguy-demo"
ORCHESTRATOR = "orchestrator"
#: The services that keep what belongs to a person, sealed.
SEALING = (ORCHESTRATOR, "orders", "billing", "tickets")
CHAT_SCOPES = ("chat:send",)
STAFF_SCOPES = ("approvals:decide", "console:read", "knowledge:curate", PRIVACY_SCOPE)
TOKEN_TTL_S = 300


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo shop."""

    subject: str
    role: Role
    name: str | None = None
    email: str | None = None


ADA = Person("cust_ada", Role.CUSTOMER, "Ada Moreno", "ada@example.com")
BEN = Person("cust_ben", Role.CUSTOMER, "Ben Okafor", "ben@example.com")
GUEST = Person("guest_demo", Role.GUEST)
KIM = Person("staff_kim", Role.STAFF, "Kim Weber", "kim@shop.example")
LEE = Person("staff_lee", Role.STAFF, "Lee Park", "lee@shop.example")
PEOPLE: Mapping[str, Person] = {"ada": ADA, "ben": BEN, "guest": GUEST}


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where each key is."""

    directory: Path

    @property
    def signing(self) -> Path:
        """The orchestrator's Ed25519 keys."""
        return self.directory / "orchestrator-signing.json"

    @property
    def demo_issuer(self) -> Path:
        """The demo issuer's Ed25519 keys: it stands for a shop that signs its customers in."""
        return self.directory / "demo-issuer.json"

    @property
    def issuers(self) -> Path:
        """The list of issuers that the orchestrator believes."""
        return self.directory / "issuers.json"

    def master(self, service: str) -> Path:
        """The key ring that seals what this service stores; each of `SEALING` has its own."""
        return self.directory / ("master.json" if service == ORCHESTRATOR else f"master-{service}.json")

    @property
    def link_secret(self) -> Path:
        """Signs the links to invoices."""
        return self.directory / "link-secret"

    @property
    def receipts(self) -> Path:
        """Billing's Ed25519 keys: they sign receipts."""
        return self.directory / "receipt-signing.json"

    def create(self) -> None:
        """Make what is not there yet."""
        for path in (self.signing, self.demo_issuer, self.receipts):
            if not path.exists():
                KeySet.generate().save(path)
        for service in SEALING:
            if not self.master(service).exists():
                write_private(self.master(service), Keyring.generate().to_json())
        read_or_create_secret(self.link_secret)
        public = self.directory / "demo-issuer.jwks.json"
        public.write_text(json.dumps(KeySet.load(self.demo_issuer).jwks(), indent=2) + "\n")
        trusted = [{"iss": DEMO_ISSUER, "algorithms": ["EdDSA"], "jwks_file": public.name}]
        self.issuers.write_text(json.dumps(trusted, indent=2) + "\n")

    def demo_token(self, person: Person) -> str:
        """A token that the demo issuer signs for `person`, good for five minutes; staff may decide, not chat."""
        minter = TokenMinter(KeySet.load(self.demo_issuer), DEMO_ISSUER, SystemClock())
        return minter.mint(
            audience=ORCHESTRATOR, subject=person.subject, role=person.role, ttl_s=TOKEN_TTL_S,
            scopes=STAFF_SCOPES if person.role is Role.STAFF else CHAT_SCOPES, email=person.email, name=person.name,
        )  # fmt: skip
