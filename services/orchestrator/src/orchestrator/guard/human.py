"""The right to a person: a clear request for one is met without asking any model (HUMAN-2)."""

import re

_PERSON = (
    r"(?:a |an |the |some |your )?(?:real |live |actual |human )*"
    r"(?:person|human|human being|agent|representative|rep|operator|somebody|someone|staff|employee|advis[eo]r)"
)
_ASKS = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|switch|put)(?: me)?(?: through)?(?: to| with| over to)? "
    rf"{_PERSON}\b"
    r"|\b(?:want|need|get|give|like|prefer)(?: me| to have)? (?:a |an )?(?:real |live |actual )*"
    r"(?:human|person|human agent|live agent|representative)\b"
    r"|^\W*(?:human|agent|representative|real person|operator|person)(?:,? please)?\W*$",
    re.IGNORECASE,
)


def asks_for_human(text: str) -> bool:
    """Whether a message plainly asks for a person. Doubtful ones are left to the Brain."""
    return len(text) <= 300 and _ASKS.search(text) is not None
