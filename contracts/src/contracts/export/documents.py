"""Which files are generated, and their exact bytes. Pure: the same contracts give the same bytes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from contracts.errors import Problem
from contracts.export.facade import facade_source
from contracts.export.openapi import openapi_document
from contracts.manifest import ToolManifestEntry, entry_from_contract
from contracts.registry import AnyContract
from contracts.schema import output_schema, union_schema
from contracts.tool import Family, Preview
from contracts.turn import Proposal, StreamEvent

FACADE = "src/contracts/clients/generated.py"
SCHEMAS = "generated/schemas"


def render(contracts: Sequence[AnyContract]) -> dict[str, bytes]:
    """Every generated file by its path below the contracts project, sorted."""
    entries = [entry_from_contract(contract) for contract in contracts]
    documents: dict[str, Any] = {"generated/tools.json": {"tools": [_policy(entry) for entry in entries]}}
    for entry in entries:
        documents[f"{SCHEMAS}/{entry.name}.input.json"] = _titled(entry.input_schema, f"{entry.name} input")
        documents[f"{SCHEMAS}/{entry.name}.output.json"] = _titled(entry.output_schema, f"{entry.name} output")
    for name, schema in shared_schemas().items():
        documents[f"{SCHEMAS}/{name}.json"] = _titled(schema, name)
    for family in Family:
        own = [entry for entry in entries if entry.family == family.value]
        documents[f"generated/openapi/{family.value}.json"] = openapi_document(family, own)
    files = {path: json_bytes(document) for path, document in documents.items()}
    files[FACADE] = facade_source(contracts).encode()
    return dict(sorted(files.items()))


def shared_schemas() -> dict[str, dict[str, Any]]:
    """The schemas that belong to no single tool, by file name."""
    return {
        "preview": output_schema(Preview),
        "problem": output_schema(Problem),
        "proposal": union_schema(TypeAdapter(Proposal)),
        "stream_event": union_schema(TypeAdapter(StreamEvent), mode="serialization"),
    }


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """JSON for people and for diffs: sorted keys, two spaces, a newline at the end."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _policy(entry: ToolManifestEntry) -> dict[str, Any]:
    return entry.model_dump(mode="json", exclude={"input_schema", "output_schema"})


def _titled(schema: Mapping[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
