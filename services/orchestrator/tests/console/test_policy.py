"""Policy at the console: what is in force since when, what it was before, and what changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from contracts.refund_rules import RefundRules
from orchestrator.brain.profiles import SHORT
from orchestrator.console.policy_diff import lines_between
from orchestrator.limits.policy import load_limits
from orchestrator.policies.keeper import PolicyKeeper
from orchestrator.policies.store import Sighting, history, in_force, see
from orchestrator.policies.texts import PolicyText, texts_in_force
from servicekit.clock import SystemClock
from servicekit.testing import eventually

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
OLD = PolicyText("tiers", "1", "version: 1\nfirst: 100\nsecond: 500\n")
NEW = PolicyText("tiers", "2", "version: 2\nfirst: 50\nsecond: 500\nthird: 900\n")
KIM = Sighting("orchestrator at one", "2026.11.1", "kim@shop.example")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = RefundRules(
    version="7", digest="d" * 64, text="version: '7'\n", tiers=(10_000,), always=False, window_days=60,
    customer_cap=20_000, shop_cap=500_000,
)  # fmt: skip


class Books:
    """Billing's policy; None: it does not answer."""

    def __init__(self, told: RefundRules | None = RULES) -> None:
        self.told = told

    async def rules(self) -> RefundRules | None:
        return self.told


@pytest_asyncio.fixture(loop_scope="module")
async def database(api: Any) -> AsyncIterator[Any]:
    """No policy was seen yet, and billing answers."""
    found = api.app.state.desk.database
    await eventually(lambda: _seen(api))
    await api.db.execute("DELETE FROM policy_versions")
    before = api.app.state.replay
    api.app.state.replay = replace(before, books=Books())
    yield found
    api.app.state.replay = before


async def _seen(api: Any) -> bool:
    """Whether something was written down: when the process started, or by a test."""
    return bool(await api.db.fetchval("SELECT last_value > 1 FROM policy_versions_id_seq"))


async def sighted(database: Any, *texts: PolicyText, sighting: Sighting = KIM, at: datetime = NOON) -> list[str]:
    async with database.transaction() as db:
        found: list[str] = await see(db, texts, sighting, at)
        return found


def test_every_rule_of_this_process_is_told_with_what_settings_changed(tmp_path: Path) -> None:
    faq = tmp_path / "faq.yaml"
    faq.write_text('version: "ours"\nentries: []\n')
    plain = {one.name: one for one in texts_in_force(load_limits(), None)}
    other = {one.name: one for one in texts_in_force(load_limits(shop_day_usd=Decimal(7)), faq)}
    assert {"escalation", "limits", "faq", "business", "prompt_planner", "prompt_writer"} <= plain.keys()
    assert {name for name, one in plain.items() if one.digest != other[name].digest} == {"limits", "faq"}
    short = {one.name: one for one in texts_in_force(load_limits(), None, SHORT)}
    changed = {name for name, one in plain.items() if one.digest != short[name].digest}
    assert changed == {"prompt_planner", "prompt_writer"}
    assert (other["faq"].version, plain["escalation"].version, plain["prompt_planner"].version) == (
        "ours", "2026-11-22", ""
    )  # fmt: skip
    assert "usd: '7'" in other["limits"].text


async def test_a_process_writes_down_what_it_works_by_when_it_starts(api, enter, database) -> None:
    keeper = PolicyKeeper(database, SystemClock(), [OLD], Books(), KIM)
    async with keeper.running():
        await eventually(lambda: _count(api, "tiers"))
    await keeper.sweep()
    page = await (await enter("viewer")).page("/policy")
    for told in ("tiers", "refunds", OLD.digest[:12], "kim@shop.example", "2026.11.1"):
        assert told in page


async def _count(api: Any, name: str) -> int:
    return int(await api.db.fetchval("SELECT count(*) FROM policy_versions WHERE name = $1", name))


async def test_what_is_the_same_is_written_once_and_what_comes_back_is_new_again(api, database) -> None:
    assert await sighted(database, OLD) == ["tiers"]
    assert await sighted(database, OLD) == []
    assert await sighted(database, NEW, at=NOON + timedelta(days=1)) == ["tiers"]
    assert await sighted(database, OLD, at=NOON + timedelta(days=2)) == ["tiers"]
    async with database.primary() as db:
        assert [(one.version, one.since.day) for one in await history(db, "tiers")] == [("1", 22), ("2", 21), ("1", 20)]
        assert [one.version for one in await in_force(db)] == ["1"]


async def test_of_many_processes_that_start_at_once_one_writes(api, database) -> None:
    found = await asyncio.gather(*(sighted(database, OLD) for _ in range(8)))
    assert sorted(found, key=len)[-2:] == [[], ["tiers"]]
    assert await _count(api, "tiers") == 1


async def test_without_billing_its_policy_stays_as_it_was_seen(api, enter, database) -> None:
    for books in (Books(), Books(None)):
        await PolicyKeeper(database, SystemClock(), [], books, KIM).sweep()
    assert await _count(api, "refunds") == 1
    kim = await enter("viewer")
    assert "10000" in await kim.page("/policy")
    api.app.state.replay = replace(api.app.state.replay, books=Books(None))
    assert "The billing service does not answer." in await kim.page("/policy")


async def test_two_versions_are_shown_beside_each_other(enter, database) -> None:
    await sighted(database, OLD)
    await sighted(database, NEW, sighting=replace(KIM, released_by=""), at=NOON + timedelta(days=1))
    kim = await enter("viewer")
    page = await kim.page("/policy/tiers")
    assert "third: 900" in page
    assert "nobody said" in page
    async with database.primary() as db:
        newer, older = (one.id for one in await history(db, "tiers"))
    assert f"/console/policy/tiers?version={newer}&before={older}" in page
    changed = await kim.page(f"/policy/tiers?version={newer}&before={older}")
    assert changed.count('class="gone"') == 2
    assert changed.count('class="new"') == 3
    assert "second: 500" in changed
    assert "Both texts are the same." in await kim.page(f"/policy/tiers?version={older}&before={older}")


@pytest.mark.parametrize(
    "path", ["nothing", "tiers?version=1", "tiers?before=1", "tiers?version=x", "../audit", "A", "tiers?version=-1"]
)
async def test_what_is_not_there_is_a_page_that_says_so(enter, database, path: str) -> None:
    await sighted(database, OLD)
    assert (await (await enter("viewer")).get(f"/policy/{path}")).status_code in (403, 404)


def test_lines_that_stay_are_shown_around_a_change_and_left_out_elsewhere() -> None:
    old = "\n".join(str(number) for number in range(40))
    new = old.replace("\n5\n", "\nfive\n").replace("\n30\n", "\n")
    found = lines_between(old, new)
    assert [(one.text, one.kind) for one in found if one.kind != "same"] == [
        ("5", "gone"), ("five", "new"), ("30", "gone")
    ]  # fmt: skip
    assert [one.gap for one in found].count(True) == 1
    assert len(found) == 3 + 6 + 6
    assert lines_between(old, old) == []
    assert [one.kind for one in lines_between("", "a\nb")] == ["new", "new"]
