"""May this customer have that much of this order back, and who must agree? Answered from the rows as they are now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.errors import books_incomplete, charge_not_found, not_refundable
from billing.providers.registry import Providers
from billing.refunds import store
from billing.refunds.lost import searching
from billing.refunds.model import Charge
from billing.refunds.policy import Decision, RefundFacts, RefundPolicy, decide
from contracts.money import Money
from contracts.tools.billing import IssueRefundInput
from servicekit.db.pool import Connection
from servicekit.tool_router import PreviewDraft

_CAPPED_TIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The charge that would give it back and who holds it, what the customer confirms, and the policy's decision."""

    charge: Charge
    provider: str
    draft: PreviewDraft
    decision: Decision


@dataclass(frozen=True, slots=True)
class Assessor:
    """Assesses requests by one policy."""

    policy: RefundPolicy
    providers: Providers

    async def assess(
        self, connection: Connection, customer: str, asked: IssueRefundInput, now: datetime, *, lock: bool
    ) -> Assessment:
        """The assessment. `lock` keeps it true until the transaction ends.

        Raises ProblemError(ORDER_NOT_FOUND | NOT_REFUNDABLE | DEPENDENCY_DOWN).
        """
        if await searching(connection):
            raise books_incomplete()
        charges = await store.charges_of_order(connection, customer, asked.order_id, lock=lock)
        charge = _fitting(charges, asked.currency)
        amount = Money(amount_minor=asked.amount_minor, currency=asked.currency)
        if amount.amount_minor > charge.refundable.amount_minor:
            raise not_refundable(f"Of this order {charge.refundable} can still be given back.")
        provider = charge.provider or self.providers.usual
        if not self.providers.knows(provider):
            raise not_refundable("This payment cannot be given back from here.")
        decision = await self.decide(connection, customer, charge, amount, now, lock=lock)
        return Assessment(charge, provider, _draft(charge, amount, decision), decision)

    async def decide(
        self, connection: Connection, customer: str, charge: Charge, amount: Money, now: datetime, *, lock: bool
    ) -> Decision:
        """What the policy says now of giving `amount` of `charge` back."""
        to_customer, by_shop = await store.without_staff(
            connection, customer, amount.currency, now - _CAPPED_TIME, lock=lock
        )
        facts = RefundFacts(
            amount=amount,
            age_days=(now - charge.captured_at).days,
            risk_flags=charge.risk_flags,
            to_customer_minor=to_customer,
            by_shop_minor=by_shop,
        )
        return decide(self.policy, facts)


def _fitting(charges: list[Charge], currency: str) -> Charge:
    """The charge in that currency with most left of it; the same one whenever nothing has changed."""
    if not charges:
        raise charge_not_found()
    fitting = [charge for charge in charges if charge.captured.currency == currency]
    if not fitting:
        raise not_refundable("This order was paid in another currency.")
    return max(fitting, key=lambda charge: (charge.refundable.amount_minor, charge.id))


def _draft(charge: Charge, amount: Money, decision: Decision) -> PreviewDraft:
    left = charge.refundable.amount_minor
    after = Money(amount_minor=left - amount.amount_minor, currency=amount.currency)
    return PreviewDraft(
        summary=f"Refund {amount} of order {charge.order_id} to {charge.method}",
        before={"refundable": str(charge.refundable)},
        after={"refundable": str(after)},
        money_moved=amount,
        approvals=decision.approvals,
        policy=decision.clause,
        reasons=decision.reasons,
    )
