"""The language of a text: said when it is sure, and not said when it is not."""

import pytest

from servicekit.language import LanguageDetector


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return LanguageDetector.load()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long do I have to return something?", "en"), ("Wo ist meine Bestellung ABC123?", "de"),
        ("Combien coûte la livraison ?", "fr"), ("¿Cuánto cuesta el envío a Canadá?", "es"),
        ("Quanto tempo ho per restituire un prodotto?", "it"), ("Hoe lang kan ik iets retourneren?", "nl"),
        ("私の注文はどこですか", "other"), ("أين طلبي", "other"), ("Где мой заказ?", "other"),
    ],
)  # fmt: skip
def test_a_sentence_is_in_its_language(detector: LanguageDetector, text: str, language: str) -> None:
    assert detector.detect(text) == language


@pytest.mark.parametrize(
    "text", ["", "ok", "refund", "ABC123", "hi", "1234 5678", "<email_1>", "https://x.example/ein/weg", "🙂"]
)
def test_a_text_that_could_be_in_any_language_is_in_none(detector: LanguageDetector, text: str) -> None:
    assert detector.detect(text) is None
    assert detector.likely(text) == ()


def test_a_short_text_has_likely_languages_the_likeliest_first(detector: LanguageDetector) -> None:
    assert detector.likely("Was kostet der Versand?")[0] == "de"
    assert detector.likely("shipping cost please") == ()
