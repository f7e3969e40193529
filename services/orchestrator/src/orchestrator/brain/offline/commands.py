"""Sentences of a page that tell nobody anything but order whoever reads it for somebody to look at a person's data."""

import re

_ADDRESS = re.compile(r"(?:[\w.+-]+@[\w-]+(?:\.[\w-]+)+|<email_\w+>)")
_LOOK = re.compile(
    r"(?i)\b(?:look(?:ing)? (?:up|at|into)|fetch|retrieve|read|show|list|get|pull|print|reveal|disclose|share|export"
    r"|dump|summari[sz]e|quote|repeat)\b"
)
_DATA = r"(?:orders?|accounts?|invoices?|purchases?|address(?:es)?|data|details|refunds?|tickets?|history)"
_THEIRS = re.compile(
    rf"(?i)(?:\b(?:his|her|their|whose)|{_ADDRESS.pattern}['’]s?) (?:[\w-]+ ){{0,2}}{_DATA}\b"
    rf"|\b{_DATA} (?:of|for|by|from|belonging to|placed by|under) (?:[\w-]+ ){{0,2}}{_ADDRESS.pattern}"
)


def asks_for_data(text: str) -> bool:
    """Whether a text wants the data of somebody whom it names by an e-mail address looked up: never an answer.

    By hand: a reviewed page is the shop's own word, but whoever writes such a sentence speaks to a model. The shop's
    own addresses stay, for who may be written to is no one whose orders are looked at.
    """
    return all(one.search(text) for one in (_ADDRESS, _LOOK, _THEIRS))
