"""What the engine says itself promises only what happens: staff answer in the conversation, and nobody mails it."""

import re

from orchestrator.effects.phrases import load_phrases

_MAIL = re.compile(r"\be-?mails?\b|\bmail\b|\bcorreo\b|\bcourriel\b|\bposta\b", re.IGNORECASE)


def test_no_phrase_of_any_language_promises_an_answer_by_mail() -> None:
    texts = load_phrases().all_texts()
    assert texts
    assert [text for text in texts if _MAIL.search(text)] == []


def test_who_has_used_up_their_money_hears_the_ticket_and_where_the_answer_comes() -> None:
    phrases = load_phrases()
    for language, texts in {"en": phrases.texts, **phrases.others}.items():
        assert "{ticket}" in texts["limit_ticket"], language
