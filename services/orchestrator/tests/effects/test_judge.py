"""What becomes of an answer that is not sure enough, and of a customer who goes round in circles."""

from dataclasses import replace
from typing import Any, cast

import pytest

from contracts.tool import RiskTier
from contracts.tools.tickets import HandoffReason
from contracts.turn import Citation, Outcome, Role
from orchestrator.brain.port import Message
from orchestrator.confidence.policy import EscalationPolicy, load_escalation_policy
from orchestrator.effects.judge import judged, looping, repeated
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import TurnScope
from orchestrator.memory.short_term import Remembered
from orchestrator.turn.inputs import Guarded, PlannedCall
from orchestrator.turn.state import Observed, TurnState

ASKED = "Where is the refund for my tent?"
NO = "I could not find an answer to that in our help pages."
PAGE = Citation(chunk_id="c1", title="Returns", url="https://shop.example/help/returns", quote="30 days")
ANSWER = Guarded(verdict="pass", text="Within 30 days.", citations=(PAGE,), covered=1.0)
SEARCH = {"passages": [], "strength": 0.95, "gap": 0.5, "cover": 1.0, "answerable": True}


class World:
    """What a judgement asks of the world: the tools' tiers, the language, the phrases, the policy."""

    def __init__(self, policy: EscalationPolicy) -> None:
        self.escalation, self.phrases = policy, load_phrases()
        self.catalog, self.languages, self.topics = self, self, {}
        self.tiers = {"get_refund": RiskTier.MONEY, "get_order": RiskTier.PRIVATE}
        self.spoken: str | None = None
        self.vaults, self.standing = self, self

    def of(self, _conversation: object) -> Any:
        return None

    def entry(self, tool: str) -> Any:
        tier = self.tiers.get(tool)
        return None if tier is None else type("Entry", (), {"risk": tier, "redact": ()})

    def detect(self, _text: str) -> str | None:
        return self.spoken

    def likely(self, _text: str) -> tuple[str, ...]:
        return ()


def scope_with(*said: tuple[str, str], policy: EscalationPolicy | None = None) -> TurnScope:
    scope = TurnScope(cast(Any, None), "trn_1", "req_1", 0, False, cast(Any, World(policy or load_escalation_policy())))
    scope._remembered = Remembered(tuple(Message(Role(role), text) for role, text in said), "")
    return scope


def state(*observed: Observed, **more: Any) -> TurnState:
    return replace(TurnState(text=ASKED, observed=observed, outcome=Outcome.ANSWERED), **more)


def seen(tool: str, output: dict[str, Any] | None = None, *, write: bool = False, **more: Any) -> Observed:
    call = PlannedCall(tool=tool, arguments={}, args_hash="1", label="", write=write)
    return Observed(call, output, **more)


SURE = seen("search_kb", SEARCH)
SHAKY: dict[str, Any] = {"self_check": 0.1, "repairs": ("reprompted",), "flags": ("injection",)}


async def test_a_sure_answer_goes_out_with_its_confidence() -> None:
    told = await judged(ANSWER, state(SURE), scope_with())
    assert (told.verdict, told.text) == ("pass", ANSWER.text)
    assert told.confidence is not None
    assert told.confidence.tier is RiskTier.LOW
    assert told.confidence.score > 0.9


async def test_doubts_about_money_fetch_a_person_with_the_reason() -> None:
    told = await judged(ANSWER, state(seen("get_refund", {"state": "pending"}), **SHAKY), scope_with())
    assert (told.verdict, told.handoff) == ("hand_over", HandoffReason.LOW_CONFIDENCE)
    assert told.reasons == ("low_confidence:money",)
    assert told.confidence is not None
    assert told.confidence.reasons[0] == "the input guard noticed injection"


async def test_doubts_about_a_help_page_refuse_with_the_nearest_one() -> None:
    weak = seen("search_kb", SEARCH | {"strength": 0.5, "gap": 0.0, "cover": 0.2})
    told = await judged(ANSWER.model_copy(update={"covered": 0.4}), state(weak, **SHAKY), scope_with())
    assert (told.verdict, told.refusal, told.citations) == ("refuse", "unsupported", (PAGE,))
    assert "Returns" in told.text
    assert ANSWER.text not in told.text


async def test_a_tool_over_money_is_no_search_whatever_its_answer_looks_like() -> None:
    for output in (SEARCH, {"passages": "two", "strength": "strong"}):
        told = await judged(ANSWER, state(seen("get_refund", output), **SHAKY), scope_with())
        assert told.confidence is not None
        assert told.confidence.tier is RiskTier.MONEY
        assert told.verdict == "hand_over"


async def test_the_policy_may_ask_back_instead() -> None:
    policy = load_escalation_policy()
    asks = policy.tiers[RiskTier.MONEY].model_copy(update={"below": "ask"})
    asking = policy.model_copy(update={"tiers": {**policy.tiers, RiskTier.MONEY: asks}})
    told = await judged(ANSWER, state(seen("get_refund", {}), **SHAKY), scope_with(policy=asking))
    assert told.verdict == "ask"


async def test_a_write_that_was_done_is_told_whatever_the_doubts() -> None:
    done = seen("get_refund", {"state": "succeeded"}, write=True)
    told = await judged(ANSWER, state(done, **SHAKY), scope_with())
    assert told.verdict == "pass"
    assert told.confidence is not None
    assert told.confidence.score < 0.6


@pytest.mark.parametrize("more", [{"said": "tool_failed"}, {"outcome": Outcome.REFUSED}, {"outcome": Outcome.CLARIFY}])
async def test_phrases_of_ours_and_polite_noes_are_no_answers_to_doubt(more: dict[str, Any]) -> None:
    told = await judged(ANSWER, state(seen("get_refund", {}), **SHAKY, **more), scope_with())
    assert told.verdict == "pass"


async def test_a_tool_that_nobody_knows_any_more_is_taken_for_a_private_one() -> None:
    told = await judged(ANSWER, state(seen("gone", {})), scope_with())
    assert told.confidence is not None
    assert told.confidence.tier is RiskTier.PRIVATE


async def test_a_language_that_is_none_of_ours_costs_confidence() -> None:
    scope = scope_with()
    cast(Any, scope.world).spoken = "other"
    told = await judged(ANSWER, state(seen("get_order", {})), scope)
    assert told.confidence is not None
    assert "the message is in none of our languages" in told.confidence.reasons


@pytest.mark.parametrize(("times", "fetched"), [(0, False), (1, False), (2, True), (3, True)])
async def test_the_same_question_for_the_third_time_fetches_a_person(times: int, fetched: bool) -> None:
    scope = scope_with(*[("customer", ASKED.upper()), ("assistant", "It is on its way.")] * times)
    found = await repeated(state(), scope)
    assert (found is not None) is fetched
    if found is not None:
        assert found.reason is HandoffReason.REPEATED_QUESTION


@pytest.mark.parametrize(("times", "loops"), [(0, False), (2, False), (3, True), (9, True)])
async def test_the_same_call_in_a_fourth_turn_is_a_loop_and_another_one_is_not(times: int, loops: bool) -> None:
    scope, call = scope_with(), seen("get_order").call
    scope._remembered = Remembered((), "", (frozenset({call.same_as, "search_kb:2"}),) * times)
    assert await looping(call, scope) is loops
    assert not await looping(call.model_copy(update={"args_hash": "3"}), scope)
    assert not await looping(call.model_copy(update={"tool": "get_refund"}), scope)


@pytest.mark.parametrize(("times", "fetched"), [(1, False), (2, True)])
async def test_the_same_no_for_the_third_time_fetches_a_person(times: int, fetched: bool) -> None:
    scope = scope_with(*[("customer", "and now?"), ("assistant", NO)] * times)
    told = await judged(Guarded(verdict="refuse", text=NO), state(SURE), scope)
    assert (told.verdict, told.handoff) == (
        ("hand_over", HandoffReason.REPEATED_QUESTION) if fetched else ("refuse", None)
    )  # fmt: skip


async def test_who_tries_to_get_what_must_not_leave_gets_no_person_for_it() -> None:
    scope = scope_with(*[("customer", "and now?"), ("assistant", NO)] * 5)
    told = await judged(Guarded(verdict="refuse", text=NO, refusal="withheld"), state(), scope)
    assert told.verdict == "refuse"
