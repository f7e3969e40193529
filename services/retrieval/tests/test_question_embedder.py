"""Questions go through the deep model together, each once, and none waits for another's failure."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.backends.port import Vector
from retrieval.question_embedder import QuestionEmbedder
from servicekit.testing import eventually


class Model:
    """A vector says how long its text is. Remembers the batches; can be held up, and refuses what says `bad`."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def embed(self, texts: Sequence[str]) -> Vector:
        self.batches.append(list(texts))
        await self.go_on.wait()
        if "bad" in texts:
            raise ValueError("bad")
        return np.array([[len(text)] for text in texts], dtype=np.float32)


async def test_questions_that_come_while_the_model_is_busy_go_together_and_each_gets_its_own() -> None:
    model = Model()
    model.go_on.clear()
    questions = QuestionEmbedder(model.embed)
    first = asyncio.create_task(questions.vector("a"))
    await eventually(lambda: model.batches)
    others = [asyncio.create_task(questions.vector("b" * size)) for size in range(2, 6)]
    await asyncio.sleep(0)
    model.go_on.set()
    assert [int(vector[0]) for vector in await asyncio.gather(first, *others)] == [1, 2, 3, 4, 5]
    assert [len(batch) for batch in model.batches] == [1, 4]


async def test_a_batch_has_no_more_than_eight() -> None:
    model = Model()
    questions = QuestionEmbedder(model.embed)
    await asyncio.gather(*(questions.vector(str(number)) for number in range(20)))
    assert [len(batch) for batch in model.batches] == [8, 8, 4]


async def test_the_same_question_is_embedded_once() -> None:
    model = Model()
    questions = QuestionEmbedder(model.embed)
    await asyncio.gather(questions.vector("a"), questions.vector("a"))
    await questions.vector("a")
    assert model.batches == [["a"]]


async def test_a_failure_reaches_who_asked_and_the_next_question_is_answered() -> None:
    questions = QuestionEmbedder(Model().embed)
    with pytest.raises(ValueError, match="bad"):
        await questions.vector("bad")
    assert int((await questions.vector("good"))[0]) == 4


async def test_a_caller_who_gives_up_takes_nothing_from_the_others() -> None:
    model = Model()
    model.go_on.clear()
    questions = QuestionEmbedder(model.embed)
    impatient = asyncio.create_task(questions.vector("a"))
    patient = asyncio.create_task(questions.vector("a"))
    await eventually(lambda: model.batches)
    impatient.cancel()
    model.go_on.set()
    assert int((await patient)[0]) == 1


async def test_only_so_many_are_remembered() -> None:
    model = Model()
    questions = QuestionEmbedder(model.embed, remembered=2)
    for one in ("a", "b", "a", "c", "a", "b"):
        await questions.vector(one)
    assert [batch[0] for batch in model.batches] == ["a", "b", "c", "b"]
