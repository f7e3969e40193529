"""What a message says by how it is written: unreadable, vague, or rude. Real words with typing errors can be read."""

import pytest

from orchestrator.brain.offline.manners import Manners
from servicekit.embedding import Embedder


@pytest.fixture(scope="module")
def manners(embedder: Embedder) -> Manners:
    return Manners.load(embedder.pieces.words())


@pytest.mark.parametrize("text", ["zxcv mnbv", "hjklhjkl", "?!?", "....", "🙂🙂", "ggggg", "sdkfj sldkfj", " ", "dfg"])
def test_what_nobody_can_read_is_known(text: str, manners: Manners) -> None:
    assert not manners.is_legible(text)


@pytest.mark.parametrize(
    "text",
    ["forgoten pasword", "wer is my pakage", "refnd", "ABC123", "4711", "<order_k7q2m4xd>", "où est",
     "привет", "hi", "returns??", "asdf where is my lamp", "Parcelway"],
)  # fmt: skip
def test_typing_errors_names_numbers_and_other_scripts_can_be_read(text: str, manners: Manners) -> None:
    assert manners.is_legible(text)


@pytest.mark.parametrize("text", ["something is wrong", "there is an issue with my purchase", "a question", "why?"])
def test_a_message_without_a_subject_is_vague(text: str, manners: Manners) -> None:
    assert manners.says_nothing(text)


@pytest.mark.parametrize("text", ["the zip is wrong", "a question about the warranty", "refund", "shipping?"])
def test_one_word_can_be_a_subject(text: str, manners: Manners) -> None:
    assert not manners.says_nothing(text)


@pytest.mark.parametrize(
    "text",
    ["you people are morons", "what a bunch of thieves you are, you crooks", "this is bullshit", "wtf",
     "ihr seid alle idioten, arschloch"],
)  # fmt: skip
def test_insults_are_heard_in_any_language(text: str, manners: Manners) -> None:
    assert manners.is_rude(text)


@pytest.mark.parametrize("text", ["Do you sell garden hoes?", "My dog is called Bastian", "How dumb of me, I lost it"])
def test_ordinary_words_are_no_insults(text: str, manners: Manners) -> None:
    assert not manners.is_rude(text)
