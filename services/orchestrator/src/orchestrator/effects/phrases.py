"""Phrases of ours, from `policy/phrases.yaml`: what is said when no model is asked."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Texts by key; a key that is not in the file is a defect that start-up finds (`require`)."""

    texts: dict[str, str]
    version: str

    def say(self, key: str, **facts: str) -> str:
        """The phrase with its facts filled in."""
        return self.texts[key].format(**facts)

    def all_texts(self) -> tuple[str, ...]:
        """Every phrase, its places unfilled."""
        return tuple(self.texts.values())


REQUIRED = frozenset({
    "clarify", "declined", "expired", "denied", "approval_expired", "approval_unavailable", "handed_over",
    "hand_off_queued", "budget", "brain_down", "system_down", "write_unknown", "ticket_opened", "ticket_queued",
    "guard_unsupported", "guard_withheld", "guard_nearest", "guard_source", "tool_failed",
})  # fmt: skip


def load_phrases() -> PhraseBook:
    """The phrase book that ships with the service. Raises ValueError when a phrase is missing."""
    raw: dict[str, Any] = yaml.safe_load(
        resources.files("orchestrator.policy").joinpath("phrases.yaml").read_text("utf-8")
    )
    texts = {key: str(text).strip() for key, text in raw["phrases"].items()}
    missing = REQUIRED - texts.keys()
    if missing:
        raise ValueError(f"policy/phrases.yaml lacks: {', '.join(sorted(missing))}")
    return PhraseBook(texts, str(raw["version"]))
