"""The corpus and its questions are what they claim to be."""

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.knowledge import Document
from corpus.build import documents, slug_of
from corpus.check import problems, questions
from corpus.template import TemplateError, render
from retrieval.markdown_file import read_document

STARTER = Path(__file__).parents[4] / "services" / "retrieval" / "src" / "retrieval" / "knowledge"


@pytest.fixture(scope="module")
def pages() -> list[dict[str, Any]]:
    return documents()


@pytest.fixture(scope="module")
def asked() -> dict[str, list[dict[str, Any]]]:
    return questions()


def on_the_corpus(asked: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [question for name, group in asked.items() if name != "starter" for question in group]


def test_there_are_at_least_300_documents_of_several_lengths(pages: list[dict[str, Any]]) -> None:
    lengths = [len(page["body"].split()) for page in pages]

    assert len(pages) >= 300
    assert sum(length >= 600 for length in lengths) >= 50


def test_every_document_can_be_ingested(pages: list[dict[str, Any]]) -> None:
    ingested = [Document.model_validate({**page, "reviewed": True}) for page in pages]
    assert [one.url for one in ingested] == [page["url"] for page in pages]


def test_addresses_titles_and_texts_are_unique(pages: list[dict[str, Any]]) -> None:
    for values in ([page["title"] for page in pages], [page["body"] for page in pages], list(map(slug_of, pages))):
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_the_documents_are_the_same_each_time(pages: list[dict[str, Any]]) -> None:
    assert documents() == pages


def test_no_template_is_left_in_a_page(pages: list[dict[str, Any]]) -> None:
    assert [page["url"] for page in pages if re.search(r"\{\{|\}\}|@@@", page["title"] + page["body"])] == []


def test_every_question_about_the_corpus_is_answered_where_it_says(
    pages: list[dict[str, Any]], asked: dict[str, list[dict[str, Any]]]
) -> None:
    bodies = {slug_of(page): page["body"] for page in pages}

    assert list(problems(on_the_corpus(asked), bodies)) == []


def test_every_question_about_the_starter_base_is_answered_where_it_says(
    asked: dict[str, list[dict[str, Any]]],
) -> None:
    bodies = {path.stem: read_document(path).body for path in STARTER.glob("*.md")}

    assert list(problems(asked["starter"], bodies)) == []


def test_there_are_enough_questions_of_every_kind(asked: dict[str, list[dict[str, Any]]]) -> None:
    kinds = Counter(question["kind"] for question in on_the_corpus(asked))

    assert kinds.total() >= 260
    assert kinds["unanswerable"] >= 80
    assert min(kinds[kind] for kind in ("plain", "paraphrase", "typo", "keyword", "chatty", "multi")) >= 15
    assert len(asked["starter"]) >= 40
    assert sum(question["kind"] == "unanswerable" for question in asked["starter"]) >= 15


def test_the_halves_are_balanced(asked: dict[str, list[dict[str, Any]]]) -> None:
    for group in (on_the_corpus(asked), asked["starter"]):
        halves = Counter((question["kind"] == "unanswerable", question["half"]) for question in group)
        for kind in (False, True):
            assert 0.8 <= halves[kind, "dev"] / halves[kind, "test"] <= 1.25


@pytest.mark.parametrize("source", ["{{unknown}}", "{{if a}}never ended", "{{end}}", "a {{or}} b"])
def test_a_page_that_is_written_wrongly_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, {"a": "1"}, {}, random.Random(1))


def question(**fields: Any) -> dict[str, Any]:
    return {"q": "How much?", "kind": "plain", "half": "dev", "pages": ["fees"], "quote": "It costs £5.", **fields}


@pytest.mark.parametrize(
    "wrong",
    [
        question(quote="It costs £6."),
        question(pages=["prices"]),
        question(kind="riddle"),
        question(half="third"),
        question(kind="multi"),
        {"q": "Fees?", "kind": "multi", "half": "dev", "all": ["fees"], "quote": ["It costs £5.", "Always."]},
        question(kind="unanswerable", about="near-miss", why="a guess", absent=["£5"]),
        question(kind="unanswerable", about="near-miss", why=""),
    ],
)
def test_a_wrong_label_is_noticed(wrong: dict[str, Any]) -> None:
    assert list(problems([question()], {"fees": "Fees\nIt costs\n£5. Always."})) == []
    assert list(problems([wrong], {"fees": "Fees\nIt costs\n£5. Always."}))


def test_a_question_asked_twice_is_noticed() -> None:
    assert list(problems([question(), question(q="how much")], {"fees": "It costs £5."}))
