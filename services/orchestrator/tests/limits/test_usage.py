"""What ended turns leave behind by day, what caps make of it, and that nobody can be found in it afterwards."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from contracts.turn import FinalMessage, Usage
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.accept import Incoming, begin_at_once, masked
from orchestrator.journal.arriving import Arriving, arriving
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.vaulting import Vaults
from orchestrator.limits.keeper import UsageKeeper
from orchestrator.limits.levels import FRESH_S, Levels
from orchestrator.limits.policy import load_limits
from orchestrator.limits.report import UsageDesk
from orchestrator.limits.usage import Spent, forget_customer, spent_by_shop, usage_by_model
from orchestrator.turn.budgets import Budgets, Level
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import Drafted, Guarded, PlanFailed, PlanMade, PlannedCall, ToolSucceeded, TurnInput
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import Keyring
from servicekit.db.pool import Connection, Database
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics
from servicekit.testing import FakeClock

pytestmark = pytest.mark.service
DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0)
BEN = Caller("cust_ben", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0)
READ = PlannedCall(tool="search_kb", arguments={}, args_hash="1", label="")


@dataclass
class Shop:
    """Ends turns as the worker does."""

    database: Database
    conversations: Conversations
    vaults: Vaults
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    codec: Codec = field(default_factory=Codec)
    said: int = 0

    async def begin(self, caller: Caller = ADA) -> Conversation:
        async with self.database.primary() as db:
            return await self.conversations.owned(db, await self.conversations.create(db, caller, "web"), caller)

    async def accept(self, conversation: Conversation) -> PgTurnJournal:
        self.said += 1
        incoming = Incoming("Hello", f"id-{self.said}", "req", int(self.clock.now().timestamp() * 1000))
        vault = self.vaults.of(conversation)
        async with self.database.primary() as db:
            message = masked(incoming, conversation, vault)
            begun = await begin_at_once(db, conversation, message, Budgets(), self.codec)
        assert begun is not None
        return PgTurnJournal(self.database, conversation, begun.turn_id, self.codec, JobQueue(), vault)

    async def end(self, journal: PgTurnJournal, *happened: TurnInput) -> None:
        at_ms = int(self.clock.now().timestamp() * 1000)
        inputs = [Recorded(one, at_ms) for one in (*happened, Guarded(verdict="pass", text="Hello."))]
        recorded = [*await journal.load(), *inputs]
        step = fold((one.turn_input, one.at_ms) for one in recorded)
        finish = step.effects[-1]
        assert isinstance(finish, Finish)
        await journal.append(len(recorded) - len(inputs), inputs, step.state, finish)

    async def turn(self, conversation: Conversation, usage: Usage, model: str = "small") -> None:
        await self.end(await self.accept(conversation), plan(usage, model))

    async def budgets(self, levels: Levels, conversation: Conversation) -> Budgets:
        caller = replace(ADA, subject=conversation.identity.subject)
        async with self.database.primary() as db:
            return await levels.budgets(db, await self.arriving(db, conversation.id, caller, levels.today()))

    async def spent(self, caller: Caller = ADA) -> Spent:
        conversation = await self.begin(caller)
        async with self.database.primary() as db:
            return (await self.arriving(db, conversation.id, caller, DAY)).spent

    async def arriving(self, db: Connection, conversation_id: str, caller: Caller, day: date) -> Arriving:
        return await arriving(db, self.conversations, self.vaults, conversation_id, caller, day)

    async def shop_spent(self) -> Spent:
        async with self.database.primary() as db:
            return await spent_by_shop(db, DAY, DAY + timedelta(days=1))

    def hash(self, caller: Caller) -> str:
        return self.conversations.subject_hash(caller.issuer, caller.subject)


def plan(usage: Usage, model: str = "small") -> PlanMade:
    return PlanMade(message=FinalMessage(text="Hello."), usage=usage, model=model)


def levels_of(shop: Shop, metrics: Metrics | None = None, **caps: Decimal | int) -> Levels:
    return Levels(load_limits(**caps), Budgets(), shop.clock, metrics or Metrics())


@pytest.fixture
async def shop(database_url: Callable[[str], str]) -> AsyncIterator[Shop]:
    database = await Database.connect(database_url("orchestrator"), size=8)
    async with database.primary() as db:
        await db.execute("TRUNCATE usage_days")
    keyring = Keyring.generate()
    yield Shop(database, Conversations(keyring, keyring.derive("subject-hash")), Vaults(Finder.load()))
    await database.close()


async def test_what_each_model_used_is_counted_with_the_turns_end(shop: Shop) -> None:
    journal = await shop.accept(await shop.begin())
    await shop.end(
        journal,
        PlanMade(call=READ, usage=Usage(tokens_in=100, tokens_out=10, cost_micros=5), model="small"),
        ToolSucceeded(output={"strength": 0.1}, ms=1),
        Drafted(text="Hello.", usage=Usage(tokens_in=200, tokens_out=50, cost_micros=70), model="large"),
    )
    async with shop.database.primary() as db:
        used = await usage_by_model(db, DAY)
    assert [(one.model, one.turns, one.tokens_in, one.tokens_out, one.cost_micros) for one in used] == [
        ("large", 0, 200, 50, 70), ("small", 1, 100, 10, 5),
    ]  # fmt: skip
    assert await shop.spent() == Spent(360, 75)


async def test_a_call_that_failed_has_cost_something_too(shop: Shop) -> None:
    failed = PlanFailed(reason="timeout", usage=Usage(tokens_in=300, cost_micros=9))
    await shop.end(await shop.accept(await shop.begin()), failed, plan(Usage(), "offline"))
    assert await shop.spent() == Spent(300, 9)


async def test_each_customer_and_each_day_counts_for_itself_and_the_shop_for_all(shop: Shop) -> None:
    adas, bens = await shop.begin(), await shop.begin(BEN)
    await shop.turn(adas, Usage(tokens_in=10, cost_micros=1))
    await shop.turn(adas, Usage(tokens_in=20, cost_micros=2))
    await shop.turn(bens, Usage(tokens_in=40, cost_micros=4))
    assert (await shop.spent(ADA), await shop.spent(BEN)) == (Spent(30, 3), Spent(40, 4))
    assert await shop.shop_spent() == Spent(70, 7)
    shop.clock.advance(24 * 3600)
    await shop.turn(adas, Usage(tokens_in=80, cost_micros=8))
    assert await shop.spent(ADA) == Spent(30, 3)


async def test_who_is_erased_leaves_the_shops_totals_and_nothing_else(shop: Shop) -> None:
    for caller in (ADA, BEN):
        await shop.turn(await shop.begin(caller), Usage(tokens_in=10, cost_micros=1))
    async with shop.database.primary() as db:
        await forget_customer(db, shop.hash(ADA))
        await forget_customer(db, shop.hash(ADA))
        assert await db.fetchval("SELECT count(*) FROM usage_days WHERE subject_hash = $1", shop.hash(ADA)) == 0
    assert (await shop.spent(BEN), await shop.shop_spent()) == (Spent(10, 1), Spent(20, 2))


async def test_a_turn_that_runs_while_its_customer_is_erased_counts_as_nobodys(shop: Shop) -> None:
    conversation = await shop.begin()
    journal = await shop.accept(conversation)
    async with shop.database.primary() as db:
        await forget_customer(db, shop.hash(ADA))
        await db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", conversation.id)
    await shop.end(journal, plan(Usage(tokens_in=10, cost_micros=1)))
    assert (await shop.spent(), await shop.shop_spent()) == (Spent(), Spent(10, 1))


async def test_once_the_day_is_over_nobody_is_named(shop: Shop) -> None:
    await shop.turn(await shop.begin(), Usage(tokens_in=10, cost_micros=1))
    keeper = UsageKeeper(shop.database, shop.clock)
    await keeper.sweep()
    assert await shop.spent() == Spent(10, 1)
    shop.clock.advance(12 * 3600)
    await keeper.sweep()
    await keeper.sweep()
    assert (await shop.spent(), await shop.shop_spent()) == (Spent(), Spent(10, 1))


async def test_a_customers_day_steps_down_and_ends_with_a_person_while_others_go_on(shop: Shop) -> None:
    levels = levels_of(shop, customer_day_usd=Decimal("0.0001"))
    adas, bens = await shop.begin(), await shop.begin(BEN)
    seen = []
    for _ in range(6):
        seen.append((await shop.budgets(levels, adas)).level)
        await shop.turn(adas, Usage(tokens_in=1, cost_micros=20))
    assert seen == [Level.STRONG, Level.STRONG, Level.STRONG, Level.SMALL, Level.KNOWLEDGE, Level.EMAIL]
    assert (await shop.budgets(levels, bens)).level is Level.STRONG
    shop.clock.advance(24 * 3600)
    assert (await shop.budgets(levels, adas)).level is Level.STRONG


async def test_a_conversation_has_caps_of_its_own(shop: Shop) -> None:
    levels = levels_of(shop, session_tokens=1_000)
    conversation = await shop.begin()
    await shop.turn(conversation, Usage(tokens_in=700))
    async with shop.database.primary() as db:
        later = await shop.conversations.owned(db, conversation.id, ADA)
    budgets = await shop.budgets(levels, later)
    assert (budgets.level, budgets.level_reason, budgets.session_tokens_left) == (Level.SMALL, "session", 300)
    assert (await shop.budgets(levels, await shop.begin())).level is Level.STRONG


async def test_the_shops_caps_bind_everybody_within_seconds_and_raise_the_alarm(shop: Shop) -> None:
    metrics = Metrics()
    levels = levels_of(shop, metrics, shop_day_usd=Decimal("0.0001"), shop_month_usd=Decimal(1))
    adas, bens = await shop.begin(), await shop.begin(BEN)
    assert (await shop.budgets(levels, adas)).level is Level.STRONG
    await shop.turn(adas, Usage(tokens_in=1, cost_micros=100))
    shop.clock.advance(FRESH_S)
    budgets = await shop.budgets(levels, bens)
    assert (budgets.level, budgets.level_reason) == (Level.EMAIL, "shop_day")
    read = metrics.registry.get_sample_value
    assert read("aiguy_limits_cap_near_total", {"cap": "shop_day"}) == 1
    assert read("aiguy_limits_cap_near_total", {"cap": "shop_month"}) is None
    assert read("aiguy_limits_cap_share", {"cap": "shop_day"}) == 1.0
    assert read("aiguy_limits_level_total", {"level": "email", "reason": "shop_day"}) == 1


async def test_the_month_counts_the_days_before_today(shop: Shop) -> None:
    levels = levels_of(shop, shop_month_usd=Decimal("0.0001"), shop_day_usd=Decimal(1))
    await shop.turn(await shop.begin(), Usage(tokens_in=1, cost_micros=85))
    shop.clock.advance(24 * 3600)
    budgets = await shop.budgets(levels, await shop.begin())
    assert (budgets.level, budgets.level_reason) == (Level.SMALL, "shop_month")


async def test_the_report_says_what_was_used_and_which_cap_is_reached_when(shop: Shop) -> None:
    async with shop.database.primary() as db:
        await db.executemany(
            "INSERT INTO usage_days (day, subject_hash, model, turns, tokens_in, tokens_out, cost_micros)"
            " VALUES ($1, '', 'small', 10, 900, 100, $2)",
            [(date(2026, 11, 1) + timedelta(days=n), 2_000_000) for n in range(22)],
        )
    policy = load_limits(shop_day_usd=Decimal(50), shop_month_usd=Decimal(50))
    report = await UsageDesk(shop.database, shop.clock, policy).report()
    assert (report.forecast.month, report.forecast.method) == (60_000_000, "weekday")
    assert report.reached == {"shop_day": None, "shop_month": date(2026, 11, 25)}
    assert [one.cost_micros for one in report.today] == [2_000_000]
    assert [one.cost_micros for one in report.month] == [44_000_000]
    assert (report.verdict.level, report.verdict.reason) == (Level.SMALL, "shop_month")
    assert len(report.days) == 22
