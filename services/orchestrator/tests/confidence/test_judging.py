"""The bundle of signals: what costs confidence, by what is at stake, and what follows."""

import random
from dataclasses import replace

import pytest

from contracts.tool import RiskTier
from orchestrator.confidence.facts import CallSeen, Facts, SearchSeen
from orchestrator.confidence.judging import judge, score_of
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.confidence.signals import NAMES

POLICY = load_escalation_policy()
STRONG = SearchSeen(strength=0.97, gap=0.6, cover=1.0, answerable=True)
WEAK = SearchSeen(strength=0.51, gap=0.01, cover=0.3, answerable=True)
NOTHING = SearchSeen(strength=0.2, gap=0.0, cover=0.2, answerable=False)
ORDER = CallSeen("get_order_status", RiskTier.PRIVATE)
REFUND = CallSeen("get_refund", RiskTier.MONEY)


def test_a_strong_answer_with_sources_is_given_and_gives_no_reasons_against_itself() -> None:
    sure = judge(Facts(searches=(replace(STRONG, strength=1.0, gap=1.0),), covered=1.0), POLICY)
    assert (sure.score, sure.tier, sure.escalate, sure.reasons) == (1.0, RiskTier.LOW, False, ())
    assert sure.policy == POLICY.version


def test_what_the_knowledge_base_does_not_have_is_no_answer() -> None:
    sure = judge(Facts(searches=(NOTHING,), covered=0.0), POLICY)
    assert (sure.score, sure.escalate) == (0.0, True)
    assert sure.reasons[0] == "the knowledge base has no answer"


def test_of_two_searches_the_weaker_counts() -> None:
    both = judge(Facts(searches=(STRONG, NOTHING)), POLICY)
    assert both == judge(Facts(searches=(NOTHING, STRONG)), POLICY)
    assert both.score == 0.0


@pytest.mark.parametrize(
    ("calls", "tier"),
    [
        ((), RiskTier.LOW), ((ORDER,), RiskTier.PRIVATE), ((ORDER, REFUND), RiskTier.MONEY),
        ((REFUND, ORDER), RiskTier.MONEY), ((CallSeen("create_ticket", RiskTier.LOW),), RiskTier.LOW),
    ],
)  # fmt: skip
def test_the_tier_is_that_of_the_riskiest_tool(calls: tuple[CallSeen, ...], tier: RiskTier) -> None:
    assert judge(Facts(searches=(STRONG,), calls=calls), POLICY).tier is tier


def test_the_same_doubts_pass_for_a_help_page_and_fetch_a_person_where_money_is_at_stake() -> None:
    doubts = Facts(self_check=0.2, covered=0.7, asked=2, repairs=("reprompted",))
    assert not judge(replace(doubts, searches=(STRONG,)), POLICY).escalate
    assert judge(replace(doubts, calls=(REFUND,)), POLICY).escalate


def test_a_write_that_was_done_is_told_however_unsure_the_rest_is() -> None:
    done = CallSeen("issue_refund", RiskTier.MONEY, done=True, attempts=4)
    facts = Facts(calls=(done,), covered=0.0, self_check=0.0, flags=("injection",), asked=3)
    assert judge(facts, POLICY).score < POLICY.tiers[RiskTier.MONEY].threshold
    assert not judge(facts, POLICY).escalate


def test_the_models_own_word_only_lowers() -> None:
    calls = (replace(ORDER, failed=True),)
    unsaid, sure, unsure = (judge(Facts(calls=calls, self_check=one), POLICY).score for one in (1.0, 1.0, 0.1))
    assert unsaid == sure > unsure


@pytest.mark.parametrize(
    ("worse", "says"),
    [
        ({"calls": (replace(ORDER, cached=True),)}, "get_order_status answered from the cache"),
        ({"calls": (replace(ORDER, attempts=3),)}, "get_order_status needed 3 attempts"),
        ({"calls": (replace(ORDER, failed=True),)}, "get_order_status failed"),
        ({"covered": 0.5}, "50% of the claims have a source"),
        ({"asked": 2}, "asked 2 times"),
        ({"repairs": ("coerced:order_id", "reprompted")}, "the model's reply was mended: coerced, reprompted"),
        ({"degraded": True}, "no model answered; the offline policy did"),
        ({"foreign": True}, "the message is in none of our languages"),
        ({"risk_words": ("money",)}, "speaks of money"),
        ({"flags": ("injection", "abuse")}, "the input guard noticed injection, abuse"),
    ],
)
def test_each_doubt_lowers_the_score_and_is_named(worse: dict[str, object], says: str) -> None:
    plain = Facts(calls=(ORDER,), covered=1.0)
    doubted = judge(replace(plain, **worse), POLICY)  # type: ignore[arg-type]
    assert doubted.score < judge(plain, POLICY).score
    assert doubted.reasons == (says,)


def test_words_about_money_are_found_in_all_our_languages() -> None:
    for text in ("I want a refund", "Wo ist meine Erstattung?", "Mon remboursement", "el reembolso", "il rimborso",
                 "mijn terugbetaling"):  # fmt: skip
        assert POLICY.topics_in(text) == ("money",), text
    assert POLICY.topics_in("Do you sell tents?") == ()


def test_the_score_falls_with_each_signal_and_rises_with_none() -> None:
    random_ = random.Random(4)
    for _ in range(20_000):
        tier = random_.choice(list(RiskTier))
        weights = POLICY.tiers[tier].weights
        values = {name: random_.random() for name in random_.sample(NAMES, random_.randint(0, len(NAMES)))}
        score = score_of(values, weights)
        assert 0 <= score <= 1
        if values:
            name = random_.choice(sorted(values))
            lower = score_of(values | {name: values[name] * random_.random()}, weights)
            assert lower <= score
            assert score_of({key: one for key, one in values.items() if key != name}, weights) >= score


def test_a_policy_that_is_not_complete_is_not_loaded() -> None:
    from_file = POLICY.model_dump(mode="json")
    assert load_escalation_policy().tiers.keys() == set(RiskTier)
    with pytest.raises(ValueError, match="mapping"):
        load_escalation_policy("- a list")
    for tier in RiskTier:
        broken = {**from_file, "tiers": {key: one for key, one in from_file["tiers"].items() if key != tier.value}}
        with pytest.raises(ValueError, match="each tier"):
            type(POLICY).model_validate(broken)
    weights = {**from_file["tiers"]["low"]["weights"]}
    weights.pop("self_check")
    broken = {**from_file, "tiers": {**from_file["tiers"], "low": {**from_file["tiers"]["low"], "weights": weights}}}
    with pytest.raises(ValueError, match="weights must name exactly"):
        type(POLICY).model_validate(broken)
