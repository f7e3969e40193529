"""What customers hear while the help pages cannot be searched, in every language, and that a person gets it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.errors import ErrorClass
from contracts.tools.tickets import HandoffReason
from orchestrator.effects.faq import Faq, load_faq
from orchestrator.effects.hand_off import hand_off
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.turn.effects import HandOff
from orchestrator.turn.inputs import HandOffQueued, PlannedCall
from orchestrator.turn.state import Observed, TurnState
from servicekit.telemetry import Metrics

SEARCH = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label="Searching", knowledge=True)

QUESTIONS = {
    "en": {
        "How do I return an item?": "returns", "Is shipping free?": "shipping", "How long does delivery take?":
        "delivery_times", "When do I get my money back?": "refunds", "What are your support hours?": "hours",
        "How do I wash a wool blanket?": "",
    },
    "de": {"Wie kann ich etwas zurückgeben?": "returns", "Wie hoch sind die Versandkosten?": "shipping"},
    "fr": {"Comment renvoyer un article ?": "returns", "Quand serai-je remboursé ?": "refunds"},
    "es": {"¿Cómo devuelvo un artículo?": "returns", "¿Cuál es el plazo de entrega?": "delivery_times"},
    "it": {"Come posso restituire un articolo?": "returns", "Quali sono i vostri orari?": "hours"},
    "nl": {"Hoe kan ik iets terugsturen?": "returns", "Wat zijn de verzendkosten?": "shipping"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "question", "name"), [(one, *pair) for one, asked in QUESTIONS.items() for pair in asked.items()]
)
def test_a_question_is_known_by_its_words(language: str, question: str, name: str) -> None:
    found = load_faq().find(question, language)
    assert ("" if found is None else found[0]) == name


def scope_of(language: str, metrics: Metrics, faq: Faq, vault: Vault) -> TurnScope:
    async def never(_request: object) -> Any:
        raise AssertionError("nobody waits for the ticket system")

    world = SimpleNamespace(
        metrics=TurnMetrics(metrics), faq=faq, phrases=load_phrases(), gateway=SimpleNamespace(call=never)
    )
    scope = TurnScope(cast(Any, None), "trn_1", "req_1", 0, True, cast(Any, world), known=vault)
    scope._language = cast(Any, language)
    return scope


async def told(language: str, question: str, vault: Vault, metrics: Metrics, faq: Faq | None = None) -> HandOffQueued:
    scope = scope_of(language, metrics, faq or load_faq(), vault)
    failed = Observed(SEARCH, error_class=ErrorClass.TIMEOUT, error_code="deadline_exceeded")
    state = TurnState(text=question, observed=(failed,))
    result = await hand_off(HandOff(HandoffReason.TOOL_FAILURE), state, scope)
    assert isinstance(result, HandOffQueued)
    return result


@pytest.mark.parametrize("language", QUESTIONS)
async def test_the_customer_hears_why_what_is_known_from_where_and_that_a_person_has_it(language, vault) -> None:
    (question, *_), metrics = QUESTIONS[language], Metrics()
    answer = await told(language, question, vault, metrics)
    phrases = load_phrases().in_language(language)
    entry = load_faq().entries["returns"]
    for part in (phrases.say("knowledge_down"), entry.text[language], entry.url, phrases.say("ticket_queued")):
        assert part in answer.text
    (source,) = answer.citations
    assert (source.title, source.url, source.quote) == (entry.title, entry.url, entry.text["en"])
    assert b'aiguy_knowledge_fallback_total{entry="returns"} 1.0' in metrics.render()
    assert b'aiguy_handoffs_total{reason="tool_failure",state="queued"} 1.0' in metrics.render()


async def test_what_is_in_no_entry_is_not_guessed(vault) -> None:
    metrics = Metrics()
    answer = await told("en", "How do I wash a wool blanket?", vault, metrics)
    say = load_phrases().say
    assert answer.text == f"{say('knowledge_down')} {say('ticket_queued')}"
    assert answer.citations == ()
    assert b'aiguy_knowledge_fallback_total{entry="nothing"} 1.0' in metrics.render()


async def test_a_shop_tells_what_its_own_file_says_in_english_when_it_has_no_more(vault, tmp_path: Path) -> None:
    own = tmp_path / "faq.yaml"
    own.write_text(
        "version: '1'\n"
        "entries: {returns: {title: T, url: 'https://a.example/t', words: {en: [rück]}, text: {en: Nope.}}}"
    )
    answer = await told("de", "Rückgabe?", vault, Metrics(), load_faq(own))
    assert "\n\nNope.\n\n" in answer.text


@pytest.mark.parametrize("spoiled", ["entries: {a: {}}", "entries: [1]", "entry: {}"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, spoiled: str) -> None:
    own = tmp_path / "faq.yaml"
    own.write_text(f"version: '1'\n{spoiled}\n")
    with pytest.raises(ValueError, match="validation error"):
        load_faq(own)
