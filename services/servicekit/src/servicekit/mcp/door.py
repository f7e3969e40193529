"""`POST /mcp`: the protocol itself, by its own library, without sessions: any replica answers any request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.errors import ProblemCode
from contracts.manifest import ServiceManifest
from servicekit.auth.dependencies import authenticate
from servicekit.errors import ProblemError
from servicekit.mcp.calling import call_route
from servicekit.mcp.listing import shown

MCP_PATH = "/mcp"


class _Answered(Response):
    """An answer that the protocol's library writes by itself."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        await self._manager.handle_request(scope, receive, send)


class McpDoor:
    """The tools of one manifest, at `POST /mcp`."""

    def __init__(self, manifest: ServiceManifest) -> None:
        self._manifest = manifest
        self._tools = shown(manifest.tools)

    def router(self) -> APIRouter:
        """The route. It raises UNAUTHENTICATED without a good token, and FORBIDDEN for a page in a browser."""
        router = APIRouter()

        @router.post(MCP_PATH, include_in_schema=False)
        async def speak(request: Request) -> Response:
            await authenticate(request)
            if "origin" in request.headers:  # a page of any site could use the place of its browser in the network
                raise ProblemError(ProblemCode.FORBIDDEN, "Pages in a browser do not call tools.")
            manager: StreamableHTTPSessionManager = request.app.state.mcp
            return _Answered(manager)

        return router

    @asynccontextmanager
    async def serving(self, app: FastAPI) -> AsyncIterator[None]:
        """Answers at the route until the block ends; calls go to the routes of `app`."""

        async def listed(asked: ServerRequestContext, _: PaginatedRequestParams | None) -> ListToolsResult:
            caller = await authenticate(_request_of(asked))
            return ListToolsResult(tools=[one.tool for one in self._tools.values() if one.open_to(caller)])

        async def called(asked: ServerRequestContext, call: CallToolRequestParams) -> CallToolResult:
            tool = self._tools.get(call.name)
            if tool is None:
                raise MCPError(INVALID_PARAMS, "There is no such tool.")
            scope = _request_of(asked).scope
            return await call_route(app.router, scope, tool.path, call.arguments or {}, dict(call.meta or {}))

        name, version = f"aiguy-{self._manifest.service}", self._manifest.version
        server = Server(name, version=version, on_list_tools=listed, on_call_tool=called)
        app.state.mcp = manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
        async with manager.run():
            yield


def _request_of(asked: ServerRequestContext) -> Request:
    request = asked.request
    if not isinstance(request, Request):
        raise TypeError("a call that came without a request has no caller")
    return request
