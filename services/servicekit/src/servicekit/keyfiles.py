"""The keys and secrets of a whole stack, each in a file: made on first use, 0600, in one folder.

A production installation mounts its own; each service is handed its own files and no other's.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from servicekit.auth.keys import KeySet
from servicekit.crypto import Keyring
from servicekit.embedded.files import read_or_create_secret, write_private

DEMO_ISSUER = "aiguy-demo"
ORCHESTRATOR = "orchestrator"
#: The services that keep what belongs to a person, sealed.
SEALING = (ORCHESTRATOR, "orders", "billing", "tickets")


@dataclass(frozen=True, slots=True)
class StackKeys:
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
