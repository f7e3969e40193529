"""The vectors that come with the starter articles: all of them, those of the model, and no model needed for them."""

from pathlib import Path

import numpy as np
import pytest

from retrieval import deepen
from retrieval.deepen import LateEmbedder
from retrieval.deepening.shipped import ShippedVectors, write
from retrieval.indexed_text import text_digest
from retrieval.ship import starter_texts
from servicekit.embedding import DIMENSIONS, Embedder


@pytest.fixture(scope="module")
def texts(embedder: Embedder) -> list[str]:
    return starter_texts(embedder.pieces)


def test_every_text_of_the_starter_articles_has_one_and_nothing_else_has(texts: list[str]) -> None:
    assert ShippedVectors.load().digests == {text_digest(text) for text in texts}, (
        "an article was changed: make vectors"
    )


def test_they_are_those_of_the_model(texts: list[str], embedder: Embedder) -> None:
    some = texts[::97]
    shipped = ShippedVectors.load().of(some)
    assert len(some) > 20
    for text, vector in zip(some, embedder.embed_now(some), strict=True):
        assert shipped[text].dtype == np.float32
        assert float(shipped[text] @ vector) > 0.9995


async def test_the_model_is_loaded_only_for_what_was_not_shipped(
    texts: list[str], embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []

    def load() -> Embedder:
        loaded.append(1)
        return embedder

    monkeypatch.setattr(deepen.Embedder, "load", load)
    model = LateEmbedder()
    assert (await model.embed(texts[:3])).shape == (3, DIMENSIONS)
    assert loaded == []
    new = "A title\nThat no article has."
    vectors = await model.embed([new, texts[0], new])
    assert loaded == [1]
    assert np.allclose(vectors[[0, 2]], embedder.embed_now([new]), atol=1e-3)
    assert np.allclose(vectors[1], (await model.embed(texts[:1]))[0])
    assert (await model.embed([])).shape == (0, DIMENSIONS)


def test_the_same_vectors_make_the_same_file(tmp_path: Path) -> None:
    one, two = (np.full(DIMENSIONS, value, dtype=np.float32) for value in (0.25, 0.5))
    first, second = tmp_path / "1.npz", tmp_path / "2.npz"
    write({"one": one, "two": two}, first)
    write({"two": two, "one": one}, second)
    assert first.read_bytes() == second.read_bytes()
    read = ShippedVectors.load(first).of(["two", "one", "three"])
    assert {text: float(vector[0]) for text, vector in read.items()} == {"one": 0.25, "two": 0.5}
