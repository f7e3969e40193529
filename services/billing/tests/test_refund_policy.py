"""The rules of refunds: examples of each clause, and what holds for all facts."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billing.refunds.policy import Decision, RefundFacts, decide, load_policy
from contracts.money import Money

POLICY = load_policy()


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="USD")


def facts(amount_minor: int = 5_000, **more: object) -> RefundFacts:
    return replace(RefundFacts(usd(amount_minor), age_days=1), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "approvals", "clause"),
    [(1, 0, "R1"), (10_000, 0, "R1"), (10_001, 1, "R2"), (50_000, 1, "R2"), (50_001, 2, "R3"), (10**9, 2, "R3")],
)
def test_the_amount_decides_how_many_approve(amount: int, approvals: int, clause: str) -> None:
    found = decide(POLICY, facts(amount))
    assert (found.approvals, found.clause) == (approvals, clause)


def test_the_sentence_names_the_limit_in_the_charges_currency() -> None:
    assert decide(POLICY, facts()).sentence == "Refunds of up to 100.00 USD are made without asking staff."
    yen = replace(facts(), amount=Money(amount_minor=5_000, currency="JPY"))
    assert "10000 JPY" in decide(POLICY, yen).sentence


@pytest.mark.parametrize(
    ("more", "clause"),
    [
        ({"risk_flags": frozenset({"avs_failed"})}, "K1"),
        ({"age_days": 61}, "W1"),
        ({"to_customer_minor": 15_001}, "C1"),
        ({"by_shop_minor": 495_001}, "C2"),
    ],
    ids=["risk", "old", "customer", "shop"],
)
def test_a_small_refund_goes_to_staff_for_a_reason(more: dict[str, object], clause: str) -> None:
    found = decide(POLICY, facts(**more))
    assert (found.approvals, found.clause, len(found.reasons)) == (1, clause, 1)


@pytest.mark.parametrize(
    "more",
    [
        {"risk_flags": frozenset({"loyal_customer"})},
        {"age_days": 60},
        {"to_customer_minor": 15_000},
        {"by_shop_minor": 495_000},
    ],
    ids=["harmless flag", "not yet old", "customer's cap just kept", "shop's cap just kept"],
)
def test_and_for_no_less(more: dict[str, object]) -> None:
    assert decide(POLICY, facts(**more)).approvals == 0


def test_staff_learn_which_checks_are_open_and_the_customer_does_not() -> None:
    found = decide(POLICY, facts(risk_flags=frozenset({"kyc_failed", "avs_failed"})))
    assert found.reasons == ("Open checks of the payment: avs_failed, kyc_failed",)
    assert "avs" not in found.sentence


def test_the_highest_number_wins_and_all_reasons_are_told() -> None:
    found = decide(POLICY, facts(60_000, risk_flags=frozenset({"disputed"}), age_days=90))
    assert (found.approvals, found.clause, len(found.reasons)) == (2, "R3", 3)


def test_of_equal_clauses_the_tier_is_named() -> None:
    assert decide(POLICY, facts(20_000, risk_flags=frozenset({"disputed"}))).clause == "R2"


def test_an_override_moves_the_first_limit() -> None:
    moved = load_policy(auto_up_to_minor=2_000)
    assert [decide(moved, facts(amount)).clause for amount in (2_000, 2_001)] == ["R1", "R2"]
    assert "20.00 USD" in decide(moved, facts(1)).sentence


def test_an_override_above_the_next_limit_takes_its_place() -> None:
    moved = load_policy(auto_up_to_minor=70_000)
    assert [tier.clause for tier in moved.tiers] == ["R1", "R3"]


def test_minus_one_sends_all_to_staff() -> None:
    found = decide(load_policy(auto_up_to_minor=-1), facts(1))
    assert (found.approvals, found.clause) == (1, "A1")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("up_to_minor: 50000", "up_to_minor: 9000"),
        ("{clause: R3,", "{clause: R3, up_to_minor: 90000,"),
        ("approvals: 2", "approvals: -1"),
        ("window:", "windows:"),
        ("clause: K1", "clause: risky"),
        ("{limit}", "{amount}"),
        ("{days}", "{0}"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = Path(__file__).parents[1].joinpath("src/billing/policy/refunds.yaml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "refunds.yaml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValidationError):
        load_policy(file)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "refunds.yaml"
    file.write_text("tiers: [", encoding="utf-8")
    with pytest.raises(ValueError, match="is not YAML"):
        load_policy(file)


anything = st.builds(
    RefundFacts,
    amount=st.integers(1, 200_000).map(usd),
    age_days=st.integers(0, 400),
    risk_flags=st.frozensets(st.sampled_from(["avs_failed", "disputed", "loyal_customer"])),
    to_customer_minor=st.integers(0, 50_000),
    by_shop_minor=st.integers(0, 600_000),
)


def approvals(found: RefundFacts) -> int:
    return decide(POLICY, found).approvals


@given(anything, st.integers(1, 100_000))
def test_a_larger_amount_never_needs_fewer(found: RefundFacts, more: int) -> None:
    larger = replace(found, amount=usd(found.amount.amount_minor + more))
    assert approvals(larger) >= approvals(found)


@given(anything, anything)
def test_a_further_doubt_never_needs_fewer(one: RefundFacts, two: RefundFacts) -> None:
    both = replace(
        one,
        age_days=max(one.age_days, two.age_days),
        risk_flags=one.risk_flags | two.risk_flags,
        to_customer_minor=max(one.to_customer_minor, two.to_customer_minor),
        by_shop_minor=max(one.by_shop_minor, two.by_shop_minor),
    )
    assert approvals(both) >= approvals(one)


@given(anything)
def test_without_staff_nothing_goes_beyond_a_tier_a_cap_or_a_doubt(found: RefundFacts) -> None:
    if approvals(found) == 0:
        amount = found.amount.amount_minor
        assert amount <= 10_000
        assert found.to_customer_minor + amount <= 20_000
        assert found.by_shop_minor + amount <= 500_000
        assert found.age_days <= 60
        assert not found.risk_flags & {"avs_failed", "disputed"}


@given(anything)
def test_who_needs_staff_is_told_why(found: RefundFacts) -> None:
    decision = decide(POLICY, found)
    assert isinstance(decision, Decision)
    assert bool(decision.reasons) == (decision.approvals > 0)
    assert "{" not in decision.sentence


@given(anything, st.integers(-1, 100_000))
def test_always_means_always(found: RefundFacts, limit: int) -> None:
    decision = decide(load_policy(auto_up_to_minor=limit), found)
    if limit == -1 or found.amount.amount_minor > limit:
        assert decision.approvals >= 1
