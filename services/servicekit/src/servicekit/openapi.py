"""The OpenAPI document: problem schemas, the bearer scheme, and request bodies that handlers read themselves."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from contracts.errors import PROBLEM_MEDIA_TYPE, PROBLEMS, Problem
from contracts.schema import Schema, input_schema

_REF = "#/components/schemas/{model}"
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
#: `openapi_extra=` of a route that needs a token.
SECURED: dict[str, Any] = {"security": BEARER}
_COMMON = (400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 501, 503, 504)


def problem_responses(statuses: Iterable[int] = _COMMON) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: each status with the problem body."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    titles = {kind.status: kind.title for kind in reversed(PROBLEMS.values())}
    return {status: {"description": titles.get(status, "Problem"), "content": content} for status in statuses}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """The `requestBody` of a route whose handler validates `model` itself."""
    return json_schema_body(input_schema(model))


def json_schema_body(schema: Schema) -> dict[str, Any]:
    """The `requestBody` of a route whose handler accepts what `schema` says."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def install_openapi(app: FastAPI) -> None:
    """Adds the components that routes refer to, and replaces the framework's own shape of a 422."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            components = document.setdefault("components", {})
            problem = Problem.model_json_schema(ref_template=_REF, mode="serialization")
            schemas = components.setdefault("schemas", {})
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            _problems_for_422(document, schemas)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _problems_for_422(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            found = operation.get("responses", {}).get("422")
            if found and "HTTPValidationError" in str(found):
                operation["responses"]["422"] = problem_responses([422])[422]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
