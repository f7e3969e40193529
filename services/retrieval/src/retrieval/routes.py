"""The routes: the tool, and the way in for documents.

POST /tools/search_kb · POST /internal/ingest-knowledge · GET /internal/ingest-knowledge/status ·
POST /internal/knowledge/state
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.knowledge import INGEST_PATH, INGEST_SCOPE, IngestReport, IngestRequest
from contracts.knowledge_state import STATE_PATH, STATE_SCOPE, KnowledgeState, StateQuery
from contracts.tools.retrieval import SEARCH_KB
from retrieval import ingest_api
from retrieval.handlers import KnowledgeTools
from retrieval.ingest_api import IngestStatus
from retrieval.state import knowledge_state
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.tool_router import ToolBinding, tool_router
from servicekit.tool_router.body import read_model

_authorised = require(INGEST_SCOPE)
_may_look = require(STATE_SCOPE)


async def state_caller(request: Request) -> Caller:
    """The caller, who has the scope and is staff or a service."""
    return _no_customer(await _may_look(request))


async def ingest_caller(request: Request) -> Caller:
    """The caller, who has the scope and is staff or a service: no customer's token opens this door."""
    return _no_customer(await _authorised(request))


def _no_customer(caller: Caller) -> Caller:
    if caller.role not in (Role.STAFF, Role.SERVICE):
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff and services may do this.")
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

    @router.post(
        STATE_PATH,
        summary="How the knowledge base stands: what is found, what is past its time, how its sources went.",
        responses=problem_responses((400, 401, 403, 405, 413, 415, 422, 429, 500, 503)),
        openapi_extra={"requestBody": json_body(StateQuery), "security": BEARER},
    )
    async def state(request: Request, _: Annotated[Caller, Depends(state_caller)]) -> KnowledgeState:
        await read_model(request, StateQuery, "There is nothing to choose.")
        return await knowledge_state(kit_of(request), request.app.state.knowledge_base)

    return router
