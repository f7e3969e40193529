"""Answers of search kept for half an hour, by what was asked rather than by how.

The key holds the revision of the knowledge base, so a change of it makes all that was kept before worthless at once.
"""

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable

from contracts.tools.retrieval import SearchInput, SearchOutput
from retrieval.words import Words
from servicekit.clock import Clock

KEPT_S = 1800.0
_MOST = 1000
_POLITE = re.compile(
    r"\b(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|dear \w+|please|kindly"
    r"|thanks?(?: you)?(?: (?:a lot|so much|very much|in advance))?)\b"
    r"|(?:(?:can|could|would) you (?:please )?(?:tell me|explain|help me with)|i(?:'d| would) like to (?:know|ask)"
    r"|i (?:want|need) to know|i was wondering|do you know)\b)[ ,.!:]*"
)


def canonical(question: str, words: Words) -> str:
    """The question without case, punctuation and politeness; `question` is spelled right. Never empty for words."""
    plain = unicodedata.normalize("NFKC", question).lower().replace("’", "'")
    return " ".join(words.split(_POLITE.sub(" ", plain)) or words.split(plain))


def cache_key(asked: SearchInput, question: str, revision: int, words: Words) -> Hashable:
    """Equal for two searches that must have the same answer."""
    tags = tuple(sorted(asked.product_tags))
    return canonical(question, words), asked.channel, tags, asked.updated_after, asked.top_k, revision


class AnswerCache:
    """The answers last given by this process. `count` is told of each look-up: "hit" or "miss"."""

    def __init__(self, clock: Clock, count: Callable[[str], None]) -> None:
        self._clock = clock
        self._count = count
        self._kept: OrderedDict[Hashable, tuple[float, SearchOutput]] = OrderedDict()

    def get(self, key: Hashable) -> SearchOutput | None:
        """The answer kept under `key`, unless it is too old."""
        until, answer = self._kept.get(key, (0.0, None))
        if answer is None or until <= self._clock.now().timestamp():
            self._kept.pop(key, None)
            self._count("miss")
            return None
        self._kept.move_to_end(key)
        self._count("hit")
        return answer

    def put(self, key: Hashable, answer: SearchOutput) -> None:
        """Keeps an answer, in place of the one that was not asked for longest when there are too many."""
        self._kept[key] = (self._clock.now().timestamp() + KEPT_S, answer)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
