"""The states of a refund, as a pure function.

requested ─► confirmed ─► approved ─► submitted ─► succeeded
                 ├─► denied               │            ┊ reversed by the provider, much later
                 └─► expired              └──────► failed
"""

from billing.refunds.events import Approved, RefundEvent, Reversed, target
from contracts.tools.billing import RefundState

_S = RefundState
_NEXT: dict[RefundState | None, frozenset[RefundState]] = {
    None: frozenset({_S.REQUESTED}),
    _S.REQUESTED: frozenset({_S.CONFIRMED}),
    _S.CONFIRMED: frozenset({_S.APPROVED, _S.DENIED, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.SUBMITTED}),
    _S.SUBMITTED: frozenset({_S.SUCCEEDED, _S.FAILED}),
    _S.DENIED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.SUCCEEDED: frozenset({_S.FAILED}),
    _S.FAILED: frozenset(),
}
#: Over: nothing of ours happens after these.
TERMINAL = frozenset({_S.DENIED, _S.EXPIRED, _S.SUCCEEDED, _S.FAILED})
#: In these no money was moved and none will be: the amount is free again.
RELEASED = frozenset({_S.DENIED, _S.EXPIRED, _S.FAILED})


class StepNotAllowedError(Exception):
    """The event cannot happen to a refund in this state."""


def advance(state: RefundState | None, event: RefundEvent) -> RefundState:
    """The state after `event`; None is a refund that does not exist yet. Raises StepNotAllowedError."""
    following = target(event)
    if following not in _NEXT[state]:
        raise StepNotAllowedError(f"{following.value} cannot follow {state.value if state else 'nothing'}")
    if isinstance(event, Reversed) != (state is RefundState.SUCCEEDED):
        raise StepNotAllowedError("only a success can be reversed, and nothing else follows it")
    if isinstance(event, Approved) and len(set(event.approvers)) < event.needed:
        raise StepNotAllowedError("too few have approved")
    return following
