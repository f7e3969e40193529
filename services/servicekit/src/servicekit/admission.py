"""The framework reads a body before it runs dependencies. A body that cannot be read must still be no way round the
token and the rate limit: those dependencies are marked as gates, and the error handler passes them first.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastapi.dependencies.models import Dependant
from starlette.requests import Request

_GATE = "__aiguy_gate__"
Gate = TypeVar("Gate", bound=Callable[..., Any])


def gate(dependency: Gate) -> Gate:
    """Marks a dependency that takes the request alone and refuses it by raising ProblemError."""
    setattr(dependency, _GATE, True)
    return dependency


async def admit(request: Request) -> None:
    """Passes the gates of the request's route, in order. Raises ProblemError."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if isinstance(dependant, Dependant):
        for call in _gates(dependant):
            await call(request)


def _gates(dependant: Dependant) -> Iterator[Callable[[Request], Any]]:
    for child in dependant.dependencies:
        if child.call is not None and getattr(child.call, _GATE, False):
            yield child.call
        yield from _gates(child)
