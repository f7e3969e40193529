"""The verdict on each sentence of an answer: from the knowledge base, from another output, talk, or unsupported."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.brain.sentences import sentence_spans
from orchestrator.guard.output.rule import Rule
from orchestrator.guard.support.evidence import Evidence
from orchestrator.guard.support.facts import facts_of
from orchestrator.guard.support.kinds import (
    claims_an_action,
    claims_the_shop,
    is_source_line,
    is_talk,
    known_facts,
    parts,
    states_a_rule,
    without_lead,
)
from orchestrator.guard.support.spans import Claim, Reason, Span, best_span, claim_of

Kind = Literal["knowledge", "output", "talk", "source", "unsupported"]

#: More than an answer of the greatest length has; what lies beyond is not read and not shown.
MAX_SENTENCES = 120
_TOLD_COVER = 0.5
_FIRST_PERSON = re.compile(r"\b(?:ich|mir|mich|je|j['’]|me|moi|yo|puedo|he|io|ho|posso|mi|ik|mij)\b", re.IGNORECASE)
_MARKER = re.compile(r"[\d.)(*•\s-]{1,5}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text[start:end]` of the answer with its verdict; `spans` are what carries it, best first."""

    start: int
    end: int
    text: str
    kind: Kind
    spans: tuple[Span, ...] = ()
    reason: Reason | Rule | None = None

    @property
    def factual(self) -> bool:
        """Whether it says something that needs support."""
        return self.kind in ("knowledge", "output", "unsupported")


@dataclass(frozen=True, slots=True)
class Answered:
    """What is checked: the answer, which chunk the model marked where, and how it is to be read.

    `marks`: chunk ids by the offset of their mark in the text. `ours`: whether a sentence is a phrase of ours.
    `foreign`: the answer is in another language than the passages, so that words cannot be compared;
    `claims` then says whether a sentence has to do with the shop's matters.
    """

    text: str
    marks: Mapping[int, Sequence[str]]
    ours: Callable[[str], bool]
    foreign: bool = False
    claims: Callable[[str], bool] = lambda _text: True


Known = dict[tuple[str, tuple[str, ...], bool], Sentence]
"""Verdicts on single sentences by what decides them beside the evidence: words, marks, and how they were read."""


def check_sentences(
    answered: Answered, evidence: Evidence, spans: Sequence[tuple[int, int]] | None = None, known: Known | None = None
) -> tuple[Sentence, ...]:
    """One verdict per sentence, in order. Raises nothing, whatever the text is.

    `spans`: only these sentences of it, which follow each other; a mark before the first of them is not theirs.
    `known`: verdicts with the same evidence, which are not worked out again; new ones are added.
    """
    known = {} if known is None else known
    if spans is None:
        spans = list(sentence_spans(answered.text, 0, len(answered.text)))[:MAX_SENTENCES]
    marked = _marks_of(spans, answered.marks)
    found: list[Sentence] = []
    for (start, end), chunks in zip(spans, marked, strict=True):
        key = (answered.text[start:end], tuple(chunks), answered.foreign)
        if key not in known:
            known[key] = _sentence(start, end, chunks, answered, evidence)
        found.append(replace(known[key], start=start, end=end))
    return tuple(_with_leads(found, evidence))


def _sentence(start: int, end: int, chunks: Sequence[str], answered: Answered, evidence: Evidence) -> Sentence:
    text = answered.text[start:end]
    if answered.ours(text) or _MARKER.fullmatch(text):
        return Sentence(start, end, text, "talk")
    if is_source_line(text, evidence):
        return Sentence(start, end, text, "source")
    if verbatim := _verbatim(text, chunks, evidence):
        return Sentence(start, end, text, "knowledge", (verbatim,))
    if answered.foreign:
        return _foreign(start, end, chunks, answered, evidence)
    kind, spans, reason = _judged(text, chunks, evidence)
    return Sentence(start, end, text, kind, spans, reason)


Judged = tuple[Kind, tuple[Span, ...], Reason | None]


def _judged(text: str, chunks: Sequence[str], evidence: Evidence) -> Judged:
    bare = without_lead(text)
    whole = _clause(bare, chunks, evidence)
    if whole[0] != "unsupported":
        return whole
    pieces = parts(bare)
    if len(pieces) == 1 or not _names_known(bare, evidence):
        return whole
    judged = [_clause(piece, chunks, evidence) for piece in pieces]
    kinds = {one[0] for one in judged}
    if "unsupported" in kinds:
        return whole
    spans = tuple(span for one in judged for span in one[1])
    kind: Kind = "knowledge" if "knowledge" in kinds else "output" if "output" in kinds else "talk"
    return kind, spans, None


def _names_known(text: str, evidence: Evidence) -> bool:
    """Whether every name in a sentence stands somewhere: cut into clauses, a name would pass for their first word."""
    names = tuple(fact for fact in facts_of(text) if fact.kind == "name")
    return all(
        known_facts((fact,), evidence) or any(fact.value in one.words for one in (*evidence.passages, *evidence.ours))
        for fact in names
    )


def _clause(text: str, chunks: Sequence[str], evidence: Evidence) -> Judged:
    claim = claim_of(text)
    if is_talk(text, claim.facts, evidence):
        return "talk", (), None
    if not claim.stems and not claim.facts:
        return "talk", (), None
    found = best_span(claim, evidence.passages, evidence, chunks)
    if isinstance(found, Span):
        return "knowledge", (found,), None
    if _in_outputs(claim, evidence):
        return "output", (), None
    if not evidence.searched and not evidence.acted and not claims_the_shop(text, claim.facts, evidence):
        return "talk", (), None
    return "unsupported", (), found


def _in_outputs(claim: Claim, evidence: Evidence) -> bool:
    """Whether a claim comes from another tool's output, the business facts or what was said before."""
    if isinstance(best_span(claim, evidence.ours, evidence), Span):
        return True
    if not evidence.acted or not known_facts(claim.facts, evidence):
        return False
    told = len(claim.stems & evidence.told_words) / len(claim.stems) if claim.stems else 1.0
    return told >= _TOLD_COVER or claims_an_action(claim.text) or not states_a_rule(claim.text)


def _foreign(start: int, end: int, chunks: Sequence[str], answered: Answered, evidence: Evidence) -> Sentence:
    """Another language than the passages': a mark is needed, and every hard fact must stand in that passage."""
    text = answered.text[start:end]
    facts = facts_of(text, names=False)
    if chunks:
        claim = Claim(text, frozenset(), facts, ())
        named = [one for one in evidence.passages if one.chunk_id in chunks]
        found = best_span(claim, named, evidence, words=False)
        if isinstance(found, Span):
            return Sentence(start, end, text, "knowledge", (found,))
        loose = all(any(fact in one.facts or (fact.kind == "" and any(fact.value == other.value for other in one.facts))
                        for one in named) for fact in facts)  # fmt: skip
        if named and loose:
            passage = named[0]
            unit = passage.units[0]
            return Sentence(start, end, text, "knowledge", (Span(passage, unit.start, unit.end, 1.0),))
        return Sentence(start, end, text, "unsupported", reason="number")
    if not facts and text.rstrip().endswith("?"):
        return Sentence(start, end, text, "talk")
    if facts and evidence.acted and known_facts(facts, evidence):
        return Sentence(start, end, text, "output")
    if not facts and (evidence.acted or _FIRST_PERSON.search(text) or not answered.claims(text)):
        return Sentence(start, end, text, "talk")
    return Sentence(start, end, text, "unsupported", reason="no_passage")


def _verbatim(text: str, chunks: Sequence[str], evidence: Evidence) -> Span | None:
    """The sentence as it stands in a passage, in the marked one first; too short ones say too little."""
    if len(text) < 12:
        return None
    for passage in sorted(evidence.passages, key=lambda one: one.chunk_id not in chunks):
        at = passage.text.find(text)
        if at >= 0:
            return Span(passage, at, at + len(text), 1.0)
    return None


def _marks_of(spans: Sequence[tuple[int, int]], marks: Mapping[int, Sequence[str]]) -> list[list[str]]:
    """The chunks that each sentence was marked with: a mark belongs to the last sentence that begins before it."""
    found: list[list[str]] = [[] for _ in spans]
    for offset, chunks in marks.items():
        at = max((index for index, (start, _) in enumerate(spans) if start < offset), default=None)
        if at is not None:
            found[at].extend(chunks)
    return found


def _with_leads(sentences: list[Sentence], evidence: Evidence) -> list[Sentence]:
    """A sentence that ends with a colon stands and falls with what it leads into, unless it holds facts of its own."""
    for index, one in enumerate(sentences):
        if one.kind != "unsupported" or not one.text.rstrip().endswith(":"):
            continue
        following = next((other for other in sentences[index + 1 :] if other.kind != "source"), None)
        carried = following is not None and following.kind in ("knowledge", "output")
        if carried and not facts_of(one.text, names=False) and not claim_of(one.text).turns:
            sentences[index] = Sentence(one.start, one.end, one.text, "talk")
    return sentences
