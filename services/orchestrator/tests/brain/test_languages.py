"""The customer's language: phrases, the words to search for, and what a model is told."""

import re
from typing import Any

import pytest

from contracts.turn import FinalMessage, ToolCall
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.phrasing import TRANSLATED, Phrases
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.prompting import PromptHead, planner_messages
from orchestrator.brain.translating import Vocabulary

_PLACE = re.compile(r"\{\w+\}")
RETURNS = ("Returns", "returns", "# Returns\n\nYou can return an item within 30 days. Use the form in your account.")


async def ignore(_text: str) -> None:
    return


@pytest.mark.parametrize(
    ("language", "question", "words"),
    [
        ("de", "Wie lange habe ich Zeit, etwas zurückzugeben?", "how long do I have return"),
        ("de", "Was kostet der Versand?", "how much costs shipping"),
        ("fr", "Combien coûte la livraison ?", "how much costs delivery shipping"),
        ("fr", "Livrez-vous au Canada ?", "deliver Canada"),
        ("es", "¿Venden tarjetas de regalo?", "sell gift card"),
        ("it", "Quanto dura la garanzia della tenda?", "how long warranty tent"),
        ("nl", "Ik ben mijn wachtwoord vergeten", "my password forgotten"),
        ("nl", "Waar is mijn bestelling ABC123?", "where is my order ABC123"),
        ("nl", "Mag mijn hond mee naar binnen in jullie winkel?", "dog inside store"),
        ("nl", "De gasten willen een gasfles", "guest want fuel gas canister"),
        ("es", "Necesito una cremallera para una tienda que ya no venden", "need zip tent no longer sold"),
        ("es", "¿Puedo devolverlo en la tienda?", "can I return store"),
        ("de", "Wird der Tisch in den zweiten Stock getragen?", "table floor upstairs"),
        ("de", "Ich habe es mir anders überlegt, wer zahlt das Porto?", "changed my mind who pays postage"),
        ("fr", "Pouvez-vous me passer quelqu'un ?", "can you speak to a person person"),
        ("fr", "J'ai perdu l'étiquette de retour", "I have lost return label"),
        ("it", "La cerniera della tenda si è rotta", "zip tent broken"),
        ("it", "Chi paga l'affrancatura del reso?", "who pays postage return"),
    ],
)
def test_the_shops_words_are_known_in_english(language: str, question: str, words: str) -> None:
    assert Vocabulary.load(language).in_english(question) == words


@pytest.mark.parametrize(
    ("language", "text", "english"),
    [
        ("fr", "remboursez-moi 30 dollars", "refund 30 usd"),
        ("de", "16 Dollar von QZ173763", "16 usd QZ173763"),
        ("de", "1.200,50 € bitte", "1200.50 eur"),
        ("es", "son 20 dólares", "20 usd"),
        ("it", "$25", "25 usd"),
        ("nl", "12,5 pond", "12.5 gbp"),
    ],
)
def test_amounts_are_written_as_in_english(language: str, text: str, english: str) -> None:
    assert set(english.split()) <= set(Vocabulary.load(language).in_english(text).split())


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("renvoyer", "return"),
        ("renvoi", "send back"),
        ("l'article", "item"),
        ("aujourd'hui l'article", "today item"),
        ("porte-bébés", "carrier"),
        ("porte-monnaie", "carried"),
        ("pièces de rechange", "spare part"),
        ("pièce", "room"),
        ("bonjour", ""),
    ],
)
def test_the_longest_key_that_fits_counts(text: str, english: str) -> None:
    words = {
        "renvo*": "send back", "renvoy*": "return", "*'articl*": "item", "aujourd'hui": "today",
        "porte*": "carried", "porte-bébé*": "carrier", "pièce*": "room", "pièce* de rechange": "spare part",
    }  # fmt: skip
    assert Vocabulary(words).in_english(text) == english


def test_a_key_that_could_begin_with_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with a word"):
        Vocabulary({"*ung": "thing"})


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_has_the_same_places_in_its_phrases(language: str) -> None:
    english, other = Phrases(), Phrases(language)
    assert len(english.all_texts()) <= len(other.all_texts())
    page = "“Returns” (https://shop.example/help/returns)"
    assert page in other.say("nearest_page", page=page)
    assert other.say("nothing_found") != english.say("nothing_found")
    assert other.state("shipped") != english.state("shipped")


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_phrase_is_there_in_every_language(language: str) -> None:
    own = read_policy(f"languages/{language}")["phrases"]
    english = read_policy("phrases")["phrases"]
    assert english.keys() - own.keys() == set()
    for key, text in english.items():
        assert set(_PLACE.findall(own[key])) <= set(_PLACE.findall(text)), key


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Wann spielt heute der Verein?"), ("fr", "Raconte une blague"), ("nl", "Hoe maak ik pannenkoeken")],
)
async def test_of_another_language_what_has_no_word_of_the_shop_is_asked_about(
    language: str, question: str, offline: OfflineBrain, ask: Any
) -> None:
    message = (await offline.plan(ask(question, language=language), ignore)).proposal
    assert isinstance(message, FinalMessage)
    assert message.text == Phrases(language).say("not_understood")


async def test_a_german_question_is_searched_in_english_and_quoted_as_the_page_has_it(
    offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    question = "Wie lange kann ich etwas zurückgeben?"
    plan = await offline.plan(ask(question, language="de"), ignore)
    assert isinstance(plan.proposal, ToolCall)
    assert plan.proposal.arguments["query"] == "how long can I return"
    found = search_result("how long return", RETURNS)
    answer = (await offline.plan(ask(question, language="de", observations=(found,)), ignore)).proposal
    assert isinstance(answer, FinalMessage)
    assert "You can return an item within 30 days." in answer.text
    assert "Laut “Returns” (https://shop.example/help/returns)." in answer.text
    assert "auf Englisch" in answer.text


async def test_a_language_that_we_have_no_phrases_for_gets_english(offline: OfflineBrain, ask: Any) -> None:
    plan = await offline.plan(ask("hello", language="other"), ignore)
    assert isinstance(plan.proposal, FinalMessage)
    assert plan.proposal.text.startswith("Hello!")


def test_a_model_is_told_the_language_in_the_tail_and_the_head_stays_as_it_is(ask: Any) -> None:
    head = PromptHead()
    english = planner_messages(head, ask("Returns?"), "native")
    german = planner_messages(head, ask("Rückgabe?", language="de"), "native")
    assert english[0] == german[0]
    assert "Answer in German" in german[-1]["content"]
    assert "Answer in" not in english[-1]["content"]
