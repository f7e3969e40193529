"""How often and how long one call is tried. Pure: it is asked after each attempt what to do next.

The contract's time-out is for the whole call, so a customer never waits a multiple of it, and each attempt may take
all that is left of it: a tool has the time that its contract promises, and what fails early is tried again. What hangs
is not; a write that may have been carried out is asked for by its turn, with the same key.
"""

import random
from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.tools.failures import Trouble

BASE_S = 0.05
CAP_S = 0.5
#: Less than this is not worth another attempt.
LEAST_S = 0.05


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `seconds`. `paid` says that it costs a retry; waiting for the first call's result does not, nor
    looking for a replica of another release.
    """

    seconds: float
    paid: bool


def next_wait(
    trouble: Trouble, *, attempt: int, retries_left: int, left_s: float, jitter: random.Random
) -> Wait | None:
    """How long to wait before trying again; None when trying again is no use.

    `attempt` counts from 1. Full jitter: anything between nothing and the exponential step, but never less than the
    service asked for.
    """
    if not trouble.retryable:
        return None
    if trouble.code is ProblemCode.CONTRACT_VERSION:
        # It costs that replica next to nothing, and the next one may be of the right release.
        return Wait(BASE_S, paid=False) if left_s >= BASE_S + LEAST_S else None
    step = min(CAP_S, BASE_S * 2.0 ** (attempt - 1))
    seconds = max(trouble.retry_after_s, jitter.uniform(0.0, step))
    if seconds + LEAST_S > left_s:
        return None
    if trouble.code is ProblemCode.IDEMPOTENCY_IN_FLIGHT:
        return Wait(max(seconds, BASE_S), paid=False)
    return Wait(seconds, paid=True) if retries_left > 0 else None
