"""Prints the Secrets of the overlay `local`, all new, for `kubectl apply -f -`.

Keep what is in the cluster: with other master keys nothing that is sealed can be read.
"""

import secrets
import sys
import tempfile
from pathlib import Path

import yaml

from onebox.keys import ORCHESTRATOR, KeyFiles

NAMESPACE = "aiguy-local"
SERVICES = (ORCHESTRATOR, "orders", "billing", "tickets", "retrieval")


def contents() -> dict[str, dict[str, str]]:
    """Name of a Secret → file name → text; passwords and keys are fresh ones."""
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyFiles(Path(folder))
        keys.create()
        passwords = {service: secrets.token_urlsafe(24) for service in (*SERVICES, "postgres", "valkey")}
        found = {
            f"{service}-secrets": {
                "database-url": f"postgresql://{service}:{passwords[service]}@postgres:5432/{service}",
                "redis-url": f"redis://:{passwords['valkey']}@valkey:6379/{number}",
            }
            for number, service in enumerate(SERVICES)
        }
        for service in SERVICES:
            if keys.master(service).exists():
                found[f"{service}-secrets"]["master.json"] = keys.master(service).read_text("utf-8")
        found["orchestrator-secrets"] |= {
            "signing.json": keys.signing.read_text("utf-8"),
            "demo-issuer.json": keys.demo_issuer.read_text("utf-8"),
            "issuers.json": keys.issuers.read_text("utf-8"),
            "demo-issuer.jwks.json": (keys.directory / "demo-issuer.jwks.json").read_text("utf-8"),
        }
        found["billing-secrets"] |= {
            "receipts.json": keys.receipts.read_text("utf-8"), "link-secret": keys.link_secret.read_text("utf-8"),
        }  # fmt: skip
    found["postgres-secrets"] = {service: passwords[service] for service in (*SERVICES, "postgres")}
    lines = (f"requirepass {passwords['valkey']}", "appendonly yes", "dir /data")
    found["valkey-secrets"] = {"valkey.conf": "\n".join(lines) + "\n"}
    return found


def manifests() -> list[dict[str, object]]:
    """The Secrets as Kubernetes takes them."""
    return [
        {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE},
            "type": "Opaque", "stringData": files,
        }
        for name, files in contents().items()
    ]  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump_all(manifests()))
