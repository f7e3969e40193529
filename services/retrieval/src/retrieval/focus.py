"""The part of a message that asks: what a story around the question names need not stand in any document."""

import re

from retrieval.words import Words

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_ASKS = re.compile(
    r"(do|does|did|is|are|am|can|could|may|will|would|shall|should|must|have|has|was|were|what|which|who|whom|whose|when|"
    r"where|why|how|(at|in|from|until|by|for|to|of|on|with) (what|which|whom|when|how))\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"\W*(do|does|is|is there|are there|can i|can you|may i|have you|will you)\b", re.IGNORECASE)
#: Fewer content words than these do not say what is asked for; then the whole message does.
_FEWEST = 3


def focus(text: str, words: Words) -> str:
    """The sentences of `text` that ask, or the clause after the last comma when that asks; else all of `text`."""
    sentences = [one for one in _SENTENCE_END.split(text) if one.strip()]
    asking = [one for one in sentences if one.rstrip().endswith("?")]
    asking = asking or [one for one in sentences if _ASKS.match(one)] or sentences
    if len(asking) == 1 and "," in asking[0]:
        clause = asking[0].rsplit(",", 1)[1].strip()
        if _ASKS.match(clause) and len(words.content(clause)) >= _FEWEST:
            return clause
    found = " ".join(asking)
    return found if len(words.content(found)) >= _FEWEST else text


def asks_whether(text: str) -> bool:
    """Whether a question wants yes or no ("Do you sell boats?"): then each thing it names has to be in the answer."""
    return _WHETHER.match(text) is not None
