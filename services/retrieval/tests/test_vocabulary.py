"""Words as ids, windows as arrays of them, and the vectors of words by id."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import Catalogue, text_key
from retrieval.lexicon import Lexicon
from retrieval.meanings import Meanings
from retrieval.points import point_id
from retrieval.repository import StoredWindow
from retrieval.vocabulary import FIRST_ID, Vocabulary
from retrieval.windows import Windows, sentences, written
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

ODD = "Ada's tent’s poles: rock’n’roll ada's's! ﬁne Ⅷ “Ça va?” 1 x über-cool\n\nthe Straße"


@given(st.text() | st.just(ODD))
def test_reading_gives_the_content_words(text: str) -> None:
    words = Words()
    vocabulary = Vocabulary(words)
    for _ in range(2):
        assert vocabulary.spelled(vocabulary.read(text)) == words.content(text)


@given(st.text("ab’' .:!\nΣ\u00a0", max_size=40) | st.just(ODD))
def test_the_words_of_all_sentences_are_those_of_the_text(text: str) -> None:
    vocabulary = Vocabulary(Words())
    assert [one for sentence in sentences(text, vocabulary) for one in sentence] == vocabulary.read(text)


def test_words_of_one_stem_share_its_id() -> None:
    vocabulary = Vocabulary(Words())
    read = np.array(vocabulary.read("return tents returned tent"), dtype=np.int32)
    assert len(set(read.tolist())) == 4
    one, other, *again = vocabulary.stem_of(read).tolist()
    assert again == [one, other]
    assert vocabulary.known(["tent", "return", "stove"]) == [other, one, None]
    assert min(one, other) >= FIRST_ID


def test_a_window_is_read_as_it_was_written() -> None:
    vocabulary = Vocabulary(Words())
    texts = [("Tents", "Red tents", "A stove. Two stoves!"), ("", "", ""), ("", "Poles", "Tent")]
    windows = [
        written(vocabulary.read(title), vocabulary.read(section), sentences(text, vocabulary))
        for title, section, text in texts
    ]
    read = Windows.side_by_side(windows, vocabulary)
    assert read.window_of[read.titles].tolist() == [0, 1, 2]
    assert read.window_of[read.are_sentences].tolist() == [0, 0, 2]
    assert read.title_stems() == [1, 0, 0]
    distinct, each = read.distinct()
    assert (distinct[each] == read.words).all()
    assert len(set(distinct.tolist())) == len(distinct)


def test_vectors_are_those_of_the_words_however_many_there_are(quick: QuickEmbedder) -> None:
    vocabulary = Vocabulary(Words())
    meanings = Meanings(vocabulary, quick)
    first = np.array(vocabulary.read("tent stove"), dtype=np.int32)
    kept = meanings.of(first)
    many = np.array(vocabulary.read(" ".join(f"word{number}" for number in range(5000))), dtype=np.int32)
    np.testing.assert_allclose(meanings.of(many)[[0, -1]], quick.embed(["word0", "word4999"]), atol=1e-6)
    np.testing.assert_array_equal(meanings.of(first[::-1])[::-1], kept)
    np.testing.assert_allclose(kept, quick.embed(["tent", "stove"]), atol=1e-6)
    assert not meanings.of(np.arange(FIRST_ID, dtype=np.int32)).any()


@pytest.mark.parametrize("other", ["returns take  30 days", "RETURNS: take (30) days!", "\nReturns\ttake 30 days. "])
def test_texts_of_the_same_words_share_a_key(other: str) -> None:
    assert text_key("Returns take 30 days.") == text_key(other)


@pytest.mark.parametrize("other", ["Returns take 60 days.", "Take returns 30 days.", "Returns take 3 0 days.", ""])
def test_texts_of_other_words_do_not(other: str) -> None:
    assert text_key("Returns take 30 days.") != text_key(other)


def test_the_catalogue_keeps_each_windows_words_and_counts_title_and_text() -> None:
    catalogue = Catalogue(Lexicon(Words(), lambda _: False), Vocabulary(Words()))
    windows = [stored(0, "Poles. Tents", "Sizes"), stored(1, "Pegs", "Colours")]
    catalogue.put("d", windows)
    assert [found.window for one in windows if (found := catalogue.entry(point_id(one)))] == ["Poles. Tents", "Pegs"]
    read = catalogue.vocabulary.read
    entries = [catalogue.entry(point_id(one)) for one in windows]
    assert [one.words for one in entries if one] == [
        written(read("Red tents"), read("Sizes"), [read("poles"), read("tents")]),
        written(read("Red tents"), read("Colours"), [read("pegs")]),
    ]
    assert len({one.text_key for one in entries if one}) == 1, "both look into one chunk"
    assert catalogue.lexicon.has("peg")
    assert catalogue.lexicon.has("red")
    assert not catalogue.lexicon.has("colour"), "a section's words are not in the index"
    assert catalogue.lexicon.idf("tent") < catalogue.lexicon.idf("peg")
    catalogue.remove("d")
    assert catalogue.entry(point_id(windows[0])) is None
    assert not catalogue.lexicon.has("peg")


def test_a_document_put_again_takes_the_place_of_what_it_was() -> None:
    words = Words()
    catalogue = Catalogue(Lexicon(words, lambda _: False), Vocabulary(words))
    catalogue.put("a", [stored(0, "Refund within days", "")])
    catalogue.put("b", [stored(1, "Tents", "")])
    before = catalogue.lexicon.idf("refund")
    catalogue.put("a", [stored(0, "Refund within days", "")])
    assert catalogue.lexicon.idf("refund") == before
    catalogue.put("a", [stored(0, "Something else", "")])
    assert not catalogue.lexicon.has("refund")
    assert catalogue.lexicon.has("tent")
    catalogue.remove("unknown")
    assert catalogue.documents == {"a", "b"}


def stored(ordinal: int, text: str, section: str) -> StoredWindow:
    return StoredWindow(
        document_id="d", version="1", chunk_id="d-0", ordinal=ordinal, title="Red tents", url="https://x", tags=(),
        channels=(), is_policy=False, updated_at=datetime(2026, 1, 1, tzinfo=UTC), expires_at=None, section=section,
        anchor="", text=text, chunk_text="Poles. Tents. Pegs", deep=None, quick=None,
    )  # fmt: skip
