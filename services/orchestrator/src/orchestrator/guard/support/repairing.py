"""The answer as it may be shown: without the sentences that have no support, each of the others in its place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.turn import Citation, SupportedSentence
from orchestrator.guard.support.checking import Sentence
from orchestrator.guard.support.spans import Span

MAX_QUOTE = 600


@dataclass(frozen=True, slots=True)
class Shown:
    """The final text and where in it the sentences from the knowledge base stand."""

    text: str
    support: tuple[SupportedSentence, ...]


def kept(sentences: Sequence[Sentence]) -> list[Sentence]:
    """What may be said: no unsupported sentence, and no sentence that leads into nothing."""
    rest = [one for one in sentences if one.kind != "unsupported"]
    return [
        one for index, one in enumerate(rest)
        if not (one.text.rstrip().endswith(":") and _next_is_dropped(one, rest[index + 1 : index + 2], sentences))
    ]  # fmt: skip


def assemble(
    text: str,
    sentences: Sequence[Sentence],
    keeping: Sequence[Sentence],
    show: Callable[[str], str],
) -> Shown:
    """`keeping` in its place. `show` gives a sentence as it may be shown.

    Of `text` nothing is shown that is in no sentence but the white space and the list marks between two of them.
    """
    wanted = {one.start for one in keeping}
    pieces: list[str] = []
    support: list[SupportedSentence] = []
    length = 0
    gap = text[: sentences[0].start] if sentences else text
    for index, one in enumerate(sentences):
        # What stands behind the last sentence was not checked, so it is not shown.
        after = text[one.end : sentences[index + 1].start] if index + 1 < len(sentences) else ""
        if one.start not in wanted:
            gap = after if after.count("\n") > gap.count("\n") or not pieces else gap
            continue
        before = gap.lstrip() if not pieces else gap
        shown = show(one.text)
        pieces += [before, shown]
        start = length + len(before)
        length = start + len(shown)
        support += [
            SupportedSentence(start=start, end=length, chunk_id=span.passage.chunk_id, quote=span.quote[:MAX_QUOTE])
            for span in _one_each(one.spans)
        ]
        gap = after
    if wanted:
        pieces.append(gap.rstrip())
    return Shown("".join(pieces).rstrip(), tuple(support))


def citations_for(keeping: Sequence[Sentence], given: Sequence[Citation]) -> tuple[Citation, ...]:
    """The sources of what is kept, in the order of the text: the Brain's own quote where it is a verbatim one."""
    valid = {one.chunk_id: one for one in given}
    cited: dict[str, Citation] = {}
    for one in keeping:
        for span in one.spans:
            passage = span.passage
            own = valid.get(passage.chunk_id)
            cited.setdefault(passage.chunk_id, own or Citation(
                chunk_id=passage.chunk_id, title=passage.title, url=passage.url, quote=span.quote[:MAX_QUOTE]
            ))  # fmt: skip
    return tuple(cited.values())


def _one_each(spans: Sequence[Span]) -> list[Span]:
    return list({(span.passage.chunk_id, span.start): span for span in spans}.values())


def _next_is_dropped(lead: Sentence, following: Sequence[Sentence], sentences: Sequence[Sentence]) -> bool:
    """Whether all that a lead-in led into is gone."""
    at = next((index for index, one in enumerate(sentences) if one.start == lead.start), len(sentences))
    behind = sentences[at + 1 : at + 2]
    if not behind or behind[0].kind != "unsupported":
        return False
    return (
        not following
        or following[0].kind == "source"
        or following[0].start > sentences[min(at + 2, len(sentences) - 1)].end
    )
