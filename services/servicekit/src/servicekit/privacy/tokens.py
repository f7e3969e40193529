"""Tokens that stand for personal data: `<email_k7q2m4xd>`, a kind and eight characters that name one value.

Which value, only the vault of its conversation knows. Everybody else may only see that a token is one.
"""

import re

#: Group 1 is the kind.
TOKEN = re.compile(r"<([a-z]+(?:_[a-z]+)*)_[a-z2-7]{8}>")


def plain_tokens(text: str) -> str:
    """The text with each token as its kind alone (`<email>`): what can be compared across conversations."""
    return TOKEN.sub(r"<\1>", text) if "<" in text else text


def without_tokens(text: str) -> str:
    """The text with a blank for each token: they say nothing about topic or language."""
    return TOKEN.sub(" ", text) if "<" in text else text
