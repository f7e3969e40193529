"""The embedder gives comparable, repeatable vectors, never blocks the loop, and refuses other weights."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from servicekit.embedding import DIMENSIONS, MAX_TOKENS, AssetError, Embedder, WordPieces
from servicekit.embedding.assets import read_verified


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    loaded = Embedder.load()
    yield loaded
    loaded.close()


async def test_vectors_have_length_one_and_the_declared_width(embedder: Embedder) -> None:
    vectors = await embedder.embed(["a tent", "a cast iron pan", "x" * 5000])
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


async def test_nothing_in_gives_nothing_out(embedder: Embedder) -> None:
    assert (await embedder.embed([])).shape == (0, DIMENSIONS)


async def test_the_same_meaning_is_nearer_than_another_one(embedder: Embedder) -> None:
    question, same, other = await embedder.embed(
        ["How do I get my money back?", "Refunds are paid within five days.", "The pan is made of cast iron."]
    )
    assert question @ same > question @ other + 0.2


async def test_a_text_has_the_same_vector_alone_and_in_company(embedder: Embedder) -> None:
    alone = (await embedder.embed(["Where is my parcel?"]))[0]
    among = (await embedder.embed(["A much longer sentence about tents, stoves and pans.", "Where is my parcel?"]))[1]
    assert alone @ among > 0.9999


async def test_order_is_kept_over_many_batches(embedder: Embedder) -> None:
    texts = [f"Number {n}. " + "A long sentence fills the batch. " * (n % 7) for n in range(30)]
    together = await embedder.embed(texts)
    for index in (0, 6, 13, 29):
        single = (await embedder.embed([texts[index]]))[0]
        assert together[index] @ single > 0.999


async def test_what_comes_after_the_limit_does_not_count(embedder: Embedder) -> None:
    start = "tent " * MAX_TOKENS
    whole, longer = await embedder.embed([start, start + "refund " * 100])
    assert whole @ longer > 0.9999


async def test_the_loop_goes_on_while_texts_are_embedded(embedder: Embedder) -> None:
    work = asyncio.create_task(embedder.embed(["A sentence that fills the window. " * 60] * 4))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 50


@pytest.mark.parametrize("text", ["", " ", "\x00", "😀" * 400, "ﷺ\u202e\u200b", "<script>alert(1)</script>"])
async def test_odd_texts_still_give_finite_vectors(embedder: Embedder, text: str) -> None:
    assert np.isfinite(await embedder.embed([text])).all()


def test_a_typing_error_is_told_from_a_word() -> None:
    pieces = WordPieces.load()
    assert pieces.knows("Delivery")
    assert not pieces.knows("dleivery")


def test_tokens_of_joined_texts_add_up() -> None:
    pieces = WordPieces.load()
    one, two = "Returns are free within 30 days.", "Refunds take 5 working days."
    assert pieces.count(f"{one} {two}") == pieces.count(one) + pieces.count(two)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "model.onnx"
    changed.write_bytes(b"other weights")
    with pytest.raises(AssetError, match=r"model\.onnx"):
        read_verified(changed, "0" * 64)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="cannot be read"):
        read_verified(tmp_path / "tokenizer.json", "0" * 64)
