"""Whether a value is plain JSON: what a model sends is looked at before any validator sees it.

Validators written elsewhere differ on what lies outside JSON (NaN read as null, lone surrogates, endless nesting), so
none of it gets that far.
"""

import math
from typing import Any

MAX_DEPTH = 12
MAX_NODES = 2_000
MAX_STRING = 32_000


def not_plain(value: Any) -> str | None:
    """Why `value` is not JSON of a reasonable size, in words for the model; None when it is."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    seen = 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH:
            return f"the arguments are nested deeper than {MAX_DEPTH} levels"
        if seen > MAX_NODES:
            return f"the arguments hold more than {MAX_NODES} values"
        if isinstance(one, dict):
            if not all(isinstance(key, str) and _is_text(key) for key in one):
                return "every name in the arguments must be plain text"
            waiting.extend((item, depth + 1) for item in one.values())
        elif isinstance(one, list):
            waiting.extend((item, depth + 1) for item in one)
        elif (why := _scalar_fault(one)) is not None:
            return why
    return None


def _scalar_fault(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if len(value) <= MAX_STRING and _is_text(value) else "a text is too long or is not valid Unicode"
    if isinstance(value, int):
        return None if abs(value) < 2**63 else "a number is out of range"
    if isinstance(value, float):
        return None if math.isfinite(value) else "a number is not finite"
    return "the arguments must be plain JSON"


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value) if not value.isascii() else True
