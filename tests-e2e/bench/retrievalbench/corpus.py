"""The pages and questions of the knowledge bench, and as many made-up pages after them as are wanted.

Those are made by a seed of the starter articles' sentences with other everyday words in them: word order, lengths and
headings are those of real pages; the words that are exchanged come from the vocabulary of the deep model's tokenizer,
common ones more often, a few hundred of them per page's subject.
"""

import datetime as dt
import random
import re
from collections.abc import Iterator
from itertools import accumulate

from bases import bases

from contracts.knowledge import Document
from retrieval.ingest import starter_folder
from servicekit.embedding.assets import tokenizer_json

_WORD = re.compile(r"\b[a-z]{4,}\b")
_SENTENCE = re.compile(r"[A-Z][^.!?\n|]{30,200}[.!?]")
_EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_SUBJECTS = 200
_WORDS_OF_SUBJECT = 300
_EXCHANGED = 0.4


class Corpus:
    """The same seed gives the same pages and questions."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._bases = bases()
        texts = [path.read_text(encoding="utf-8").split("---", 2)[2] for path in sorted(starter_folder().glob("*.md"))]
        self._sentences = sorted({found for text in texts for found in _SENTENCE.findall(text)})
        words = re.findall(r'"([a-z]{4,12})":\s*\d+', tokenizer_json())
        weights = list(accumulate(1 / (rank + 50) for rank in range(len(words))))
        self._subjects = [
            self._random.choices(words, cum_weights=weights, k=_WORDS_OF_SUBJECT) for _ in range(_SUBJECTS)
        ]

    def pages(self) -> Iterator[Document]:
        """The written pages, then made-up ones without end, of some 2,000 tokens in 3 to 10 sections each."""
        for base in self._bases:
            yield from base.documents
        number = 0
        while True:
            subject = self._random.choice(self._subjects)
            title = " ".join(self._random.sample(subject, 3)).capitalize()
            body = f"# {title}\n\n" + "\n\n".join(self._section(subject) for _ in range(self._random.randint(3, 10)))
            url = f"https://shop.example/help/{number}"
            yield Document(url=url, title=title, body=body, reviewed=True, updated_at=_EPOCH)
            number += 1

    def questions(self) -> list[str]:
        """All questions about the written pages, each once, shuffled: some 600, a good quarter without an answer."""
        found = list(dict.fromkeys(one.text for base in self._bases for one in base.questions))
        self._random.shuffle(found)
        return found

    def _section(self, subject: list[str]) -> str:
        paragraphs = [
            " ".join(self._sentence(subject) for _ in range(self._random.randint(3, 7)))
            for _ in range(self._random.randint(2, 4))
        ]
        heading = " ".join(self._random.sample(subject, 2)).capitalize()
        return f"## {heading}\n\n" + "\n\n".join(paragraphs)

    def _sentence(self, subject: list[str]) -> str:
        return _WORD.sub(
            lambda found: self._random.choice(subject) if self._random.random() < _EXCHANGED else found.group(),
            self._random.choice(self._sentences),
        )
