"""Tool routes from contracts: authentication, schema, grants, idempotency, audit, metrics; handlers hold the rest."""

from servicekit.tool_router.binding import PreviewDraft, ToolBinding, ToolHandler, ToolPreview, ToolRequest
from servicekit.tool_router.effects import preview_of
from servicekit.tool_router.router import ToolRouter, tool_router

__all__ = [
    "PreviewDraft", "ToolBinding", "ToolHandler", "ToolPreview", "ToolRequest", "ToolRouter", "preview_of",
    "tool_router",
]  # fmt: skip
