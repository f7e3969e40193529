"""How a run that failed is logged: in a line when something was away, with its trace when nobody expected it.

With a database go many runs at once, and none of their traces says more than the first.
"""

import asyncpg

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_AWAY = (ProblemCode.DEPENDENCY_DOWN, ProblemCode.OVERLOADED, ProblemCode.DEADLINE_EXCEEDED)
_BROKEN = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)  # a TimeoutError is an OSError


def log_failed(event: str, error: BaseException, **about: str) -> None:
    """One line with the error's type, and its trace unless it says that something is away."""
    away = error.problem.code in _AWAY if isinstance(error, ProblemError) else isinstance(error, _BROKEN)
    get_logger().error(event, reason=type(error).__name__, exc_info=None if away else error, **about)
