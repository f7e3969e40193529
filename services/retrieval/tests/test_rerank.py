"""A cross-encoder orders passages anew; whatever goes wrong with it, the order before it stands."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from retrieval.catalogue import Entry
from retrieval.features import Match
from retrieval.ranking import Ranked
from retrieval.rerank import MOST_PASSAGES, CrossEncoder, Reranker
from retrieval.settings import Settings

NOTHING = Match(np.zeros(0, np.float32), np.zeros(0, np.float32), 0, 0, 0, 0, 0, 0)


_INT64, _FLOAT = 7, 1


def ranked(*windows: str) -> list[Ranked]:
    return [
        Ranked(0.5, 0.5, Entry("d", one, "t", "https://x", "s", "", (0, len(one)), one, False, 0.0, 0, b""), NOTHING)
        for one in windows
    ]


def texts(found: Sequence[Ranked]) -> list[str]:
    return [one.entry.window for one in found]


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
async def made(counted: list[str]) -> AsyncIterator[Callable[..., Reranker]]:
    open_ones: list[Reranker] = []

    def make(scorer: Callable[[str, Sequence[str]], Sequence[float]], timeout_s: float = 5.0) -> Reranker:
        open_ones.append(Reranker(scorer, counted.append, timeout_s))
        return open_ones[-1]

    yield make
    for one in open_ones:
        one.close()


async def test_the_most_relevant_passage_comes_first(made: Callable[..., Reranker], counted: list[str]) -> None:
    found = await made(lambda _, passages: [-1.0, 3.0]).order("q", ranked("a", "b"))
    assert texts(found) == ["b", "a"]
    assert found[0].score > 0.9 > 0.5 > found[1].score
    assert counted == ["ordered"]


async def test_it_reads_no_more_than_twenty(made: Callable[..., Reranker]) -> None:
    seen: list[int] = []

    def score(_: str, passages: Sequence[str]) -> list[float]:
        seen.append(len(passages))
        return [float(number) for number in range(len(passages))]

    many = [str(number) for number in range(MOST_PASSAGES + 2)]
    found = await made(score).order("q", ranked(*many))
    assert seen == [MOST_PASSAGES]
    assert texts(found)[0] == str(MOST_PASSAGES - 1)
    assert texts(found)[-2:] == many[-2:], "what was not read comes last"


async def test_nothing_found_is_nothing_to_read(made: Callable[..., Reranker], counted: list[str]) -> None:
    assert await made(lambda *_: []).order("q", []) == []
    assert counted == []


async def test_one_that_is_too_slow_is_passed_over_until_it_is_free(
    made: Callable[..., Reranker], counted: list[str]
) -> None:
    free = threading.Event()

    def slow(_: str, passages: Sequence[str]) -> list[float]:
        free.wait(30)
        return [0.0, 1.0]

    reranker = made(slow, timeout_s=0.01)
    assert texts(await reranker.order("q", ranked("a", "b"))) == ["a", "b"]
    assert texts(await reranker.order("q", ranked("a", "b"))) == ["a", "b"]
    assert counted == ["timeout", "busy"]
    free.set()


async def test_one_that_fails_changes_nothing(made: Callable[..., Reranker], counted: list[str]) -> None:
    def broken(_: str, passages: Sequence[str]) -> list[float]:
        raise RuntimeError("bad model")

    assert texts(await made(broken).order("q", ranked("a", "b"))) == ["a", "b"]
    assert counted == ["failed"]


async def test_a_real_onnx_model_is_loaded_and_asked(tmp_path: Path, made: Callable[..., Reranker]) -> None:
    """The model's relevance is the mean of the token numbers: "best" has a high one, "worst" a low one."""
    (tmp_path / "model.onnx").write_bytes(mean_of_ids_model())
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "worst": 1, "best": 90}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    encoder = await asyncio.to_thread(CrossEncoder.load, tmp_path / "model.onnx", tmp_path / "tokenizer.json")
    assert encoder("q", ["best", "worst"])[0] > encoder("q", ["best", "worst"])[1]
    assert texts(await made(encoder).order("q", ranked("worst", "best"))) == ["best", "worst"]


def test_a_model_without_its_tokenizer_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(environment="test", database_url="postgresql://x", redis_url="redis://x", reranker_model=Path("x"))


def mean_of_ids_model() -> bytes:
    """A tiny ONNX model written by hand: relevance = mean of `input_ids`. Field numbers are those of onnx.proto."""
    cast = _node("Cast", "input_ids", "as_float", _attribute("to", _number(3, _FLOAT), kind=2))
    axes = _attribute("axes", _number(8, 1), kind=7)
    mean = _node("ReduceMean", "as_float", "relevance", axes)
    graph = (
        _field(1, cast) + _field(1, mean) + _field(2, b"g")
        + _field(11, _value("input_ids", _INT64)) + _field(12, _value("relevance", _FLOAT))
    )  # fmt: skip
    opset = _field(1, b"") + _number(2, 13)
    return _number(1, 8) + _field(7, graph) + _field(8, opset)


def _node(kind: str, given: str, made: str, attribute: bytes) -> bytes:
    return _field(1, given.encode()) + _field(2, made.encode()) + _field(4, kind.encode()) + _field(5, attribute)


def _attribute(name: str, value: bytes, *, kind: int) -> bytes:
    return _field(1, name.encode()) + value + _number(20, kind)


def _value(name: str, kind: int) -> bytes:
    free = _field(1, _field(2, b"n")) + _field(1, _field(2, b"m"))
    tensor = _number(1, kind) + _field(2, free)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
