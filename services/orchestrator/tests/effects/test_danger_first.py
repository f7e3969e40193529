"""Who writes of a danger reads first what to do about it, whatever the reason to hand over, in every language."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.tools.tickets import HandoffReason
from orchestrator.effects import hand_off as hand_off_module
from orchestrator.effects.faq import load_faq
from orchestrator.effects.hand_off import hand_off, handoff_call
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.handover.policy import load_hours
from orchestrator.turn.effects import HandOff
from orchestrator.turn.inputs import HandedOff, HandOffQueued, PlannedCall, ToolFailed, ToolSucceeded
from orchestrator.turn.state import Observed, TurnState
from servicekit.clock import SystemClock
from servicekit.telemetry import Metrics

TOLD = {
    "en": ("our tent caught fire", "I SMELL GAS", "my son swallowed a magnet", "I want to die"),
    "de": ("unser Zelt steht in Flammen", "es riecht nach Gas", "er hat ein Teil verschluckt", "ich will sterben"),
    "fr": ("la tente a pris feu", "ça sent le gaz", "il a avalé une pile", "je veux mourir"),
    "es": ("la tienda está en llamas", "huele a gas", "se tragó una pila", "quiero morirme"),
    "it": ("la tenda è in fiamme", "sento odore di gas", "ha ingoiato una pila", "voglio morire"),
    "nl": (
        "de tent staat in brand",
        "het ruikt naar gas",
        "hij heeft een batterij ingeslikt",
        "ik wil niet meer leven",
    ),
}
KINDS = ("emergency", "gas", "poison", "self_harm")
NUMBERS = {"emergency": "911", "gas": "911", "poison": "1-800-222-1222", "self_harm": "988"}
MADE = ToolSucceeded(output={"ticket_number": "HP-1"}, ms=1, attempts=1)
DOWN = ToolFailed(error_class="transient", code="dependency_down", ms=1, attempts=1)


def scope_of(language: str, vault: Vault) -> TurnScope:
    world = SimpleNamespace(
        metrics=TurnMetrics(Metrics()), faq=load_faq(), phrases=load_phrases(), clock=SystemClock(), hours=load_hours(),
    )  # fmt: skip
    scope = TurnScope(cast(Any, None), "trn_1", "req_1", 0, True, cast(Any, world), known=vault)
    scope._language = cast(Any, language)
    return scope


async def told(
    text: str, language: str, vault: Vault, monkeypatch, *, reason=HandoffReason.CUSTOMER_ASKED, comes=MADE, **more: Any
) -> str:
    async def call(*_: object) -> Any:
        return comes

    monkeypatch.setattr(hand_off_module, "call_tool", call)
    handed = await hand_off(HandOff(reason), TurnState(text=text, **more), scope_of(language, vault))
    assert isinstance(handed, HandedOff | HandOffQueued)
    return handed.text


@pytest.mark.parametrize("language", TOLD)
async def test_what_to_do_is_said_first_and_then_that_a_person_comes(language: str, vault, monkeypatch) -> None:
    phrases = load_phrases().in_language(language)
    for kind, text in zip(KINDS, TOLD[language], strict=True):
        answer = await told(text, language, vault, monkeypatch)
        first, promise = answer.split("\n\n", 1)
        assert first == phrases.say(f"danger_{kind}"), (kind, answer)
        assert NUMBERS[kind] in first
        assert "112" in first
        assert promise.startswith(phrases.say("handed_over", ticket="HP-1"))


def test_each_language_has_words_of_its_own_for_each_danger() -> None:
    phrases = load_phrases()
    for kind in KINDS:
        texts = phrases.in_all_languages(f"danger_{kind}")
        assert len(texts) == len(set(texts)) == len(TOLD)


@pytest.mark.parametrize("reason", list(HandoffReason))
async def test_it_is_said_whatever_the_reason_is(reason: HandoffReason, vault, monkeypatch) -> None:
    for comes in (MADE, DOWN):
        answer = await told("Order ABC123. The stove leaks gas!", "en", vault, monkeypatch, reason=reason, comes=comes)
        assert answer.startswith(load_phrases().say("danger_gas"))


async def test_it_is_said_when_the_pages_or_a_tool_are_away_too(vault, monkeypatch) -> None:
    search = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label="Searching", knowledge=True)
    observed = (Observed(search, error_code="deadline_exceeded"),)
    down = HandoffReason.TOOL_FAILURE
    answer = await told("my hand is bleeding", "en", vault, monkeypatch, reason=down, observed=observed)
    assert answer.startswith(load_phrases().say("danger_emergency"))
    answer = await told("my hand is bleeding", "en", vault, monkeypatch, tool_off=True)
    assert answer.startswith(load_phrases().say("danger_emergency"))


async def test_whoever_is_in_no_danger_hears_nothing_of_it(vault, monkeypatch) -> None:
    answer = await told("My lighter makes no fire. A person please.", "en", vault, monkeypatch)
    assert answer.startswith(load_phrases().say("handed_over", ticket="HP-1"))


async def test_whoever_goes_on_reads_that_it_is_urgent(vault) -> None:
    summaries = [
        str(
            (await handoff_call(HandoffReason.CUSTOMER_ASKED, TurnState(text=text), scope_of("en", vault))).arguments[
                "summary"
            ]
        )
        for text in ("my daughter swallowed a battery", "A person, please")
    ]
    assert "Urgent, it tells of a danger: poison." in summaries[0]
    assert "danger" not in summaries[1]
