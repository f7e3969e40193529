"""The manifest that a service serves at `/.well-known/tools.json`, from its bindings.

A new tool is registered by this alone: the orchestrator knows base URLs and an allowlist, and reads the rest here.
"""

from collections.abc import Sequence
from typing import Protocol

from contracts.manifest import ServiceManifest, entry_from_contract
from contracts.registry import AnyContract, contracts_of
from contracts.tool import ApprovalRule, Family


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


def build_manifest(family: Family, bindings: Sequence[Bound], *, version: str = "1.0.0") -> ServiceManifest:
    """All tools of the family and of the bindings; those without a binding are `available: false`."""
    bound = {binding.contract.name: binding for binding in bindings}
    missing = [contract for contract in contracts_of(family) if contract.name not in bound]
    entries = [
        entry_from_contract(binding.contract).model_copy(update={"approval": binding.approval_rule})
        for binding in bound.values()
    ] + [entry_from_contract(contract, available=False) for contract in missing]
    return ServiceManifest(service=family.value, version=version, tools=tuple(sorted(entries, key=lambda e: e.name)))
