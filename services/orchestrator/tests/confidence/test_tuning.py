"""Thresholds from labelled turns: never more is claimed than the labels can carry."""

import json
import random
from collections.abc import Callable
from importlib import resources

import pytest

from contracts.tool import RiskTier
from orchestrator.confidence.labels import BadRow, Labelled, read_labels
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.confidence.tuning import Report, TierReport, tune
from orchestrator.confidence.writing import rewritten

POLICY = load_escalation_policy()
LOW = RiskTier.LOW


def rows(count: int, wrong_at: Callable[[float], float], random_: random.Random) -> list[Labelled]:
    """Answers with scores in [0, 1], each wrong with the probability that its score says."""
    scores = [round(random_.random(), 4) for _ in range(count)]
    return [Labelled(LOW, score, random_.random() < wrong_at(score)) for score in scores]


def low_of(report: Report) -> TierReport:
    return next(one for one in report.tiers if one.tier is LOW)


def test_errors_among_the_unsure_set_the_threshold_above_them() -> None:
    labelled = rows(20_000, lambda score: 0.5 if score < 0.3 else 0.0, random.Random(1))
    found = low_of(tune(labelled, POLICY, 0.001)).supported
    assert found is not None
    assert 0.29 <= found.threshold <= 0.31
    assert found.bound <= 0.001
    assert found.escalated == pytest.approx(0.3, abs=0.02)
    assert found.escalated_interval[0] < found.escalated < found.escalated_interval[1]


def test_too_few_labels_claim_nothing_and_say_how_many_are_missing() -> None:
    report = low_of(tune([Labelled(LOW, 0.9, wrong=False)] * 1_000, POLICY, 0.001))
    assert (report.supported, report.more) == (None, 1_995)
    assert report.why == (
        "1000 labelled turns are too few: even without an error they show no less than 0.30%;"
        " 1995 more are needed at the least"
    )


def test_one_more_label_than_needed_is_enough_and_one_fewer_is_not() -> None:
    for count, enough in ((2_994, False), (2_995, True)):
        report = low_of(tune([Labelled(LOW, 0.9, wrong=False)] * count, POLICY, 0.001))
        assert (report.supported is not None) is enough


def test_errors_among_the_surest_are_not_mended_by_more_labels() -> None:
    report = low_of(tune(rows(8_000, lambda _: 0.05, random.Random(2)), POLICY, 0.001))
    assert (report.supported, report.more) == (None, None)
    assert "better answers are needed" in report.why


def test_nearly_enough_says_about_how_many_more() -> None:
    surest = [Labelled(LOW, 0.9, wrong=number == 0) for number in range(3_000)]
    report = low_of(tune(surest, POLICY, 0.001))
    assert report.supported is None
    assert report.more == 4_742 - 3_000
    assert report.fallback is not None
    assert report.fallback.bound > 0.001


def test_with_too_few_labels_the_fallback_lets_the_surest_half_through_and_not_everything() -> None:
    surest = [Labelled(LOW, 0.9, wrong=False)] * 5 + [Labelled(LOW, 0.1, wrong=True)] * 5
    for labelled, answered in ((surest, 5), (surest[4:6], 1), (surest[5:6], 1)):
        fallback = low_of(tune(labelled, POLICY, 0.001)).fallback
        assert fallback is not None
        assert fallback.answered == answered
        assert fallback.threshold > 0


def test_a_tier_without_labels_is_reported_too() -> None:
    report = tune([Labelled(LOW, 0.9, wrong=False)], POLICY, 0.1)
    assert [one.tier for one in report.tiers] == list(RiskTier)
    money = report.tiers[-1]
    assert (money.count, money.supported, money.more, money.ece) == (0, None, 29, 0.0)


def test_what_is_claimed_is_broken_in_at_most_5_of_100_samples() -> None:
    """2,000 samples of a world whose true rates are known. Picking the best-looking threshold would break it more."""
    random_, target, broken, claims = random.Random(3), 0.1, 0, 0
    for _ in range(2_000):
        labelled = rows(120, lambda score: 0.24 * (1 - score), random_)
        found = low_of(tune(labelled, POLICY, target)).supported
        if found is not None:
            claims += 1
            # The true rate above a threshold t: the mean of 0.24 * (1 - s) for s in [t, 1].
            broken += 0.24 * (1 - found.threshold) / 2 > target
    assert claims > 200
    assert broken <= 0.05 * 2_000


def test_a_lower_target_never_lets_more_through() -> None:
    random_ = random.Random(5)
    for _ in range(25):
        labelled = rows(300, lambda score: 0.3 * (1 - score) ** 2, random_)
        found = [low_of(tune(labelled, POLICY, target)).supported for target in (0.3, 0.2, 0.1, 0.05)]
        answered = [one.answered if one else 0 for one in found]
        assert answered == sorted(answered, reverse=True)


def test_a_calibrated_score_has_a_small_error_and_a_boastful_one_a_large_one() -> None:
    random_ = random.Random(6)
    honest = low_of(tune(rows(5_000, lambda score: 1 - score, random_), POLICY, 0.05))
    boastful = low_of(tune([Labelled(LOW, 0.95, wrong=random_.random() < 0.5) for _ in range(500)], POLICY, 0.05))
    assert honest.ece < 0.03
    assert boastful.ece == pytest.approx(0.45, abs=0.06)
    assert [one.count for one in honest.curve] == pytest.approx([500] * 10, abs=80)
    for one in honest.curve:
        assert one.interval[0] <= one.right <= one.interval[1]


def test_rows_are_read_by_score_or_by_signals_and_the_unlabelled_are_counted() -> None:
    lines = [
        json.dumps({"tier": "low", "score": 0.8, "wrong": False}), "",
        json.dumps({"tier": "low", "signals": {"retrieval_strength": 0.5}, "wrong": True, "turn_id": "trn_1"}),
        json.dumps({"tier": "money", "score": 0.2, "wrong": None}),
    ]  # fmt: skip
    read = read_labels(lines, POLICY)
    assert read.rows == (Labelled(LOW, 0.8, wrong=False), Labelled(LOW, 0.7, wrong=True))
    assert read.unlabelled == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: row: Invalid JSON"), ('{"tier": "low", "wrong": true}', "line 2: a row needs a score"),
        ('{"tier": "high", "wrong": true, "score": 1}', "line 2: tier"),
        ('{"tier": "low", "wrong": true, "score": 1.5}', "line 2: score"),
        ('{"tier": "low", "wrong": true, "signals": {"mood": 1}}', "line 2: unknown signals: mood"),
        ('{"tier": "low", "wrong": true, "signals": {"self_check": 7}}', "line 2: the value of a signal"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named(line: str, says: str) -> None:
    with pytest.raises(BadRow, match=says):
        read_labels(['{"tier": "low", "score": 1, "wrong": false}', line], POLICY)


def test_the_policy_file_gets_its_new_thresholds_and_keeps_its_comments() -> None:
    text = resources.files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8")
    new = rewritten(text, {LOW: 0.42, RiskTier.MONEY: 0.9}, "2027-01-01")
    policy = load_escalation_policy(new)
    assert {tier: rule.threshold for tier, rule in policy.tiers.items()} == {
        LOW: 0.42, RiskTier.PRIVATE: POLICY.tiers[RiskTier.PRIVATE].threshold, RiskTier.MONEY: 0.9,
    }  # fmt: skip
    assert policy.version == "2027-01-01"
    assert [line for line in text.split("\n") if "#" in line] == [line for line in new.split("\n") if "#" in line]
    with pytest.raises(ValueError, match="not where it should be"):
        rewritten("tiers: {}", {LOW: 0.4}, "1")


@pytest.mark.parametrize("target", [0, 1, -0.1, 2])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        tune([], POLICY, target)
