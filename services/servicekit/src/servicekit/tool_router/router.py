"""The routes of a tool service, made from its bindings."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ProblemCode
from contracts.manifest import MANIFEST_PATH, ServiceManifest
from contracts.registry import AnyContract, contracts_of
from contracts.tool import Preview
from servicekit.auth.dependencies import authenticate, check_scopes
from servicekit.errors import ProblemError
from servicekit.manifest import build_manifest
from servicekit.openapi import problem_responses
from servicekit.tool_router.binding import ToolBinding
from servicekit.tool_router.documents import operation
from servicekit.tool_router.endpoint import ToolEndpoint

Endpoint = Callable[[Request], Awaitable[Response]]


class ToolRouter(APIRouter):
    """The routes, and the manifest that they keep to."""

    def __init__(self, manifest: ServiceManifest) -> None:
        super().__init__()
        self.manifest = manifest


def tool_router(bindings: Sequence[ToolBinding]) -> ToolRouter:
    """`POST /tools/{name}`, `POST /tools/{name}/preview` (writes) and `GET /.well-known/tools.json` of one family.

    Tools of the family without a binding answer 501 and stand in the manifest as not available.
    Raises ValueError when the bindings are none, of several families, or twice for one tool.
    """
    families = {binding.contract.family for binding in bindings}
    names = {binding.contract.name for binding in bindings}
    if len(families) != 1 or len(names) != len(bindings):
        raise ValueError("bindings are for distinct tools of exactly one family")
    family = families.pop()
    router = ToolRouter(build_manifest(family, bindings))
    for binding in bindings:
        endpoint = ToolEndpoint(binding)
        _add(router, binding.contract, binding.contract.path, endpoint.execute, model=binding.contract.output)
        if binding.contract.is_write:
            _add(router, binding.contract, binding.contract.preview_path, endpoint.preview, model=Preview, preview=True)
    for contract in contracts_of(family):
        if contract.name not in names:
            _add(router, contract, contract.path, _unavailable(contract), model=contract.output)
    manifest = router.manifest.model_dump_json().encode()

    @router.get(MANIFEST_PATH, include_in_schema=False)
    async def tools_json() -> Response:
        return Response(manifest, media_type="application/json", headers={"cache-control": "max-age=60"})

    return router


def _add(
    router: APIRouter, contract: AnyContract, path: str, endpoint: Endpoint, *, model: Any, preview: bool = False
) -> None:
    async def call(request: Request) -> Response:
        return await endpoint(request)

    router.add_api_route(
        path,
        call,
        methods=["POST"],
        name=f"{contract.name}{'_preview' if preview else ''}",
        summary=contract.description,
        responses={200: {"model": model}, **problem_responses(_statuses(contract, preview=preview))},
        response_model=None,
        openapi_extra=operation(contract, preview=preview),
    )


def _statuses(contract: AnyContract, *, preview: bool) -> tuple[int, ...]:
    conflict = (409, 410) if contract.is_write and not preview else ()
    return (400, 401, 403, 404, 405, *conflict, 413, 415, 421, 422, 429, 500, 501, 503, 504)


def _unavailable(contract: AnyContract) -> Endpoint:
    scopes = frozenset({contract.scope})

    async def refuse(request: Request) -> Response:
        check_scopes(await authenticate(request), scopes)
        raise ProblemError(ProblemCode.NOT_IMPLEMENTED, "This tool is not available in this installation.")

    return refuse
