"""What a client is shown: the manifest's tools that its token may call, and for each write what it would do. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations

from contracts.deprecation import offered_schema
from contracts.manifest import ToolManifestEntry
from contracts.schema import output_schema
from contracts.tool import Preview, ToolEffect
from servicekit.auth.claims import Caller

PREVIEW = "preview_"


@dataclass(frozen=True, slots=True)
class Shown:
    """A tool as clients see it, and the route that it stands for."""

    tool: Tool
    path: str
    entry: ToolManifestEntry

    def open_to(self, caller: Caller) -> bool:
        """Whether it is worth showing: the route itself decides when it is called."""
        return self.entry.scope in caller.scopes and (self.entry.guests or not caller.is_guest)


def shown(entries: Iterable[ToolManifestEntry]) -> Mapping[str, Shown]:
    """By name, what the available tools give; sorted, so that a client's prompts stay byte-stable."""
    found = [one for entry in entries if entry.available for one in _of(entry)]
    return {one.tool.name: one for one in sorted(found, key=lambda one: one.tool.name)}


def _of(entry: ToolManifestEntry) -> list[Shown]:
    reads, arguments = entry.effect is ToolEffect.READ, offered_schema(entry.input_schema)
    itself = Tool(
        name=entry.name, title=entry.label or None, description=entry.description,
        input_schema=_an_object(arguments), output_schema=_an_object(entry.output_schema),
        annotations=ToolAnnotations(
            read_only_hint=reads, destructive_hint=not reads, idempotent_hint=True, open_world_hint=False
        ),
    )  # fmt: skip
    if entry.preview_path is None:
        return [Shown(itself, entry.path, entry)]
    before = Tool(
        name=f"{PREVIEW}{entry.name}", description=f"Changes nothing. What {entry.name} would do: {entry.description}",
        input_schema=_an_object(arguments), output_schema=_an_object(output_schema(Preview)),
        annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )  # fmt: skip
    return [Shown(itself, entry.path, entry), Shown(before, entry.preview_path, entry)]


def _an_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    # Clients ask for it at the root.
    return {"type": "object", **schema}
