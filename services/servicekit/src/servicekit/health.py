"""Liveness and readiness. Alive: the loop turns. Ready: each thing that the service needs answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ProblemCode, problem
from servicekit.context import kit_of
from servicekit.encoding import json_response
from servicekit.errors import ProblemError, problem_response

#: Returns when the thing is up, raises when it is down.
HealthCheck = Callable[[], Awaitable[None]]
_CHECK_TIMEOUT_S = 2.0


async def run_check(check: HealthCheck) -> str:
    """How it is: "up", "timeout", or why it is down, in our own words (a ProblemError's detail)."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await check()
    except TimeoutError:
        return "timeout"
    except ProblemError as error:
        return error.problem.detail or "down"
    except Exception:  # noqa: BLE001 - a check may raise anything, and anything means "down"
        return "down"
    return "up"


def health_router(checks: Mapping[str, HealthCheck]) -> APIRouter:
    """`/livez`, `/readyz` and `/metrics`. `/readyz` is 503 and names the failing dependencies when one is down."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        return json_response({"status": "alive"})

    @router.get("/readyz")
    async def readyz(request: Request) -> Response:
        kit = kit_of(request)
        if getattr(request.app.state, "draining", False):
            return problem_response(problem(ProblemCode.OVERLOADED, "draining"))
        every: dict[str, HealthCheck] = {"database": kit.db.check, **request.app.state.checks, **checks}
        states = dict(zip(every, await asyncio.gather(*map(run_check, every.values())), strict=True))
        failing = sorted(name for name, state in states.items() if state != "up")
        if failing:
            detail = ", ".join(f"{name}: {states[name]}" for name in failing)
            return problem_response(problem(ProblemCode.DEPENDENCY_DOWN, detail, retry_after_s=1))
        return json_response({"status": "ready", "checks": states})

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        return Response(kit_of(request).metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
