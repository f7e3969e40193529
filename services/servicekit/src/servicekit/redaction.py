"""Takes secrets and personal data out of log records: fields by their name, and what `privacy` finds in any text."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self

from structlog.typing import EventDict, WrappedLogger

from servicekit.privacy import Finder, hidden

REDACTED = "[redacted]"
_MAX_DEPTH = 6
_PLAIN = frozenset({bool, int, float})

#: A field whose name contains one of these is never shown.
_SECRET_NAMES = (
    "secret", "token", "authorization", "password", "passwd", "api_key", "apikey", "cookie", "credential",
    "private_key", "signature", "grant",
)  # fmt: skip
#: Fields that hold what people wrote, or who they are.
_PRIVATE_NAMES = frozenset({
    "text", "body", "note", "notes", "message", "subject", "summary", "transcript", "query", "question", "prompt",
    "answer", "content", "email", "phone", "name", "address", "ship_to", "tracking_url", "arguments", "output", "dsn",
    "database_url", "redis_url",
})  # fmt: skip
#: Our own ids and numbers: digits in them are no phone number.
_KEPT = frozenset({
    "request_id", "trace_id", "span_id", "timestamp", "level", "service", "route", "method", "conversation_id",
    "turn_id", "digest", "kid", "session", "user_hash", "asked_at", "decided_at",
})  # fmt: skip
#: Counts may have "token" in their name.
_COUNTS = frozenset({"tokens", "tokens_in", "tokens_out", "max_tokens", "max_output_tokens"})

#: Most of what is logged has none of this, and needs no closer look. Whatever the finder finds has some of it.
_SIGNS = re.compile(r"[@\d=]|\bat\b")
_MARKS = (
    "eyj", "://", "::", "detail:", "akia", "asia", "aiza", "sg.", "xox", "shp", "sq0", "sk-", "sk_", "pk-", "pk_",
    "rk-", "rk_", "ck_", "cs_", "ghp", "gho", "ghu", "ghs", "ghr", "github_pat", "glpat", "hf_", "hf-", "npm", "whsec",
    "dop_v1", "bearer", "basic ", "secret", "pass", "kennwort", "pwd", "mdp", "clave", "parola", "wachtw", "token",
    "key", "login", "-----begin", "arroba", "arobase", "chiocciola", "apenstaartje",
)  # fmt: skip
# What Postgres adds: the values of the row, which may have several lines. Nothing says where they end.
_DETAIL = re.compile(r"DETAIL:.*", re.DOTALL)


@lru_cache(maxsize=1024)
def _hidden(name: str) -> bool:
    lower = name.lower()
    if lower in _COUNTS:
        return False
    return lower in _PRIVATE_NAMES or any(part in lower for part in _SECRET_NAMES)


def _is_worth_a_look(text: str) -> bool:
    lower = text.lower()
    return not text.isascii() or any(mark in lower for mark in _MARKS) or _SIGNS.search(lower) is not None


class Redactor:
    """Takes personal data and secrets out of text, of values at any depth, and of log records."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    @classmethod
    def load(cls) -> Self:
        """With a finder of its own, for what has a form: names and addresses are hidden by the names of fields."""
        return cls(Finder.load(words=False))

    def text(self, text: str) -> str:
        """`text` without tokens, e-mail and IP addresses, card, phone and account numbers, ids, orders."""
        if not _is_worth_a_look(text):
            return text
        return _DETAIL.sub("DETAIL: [redacted]", hidden(text, self._finder.find(text)))

    def value(self, value: Any, depth: int = 0) -> Any:
        """`value` with hidden fields and what stands in text replaced, at any depth; beyond six levels all of it is."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or type(value) in _PLAIN:
            return value
        if depth >= _MAX_DEPTH or isinstance(value, bytes):
            return REDACTED
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): REDACTED if _hidden(str(key)) else self.value(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        return self.text(str(value))

    def event(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """The structlog processor."""
        for key, value in event.items():
            if key in _KEPT:
                continue
            if key.startswith("_"):
                continue  # stdlib records carry their own objects through to the formatter
            event[key] = REDACTED if key != "event" and _hidden(key) else self.value(value)
        return event
