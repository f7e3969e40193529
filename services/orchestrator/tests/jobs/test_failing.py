"""A database that goes away is a line of the log for each run; what nobody expected keeps its trace."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from contracts.errors import ProblemCode
from orchestrator.jobs.failing import log_failed
from servicekit.errors import ProblemError


@pytest.mark.parametrize(
    ("error", "traced"),
    [
        (ProblemError(ProblemCode.DEPENDENCY_DOWN, "The database is down."), False),
        (asyncpg.ConnectionDoesNotExistError("closed"), False),
        (asyncpg.InterfaceError("closed"), False),
        (TimeoutError(), False),
        (ProblemError(ProblemCode.INTERNAL, "Oh."), True),
        (asyncpg.UniqueViolationError("twice"), True),
        (RuntimeError("a defect"), True),
    ],
)
def test_what_is_away_is_one_line_and_a_defect_has_its_trace(error: Exception, traced: bool) -> None:
    with capture_logs() as lines:
        log_failed("a turn failed", error, turn_id="trn_1")
    (line,) = lines
    assert (line["event"], line["reason"], line["turn_id"]) == ("a turn failed", type(error).__name__, "trn_1")
    assert (line["exc_info"] is error) == traced
