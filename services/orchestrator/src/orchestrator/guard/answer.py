"""The check of a finished answer. Pure: what was observed decides what may be said.

Order of checks: secrets and internal ids out, each sentence against what was observed, sentences without support
dropped, an answer of which nothing is left refused with the nearest page, order numbers shortened. Tokens of personal
data stay: they are restored in the customer's own view.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.turn import Citation, Mark
from orchestrator.brain.citing import named
from orchestrator.guard.citations import passages_of, supported
from orchestrator.guard.support.checking import Answered, Sentence, check_sentences
from orchestrator.guard.support.evidence import evidence_of
from orchestrator.guard.support.repairing import assemble, citations_for, kept
from orchestrator.turn.inputs import Guarded

_LEAK = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|(?:cnv|trn|cust)_[0-9a-z]{3,}|-----BEGIN)",
)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_NOT_FOUND = re.compile(
    r"\b(?:could(?: not|n't) find|cannot find|can't find|do(?: not|n't) (?:have|know|say|mention|cover)"
    r"|does(?: not|n't) "
    r"(?:have|say|mention|cover|answer)|nothing on|no (?:information|answer|page)|not sure|unable to)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Phrases:
    """What the guard itself may say. `nearest` has the place `{page}`, `source` the place `{pages}`."""

    unsupported: str
    withheld: str
    nearest: str
    source: str = "According to {pages}."


@dataclass(frozen=True, slots=True)
class Grounds:
    """What else an answer may rest on, and how it is to be read.

    `outputs`: what the tools gave, as the Brain saw it. `business`: the facts in the prompt's head. `said`: what we
    said before, `asked`: what the customer wrote. `ours`: whether a sentence is a phrase of ours. `foreign`: the answer
    is in another language than the passages; `claims` then says whether a sentence speaks of the shop's matters.
    """

    outputs: Sequence[Mapping[str, Any]] = ()
    business: str = ""
    said: Sequence[str] = ()
    asked: Sequence[str] = ()
    ours: Callable[[str], bool] = lambda _text: False
    foreign: bool = False
    claims: Callable[[str], bool] = lambda _text: True


def check_answer(
    text: str,
    citations: tuple[Citation, ...],
    marks: tuple[Mark, ...],
    grounds: Grounds,
    mask: Callable[[str], str],
    phrases: Phrases,
) -> Guarded:
    """The verdict on an answer and what may be shown of it."""
    if _LEAK.search(text):
        return Guarded(verdict="refuse", text=phrases.withheld, refusal="withheld", reasons=("internal_id_or_secret",))
    reasons: list[str] = []
    pictured = _IMAGE.search(text) is not None
    if pictured:
        text = _IMAGE.sub("", text)
        reasons.append("image_removed")
    if not text.strip():
        return Guarded(verdict="hand_over", text="", reasons=(*reasons, "empty"))
    evidence = evidence_of(grounds.outputs, grounds.business, grounds.said, grounds.asked)
    at = {} if pictured else _by_offset(marks)
    sentences = check_sentences(Answered(text, at, grounds.ours, grounds.foreign, grounds.claims), evidence)
    keeping = kept(sentences)
    factual = [one for one in sentences if one.factual]
    bearing = [one for one in keeping if one.factual]
    covered = len(bearing) / len(factual) if factual else None
    reasons += [f"unsupported:{one.reason or 'no_passage'}" for one in sentences if one.kind == "unsupported"]
    if sentences and text[sentences[-1].end :].strip():
        reasons.append("too_long")
    passages = passages_of(grounds.outputs)
    links = _links(grounds.outputs)
    unanswerable = _unanswerable(grounds.outputs)
    if (factual and not bearing) or (unanswerable and not _says_so(keeping, bearing)):
        refused, nearest = _refused(passages, phrases)
        return Guarded(
            verdict="refuse", text=refused, citations=nearest, links=links, covered=covered,
            refusal="not_in_knowledge_base" if unanswerable else "unsupported", reasons=(*reasons, "unsupported"),
        )  # fmt: skip
    valid = supported(citations, passages)
    shown = assemble(text, sentences, keeping, mask)
    cited = citations_for(keeping, valid)
    if not cited and not factual:
        # "I could not find that; the nearest page is …": what it names stays its source.
        cited = valid
    final = shown.text
    if not final:
        return Guarded(verdict="hand_over", text="", reasons=(*reasons, "empty"))
    if len(cited) < len(citations):
        reasons.append("citation_dropped")
    unnamed = {one.url: one for one in cited if one.title not in final}
    if bearing and unnamed:
        pages = ", ".join(named(one.title, one.url) for one in unnamed.values())
        final = f"{final}\n\n{phrases.source.format(pages=pages)}"
        reasons.append("source_named")
    return Guarded(
        verdict="repair" if reasons else "pass", text=final, citations=cited, links=links, support=shown.support,
        covered=covered, refusal="not_in_knowledge_base" if unanswerable else None, reasons=tuple(reasons),
    )  # fmt: skip


def _refused(passages: Mapping[str, Mapping[str, Any]], phrases: Phrases) -> tuple[str, tuple[Citation, ...]]:
    """Nothing that was said has support: the customer hears so, and which page comes nearest."""
    nearest = next(iter(passages.values()), None)
    if nearest is None:
        return phrases.unsupported, ()
    title, url, text = str(nearest["title"]), str(nearest["url"]), str(nearest["text"])
    first = next((line for line in text.split("\n") if line.strip() and not line.startswith("#")), text)
    quote = first.strip()[:300]
    return phrases.nearest.format(page=named(title, url)), (
        Citation(chunk_id=str(nearest["chunk_id"]), title=title, url=url, quote=quote),
    )


def _unanswerable(outputs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the turn did nothing but search, and no search found an answer."""
    return bool(outputs) and all("passages" in one and not one.get("answerable", True) for one in outputs)


def _says_so(keeping: Sequence[Sentence], bearing: Sequence[Sentence]) -> bool:
    """Whether an answer to what the knowledge base does not have admits it, or only talks."""
    return not bearing or any(_NOT_FOUND.search(one.text) for one in keeping)


def _by_offset(marks: Sequence[Mark]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for mark in marks:
        found.setdefault(mark.offset, []).append(mark.chunk_id)
    return found


def _links(outputs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Links to files that tools made for the customer, by their label."""
    links = {}
    for output in outputs:
        if "invoice_number" in output and "url" in output:
            links[f"Invoice {output['invoice_number']}"] = output["url"]
        if output.get("receipt_url"):
            # Whatever a model writes: after an action of ours the customer gets its receipt.
            links["Receipt" if output.get("state") == "succeeded" else "Signed record"] = output["receipt_url"]
    return links
