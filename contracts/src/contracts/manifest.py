"""What a service says of its tools at `GET /.well-known/tools.json`, and the digests that go with it.

It is written by `servicekit` from the contracts and read by the orchestrator, which may be older or newer:
readers ignore unknown fields, and a family is a plain name here, so a new one needs no release of the reader.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from contracts.base import OpenModel
from contracts.deprecation import accepted_schema
from contracts.ids import Digest
from contracts.money import Money
from contracts.schema import Schema, canonical_json, output_schema, schema_digest
from contracts.tool import ApprovalRule, Confirmation, Deprecation, RiskTier, ToolContract, ToolEffect

__all__ = [
    "MANIFEST_PATH", "ServiceManifest", "ToolManifestEntry", "canonical_json", "effect_digest", "entry_from_contract",
    "schema_digest",
]  # fmt: skip

MANIFEST_PATH = "/.well-known/tools.json"
_ROUTE = r"^(/[A-Za-z0-9._~-]+)+$"


class ToolManifestEntry(OpenModel):
    """One tool as its service offers it now. Times in milliseconds and seconds, as the names say.

    `available` is false when the service knows the contract but has no backend for it. `free_text` is None when the
    service does not tell. The digests are SHA-256 over the canonical JSON of the schemas.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    family: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    version: str
    description: str
    effect: ToolEffect
    scope: str
    risk: RiskTier
    timeout_ms: int = Field(gt=0)
    retries: int = Field(default=0, ge=0)
    cache_ttl_s: int = Field(default=0, ge=0)
    answers_within_s: int = Field(default=0, ge=0)
    confirmation: Confirmation = Confirmation.NONE
    approval: ApprovalRule | None = None
    approved_by: str | None = None
    closed_by: str | None = None
    ref: str | None = None
    guests: bool = False
    proven_address: bool = False
    aliases: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    free_text: tuple[str, ...] | None = None
    deprecations: tuple[Deprecation, ...] = ()
    method: str = "POST"
    path: str = Field(pattern=_ROUTE)
    preview_path: str | None = Field(default=None, pattern=_ROUTE)
    label: str = ""
    available: bool = True
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    input_digest: Digest
    output_digest: Digest


class ServiceManifest(OpenModel):
    """All tools of one service. `version` is the service's own release."""

    service: str
    version: str
    tools: tuple[ToolManifestEntry, ...]


def entry_from_contract(contract: ToolContract[Any, Any], *, available: bool = True) -> ToolManifestEntry:
    """The manifest entry that follows from a contract; only writes have a preview route."""
    accepts: Schema = accepted_schema(contract)
    answers: Schema = output_schema(contract.output)
    return ToolManifestEntry(
        name=contract.name, family=contract.family.value, version=contract.version, description=contract.description,
        effect=contract.effect, scope=contract.scope, risk=contract.risk, timeout_ms=contract.timeout_ms,
        retries=contract.retries, cache_ttl_s=contract.cache_ttl_s, answers_within_s=contract.answers_within_s,
        confirmation=contract.confirmation,
        approval=contract.approval, approved_by=contract.approved_by, closed_by=contract.closed_by, ref=contract.ref,
        guests=contract.guests, proven_address=contract.proven_address, aliases=contract.aliases,
        redact=contract.redact, free_text=contract.free_text,
        deprecations=contract.deprecations, method=contract.method, path=contract.path,
        preview_path=contract.preview_path if contract.is_write else None, label=contract.label, available=available,
        input_schema=accepts, output_schema=answers,
        input_digest=schema_digest(accepts), output_digest=schema_digest(answers),
    )  # fmt: skip


def effect_digest(
    *,
    tool: str,
    subject: str,
    arguments: Mapping[str, Any],
    before: Mapping[str, str],
    after: Mapping[str, str],
    money_moved: Money | None,
) -> Digest:
    """The digest that names one exact effect: what is confirmed, approved and executed must have the same one.

    `arguments` are the validated ones, as `deprecation.effect_arguments` gives them. Two effects share a digest only
    when tool, customer, arguments, both states and the money agree.
    """
    effect = {
        "tool": tool,
        "subject": subject,
        "arguments": dict(arguments),
        "before": dict(before),
        "after": dict(after),
        "money_moved": None if money_moved is None else money_moved.model_dump(mode="json"),
    }
    return hashlib.sha256(canonical_json(effect)).hexdigest()
