"""Turns that nobody held."""

from typing import Any

from loadbench.samples import Sample


def turn(**changes: Any) -> Sample:
    """A right one, that took a second."""
    told: dict[str, Any] = {
        "kind": "order", "tools": 1, "at": 0.0, "status": 200, "head_ms": 10.0, "first_ms": 20.0, "words_ms": 500.0,
        "end_ms": 1000.0, "outcome": "answered", "error": "",
    }  # fmt: skip
    return Sample(**(told | changes))
