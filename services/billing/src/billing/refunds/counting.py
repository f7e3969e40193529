"""The metrics of refunds."""

from contracts.tools.billing import RefundState
from servicekit.context import Kit


def count_event(kit: Kit, state: RefundState) -> None:
    """One refund has reached `state`."""
    kit.metrics.counter("aiguy_refunds_total", "Refunds by the state that they reached.", ("state",)).labels(
        state.value
    ).inc()


def count_alert(kit: Kit, why: str) -> None:
    """Something about a refund that people must look at: misconfigured, contradicted, reversed, lost."""
    kit.metrics.counter("aiguy_refund_alerts_total", "Refunds that people must look at, by reason.", ("why",)).labels(
        why
    ).inc()


def count_reconciled(kit: Kit, outcome: str) -> None:
    """The reconciler has looked at one refund; `outcome` is the state it has now, or why it is as it was."""
    kit.metrics.counter(
        "aiguy_refund_reconciled_total", "Refunds that the reconciler looked at, by outcome.", ("outcome",)
    ).labels(outcome).inc()


def show_pending(kit: Kit, pending: dict[RefundState, int]) -> None:
    """How many refunds are in each of the states that are not an end."""
    gauge = kit.metrics.gauge("aiguy_refunds_pending", "Refunds that are not over, by state.", ("state",))
    for state, count in pending.items():
        gauge.labels(state.value).set(count)
