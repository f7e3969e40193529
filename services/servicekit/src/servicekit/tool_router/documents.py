"""How the routes of a tool stand in the OpenAPI document."""

from typing import Any

from contracts import headers
from contracts.deprecation import accepted_schema
from contracts.registry import AnyContract
from servicekit.openapi import BEARER, json_schema_body


def _header(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def operation(contract: AnyContract, *, preview: bool = False) -> dict[str, Any]:
    """The `openapi_extra` of a tool's route: body, headers, security."""
    milliseconds = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
    parameters = [_header(headers.DEADLINE_MS, "Milliseconds that the caller still waits.", milliseconds)]
    # Any text may stand in these two: an unknown version is no later one, and a grant is judged by its signature alone,
    # where one is needed.
    free = {"type": "string"}
    parameters.append(_header(headers.CONTRACT, "The version of the contract that the call was planned with.", free))
    if contract.is_write and not preview:
        key = {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255}
        parameters.append(_header(headers.IDEMPOTENCY_KEY, "Same key and body: the stored answer.", key, required=True))
        parameters.append(_header(headers.GRANT, "The signed grant for this effect.", free))
    return {"requestBody": json_schema_body(accepted_schema(contract)), "parameters": parameters, "security": BEARER}
