"""Takes secrets and personal data out of log records: whole fields by their name, patterns inside of any text."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from structlog.typing import EventDict, WrappedLogger

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
    "turn_id", "digest", "kid",
})  # fmt: skip
#: Counts may have "token" in their name.
_COUNTS = frozenset({"tokens", "tokens_in", "tokens_out", "max_tokens", "max_output_tokens"})

_WORTH_A_LOOK = re.compile(r"[@\d]|eyJ|[Bb]earer|[Bb]asic|://|sk-|DETAIL:")
_PATTERNS = (
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.?[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 [redacted]"),
    (re.compile(r"\b(?:sk|pk|rk|xox[abprs]|ghp|whsec)[-_][\w-]{8,}"), "[secret]"),
    (re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"), "[redacted]"),
    (re.compile(r"[\w.%+'-]{1,64}@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"DETAIL:.*"), "DETAIL: [redacted]"),
    (re.compile(r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w])"), "[card]"),
    (re.compile(r"(?<![\w.])\(?\+?\d(?:[\s().-]{0,2}\d){8,14}(?!\w)"), "[phone]"),
)  # fmt: skip


def redact_text(text: str) -> str:
    """`text` without tokens, bearer headers, e-mail addresses, card and phone numbers."""
    if not _WORTH_A_LOOK.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=1024)
def _hidden(name: str) -> bool:
    lower = name.lower()
    if lower in _COUNTS:
        return False
    return lower in _PRIVATE_NAMES or any(part in lower for part in _SECRET_NAMES)


def redact(value: Any, depth: int = 0) -> Any:
    """`value` with hidden fields and patterns replaced, at any depth; beyond six levels all of it is."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or type(value) in _PLAIN:
        return value
    if depth >= _MAX_DEPTH:
        return REDACTED
    if isinstance(value, bytes):
        return REDACTED
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): REDACTED if _hidden(str(key)) else redact(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    return redact_text(str(value))


def redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The structlog processor."""
    for key, value in event.items():
        if key in _KEPT:
            continue
        if key.startswith("_"):
            continue  # stdlib records carry their own objects through to the formatter
        event[key] = REDACTED if key != "event" and _hidden(key) else redact(value)
    return event
