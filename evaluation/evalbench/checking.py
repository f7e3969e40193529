"""Holds what was seen of a run against its case. Pure: the same run is judged alike, always."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from evalbench.case import Words, filled
from evalbench.playing import Answer, Played
from evalbench.tone import faults_of_tone, spoken

Kind = Literal["broke", "outcome", "tool", "citation", "words", "language", "tone", "effect"]
#: An answer with one of these told the customer something wrong.
WRONG: frozenset[Kind] = frozenset({"outcome", "tool", "citation", "words", "effect"})
_LINES = re.compile(r"\n+|(?<=[.!?])\s+")
_NAMED = re.compile(r"“[^”]*”|\([^)]*\)|https?://\S+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the case says. `turn` counts from 1; 0 is the whole conversation."""

    kind: Kind
    turn: int
    text: str

    def __str__(self) -> str:
        where = f"turn {self.turn}: " if self.turn else ""
        return f"{where}{self.kind}: {self.text}"


def check(played: Played, pages: Mapping[str, str]) -> list[Finding]:
    """All that is wrong with a run. `pages`: the text of each help page by its name, to look quotations up in."""
    if played.broke:
        return [Finding("broke", len(played.answers) + 1, played.broke)]
    found = [
        one for number, answer in enumerate(played.answers, 1) for one in _turn(number, answer, played.places, pages)
    ]
    return [*found, *_effects(played)]


def answered_wrongly(played: Played, findings: list[Finding]) -> bool:
    """Whether it answered by its own word where it should have asked, refused or fetched a person, or said it wrong."""
    own = {number for number, answer in enumerate(played.answers, 1) if answer.ending in ("answered", "degraded")}
    return any(one.kind in WRONG and (one.turn in own or (one.turn == 0 and own)) for one in findings)


def answered(played: Played) -> bool:
    """Whether it answered anything by its own word."""
    return any(answer.ending in ("answered", "degraded") for answer in played.answers)


def _turn(number: int, answer: Answer, places: dict[str, str], pages: Mapping[str, str]) -> Iterator[Finding]:
    said = answer.said
    if answer.ending not in said.outcome:
        yield Finding("outcome", number, f"{answer.ending}, not {' or '.join(said.outcome)}")
    for tool in said.tools:
        if not answer.tools & ({tool} if isinstance(tool, str) else set(tool)):
            yield Finding("tool", number, f"{_listed(tool)} was not called")
    for tool in said.not_tools:
        if tool in answer.tools:
            yield Finding("tool", number, f"{tool} was called")
    yield from (Finding("citation", number, text) for text in _sources(answer, pages))
    for words in filled(said.has, places):
        if not _has(answer.text, words):
            yield Finding("words", number, f"missing: {_listed(words)}")
    for word in filled(said.lacks, places):
        # What was shown on the way counts as much as the answer that remains.
        if _has(answer.text, word) or _has(answer.streamed, word):
            yield Finding("words", number, f"must not be there: {word}")
    heard = spoken(_own_words(answer.text, pages))
    # An English answer may be all quotation: then there is little else to hear.
    if said.language is not None and heard != said.language and (heard is not None or said.language != "en"):
        yield Finding("language", number, f"{heard or 'none that is known'}, not {said.language}")
    yield from (Finding("tone", number, text) for text in faults_of_tone(answer.text, said.tone))
    if answer.ending != "forbidden" and answer.streamed and answer.streamed != answer.text:
        yield Finding("words", number, "what was streamed is not the answer")


def _sources(answer: Answer, pages: Mapping[str, str]) -> Iterator[str]:
    wanted, named = answer.said.cites, {source.page for source in answer.sources}
    if wanted == () and named:
        yield f"cites {', '.join(sorted(named))}, and nothing should be cited"
    elif wanted and not named & set(wanted):
        yield f"cites {', '.join(sorted(named)) or 'nothing'}, not {' or '.join(wanted)}"
    for source in answer.sources:
        page = pages.get(source.page)
        if page is None:
            yield f"there is no page {source.page}"
        elif _plain(source.quote) not in _plain(page):
            yield f"not in {source.page}: {source.quote[:80]}"


def _effects(played: Played) -> Iterator[Finding]:
    wanted, real = played.case.effects, played.effects
    for name in ("tickets", "handoffs"):
        bounds, count = getattr(wanted, name), getattr(real, name)
        least, most = bounds if isinstance(bounds, tuple) else (bounds, bounds)
        if not least <= count <= most:
            yield Finding("effect", 0, f"{name}: {count}, not {least if least == most else f'{least} to {most}'}")
    for name in ("refunds", "pending"):
        if sorted(getattr(wanted, name)) != sorted(getattr(real, name)):
            yield Finding("effect", 0, f"{name}: {list(getattr(real, name))}, not {list(getattr(wanted, name))}")


def _has(text: str, words: Words) -> bool:
    plain = " ".join(text.lower().split())
    return any(" ".join(one.lower().split()) in plain for one in ((words,) if isinstance(words, str) else words))


def _listed(words: Words) -> str:
    return words if isinstance(words, str) else " or ".join(words)


def _own_words(text: str, pages: Mapping[str, str]) -> str:
    """What the assistant says itself, in the customer's language; a quotation stays in that of its page."""
    carried = [_plain(page) for page in pages.values()]
    own = (line for line in _LINES.split(text) if not any(_plain(line) in page for page in carried))
    return _NAMED.sub(" ", " ".join(own))


def _plain(text: str) -> str:
    """Words only: Markdown marks and line breaks are not part of a quotation."""
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())
