"""The knowledge bases that are measured, each in a database of its own, with retrieval's real index and search."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from corpus.build import documents, slug_of
from corpus.check import pages_of, questions
from vectors import KeptVectors

from contracts.knowledge import Document
from retrieval.answer_cache import AnswerCache
from retrieval.backends.edge import EdgeStore
from retrieval.catalogue import Catalogue
from retrieval.deepening import deepen_all
from retrieval.index import SearchIndex
from retrieval.ingest import starter_folder
from retrieval.ingestor import Ingestor
from retrieval.lexicon import Lexicon
from retrieval.markdown_file import read_document
from retrieval.search import Searcher, Tools
from retrieval.synonyms import Synonyms
from retrieval.vocabulary import Vocabulary
from retrieval.weights import Weights
from retrieval.words import Words
from servicekit.clock import SystemClock
from servicekit.db.migrate import migrate
from servicekit.db.pool import Database
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS, Embedder, Goods, QuickEmbedder
from servicekit.language import LanguageDetector

HALVES = ("dev", "test")
#: The questions under the headings are left out of the index one such share after the other.
FOLDS = 4
OWN_QUESTIONS = starter_folder().parents[2] / "tests" / "data" / "questions.yaml"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with the slugs that answer it: any of them, or all when `needs_all`; none when unanswerable."""

    text: str
    kind: str
    half: str
    pages: frozenset[str]
    needs_all: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """Documents and the questions that are asked about them."""

    name: str
    documents: Sequence[Document]
    questions: Sequence[Labelled]


@dataclass(frozen=True, slots=True)
class UnderHeading:
    """A question that people ask under a heading of a page, by the page's slug."""

    text: str
    page: str
    heading: str


@dataclass(frozen=True, slots=True)
class Open:
    """A base that can be searched. `slugs`: slug by document id."""

    base: Base
    index: SearchIndex
    searcher: Searcher
    tools: Tools
    slugs: Mapping[str, str]


def bases() -> list[Base]:
    """The starter articles, and the large corpus beside this file."""
    starter = [read_document(path) for path in sorted(starter_folder().glob("*.md"))]
    slugs = [_slug(one) for one in starter]
    large = documents()
    asked = questions()
    about_starter = asked.pop("starter", [])
    return [
        Base("starter", starter, [*_labelled(about_starter, slugs), *_own_questions()]),
        Base(
            "large",
            [Document(**{**one, "tags": tuple(one["tags"]), "reviewed": True}) for one in large],
            _labelled([one for group in asked.values() for one in group], [slug_of(one) for one in large]),
        ),
    ]


def without_share(base: Base, fold: int) -> tuple[Base, list[UnderHeading]]:
    """The base without a share of the questions under its headings, and those questions."""
    left_out: list[UnderHeading] = []
    documents: list[Document] = []
    place = 0
    for document in base.documents:
        kept: dict[str, tuple[str, ...]] = {}
        for heading, asked in (document.asked or {}).items():
            numbered = list(enumerate(asked, place))
            place += len(asked)
            kept[heading] = tuple(one for number, one in numbered if number % FOLDS != fold)
            left_out += [
                UnderHeading(one, _slug(document), heading) for number, one in numbered if number % FOLDS == fold
            ]
        documents.append(document.model_copy(update={"asked": {key: one for key, one in kept.items() if one}}))
    return Base(f"{base.name}-without-{fold}", documents, []), left_out


def without_questions(base: Base) -> Base:
    """The base as the pages of a shop are where nobody wrote down what people ask."""
    return Base(f"{base.name}-bare", [one.model_copy(update={"asked": {}}) for one in base.documents], [])


def english(asked: Sequence[UnderHeading], languages: LanguageDetector) -> list[UnderHeading]:
    """Those in English: others reach the search in the words of the shop's vocabulary."""
    return [one for one in asked if languages.detect(one.text) in (None, "en") and not languages.likely(one.text)]


@asynccontextmanager
async def opened(
    base: Base, postgres: EmbeddedPostgres, place: Path, embedder: Embedder, vectors: KeptVectors
) -> AsyncIterator[Open]:
    """The base, stored and indexed, its deep vectors complete. `place` is an empty folder for the index."""
    name = f"knowledge_{base.name}".replace("-", "_")
    postgres.create_database(name)
    url = postgres.url(name)
    migrate("retrieval", url)
    db = await Database.connect(url, size=4)
    store = EdgeStore(place / base.name, DIMENSIONS, QUICK_DIMENSIONS)
    quick, words, clock = QuickEmbedder.load(), Words(), SystemClock()
    try:
        ingestor = Ingestor(db, embedder.pieces, quick, clock)
        for document in base.documents:
            await ingestor.put(document, "bench")
        await deepen_all(db, vectors.embed)
        vectors.save()
        catalogue = Catalogue(Lexicon(words, embedder.pieces.knows), Vocabulary(words))
        index = SearchIndex(db, store, words, catalogue, quick)
        await index.refresh()
        tools = Tools(embedder, quick, words, Synonyms.load(words), Weights.load(), Goods.load())
        searcher = Searcher(index, tools, AnswerCache(clock, lambda _: None), clock)
        yield Open(base, index, searcher, tools, {one.id: _slug(one) for one in base.documents})
    finally:
        await store.close()
        await db.close()


def _own_questions() -> list[Labelled]:
    """The questions of retrieval's own tests; odd ones are those that numbers are set on."""
    found = []
    for kind, group in yaml.safe_load(OWN_QUESTIONS.read_text("utf-8")).items():
        for place, one in enumerate(group):
            name = "plain" if kind == "answerable" else kind
            found.append(Labelled(one["q"], name, HALVES[place % 2], frozenset(one.get("pages", ()))))
    return found


def _slug(document: Document) -> str:
    return str(document.url).rsplit("/", 1)[-1]


def _labelled(asked: Sequence[Mapping[str, Any]], slugs: list[str]) -> list[Labelled]:
    return [
        Labelled(one["q"], one["kind"], one["half"], frozenset(pages_of(one, slugs)), "all" in one) for one in asked
    ]
