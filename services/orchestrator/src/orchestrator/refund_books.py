"""Billing's part in looking back: its policy in force, what another would have said, and sums. It may not be there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.refund_rules import (
    JUDGED_PATH,
    RULES_PATH,
    RULES_SCOPE,
    SUMS_PATH,
    CurrencySums,
    Judged,
    JudgedQuery,
    RefundRules,
    RefundSums,
    RulesEdit,
    RulesQuery,
    SumsQuery,
)
from contracts.tool import Family
from orchestrator.colleagues import ServiceCalls


@dataclass(frozen=True, slots=True)
class RefundBooks:
    """Asks billing, by its own HTTP contract."""

    services: ServiceCalls

    async def rules(self) -> RefundRules | None:
        """The policy in force; None when billing cannot be asked."""
        return await self.services.ask(Family.BILLING, RULES_PATH, RULES_SCOPE, RulesQuery(), RefundRules)

    async def judged(self, edit: RulesEdit, refunds: Sequence[str]) -> Judged | None:
        """What the edited policy says of these, at most 500; None when billing cannot be asked."""
        asked = JudgedQuery(edit=edit, refunds=tuple(refunds))
        return await self.services.ask(Family.BILLING, JUDGED_PATH, RULES_SCOPE, asked, Judged)

    async def sums(self, since: datetime, until: datetime) -> tuple[CurrencySums, ...] | None:
        """What was given back; None when billing cannot be asked."""
        asked = SumsQuery(since=int(since.timestamp()), until=int(until.timestamp()))
        found = await self.services.ask(Family.BILLING, SUMS_PATH, RULES_SCOPE, asked, RefundSums)
        return None if found is None else found.sums
