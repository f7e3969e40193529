"""Pure rules of search: what makes a question one that a policy must answer, and what is left out of a query."""

import re
from collections.abc import Iterable

#: Placeholders that stand for personal data in a masked question, such as <email_1>. They say nothing about the topic.
_PLACEHOLDER = re.compile(r"<[a-z]+(?:_[a-z]+)*_[a-z0-9]+>", re.IGNORECASE)

#: Stems of the subjects on which an answer must rest on a policy document.
_POLICY_STEMS = frozenset({"return", "refund", "reimburs", "warranti", "guarante", "exchang"})
_POLICY_PHRASES = (re.compile(r"\bmoney\s+back\b"), re.compile(r"\bsen[dt]\s+(?:\w+\s+){0,3}back\b"))


def clean_query(text: str) -> str:
    """The question without placeholders and without line breaks."""
    return " ".join(_PLACEHOLDER.sub(" ", text).split())


def needs_policy(question: str, stems: Iterable[str]) -> bool:
    """Whether the question is about returns, refunds or warranty. `stems` are those of its content words."""
    lowered = question.lower()
    return not _POLICY_STEMS.isdisjoint(stems) or any(phrase.search(lowered) for phrase in _POLICY_PHRASES)
