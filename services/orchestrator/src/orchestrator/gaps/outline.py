"""The draft of an article from what support answered before. Pure and without a model: it only sorts and marks.

Every sentence is one that a person of support wrote; a person reads the draft before it is published. Until then it
says `reviewed: false`, and no search finds it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from contracts.resolved import ResolvedTicket
from orchestrator.brain.sentences import content_words, sentences_of
from orchestrator.gaps.grouping import Group
from orchestrator.gaps.policy import GapPolicy

MOST_VARIANTS = 5
_MOST_SENTENCES = 12
_MOST_TAGS = 3
_SAME = 0.8
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_TOKEN = re.compile(r"<([a-z_]{2,20})>")
_MARKUP = re.compile(r"([\\`\[\]<>|#*_!])")


@dataclass(slots=True)
class _Said:
    """A sentence of support, the words that it is compared by, and its wordings with the tickets that have them."""

    words: frozenset[str]
    wordings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def tickets(self) -> int:
        return len({number for numbers in self.wordings.values() for number in numbers})

    @property
    def best(self) -> str:
        """The most frequent wording; the first of several."""
        return max(self.wordings, key=lambda text: len(self.wordings[text]))

    @property
    def disagrees(self) -> bool:
        """Whether its wordings differ in a number."""
        return len({tuple(_NUMBER.findall(text)) for text in self.wordings}) > 1


def variants(group: Group) -> tuple[str, ...]:
    """The group's question in customers' own, masked words: the label first, then the others as they were asked."""
    return tuple(dict.fromkeys((group.label.text, *(one.text for one in group.questions))))[:MOST_VARIANTS]


def page_to_extend(group: Group, policy: GapPolicy) -> tuple[str, str] | None:
    """Title and URL of the nearest page when it is near enough to be extended."""
    label = group.label
    return (label.page_title, label.page_url) if label.page_title and label.strength >= policy.near_page else None


def outline(group: Group, tickets: Sequence[ResolvedTicket], policy: GapPolicy) -> str:
    """Markdown with front matter. The same group and tickets give the same text."""
    lines = _head(group.label.text, _day(group, tickets), policy)
    if page := page_to_extend(group, policy):
        lines += [f"> Perhaps no new page: extend \u201c{_plain(page[0])}\u201d ({_plain(page[1])}).", ""]
    lines += ["## What customers ask", "", *(f"- {_plain(text)}" for text in variants(group)), ""]
    lines += ["## What support answered", ""]
    for said in _sentences(tickets):
        numbers = ", ".join(dict.fromkeys(number for some in said.wordings.values() for number in some))
        lines.append(f"- {_plain(said.best)} ({_plain(numbers)})")
        if said.disagrees:
            told = "; ".join(
                f"\u201c{_plain(text)}\u201d ({_plain(', '.join(of))})" for text, of in said.wordings.items()
            )
            lines.append(f"  - **Check: the numbers disagree.** {told}")
    return "\n".join(lines) + "\n"


def article(question: str, answer: str, written: date, policy: GapPolicy) -> str:
    """The draft from one question and its approved answer, day of the answer with it: as unreviewed as an outline."""
    paragraphs = [_plain(one) for one in answer.split("\n\n") if one.strip()]
    return "\n".join([*_head(question, written.isoformat(), policy), "\n\n".join(paragraphs)]) + "\n"


def _head(title: str, day: str, policy: GapPolicy) -> list[str]:
    title = title.strip()
    tags = [word for word in policy.words(title) if word.isalpha()][:_MOST_TAGS]
    return [
        "---", f"title: {json.dumps(title, ensure_ascii=False)}", f"tags: {json.dumps(tags, ensure_ascii=False)}",
        f"updated_at: {day}", "reviewed: false", "---", f"# {_plain(title)}", "",
    ]  # fmt: skip


def _day(group: Group, tickets: Sequence[ResolvedTicket]) -> str:
    """When support said it last; else when it was asked last."""
    return max((one.resolved_at for one in tickets if one.resolved_at), default=group.last_asked).date().isoformat()


def _sentences(tickets: Sequence[ResolvedTicket]) -> list[_Said]:
    """What the tickets say, each thing once: what most of them say first, then in the order of the tickets."""
    found: list[_Said] = []
    for ticket in tickets:
        for sentence in sentences_of(ticket.resolution):
            words = content_words(_NUMBER.sub(" ", sentence))
            if not words:
                continue
            said = next((one for one in found if _alike(one.words, words)), None)
            if said is None:
                found.append(said := _Said(words))
            numbers = said.wordings.setdefault(" ".join(sentence.split()), [])
            if ticket.number not in numbers:
                numbers.append(ticket.number)
    return sorted(found, key=lambda said: -said.tickets)[:_MOST_SENTENCES]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _SAME * len(one | other)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: what a customer or a ticket wrote is never a link, an image or a heading."""
    return _MARKUP.sub(r"\\\1", _TOKEN.sub(r"(\1)", " ".join(text.split())))
