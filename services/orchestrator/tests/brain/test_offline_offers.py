"""Answers to "Shall I open a ticket, or bring in a person?", in every language that it is asked in."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.offers import offer_of
from orchestrator.brain.offline.phrasing import phrases_by_language
from orchestrator.effects.phrases import load_phrases

from .reading import wants

BROKEN = "the pole of the tent snapped on the first evening"
ANSWERS = [
    ("en", "yes, a supervisor", BROKEN, "complaint", "human"),
    ("en", "sure. somebody from your staff please", BROKEN, "complaint", "human"),
    ("en", "Yes", BROKEN, "complaint", "open_ticket"),
    ("en", "yes", "this is ridiculous, what a useless robot", "complaint", "human"),
    ("en", "go ahead", "worst company ever!!!", "complaint", "human"),
    ("en", "the ticket", "worst company ever!!!", "complaint", "open_ticket"),
    ("en", "please do cancel it", "cancel ABC123", "change_not_here", "open_ticket"),
    ("en", "no thank you", BROKEN, "complaint", "no"),
    ("en", "no, when does ABC123 come", BROKEN, "complaint", "order_status"),
    ("en", "yes but how much is shipping to Canada", BROKEN, "complaint", "knowledge"),
    ("de", "ja, einen Menschen bitte", "so ein Mist", "complaint", "human"),
    ("de", "ja", "so ein Mist", "complaint", "human"),
    ("de", "ja bitte stornieren", "ABC123 stornieren", "change_not_here", "open_ticket"),
    ("fr", "oui, quelqu'un de votre équipe, une personne", "nul", "complaint", "human"),
    ("fr", "oui", "annuler ABC123", "change_not_here", "open_ticket"),
    ("es", "sí, una persona por favor", "qué asco", "complaint", "human"),
    ("it", "sì grazie", "annullare ABC123", "change_not_here", "open_ticket"),
    ("nl", "ja, een persoon", "slecht", "complaint", "human"),
    ("nl", "nee", "slecht", "complaint", "no"),
]


@pytest.mark.parametrize(("language", "text", "before", "offer", "found"), ANSWERS)
async def test_an_answer_gets_what_was_offered(
    language: str, text: str, before: str, offer: str, found: str, ask: Any, offline: OfflineBrain
) -> None:
    said = phrases_by_language()[language].say(offer, about_order="")
    assert await wants(offline, ask(text, before, said), language=language) == [found]


async def test_a_person_who_cannot_be_fetched_just_now_is_not_offered_again(ask: Any, offline: OfflineBrain) -> None:
    for language, phrases in phrases_by_language().items():
        offer = offer_of(ask("yes", "x", phrases.say("human_not_here")))
        assert (offer.ticket, offer.person) == (True, False), language


def test_what_we_offer_in_english_we_offer_in_every_language(ask: Any) -> None:
    brain = phrases_by_language()
    book = load_phrases()
    for key in (
        "complaint",
        "not_understood",
        "change_not_here",
        "refund_not_here",
        "nothing_found",
        "internal",
        "sign_in",
    ):
        facts = {"about_order": ""}
        english = offer_of(ask("yes", "x", brain["en"].say(key, **facts)))
        assert english.ticket or english.person
        assert {offer_of(ask("yes", "x", one.say(key, **facts))) for one in brain.values()} == {english}, key
    for key in ("clarify", "tool_failed", "guard_unsupported", "guard_withheld", "denied"):
        english = offer_of(ask("yes", "x", book.say(key)))
        assert english.ticket or english.person
        assert {offer_of(ask("yes", "x", text)) for text in book.in_all_languages(key)} == {english}, key


@pytest.mark.parametrize("text", ["ok thanks!", "okay super, have a nice evening", "ok great, thank you, bye"])
async def test_an_ok_that_ends_the_talk_is_no_yes(text: str, offline: OfflineBrain, ask: Any) -> None:
    offer = "I could not find that. Would you like me to open a ticket, or shall I bring in a person?"
    assert await wants(offline, ask(text, "is there a bus", offer)) == ["thanks"]


@pytest.mark.parametrize("text", ["ok, then just mine, order 1234", "ok and how long does the refund take then?"])
async def test_an_ok_with_a_wish_of_its_own_passes_over_what_was_offered(
    text: str, offline: OfflineBrain, ask: Any
) -> None:
    offer = "I cannot do that here. Would you like me to open a ticket?"
    wanted = set(await wants(offline, ask(text, "refund my neighbour", offer)))
    assert wanted.isdisjoint({"open_ticket", "human", "yes"})
    assert await wants(offline, ask("ok", BROKEN, offer)) == ["open_ticket"]
