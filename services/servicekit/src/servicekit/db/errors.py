"""What a failing database means to the caller. Its own words stay in our logs."""

import asyncpg

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: What asyncpg raises while a pool is connecting; anything of these inside a statement is caught by `translate`.
CONNECT_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_DOWN = (
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.PostgresIOError,
)
_BUSY = (asyncpg.exceptions.TransactionRollbackError, asyncpg.exceptions.LockNotAvailableError)


def down() -> ProblemError:
    """The problem of a database that cannot be reached."""
    return ProblemError(ProblemCode.DEPENDENCY_DOWN, "The database cannot be reached.", retry_after_s=1)


def late() -> ProblemError:
    """The problem of a statement that took too long, or was never answered."""
    return ProblemError(ProblemCode.DEADLINE_EXCEEDED, "The database took too long.")


def translate(error: Exception) -> ProblemError | None:
    """The problem that `error` means, or None when it is a programming error that must surface as such."""
    if isinstance(error, asyncpg.exceptions.QueryCanceledError):
        return late()
    if isinstance(error, _DOWN):
        return down()
    if isinstance(error, _BUSY):
        return ProblemError(ProblemCode.OVERLOADED, "Others are changing the same thing.", retry_after_s=1)
    if isinstance(error, asyncpg.exceptions.DataError):
        # A value that passed the schema and still does not fit a column: the caller's doing, never a 500.
        # It may also be a slip in our SQL, so it is logged.
        get_logger().warning("database_refused_value", sqlstate=error.sqlstate)
        return ProblemError(ProblemCode.INVALID_REQUEST, "A value is outside of what can be stored.")
    if isinstance(error, asyncpg.InternalClientError):
        return down()  # the server went away in the middle of an exchange and the driver lost its place
    if isinstance(error, asyncpg.InterfaceError) and ("closed" in str(error) or "closing" in str(error)):
        return down()
    return None
