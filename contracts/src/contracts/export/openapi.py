"""OpenAPI 3.1 of one family's tool routes, from the contracts alone: no service has to run for it."""

from collections.abc import Iterable, Sequence
from typing import Any

from contracts import headers
from contracts.errors import PROBLEM_MEDIA_TYPE, PROBLEMS, Problem
from contracts.manifest import MANIFEST_PATH, ServiceManifest, ToolManifestEntry
from contracts.schema import output_schema
from contracts.tool import Confirmation, Family, Preview, ToolEffect

_READ_PROBLEMS = (400, 401, 403, 404, 413, 415, 421, 422, 429, 500, 501, 503, 504)
_WRITE_PROBLEMS = (*_READ_PROBLEMS, 409)


def openapi_document(family: Family, entries: Sequence[ToolManifestEntry]) -> dict[str, Any]:
    """The document of the service that implements `entries`, which are all of `family`."""
    paths: dict[str, Any] = {MANIFEST_PATH: {"get": _manifest_operation()}}
    for entry in entries:
        paths[entry.path] = {"post": _call_operation(entry)}
        if entry.preview_path is not None:
            paths[entry.preview_path] = {"post": _preview_operation(entry)}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"AIGuy {family.value}", "version": _newest(entries), "description": _about(family)},
        "paths": paths,
        "security": [{"bearer": []}],
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {
                "Problem": output_schema(Problem),
                "Preview": output_schema(Preview),
                "ServiceManifest": output_schema(ServiceManifest),
            },
            "responses": {str(status): _problem_response(status) for status in _WRITE_PROBLEMS},
        },
    }


def _call_operation(entry: ToolManifestEntry) -> dict[str, Any]:
    write = entry.effect is ToolEffect.WRITE
    parameters = [_header(headers.DEADLINE_MS, "Milliseconds that the caller still waits.", {"type": "integer"})]
    parameters.append(_header(headers.CONTRACT, "The version that the call was planned with.", {"type": "string"}))
    if write:
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"}
        parameters.append(_header("Idempotency-Key", "Names this one call.", key, required=True))
    if entry.confirmation is Confirmation.CUSTOMER:
        about = "A signed grant for exactly this effect."
        parameters.append(_header(headers.GRANT, about, {"type": "string"}, required=True))
    operation = _operation(entry, entry.name, entry.description, entry.output_schema)
    operation["parameters"] = parameters
    operation["responses"] |= _problems(_WRITE_PROBLEMS if write else _READ_PROBLEMS)
    return operation


def _preview_operation(entry: ToolManifestEntry) -> dict[str, Any]:
    about = f"What `{entry.name}` would do, without doing it."
    operation = _operation(entry, f"preview_{entry.name}", about, {"$ref": "#/components/schemas/Preview"})
    operation["responses"] |= _problems(_READ_PROBLEMS)
    return operation


def _operation(entry: ToolManifestEntry, name: str, about: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": about,
        "tags": [entry.family],
        "security": [{"bearer": [entry.scope]}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": entry.input_schema}}},
        "responses": {"200": {"description": "Done.", "content": {"application/json": {"schema": answer}}}},
    }


def _manifest_operation() -> dict[str, Any]:
    answer = {"$ref": "#/components/schemas/ServiceManifest"}
    return {
        "operationId": "manifest",
        "summary": "The tools of this service.",
        "security": [],
        "responses": {
            "200": {"description": "The manifest.", "content": {"application/json": {"schema": answer}}},
            **_problems((429, 500)),
        },
    }


def _problems(statuses: Iterable[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _problem_response(status: int) -> dict[str, Any]:
    codes = sorted(code.value for code, kind in PROBLEMS.items() if kind.status == status)
    return {
        "description": f"A problem: {', '.join(codes)}.",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _header(name: str, about: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": about, "required": required, "schema": schema}


def _about(family: Family) -> str:
    return f"The tools of the {family.value} service. Every error is a problem (RFC 9457)."


def _newest(entries: Sequence[ToolManifestEntry]) -> str:
    return max((entry.version for entry in entries), default="0.0.0")
