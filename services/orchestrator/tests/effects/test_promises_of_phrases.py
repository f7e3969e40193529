"""What the engine says itself promises only what happens: a mail is spoken of where a job sends one, not elsewhere."""

import re

from orchestrator.effects.phrases import load_phrases

_MAIL = re.compile(r"\be-?mails?\b|\bmail\b|\bcorreo\b|\bcourriel\b|\bposta\b", re.IGNORECASE)


#: Said when a job that mails the answer exists already, and in no other place (`api/waiting.py`).
_KEPT = "mailed_later"
#: Said in a mail that answers one, about codes in other mails of ours.
_OF_CODES = {
    "prove_address",
    "prove_code",
    "prove_refused",
    "code_wrong",
    "code_over",
    "code_used",
    "code_sender",
    "code_alone",
}
#: Said in a mail that can be replied to; and to who waits for a person, where what they say is mailed (`handover/`).
_ELSEWHERE = {"letter_goes_on", "letter_card", "person_address", "person_mailed", *_OF_CODES}


def test_no_phrase_of_any_language_promises_an_answer_by_mail_but_those_that_are_kept() -> None:
    phrases = load_phrases()
    for texts in (phrases.texts, *phrases.others.values()):
        promised = {key for key, text in texts.items() if _MAIL.search(text)}
        assert promised - _ELSEWHERE == {_KEPT}


def test_whoever_is_promised_an_e_mail_hears_to_which_address_and_what_they_are_asked_has_an_end() -> None:
    phrases = load_phrases()
    for texts in (phrases.texts, *phrases.others.values()):
        assert "{address}" in texts[_KEPT]
        assert "{until}" in texts["mail_card"]
        assert "{shop}" in texts["mail_subject"]


def test_who_has_used_up_their_money_hears_the_ticket_and_where_the_answer_comes() -> None:
    phrases = load_phrases()
    for language, texts in {"en": phrases.texts, **phrases.others}.items():
        assert "{ticket}" in texts["limit_ticket"], language
