"""The rules by name, and what a broken one does to an answer."""

from enum import StrEnum
from typing import Literal


class Rule(StrEnum):
    """Why something may not leave."""

    SECRET = "secret"  # noqa: S105 - the name of a rule
    INTERNAL = "internal"
    PROMPT = "prompt"
    PERSONAL = "personal"
    LINK = "link"
    IMAGE = "image"
    MARKUP = "markup"
    INVISIBLE = "invisible"
    PROMISE = "promise"
    MONEY = "money"
    STATE = "state"
    ABUSE = "abuse"


Action = Literal["repair", "refuse", "hand_over"]
"""`repair`: what breaks the rule is taken out, or its sentence. `refuse`, `hand_over`: nothing of the answer stays."""
