"""What tools get and give, towards the vault: tokens for what tells who somebody is, unless everybody may read it."""

from collections.abc import Mapping
from typing import Any

from orchestrator.guard.vault import Vault
from orchestrator.tools.entry import ToolEntry


def masked_output(entry: ToolEntry | None, output: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """What a tool gave, with tokens for what tells who somebody is: so it is journalled, and so a Brain sees it.

    Of a tool that nobody knows every field is hidden.
    """
    if entry is None:
        return vault.mask_fields(output, output)
    return dict(output) if entry.is_public else vault.mask_fields(output, entry.redact)


def restored_arguments(entry: ToolEntry | None, arguments: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """The arguments as they go out. A search gets the tokens: what it looks for is no person (GUARD-1)."""
    return dict(arguments) if entry is not None and entry.is_public else vault.restore_arguments(arguments)
