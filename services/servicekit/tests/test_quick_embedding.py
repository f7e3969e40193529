"""The quick embedder: unit vectors from a table, the same for the same text, near for the same meaning."""

import hashlib

import numpy as np
import pytest

from servicekit.embedding import QUICK_DIMENSIONS, AssetError, QuickEmbedder
from servicekit.embedding.assets import QUICK_TABLE_SHA256, quick_table_bytes, read_verified


@pytest.fixture(scope="module")
def quick() -> QuickEmbedder:
    return QuickEmbedder.load()


def test_vectors_have_length_one_and_the_declared_width(quick: QuickEmbedder) -> None:
    vectors = quick.embed(["How do I return a tent?", "Shipping takes 3 days."])
    assert vectors.shape == (2, QUICK_DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_nothing_in_gives_nothing_out(quick: QuickEmbedder) -> None:
    assert quick.embed([]).shape == (0, QUICK_DIMENSIONS)


def test_the_same_meaning_is_nearer_than_another_one(quick: QuickEmbedder) -> None:
    asked, same, other = quick.embed(
        ["How do I send an item back?", "Returning a product you bought", "Which payment cards are accepted?"]
    )
    assert asked @ same > asked @ other + 0.1


def test_a_text_has_the_same_vector_alone_and_in_company(quick: QuickEmbedder) -> None:
    text = "A refund takes five days."
    assert np.array_equal(quick.embed([text])[0], quick.embed(["Something much longer. " * 30, text])[1])


@pytest.mark.parametrize("text", ["", " ", "\x00", "😀" * 400, "ﷺ\u202e\u200b", "x" * 100_000])
def test_odd_texts_still_give_finite_vectors(quick: QuickEmbedder, text: str) -> None:
    assert np.isfinite(quick.embed([text])).all()


def test_the_table_is_the_pinned_one() -> None:
    assert hashlib.sha256(quick_table_bytes()).hexdigest() == QUICK_TABLE_SHA256


def test_a_changed_table_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    changed = tmp_path_factory.mktemp("weights") / "l2_supercat_256.safetensors"
    changed.write_bytes(b"other weights")
    with pytest.raises(AssetError, match=r"l2_supercat_256\.safetensors"):
        read_verified(changed, QUICK_TABLE_SHA256)


def test_the_sum_of_a_word_points_where_its_vector_does_and_says_how_much_it_says(quick: QuickEmbedder) -> None:
    words = ["have", "", "bitcoin", "refrigerators", "tent"]
    sums = quick.sums(words)
    lengths = np.linalg.norm(sums, axis=1)
    np.testing.assert_allclose(sums, quick.embed(words) * lengths[:, None], atol=1e-5)
    assert lengths[1] == 0
    assert 2 < lengths[0] < 4 < 18 < lengths[2] < 24
    assert quick.sums([]).shape == (0, QUICK_DIMENSIONS)
