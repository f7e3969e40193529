"""Decides, when a message is accepted, how much its turn may still use."""

from dataclasses import dataclass, field
from datetime import UTC, date, timedelta

from orchestrator.journal.arriving import Arriving
from orchestrator.limits.deciding import Verdict, level_of
from orchestrator.limits.policy import CapName, LimitsPolicy
from orchestrator.limits.usage import Spent, spent_by_shop
from orchestrator.turn.budgets import Budgets
from servicekit.clock import Clock
from servicekit.db.pool import Connection
from servicekit.telemetry import Metrics

#: The shop's caps are looked at this often by each process: that long they may be overrun, and no hot row is needed.
FRESH_S = 5.0
#: What was used on earlier days of the month hardly changes.
SETTLED_S = 300.0
_OF_SHOP: tuple[CapName, ...] = ("shop_day", "shop_month")


@dataclass(slots=True)
class _Held:
    """A total that is read again when it is too old, or when the day is another."""

    since: date = date.min
    before: date = date.min
    spent: Spent = field(default_factory=Spent)
    until: float = 0.0

    async def of(self, db: Connection, since: date, before: date, now: float, fresh_s: float) -> Spent:
        if (since, before) != (self.since, self.before) or now >= self.until:
            self.until = now + fresh_s  # those who come meanwhile take the older total
            self.spent = await spent_by_shop(db, since, before)
            self.since, self.before = since, before
        return self.spent


class Levels:
    """Budgets of turns. `base` holds the budgets that are the same for every turn."""

    def __init__(self, policy: LimitsPolicy, base: Budgets, clock: Clock, metrics: Metrics) -> None:
        self.policy = policy
        self._base = base.model_copy(update={"cost_micros": policy.turn_cost_micros})
        self._clock = clock
        self._today, self._month_before = _Held(), _Held()
        self._level = metrics.counter(
            "aiguy_limits_level_total", "Turns by the level they began at, and the cap because of which",
            ("level", "reason"),
        )  # fmt: skip
        self._near = metrics.counter(
            "aiguy_limits_cap_near_total", "Turns that began when a cap of the shop was nearly used up", ("cap",)
        )
        self._share = metrics.gauge(
            "aiguy_limits_cap_share", "How much of a cap of the shop is used, 1 is all", ("cap",)
        )

    def today(self) -> date:
        """The day that caps count on, in UTC."""
        return self._clock.now().astimezone(UTC).date()

    async def budgets(self, db: Connection, arriving: Arriving) -> Budgets:
        """What the turn of a message that comes in may spend."""
        verdict = await self._verdict(db, arriving)
        self._count(verdict)
        tokens = self.policy.cap("session").tokens
        left = self._base.session_tokens_left if tokens is None else max(0, tokens - arriving.conversation.tokens)
        return self._base.model_copy(
            update={"session_tokens_left": left, "level": verdict.level, "level_reason": verdict.reason}
        )

    async def _verdict(self, db: Connection, arriving: Arriving) -> Verdict:
        today, conversation = arriving.day, arriving.conversation
        now, month = self._clock.monotonic(), today.replace(day=1)
        on_day = await self._today.of(db, today, today + timedelta(days=1), now, FRESH_S)
        before = await self._month_before.of(db, month, today, now, SETTLED_S)
        spent: dict[CapName, Spent] = {
            "session": Spent(conversation.tokens, conversation.cost_micros), "customer_day": arriving.spent,
            "shop_day": on_day, "shop_month": before + on_day,
        }  # fmt: skip
        return level_of(self.policy, spent)

    def _count(self, verdict: Verdict) -> None:
        self._level.labels(verdict.level.value, verdict.reason).inc()
        for cap in _OF_SHOP:
            self._share.labels(cap).set(verdict.shares[cap])
            if verdict.shares[cap] * 100 >= self.policy.near:
                self._near.labels(cap).inc()
