"""Carrying a refund out: `submitted` is committed first, so whatever breaks after it is found again by its id."""

from dataclasses import dataclass
from datetime import timedelta

from billing.providers.port import ProviderError, ProviderRefund, ProviderState, RefundOrder
from billing.providers.registry import Providers
from billing.refunds import store
from billing.refunds.assess import Assessor
from billing.refunds.counting import count_alert, count_event
from billing.refunds.events import Approved, Submitted
from billing.refunds.model import Charge, Refund
from billing.refunds.policy import Decision
from billing.refunds.settle import settle
from contracts.tools.billing import RefundState
from servicekit.context import Kit
from servicekit.logging import get_logger


@dataclass(frozen=True, slots=True)
class RefundDesk:
    """What refunds are made with. `patience`: how long a refund may be under way before the reconciler looks at it;
    `expires_after`: how long one waits for staff.
    """

    assessor: Assessor
    providers: Providers
    expires_after: timedelta
    patience: timedelta

    def approved(self, approvers: tuple[str, ...], needed: int, decision: Decision) -> Approved:
        """The event that these have agreed, as `decision` asked."""
        return Approved(approvers, needed, decision.clause, decision.sentence, self.assessor.policy.version)

    async def carry_out(self, kit: Kit, refund_id: str) -> None:
        """Brings an approved refund to its end, or leaves it `submitted` for the reconciler. Repeating it is safe."""
        begun = await self._submit(kit, refund_id)
        if begun is None:
            return
        refund, charge = begun
        order = order_for(refund, charge)
        try:
            found = await self.providers.named(refund.provider).refund(order)
        except ProviderError as error:
            await self.take_error(kit, refund, charge, error)
            return
        await settle(kit, refund.id, found)

    async def take_error(self, kit: Kit, refund: Refund, charge: Charge, error: ProviderError) -> None:
        """What a provider's error means: a refusal ends the refund, all else leaves it to the reconciler."""
        log = get_logger().bind(refund_request_id=refund.id, kind=error.kind, reason=error.reason)
        if error.kind == "refused":
            log.warning("refund_refused")
            await self._refused(kit, refund, charge, error.reason or "refused")
            return
        if error.kind == "misconfigured":
            log.error("refund_provider_misconfigured")
            count_alert(kit, "misconfigured")
        else:
            log.warning("refund_not_settled")
        if error.retry_after_s is not None:
            async with kit.db.primary() as connection:
                await store.wait(connection, refund.id, kit.clock.now() + timedelta(seconds=error.retry_after_s))

    async def _refused(self, kit: Kit, refund: Refund, charge: Charge, reason: str) -> None:
        """The end of a refund that was refused; but an earlier try, whose answer was lost, may have done it."""
        try:
            found = await self.providers.named(refund.provider).find(order_for(refund, charge))
        except ProviderError:
            return
        await settle(kit, refund.id, found or ProviderRefund("", ProviderState.FAILED, refund.amount, reason))

    async def _submit(self, kit: Kit, refund_id: str) -> tuple[Refund, Charge] | None:
        """The refund, now `submitted`; None when there is nothing to carry out."""
        async with kit.db.transaction() as connection:
            refund = await store.find(connection, refund_id, lock=True)
            if refund is None or refund.state not in (RefundState.APPROVED, RefundState.SUBMITTED):
                return None
            charge = await store.charge_of(connection, refund)
            if refund.state is RefundState.APPROVED:
                now, event = kit.clock.now(), Submitted(refund.provider)
                await store.append(connection, refund.id, refund.state, event, who="billing", at=now)
        if refund.state is RefundState.APPROVED:
            count_event(kit, RefundState.SUBMITTED)
        return refund, charge


def order_for(refund: Refund, charge: Charge) -> RefundOrder:
    """The order to the provider: the same one each time, for some compare them byte by byte."""
    metadata = {"refund_request_id": refund.id, "order_id": refund.order_id}
    return RefundOrder(refund.id, charge.provider_charge, refund.amount, metadata)
