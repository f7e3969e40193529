"""What the policy of refunds says of one that a fork would have asked for, as far as its amount tells."""

from dataclasses import replace

from billing.refunds.policy import RefundFacts, RefundPolicy, decide
from contracts.tools.billing import ISSUE_REFUND
from orchestrator.replay.comparing import Forked


def with_verdict(one: Forked, policy: RefundPolicy) -> Forked:
    """The fork with the least number of staff who would have to approve its refund. How old the payment is, its checks
    and what else was given back that day are facts of a refund that never was.
    """
    wish = one.wish
    if wish is None or wish.tool != ISSUE_REFUND.name or wish.money is None:
        return one
    said = decide(policy, RefundFacts(wish.money, age_days=0))
    told = f"by its amount at least {said.approvals} of staff must approve it ({said.clause})"
    return replace(one, wish=replace(wish, verdict=(*wish.verdict, told)))
