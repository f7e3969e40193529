"""The citation checker: a quote must really stand in the passage that it names."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.turn import Citation

_SPACE = re.compile(r"\s+")


def passages_of(outputs: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The passages that searches of the turn returned, by chunk id."""
    return {passage["chunk_id"]: passage for output in outputs for passage in output.get("passages", ())}


def supported(citations: tuple[Citation, ...], passages: dict[str, dict[str, Any]]) -> tuple[Citation, ...]:
    """The citations that hold: known passage, its own title and URL, and a quote that really stands in it."""
    kept = []
    for citation in citations:
        passage = passages.get(citation.chunk_id)
        if passage and citation.url == passage["url"] and _plain(citation.quote) in _plain(passage["text"]):
            kept.append(citation)
    return tuple(kept)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
