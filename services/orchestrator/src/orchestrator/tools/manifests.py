"""Reads the manifest of one service. A bad entry costs that tool, not the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from contracts.headers import CLIENT
from contracts.manifest import MANIFEST_PATH, ToolManifestEntry
from orchestrator.tools.entry import Incompatible, ToolEntry, make_entry
from orchestrator.tools.validation import SchemaUnusable
from servicekit.http.client import HttpFailure, HttpPort

READ_TIMEOUT_S = 2.0
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_TOOLS = 200


class ManifestUnread(Exception):
    """There is no manifest to work with; the text says why, for operators."""


@dataclass(frozen=True, slots=True)
class FamilyTools:
    """What one service offers now, and by tool name why others of its tools are left out."""

    tools: Mapping[str, ToolEntry]
    left_out: Mapping[str, str] = field(default_factory=dict)


async def read_family(
    http: HttpPort, family: str, base_url: str, client: str, previous: FamilyTools | None
) -> FamilyTools:
    """The tools that the service at `base_url` serves. Raises ManifestUnread; takes at most 2 s."""
    try:
        answer = await http.request(
            "GET",
            base_url + MANIFEST_PATH,
            headers={CLIENT: client},
            timeout_s=READ_TIMEOUT_S,
            max_bytes=MAX_MANIFEST_BYTES,
        )
    except HttpFailure as failure:
        raise ManifestUnread(f"no answer: {failure.kind}") from failure
    if answer.status != 200:
        raise ManifestUnread(f"status {answer.status}")
    return parse_family(family, base_url, answer.body, previous)


def parse_family(family: str, base_url: str, body: bytes, previous: FamilyTools | None) -> FamilyTools:
    """The tools in a manifest's bytes. Raises ManifestUnread when it is no manifest at all."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ManifestUnread("the manifest is no JSON") from error
    listed = raw.get("tools") if isinstance(raw, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_TOOLS:
        raise ManifestUnread("the manifest has no list of tools")
    tools: dict[str, ToolEntry] = {}
    left_out: dict[str, str] = {}
    for position, one in enumerate(listed):
        name = _name(one, position)
        try:
            served = ToolManifestEntry.model_validate(one)
            _check(served, family)
            known = previous.tools.get(served.name) if previous is not None else None
            tools[served.name] = make_entry(served, base_url, previous=known)
        except ValidationError:
            left_out[name] = "the entry cannot be read"
        except (Incompatible, SchemaUnusable) as reason:
            left_out[name] = str(reason)
    return FamilyTools(tools, left_out)


def _check(served: ToolManifestEntry, family: str) -> None:
    if served.family != family:
        raise Incompatible(f"it says that it belongs to {served.family}")
    if not served.available:
        raise Incompatible("not available in this installation")


def _name(one: Any, position: int) -> str:
    name = one.get("name") if isinstance(one, dict) else None
    return name[:64] if isinstance(name, str) else f"entry {position}"
