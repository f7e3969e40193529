"""The last accepted state of the tools. It changes only when somebody accepts the new one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.compat import breaking_changes, output_breaks
from contracts.export.documents import json_bytes, shared_schemas
from contracts.manifest import ToolManifestEntry, entry_from_contract
from contracts.registry import AnyContract

BASELINE = "generated/baseline.json"


def render_baseline(contracts: Sequence[AnyContract]) -> bytes:
    """The present state as a baseline: every entry with its schemas, and the shapes that clients read."""
    entries = [entry_from_contract(contract).model_dump(mode="json") for contract in contracts]
    return json_bytes({"tools": entries, "outputs": _read_shapes()})


def breaks_since(baseline: bytes, contracts: Sequence[AnyContract]) -> list[str]:
    """Every breaking change between the accepted state and `contracts`, and every one that no version tells of."""
    accepted: Mapping[str, Any] = json.loads(baseline)
    old = [ToolManifestEntry.model_validate(entry) for entry in accepted["tools"]]
    new = [entry_from_contract(contract) for contract in contracts]
    found = [*breaking_changes(old, new), *_unsaid(old, new)]
    shapes = _read_shapes()
    for name, schema in accepted["outputs"].items():
        breaks = output_breaks(schema, shapes[name]) if name in shapes else ["it was removed"]
        found.extend(f"{name}: {one}" for one in breaks)
    return found


def _unsaid(old: Sequence[ToolManifestEntry], new: Sequence[ToolManifestEntry]) -> list[str]:
    """Services tell an argument that they do not know yet from a wrong one by the version that it came with."""
    before = {entry.name: entry for entry in old}
    return [
        f"{entry.name}: its arguments changed, and it is still version {entry.version}"
        for entry in new
        if (was := before.get(entry.name)) and was.input_digest != entry.input_digest and was.version == entry.version
    ]


def _read_shapes() -> dict[str, Any]:
    """What clients read beside tool outputs; each event of the stream by itself, so that it can be compared."""
    shapes = shared_schemas()
    events = {
        f"event {variant['properties']['event']['const']}": variant for variant in shapes["stream_event"]["oneOf"]
    }
    return {"preview": shapes["preview"], "problem": shapes["problem"], **events}
