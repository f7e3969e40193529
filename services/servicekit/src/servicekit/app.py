"""The app of every service: one call gives it health, metrics, errors, limits, ids and traces."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from servicekit.auth.dependencies import rate_key
from servicekit.context import Kit
from servicekit.edge import QUIET_PATHS, EdgeMiddleware
from servicekit.errors import install_problem_handlers
from servicekit.health import HealthCheck, health_router
from servicekit.keeping import keep_what_starts
from servicekit.kit import open_kit
from servicekit.logging import configure_logging
from servicekit.openapi import install_openapi
from servicekit.ratelimit import assert_all_limited, limited
from servicekit.retention import Retention, Rule
from servicekit.serving import LeavingServer, shared_socket
from servicekit.settings import ServiceSettings
from servicekit.telemetry.numbers import SHARED_PASSES, Number, Numbers
from servicekit.telemetry.sharing import SharedReading
from servicekit.telemetry.tracing import configure_tracing
from servicekit.tool_router import ToolRouter

if TYPE_CHECKING:
    from servicekit.mcp.door import McpDoor

KitFactory = Callable[[ServiceSettings], AbstractAsyncContextManager[Kit]]
Startup = Callable[[Kit, FastAPI], AbstractAsyncContextManager[None]]
MAX_BODY_BYTES = 64 * 1024
#: The exit code when a start fails, as uvicorn's own.
STARTUP_FAILURE = 3


def create_app(
    *,
    settings: ServiceSettings,
    title: str,
    routers: Sequence[APIRouter],
    kit_factory: KitFactory | None = None,
    startup: Startup | None = None,
    checks: Mapping[str, HealthCheck] | None = None,
    public_paths: Sequence[str] = (),
    max_body_bytes: int = MAX_BODY_BYTES,
    body_limits: Mapping[str, int] | None = None,
    numbers: Sequence[Number] = (),
    tables: Sequence[Rule] = (),
    version: str = "1.0.0",
) -> FastAPI:
    """The app. `kit_factory` is the test door; `startup` runs around the app's life, after the kit is open.

    `checks` join `/readyz` beside the database, as do those that `startup` puts into `app.state.checks`.
    Paths in `public_paths` need no rate limit; bodies over `max_body_bytes` are 413 (`body_limits`: by path prefix).
    `numbers` are read from the service's database into gauges; `tables` says when their rows end.
    """

    door = _mcp_door(routers) if settings.mcp else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert_all_limited(app, public_paths=public_paths)
        async with AsyncExitStack() as stack:
            kit = await stack.enter_async_context((kit_factory or open_kit)(settings))
            app.state.kit = kit
            sharing = SharedReading(kit.redis, settings.service, SHARED_PASSES * settings.numbers_every_s)
            gauges = Numbers(kit.db, kit.metrics, numbers, sharing)
            await stack.enter_async_context(gauges.running(settings.numbers_every_s))
            retention = Retention(kit.db, kit.clock, kit.metrics, tables)
            await stack.enter_async_context(retention.running(settings.retention_every_s))
            if startup is not None:
                await stack.enter_async_context(startup(kit, app))
            if door is not None:
                await stack.enter_async_context(door.serving(app))
            yield

    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "auto_configure": False,  # configure_tracing does it, with the service's name
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "exclude": lambda scope: scope["path"] in QUIET_PATHS,
        },
    )
    app.state.settings = settings
    app.state.checks = {}
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    app.add_middleware(EdgeMiddleware, max_body_bytes=max_body_bytes, body_limits=body_limits or {})
    install_problem_handlers(app)
    limit = Depends(limited(f"{settings.rate_limit_per_minute}/minute", rate_key))
    for router in (*routers, *(() if door is None else (door.router(),))):
        app.include_router(router, dependencies=[limit])
    app.include_router(health_router(checks or {}))
    install_openapi(app)
    return app


def _mcp_door(routers: Sequence[APIRouter]) -> "McpDoor | None":
    """None for a service without tools."""
    from servicekit.mcp.door import McpDoor  # noqa: PLC0415 - its library is slow to import

    return next((McpDoor(one.manifest) for one in routers if isinstance(one, ToolRouter)), None)


def run_service(name: str, build: Callable[[], FastAPI]) -> None:
    """Serves the app that `build` gives, until SIGTERM: callers have `drain_s` to go elsewhere then, and requests that
    still run `shutdown_grace_s` to end. Exits with code 3 when the start fails.
    """
    app = build()
    settings: ServiceSettings = app.state.settings
    if settings.service != name:
        raise ValueError(f"the settings are those of {settings.service!r}, not of {name!r}")
    configure_logging(settings)
    configure_tracing(settings)
    keep_what_starts(app)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app itself knows whom it trusts
        timeout_graceful_shutdown=settings.shutdown_grace_s,
        timeout_keep_alive=75,
    )
    server = LeavingServer(config, app, settings.drain_s)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once all has ended
        server.run([shared_socket(settings.host, settings.port)] if settings.share_port else None)
    if not server.started:
        sys.exit(STARTUP_FAILURE)
