"""Why something cannot be forked."""

from enum import StrEnum


class ForkCode(StrEnum):
    """A code for programs."""

    NOT_A_FORK = "not_a_fork"
    GIVEN_TWICE = "given_twice"
    FILE_UNREADABLE = "file_unreadable"
    NOT_A_POLICY = "not_a_policy"
    NOT_JSON = "not_json"
    WRONG_ANSWER = "wrong_answer"
    TOOL_UNKNOWN = "tool_unknown"
    ALWAYS_ON = "tool_always_on"
    NOT_A_PROMPT = "not_a_prompt"
    PROMPT_UNREAD = "prompt_unread"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_KEY_MISSING = "model_key_missing"
    BOOKS_MISSING = "books_missing"


class ForkRefused(ValueError):
    """What was asked for cannot be forked; the text is for the person who asked."""

    def __init__(self, code: ForkCode, text: str) -> None:
        super().__init__(text)
        self.code = code
