"""The check of a finished answer. Pure: what was observed decides what may be said.

Order of checks: what can be cut out is, secrets and the like refuse the whole, each sentence is checked against what
was observed and the rules of `output/`, those that do not pass are dropped, an answer of which nothing is left is
refused with the nearest page; order numbers are shortened. Tokens of personal data stay: they are restored in the
customer's own view.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.turn import Citation, Mark
from orchestrator.brain.citing import named, plain
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.citations import passages_of, supported
from orchestrator.guard.output.policy import OutputPolicy
from orchestrator.guard.output.rule import Rule
from orchestrator.guard.support.checking import Sentence
from orchestrator.guard.support.repairing import assemble, citations_for, kept
from orchestrator.turn.inputs import Guarded

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


def check_answer(
    text: str,
    citations: tuple[Citation, ...],
    marks: tuple[Mark, ...],
    grounds: Grounds,
    mask: Callable[[str], str],
    phrases: Phrases,
    policy: OutputPolicy,
    checker: AnswerChecker | None = None,
) -> Guarded:
    """The verdict on an answer and what may be shown of it. `checker`: one of the same grounds, but for `foreign`."""
    checker = checker or AnswerChecker(grounds, policy)
    trimmed = checker.cut(text)
    text = trimmed.text
    reasons = [reason_of(rule) for rule in trimmed.rules]
    rules = checker.broken(text)
    if (stopped := _stopped(rules, tuple(reasons), phrases, policy)) is not None:
        return stopped
    if not text.strip():
        return Guarded(verdict="hand_over", text="", reasons=(*reasons, "empty"))
    at = by_offset([(trimmed.moved(mark.offset), mark.chunk_id) for mark in marks])
    sentences = checker.sentences(text, at, foreign=grounds.foreign, screened=not rules)
    keeping = kept(sentences)
    factual = [one for one in sentences if one.factual]
    bearing = [one for one in keeping if one.factual]
    covered = len(bearing) / len(factual) if factual else None
    reasons += [reason_of(one.reason or "no_passage") for one in sentences if one.kind == "unsupported"]
    if sentences and text[sentences[-1].end :].strip():
        reasons.append("too_long")
    passages = passages_of(grounds.outputs)
    links = _links(grounds.outputs)
    nowhere = unanswerable(grounds.outputs)
    if (factual and not bearing) or (nowhere and not _says_so(keeping, bearing)):
        refused, nearest = _refused(passages, phrases)
        return Guarded(
            verdict="refuse", text=refused, citations=nearest, links=links, covered=covered,
            refusal="not_in_knowledge_base" if nowhere else "unsupported", reasons=(*reasons, "unsupported"),
        )  # fmt: skip
    if rules or len(keeping) < len(sentences):
        # What stood apart may break a rule together.
        left = assemble(text, sentences, keeping, str).text
        if broken := checker.broken(left):
            return Guarded(
                verdict="refuse", text=phrases.withheld, refusal="withheld",
                reasons=(*reasons, *(reason_of(rule) for rule in broken)),
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
    unnamed = {one.url: one for one in cited if plain(one.title) not in final}
    if bearing and unnamed:
        pages = ", ".join(named(one.title, one.url) for one in unnamed.values())
        final = f"{final}\n\n{phrases.source.format(pages=pages)}"
        reasons.append("source_named")
    return Guarded(
        verdict="repair" if reasons else "pass", text=final, citations=cited, links=links, support=shown.support,
        covered=covered, refusal="not_in_knowledge_base" if nowhere else None, reasons=tuple(reasons),
    )  # fmt: skip


def reason_of(reason: str) -> str:
    """A reason as it is recorded and counted: `output:<rule>`, or `unsupported:<why>`."""
    return f"output:{reason.value}" if isinstance(reason, Rule) else f"unsupported:{reason}"


def unanswerable(outputs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the turn did nothing but search, and no search found an answer."""
    return bool(outputs) and all("passages" in one and not one.get("answerable", True) for one in outputs)


def admits(text: str) -> bool:
    """Whether a text says that something was not found."""
    return _NOT_FOUND.search(text) is not None


def by_offset(marks: Sequence[tuple[int, str]]) -> dict[int, list[str]]:
    """The marked chunks by the place of their mark."""
    found: dict[int, list[str]] = {}
    for offset, chunk_id in marks:
        found.setdefault(offset, []).append(chunk_id)
    return found


def _stopped(
    rules: tuple[Rule, ...], reasons: tuple[str, ...], phrases: Phrases, policy: OutputPolicy
) -> Guarded | None:
    """The end of an answer that breaks a rule which lets nothing of it stay."""
    actions = {policy.actions[rule] for rule in rules}
    told = (*reasons, *(reason_of(rule) for rule in rules))
    if "refuse" in actions:
        return Guarded(verdict="refuse", text=phrases.withheld, refusal="withheld", reasons=told)
    if "hand_over" in actions:
        return Guarded(verdict="hand_over", text="", reasons=told)
    return None


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


def _says_so(keeping: Sequence[Sentence], bearing: Sequence[Sentence]) -> bool:
    """Whether an answer to what the knowledge base does not have admits it, or only talks."""
    return not bearing or any(admits(one.text) for one in keeping)


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
