"""Which level a turn begins at: more is never given for more spent, and each cap binds at its own steps."""

import random
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from orchestrator.limits.deciding import level_of
from orchestrator.limits.policy import CAP_NAMES, MICROS, CapName, LimitsPolicy, load_limits
from orchestrator.limits.usage import Spent
from orchestrator.turn.budgets import Level

POLICY = load_limits(
    session_tokens=1_000, session_usd=Decimal(1), customer_day_usd=Decimal(2), shop_day_usd=Decimal(10),
    shop_month_usd=Decimal(100),
)  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "level"),
    [(0, Level.STRONG), (599, Level.STRONG), (600, Level.SMALL), (799, Level.SMALL), (800, Level.KNOWLEDGE),
     (999, Level.KNOWLEDGE), (1_000, Level.EMAIL), (5_000, Level.EMAIL)],
)  # fmt: skip
def test_a_conversation_steps_down_as_it_uses_up_its_tokens(tokens: int, level: Level) -> None:
    assert level_of(POLICY, {"session": Spent(tokens=tokens)}).level is level


def test_money_binds_like_tokens_and_the_nearer_of_the_two_counts() -> None:
    assert level_of(POLICY, {"session": Spent(tokens=100, cost_micros=850_000)}).level is Level.KNOWLEDGE


def test_the_strictest_cap_decides_and_is_named() -> None:
    spent: dict[CapName, Spent] = {"session": Spent(tokens=650), "shop_month": Spent(cost_micros=100 * MICROS)}
    verdict = level_of(POLICY, spent)
    assert (verdict.level, verdict.reason) == (Level.EMAIL, "shop_month")
    assert verdict.shares["session"] == pytest.approx(0.65)


def test_with_nothing_spent_nothing_is_held_back_and_no_cap_is_named() -> None:
    verdict = level_of(POLICY, {})
    assert (verdict.level, verdict.reason) == (Level.STRONG, "")


def test_who_has_spent_more_never_gets_more() -> None:
    dice = random.Random(25)
    for _ in range(5_000):
        spent = {name: Spent(dice.randrange(1_500), dice.randrange(120 * MICROS)) for name in CAP_NAMES}
        more = dict(spent)
        name = dice.choice(CAP_NAMES)
        more[name] = Spent(spent[name].tokens + dice.randrange(500), spent[name].cost_micros + dice.randrange(MICROS))
        assert level_of(POLICY, more).level.rank >= level_of(POLICY, spent).level.rank


def test_a_cap_that_the_policy_leaves_out_does_not_bind(tmp_path: Path) -> None:
    raw = POLICY.model_dump(mode="json") | {"caps": {}}
    (tmp_path / "limits.yaml").write_text(yaml.safe_dump(raw))
    unlimited = load_limits(tmp_path / "limits.yaml")
    assert level_of(unlimited, dict.fromkeys(CAP_NAMES, Spent(10**9, 10**12))).level is Level.STRONG


@pytest.mark.parametrize(
    "wrong",
    [{"steps": {"small": 90, "knowledge": 80, "email": 100}}, {"rates": {}}, {"surprise": 1},
     {"caps": {"shop_weak": {"usd": 1}}}, {"caps": {"shop_day": {"usd": 0}}}],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        LimitsPolicy.model_validate(POLICY.model_dump(mode="json") | wrong)
