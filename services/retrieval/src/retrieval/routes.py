"""The routes: the tool, and the way in for documents.

POST /tools/search_kb · POST /internal/ingest-knowledge · GET /internal/ingest-knowledge/status
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.knowledge import INGEST_PATH, INGEST_SCOPE, IngestReport, IngestRequest
from contracts.tools.retrieval import SEARCH_KB
from retrieval import ingest_api
from retrieval.handlers import KnowledgeTools
from retrieval.ingest_api import IngestStatus
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.tool_router import ToolBinding, tool_router
from servicekit.tool_router.body import read_model

_authorised = require(INGEST_SCOPE)


async def ingest_caller(request: Request) -> Caller:
    """The caller, who has the scope and is staff or a service: no customer's token opens this door."""
    caller = await _authorised(request)
    if caller.role not in (Role.STAFF, Role.SERVICE):
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff and services may change the knowledge base.")
    return caller


def tools(handlers: KnowledgeTools) -> APIRouter:
    """The tool and the manifest."""
    return tool_router([ToolBinding(SEARCH_KB, handlers.search_kb)])


def internal() -> APIRouter:
    """The routes for documents."""
    router = APIRouter(tags=["knowledge"])

    @router.post(
        INGEST_PATH,
        summary="Store documents: new and changed ones replace what was there, unchanged ones cost nothing.",
        responses=problem_responses((400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)),
        openapi_extra={"requestBody": json_body(IngestRequest), "security": BEARER},
    )
    async def ingest_knowledge(request: Request, caller: Annotated[Caller, Depends(ingest_caller)]) -> IngestReport:
        asked = await read_model(request, IngestRequest, "Some documents are missing a field or have a wrong one.")
        return await ingest_api.ingest(kit_of(request), request.app.state.knowledge_base, caller, asked)

    @router.get(
        f"{INGEST_PATH}/status",
        summary="How much knowledge there is, whether the index is ready, and what is being stored right now.",
        responses=problem_responses((401, 403, 405, 429, 500, 503)),
        openapi_extra={"security": BEARER},
    )
    async def ingest_status(request: Request, _: Annotated[Caller, Depends(ingest_caller)]) -> IngestStatus:
        return await ingest_api.status(kit_of(request), request.app.state.knowledge_base)

    return router
