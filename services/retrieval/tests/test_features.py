"""What a question and a window have in common: each number by itself, on texts small enough to count by hand."""

import numpy as np
import pytest

from retrieval.features import Match, match
from retrieval.lexicon import Lexicon
from retrieval.meanings import Meanings
from retrieval.reading import Asked, Reader
from retrieval.synonyms import Synonyms
from retrieval.vocabulary import Vocabulary
from retrieval.windows import sentences, written
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

SYNONYMS = {"groups": [["parcel", "package"]], "short": {}, "said": {}, "places": {}}


class Desk:
    """Reads questions and compares windows. Words of equal rarity, so that each of n weighs 1/n."""

    def __init__(self, quick: QuickEmbedder) -> None:
        words = Words()
        self.vocabulary = Vocabulary(words)
        self.meanings = Meanings(self.vocabulary, quick)
        self._lexicon = Lexicon(words, lambda _: False)
        self._reader = Reader(words, quick, Synonyms.parse(SYNONYMS, words))

    def ask(self, text: str) -> Asked:
        return self._reader.question(text, self._lexicon)

    def window(self, text: str, title: str = "", section: str = "") -> bytes:
        read = self.vocabulary.read
        return written(read(title), read(section), sentences(text, self.vocabulary))

    def compare(self, question: str, text: str, title: str = "", section: str = "") -> Match:
        (found,) = match(self.ask(question), [self.window(text, title, section)], self.meanings)
        return found


@pytest.fixture(scope="module")
def desk(quick: QuickEmbedder) -> Desk:
    return Desk(quick)


def test_a_word_counts_in_any_form_in_the_text_the_title_and_the_section(desk: Desk) -> None:
    found = desk.compare("return tent stove kettle", "Returning is free.", title="Tents", section="Stoves")
    assert found.exact.tolist() == [1, 1, 1, 0]
    assert found.text == pytest.approx(0.75)


def test_rare_words_weigh_more(desk: Desk) -> None:
    asked = Reader(Words(), QuickEmbedder.load(), Synonyms.parse(SYNONYMS, Words())).question(
        "tent stove", rare_stove()
    )
    tent, stove = match(asked, [desk.window("A tent."), desk.window("A stove.")], desk.meanings)
    assert tent.text == pytest.approx(float(asked.weights[0]))
    assert stove.text == pytest.approx(float(asked.weights[1]))
    assert tent.text < 0.4 < stove.text


def rare_stove() -> Lexicon:
    lexicon = Lexicon(Words(), lambda _: False)
    lexicon.add([["tent"], ["tent"], ["tent", "stove"]])
    return lexicon


def test_a_synonym_counts_for_most_of_the_word(desk: Desk) -> None:
    found = desk.compare("parcel", "Packages.")
    assert found.exact.tolist() == [0]
    assert found.soft.tolist() == pytest.approx([0.8])
    assert found.meaning == pytest.approx(0.8)


def test_a_word_of_like_meaning_counts_in_part_and_a_distant_one_not(desk: Desk, quick: QuickEmbedder) -> None:
    near, far = desk.compare("dog", "A long puppy."), desk.compare("dog", "A long invoice.")
    cosine = max(float(one) for one in quick.embed(["puppy", "long"]) @ quick.embed(["dog"])[0])
    assert near.soft.tolist() == pytest.approx([(cosine - 0.35) / 0.65], abs=1e-5)
    assert 0 < near.meaning < 1
    assert far.meaning == 0
    assert near.exact.tolist() == far.exact.tolist() == [0]


@pytest.mark.parametrize("place", [{"title": "puppy"}, {"section": "puppy"}])
def test_words_of_headings_mean_something_too(desk: Desk, place: dict[str, str]) -> None:
    assert desk.compare("dog", "An invoice.", **place).meaning == desk.compare("dog", "A puppy.").meaning > 0


def test_the_heading_is_title_and_section_but_not_the_text(desk: Desk) -> None:
    found = desk.compare("return tent stove kettle", "A kettle.", title="Tent", section="Returns")
    assert found.heading == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("title", "named"),
    [("", 0.0), ("Tent", 1.0), ("Tents and stoves", 0.5), ("Tent, tents and tenting", 1.0), ("Kettles", 0.0)],
)
def test_the_share_of_the_title_that_the_question_names(desk: Desk, title: str, named: float) -> None:
    assert desk.compare("return tent", "A stove.", title=title, section="Return").named == named


@pytest.mark.parametrize(
    "text",
    [
        "The tent. The stove.",
        "The tent! The stove",
        "The tent? The stove",
        "The tent: the stove",
        "Tent\nStove",
        "Tent\n\n\nStove",
    ],
)
def test_only_one_sentence_counts(desk: Desk, text: str) -> None:
    assert desk.compare("tent stove", text).sentence == pytest.approx(0.5)


def test_the_best_sentence_counts(desk: Desk) -> None:
    found = desk.compare("return tent stove kettle", "A kettle. Return a tent with the stove. Nothing of that.")
    assert found.sentence == pytest.approx(0.75)


def test_a_full_stop_within_a_word_ends_no_sentence(desk: Desk) -> None:
    assert desk.compare("tent stove", "tent.stove").sentence == pytest.approx(1)


def test_headings_count_half_beside_a_sentence(desk: Desk) -> None:
    assert desk.compare("tent stove", "A tent.", title="Stove").sentence == pytest.approx(0.75)
    assert desk.compare("tent stove", "A kettle.", title="Stove").sentence == pytest.approx(0.25)


@pytest.mark.parametrize("text", ["", "and the of. or", " \n\n : "])
def test_a_text_without_content_has_no_sentence(desk: Desk, text: str) -> None:
    found = desk.compare("tent stove", text, title="Tent")
    assert (found.sentence, found.heading, found.text) == (0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("We return a tent.", 0.5),
        ("Return a tent stove.", 1.0),
        ("A tent to return.", 0.0),
        ("Return a red tent.", 0.0),
        ("We return. Tents are red.", 0.5),
        ("Return a tent, return a tent.", 0.5),
    ],
)
def test_neighbours_are_neighbours_in_the_same_order_and_over_the_end_of_a_sentence(
    desk: Desk, text: str, pairs: float
) -> None:
    assert desk.compare("return tent stove", text).pairs == pairs


def test_neighbours_do_not_stand_in_different_parts_or_windows(desk: Desk) -> None:
    assert desk.compare("return tent stove", "stove", title="return", section="tent").pairs == 0
    assert desk.compare("return tent stove", "", title="return tent", section="tent stove").pairs == 1
    windows = [desk.window("return"), desk.window("tent")]
    assert [one.pairs for one in match(desk.ask("return tent"), windows, desk.meanings)] == [0, 0]


def test_a_repeated_word_is_its_own_neighbour(desk: Desk) -> None:
    assert desk.compare("tent tent", "tents tents").pairs == 1
    assert desk.compare("tent tent", "tents").pairs == 0


@pytest.mark.parametrize("question", ["", "and the of"])
def test_a_question_without_content_is_covered_by_nothing(desk: Desk, question: str) -> None:
    found = desk.compare(question, "A tent.", title="Tent")
    assert found.exact.shape == found.soft.shape == (0,)
    assert {found.text, found.meaning, found.heading, found.named, found.sentence, found.pairs} == {0.0}


def test_a_window_has_the_same_numbers_alone_and_in_company(desk: Desk) -> None:
    asked = desk.ask("return the parcel of a red tent")
    windows = [
        desk.window(*one)
        for one in (
            ("Return a tent. A red one!", "Tents", "Red"), ("", "", ""), ("Packages: free.", "Return", ""),
            ("", "Red tents", ""), ("A red tent returned", "", "Parcels"),
        )
    ]  # fmt: skip
    together = match(asked, windows, desk.meanings)
    for window, one in zip(windows, together, strict=True):
        (alone,) = match(asked, [window], desk.meanings)
        np.testing.assert_allclose(alone.exact, one.exact)
        np.testing.assert_allclose(alone.soft, one.soft, atol=1e-6)
        for name in ("text", "meaning", "heading", "named", "sentence", "pairs"):
            assert getattr(alone, name) == pytest.approx(getattr(one, name), abs=1e-6)
    assert match(asked, [], desk.meanings) == []


def test_words_that_come_later_are_found_by_a_question_that_was_read_before(desk: Desk) -> None:
    asked = desk.ask("zeppelin hangar")
    assert match(asked, [desk.window("A zeppelin in its hangar.")], desk.meanings)[0].text == pytest.approx(1)


def test_questions_add_no_words_to_the_vocabulary(desk: Desk) -> None:
    before = len(desk.vocabulary), desk.vocabulary.stems
    match(desk.ask("quagmires of bergamot"), [desk.window("")], desk.meanings)
    assert (len(desk.vocabulary), desk.vocabulary.stems) == before
