"""Sentences and content words of English text: enough to choose and to quote, no grammar."""

import re
from collections.abc import Iterator
from itertools import pairwise

#: An abbreviation's full stop ends no sentence.
_SHORT = (
    r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bapprox\.)(?<!\bNo\.)(?<!\bSt\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bvs\.)"
    r"(?<!\bz\.B\.)"
)
#: So much of the next sentence must be there: what may be an opening quote, and a letter.
_BEGUN = 3
_UPPER = "A-Z0-9À-ÖØ-Þ"
_END = re.compile(
    rf"(?<=[.!?]){_SHORT}[\"”')\]]*\s+(?=[\"“'(\[¿¡„«]?[{_UPPER}])|\s*\n+\s*(?:[-*•]\s+|\d+[.)]\s+|#+\s+)?"
)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_SUFFIX = re.compile(r"(?:ies|es|s|ing|ed)$")
_STOP = frozenset(
    _WORD.findall(
        """a about after again all also am an and any are as at be because been before being but by can could
        did do does doing don't for from get got had has have having he hello her here hi him his how i i'd
        i'll i'm i've if in into is isn't it it's its just know let like me more much my need no not now of
        on or our out please shall she should so some tell than thanks that that's the their them then there
        these they this those to too up us very want was we were what what's when where which who why will
        with would yes you your"""
    )
)


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of `text`, each a verbatim span of it without outer white space; list marks are left out."""
    for start, end in sentence_spans(text, 0, len(text)):
        yield text[start:end]


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the sentences of `text[start:end]` begin and end."""
    at = start
    for gap in _END.finditer(text, start, end):
        if span := _trimmed(text, at, gap.start()):
            yield span
        at = gap.end()
    if span := _trimmed(text, at, end):
        yield span


def whole_spans(text: str, start: int) -> list[tuple[int, int]]:
    """The sentences of `text[start:]` whose end no further text can move, while a text is still being written.

    `start`: the end of a sentence. The next sentence must have begun: an end is known by what follows it.
    """
    found = list(sentence_spans(text, start, len(text)))
    return [one for one, following in pairwise(found) if following[0] + _BEGUN <= len(text)]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    raw = text[start:end]
    bare = raw.strip()
    if not bare:
        return None
    first = start + len(raw) - len(raw.lstrip())
    return first, first + len(bare)


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case and without common endings."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _STOP)
    return frozenset(_stem(word) for word in words)


def overlap(wanted: frozenset[str], text: str) -> float:
    """Which share of the wanted words `text` has, in [0, 1]."""
    return len(wanted & content_words(text)) / len(wanted) if wanted else 0.0


def _stem(word: str) -> str:
    return _SUFFIX.sub("", word) if len(word) > 4 else word
