"""The manifest that a service serves at `/.well-known/tools.json`: what its tools are, as data.

A new tool is registered by this alone: the orchestrator knows base URLs and an allowlist, and reads the rest here.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from contracts.registry import AnyContract, contracts_of
from contracts.tool import ApprovalRule, Family
from servicekit.encoding import digest_of
from servicekit.openapi import inline_refs

MANIFEST_VERSION = 1


class Bound(Protocol):
    """What a manifest needs of a binding."""

    @property
    def contract(self) -> AnyContract:
        """The contract that is implemented."""
        ...

    @property
    def approval_rule(self) -> ApprovalRule | None:
        """The approval rule that holds in this installation."""
        ...


def input_schema(contract: AnyContract) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments; it stands alone, without references."""
    return inline_refs(contract.input.model_json_schema(mode="validation"))


def output_schema(contract: AnyContract) -> dict[str, Any]:
    """The JSON Schema of a tool's result."""
    return inline_refs(contract.output.model_json_schema(mode="serialization"))


def build_manifest(family: Family, bindings: Sequence[Bound]) -> dict[str, Any]:
    """All tools of the family; those without a binding are `"available": false`.

    `digest` of a tool covers both schemas: sha256 over their canonical JSON, 64 hex digits.
    """
    bound = {binding.contract.name: binding for binding in bindings}
    contracts = {contract.name: contract for contract in contracts_of(family)}
    contracts.update({name: binding.contract for name, binding in bound.items()})
    tools = [_entry(contract, bound.get(name)) for name, contract in sorted(contracts.items())]
    return {"manifest_version": MANIFEST_VERSION, "family": family.value, "digest": digest_of(tools), "tools": tools}


def _entry(contract: AnyContract, binding: Bound | None) -> dict[str, Any]:
    schemas = {"input": input_schema(contract), "output": output_schema(contract)}
    approval = binding.approval_rule if binding else contract.approval
    return {
        "name": contract.name,
        "version": contract.version,
        "available": binding is not None,
        "description": contract.description,
        "label": contract.label,
        "method": contract.method,
        "path": contract.path,
        "preview_path": contract.preview_path if contract.is_write else None,
        "effect": contract.effect.value,
        "scope": contract.scope,
        "risk": contract.risk.value,
        "timeout_ms": contract.timeout_ms,
        "retries": contract.retries,
        "cache_ttl_s": contract.cache_ttl_s,
        "confirmation": contract.confirmation.value,
        "approval": approval.model_dump() if approval else None,
        "idempotent": True,  # reads by nature, writes by their Idempotency-Key
        "guests": contract.guests,
        "aliases": list(contract.aliases),
        "redact": list(contract.redact),
        "deprecations": [deprecation.model_dump() for deprecation in contract.deprecations],
        "input_schema": schemas["input"],
        "output_schema": schemas["output"],
        "digest": digest_of(schemas),
    }
