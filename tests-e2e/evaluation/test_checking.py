"""The judge by rules: each thing that a case asks for can fail a run, and nothing else does."""

import pytest
from evalbench.checking import answered_wrongly, check
from evalbench.effects import Happened
from evalbench.tone import spoken

from evaluation.made_up import PAGES, case, played, source

GERMAN = "You can return it within 30 days of delivery.\n\nLaut “Returns” (https://shop.example/help/returns).\n\n"


def kinds(run) -> list[str]:
    return [one.kind for one in check(run, PAGES)]


def test_a_run_that_is_as_its_case_says_has_no_finding() -> None:
    one = case(has=["30 DAYS", ["weeks", "days"]], cites=["returns"], tools=["search_kb"], lacks=["60"], language="en")
    run = played(
        one, "You can return it within 30 days of delivery.", sources=(source("within 30 days"),),
        tools=frozenset({"search_kb"}),
    )  # fmt: skip
    assert kinds(run) == []


@pytest.mark.parametrize(
    ("wanted", "run", "kind"),
    [
        ({"outcome": ["refused"]}, {}, "outcome"),
        ({"tools": ["get_order"]}, {}, "tool"),
        ({"tools": [["get_order", "get_order_status"]]}, {"tools": frozenset({"search_kb"})}, "tool"),
        ({"not_tools": ["issue_refund"]}, {"tools": frozenset({"issue_refund"})}, "tool"),
        ({"cites": ["care"]}, {"sources": (source("within 30 days"),)}, "citation"),
        ({"cites": []}, {"sources": (source("within 30 days"),)}, "citation"),
        ({}, {"sources": (source("within 90 days"),)}, "citation"),
        ({}, {"sources": (source("anything", "unknown"),)}, "citation"),
        ({"has": ["{tail}"]}, {}, "words"),
        ({"has": [["weeks", "months"]]}, {}, "words"),
        ({"lacks": ["30 days"]}, {}, "words"),
        ({"lacks": ["secret"]}, {"streamed": "a secret"}, "words"),
        ({}, {"streamed": "Something else."}, "words"),
        ({"language": "de"}, {"text": "You have to ask our team for that."}, "language"),
        ({"tone": ["apologises"]}, {}, "tone"),
        ({"tone": ["short"]}, {"text": "word " * 100}, "tone"),
        ({}, {"text": "Traceback: KeyError in get_order"}, "tone"),
        ({}, {"text": "That was your own fault."}, "tone"),
        ({}, {"effects": Happened(tickets=1)}, "effect"),
        ({}, {"effects": Happened(handoffs=1)}, "effect"),
        ({}, {"effects": Happened(refunds=(2_000,))}, "effect"),
        ({"effects": {"refunds": [2_000]}}, {"effects": Happened(refunds=(2_000, 2_000))}, "effect"),
        ({"effects": {"pending": [2_000]}}, {}, "effect"),
        ({"effects": {"handoffs": [0, 1]}}, {"effects": Happened(handoffs=2)}, "effect"),
        ({}, {"broke": "the stream was cut"}, "broke"),
    ],
)  # fmt: skip
def test_each_wish_of_a_case_can_fail_a_run(wanted, run, kind) -> None:
    text = run.pop("text", "Within 30 days.")
    run.setdefault("streamed", text)
    assert kind in kinds(played(case(**wanted), text, **run))


def test_a_quotation_stays_in_the_language_of_its_page() -> None:
    own = f"{GERMAN}Unsere Hilfeseiten sind auf Englisch. Auf Wunsch hole ich einen Menschen dazu."
    assert kinds(played(case(language="de"), own)) == []
    assert kinds(played(case(language="fr"), own)) == ["language"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("Ich hole einen Menschen aus unserem Team für Sie", "de"), ("Voulez-vous que je vous aide ?", "fr"),
     ("Puedo avisar a una persona por usted", "es"), ("Posso far intervenire una persona per lei", "it"),
     ("Ik kan een persoon van ons team voor u halen", "nl"), ("ok", None)],
)  # fmt: skip
def test_languages_are_told_apart_by_their_little_words(text, language) -> None:
    assert spoken(text) == language


@pytest.mark.parametrize(
    ("ending", "wanted", "wrong"),
    [("answered", ["refused"], True), ("refused", ["answered"], False), ("answered", ["answered"], False)],
)
def test_only_what_it_said_by_its_own_word_was_said_wrongly(ending, wanted, wrong) -> None:
    run = played(case(outcome=wanted), ending=ending)
    assert answered_wrongly(run, check(run, PAGES)) is wrong
