"""What a provider says of a refund becomes its end. For the desk, the reconciler and webhooks; repeating it is safe."""

import orjson

from billing.providers.port import ProviderRefund, ProviderState
from billing.refunds import store
from billing.refunds.counting import count_alert, count_event
from billing.refunds.events import Failed, RefundEvent, Reversed, Succeeded
from billing.refunds.machine import TERMINAL
from billing.refunds.model import Refund
from contracts.tools.billing import RefundState
from servicekit.context import Kit
from servicekit.db.pool import Connection
from servicekit.logging import get_logger

_UNNAMED = "failed_at_provider"


async def settle(kit: Kit, refund_request_id: str, found: ProviderRefund) -> RefundState | None:
    """The refund's state after the provider's word; None when we have no such refund.

    PENDING changes nothing. A success that the provider takes back is an event of its own and an alert; any other word
    that does not fit what we know changes nothing, and is an alert.
    """
    async with kit.db.transaction() as connection:
        refund = await store.find(connection, refund_request_id, lock=True)
        if refund is None:
            get_logger().warning("refund_unknown", refund_request_id=refund_request_id)
            return None
        event = await _meant(connection, refund, found)
        if event is not None:
            # Lost with the database server it is `submitted` again, and the reconciler asks; a reversal is told once.
            state = await store.append(
                connection, refund.id, refund.state, event, who=refund.provider, at=kit.clock.now(),
                relaxed=refund.state is RefundState.SUBMITTED,
            )  # fmt: skip
    if event is None:
        if _is_odd(refund, found):
            _alert(kit, "contradicted", refund, found)
        return refund.state
    count_event(kit, state)
    if isinstance(event, Reversed):
        _alert(kit, "reversed", refund, found)
    return state


async def _meant(connection: Connection, refund: Refund, found: ProviderRefund) -> RefundEvent | None:
    """What has happened by the provider's word; None when nothing has."""
    if found.amount != refund.amount or found.state is ProviderState.PENDING:
        return None
    failed = found.state is ProviderState.FAILED
    if refund.state is RefundState.SUBMITTED:
        return Failed(found.failure or _UNNAMED) if failed else Succeeded(found.provider_id)
    if refund.state is RefundState.SUCCEEDED and failed:
        *_, last = await store.events_of(connection, refund.id)
        if orjson.loads(last.details)["provider_refund"] == found.provider_id:
            return Reversed(found.provider_id, found.failure or _UNNAMED)
    return None


def _is_odd(refund: Refund, found: ProviderRefund) -> bool:
    """Whether the provider's word does not fit what we know."""
    if found.state is ProviderState.PENDING:
        return found.amount != refund.amount
    agreed = refund.state in TERMINAL and refund.state.value == found.state.value
    return not agreed or found.amount != refund.amount


def _alert(kit: Kit, why: str, refund: Refund, found: ProviderRefund) -> None:
    get_logger().error(
        f"refund_{why}", refund_request_id=refund.id, state=refund.state.value, told=found.state.value,
        provider_id=found.provider_id,
    )  # fmt: skip
    count_alert(kit, why)
