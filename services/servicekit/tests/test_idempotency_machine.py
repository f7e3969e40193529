"""Idempotency as a state machine against a real Postgres: whatever the order of attempts, crashes and repeats."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from contracts.errors import ProblemCode
from servicekit.clock import SystemClock
from servicekit.errors import ProblemError
from servicekit.idempotency import IdempotencyScope, IdempotencyStore, StoredAnswer, body_hash
from servicekit.testing.proving import how_many

pytestmark = pytest.mark.service
KEYS = st.sampled_from(["a", "b", "c"])
CALLERS = st.sampled_from(["ada", "ben"])
BODIES = st.sampled_from([b"1", b"2"])


def machine(url: str) -> type[RuleBasedStateMachine]:
    class Idempotency(RuleBasedStateMachine):
        """The model: which (caller, key) was answered with what, and how many effects there are."""

        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.store = IdempotencyStore(SystemClock())
            self.answered: dict[tuple[str, str], tuple[bytes, StoredAnswer]] = {}
            self.effects = 0
            self.number = 0
            self.one, self.two = self.run(self.connect())

        def run(self, work):
            return self.loop.run_until_complete(work)

        async def connect(self):
            one, two = await asyncpg.connect(url), await asyncpg.connect(url)
            await one.execute("TRUNCATE effects, idempotency")
            return one, two

        def scope(self, caller: str, key: str) -> IdempotencyScope:
            return IdempotencyScope(caller, "/tools/x", key)

        async def attempt(self, connection, caller: str, key: str, body: bytes, crash_at: str | None):
            self.number += 1
            answer = StoredAnswer(200, {"content-type": "application/json"}, b'{"n":%d}' % self.number)
            async with connection.transaction():
                stored = await self.store.claim(connection, self.scope(caller, key), body_hash(body))
                if stored is not None:
                    return stored
                await connection.execute("INSERT INTO effects (owner, note) VALUES ($1, $2)", caller, key)
                if crash_at == "after effect":
                    raise RuntimeError
                await self.store.store(connection, self.scope(caller, key), body_hash(body), answer)
                if crash_at == "before commit":
                    raise RuntimeError
            return answer

        async def outcome(self, caller: str, key: str, body: bytes, crash_at: str | None):
            try:
                return await self.attempt(self.one, caller, key, body, crash_at)
            except ProblemError as error:
                return error.code
            except RuntimeError:
                return "crashed"

        @rule(
            caller=CALLERS,
            key=KEYS,
            body=BODIES,
            crash_at=st.sampled_from([None, None, "after effect", "before commit"]),
        )
        def call(self, caller, key, body, crash_at):
            known = self.answered.get((caller, key))
            answer = self.run(self.outcome(caller, key, body, crash_at))
            if known is not None:
                assert answer == (known[1] if known[0] == body else ProblemCode.IDEMPOTENCY_KEY_REUSED)
            elif crash_at is None:
                assert isinstance(answer, StoredAnswer)
                self.answered[caller, key] = (body, answer)
                self.effects += 1
            else:
                assert answer == "crashed"

        @rule(caller=CALLERS, key=KEYS, body=BODIES)
        def call_while_the_same_key_is_in_flight(self, caller, key, body):
            async def both():
                async with self.two.transaction():
                    try:
                        await self.store.claim(self.two, self.scope(caller, key), body_hash(body))
                    except ProblemError:
                        return None
                    try:
                        await self.attempt(self.one, caller, key, body, None)
                    except ProblemError as error:
                        return error.code
                return None

            code = self.run(both())
            known = self.answered.get((caller, key))
            if known is None or known[0] == body:
                assert code is ProblemCode.IDEMPOTENCY_IN_FLIGHT

        @rule(caller=CALLERS, key=KEYS)
        def kill_the_connection_in_the_middle(self, caller, key):
            async def killed():
                victim = await asyncpg.connect(url)
                transaction = victim.transaction()
                await transaction.start()
                with suppress(ProblemError):  # the key was for another body: then this one is killed idle
                    if await self.store.claim(victim, self.scope(caller, key), body_hash(b"1")) is None:
                        await victim.execute("INSERT INTO effects (owner, note) VALUES ($1, $2)", caller, key)
                pid = victim.get_server_pid()
                victim.terminate()
                for _ in range(500):
                    if not await self.one.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
                        return
                    await asyncio.sleep(0.002)
                raise AssertionError("the backend lives on")

            self.run(killed())

        @invariant()
        def one_effect_per_answered_key(self):
            count = self.run(self.one.fetchval("SELECT count(*) FROM effects"))
            rows = self.run(self.one.fetchval("SELECT count(*) FROM idempotency"))
            assert count == rows == self.effects == len(self.answered)

        def teardown(self):
            self.run(self.one.close())
            self.run(self.two.close())
            self.loop.close()

    return Idempotency


def test_no_order_of_calls_crashes_and_repeats_breaks_it(database_url: Callable[[str | None], str]):
    run_state_machine_as_test(
        machine(database_url("servicekit.testing.sample")),
        settings=settings(
            max_examples=how_many(60, 800),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
