"""Phrases of ours, from `policy/phrases.yaml`: what is said when no model is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

import yaml

from orchestrator.brain.offline.phrasing import TRANSLATED


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Texts by key; a key that is not in the file is a defect that start-up finds (`require`)."""

    texts: dict[str, str]
    version: str
    others: Mapping[str, dict[str, str]] = field(default_factory=dict)

    def in_language(self, language: str) -> "PhraseBook":
        """The phrases in a language; English for one that we have none of, and for each phrase that it lacks."""
        return replace(self, texts=self.texts | self.others.get(language, {}))

    def say(self, key: str, **facts: str) -> str:
        """The phrase with its facts filled in."""
        return self.texts[key].format(**facts)

    def refusals(self) -> frozenset[str]:
        """What is said to a message that no model reads, in every language."""
        return frozenset(one[key] for one in (self.texts, *self.others.values()) for key in REFUSALS if key in one)

    def in_all_languages(self, key: str) -> tuple[str, ...]:
        """One phrase in every language that has it."""
        return tuple(one[key] for one in (self.texts, *self.others.values()) if key in one)

    def all_texts(self) -> tuple[str, ...]:
        """Every phrase, its places unfilled."""
        return (*self.texts.values(), *(text for one in self.others.values() for text in one.values()))


REFUSALS = ("input_refused", "input_closed")
REQUIRED = frozenset({
    "clarify", "declined", "expired", "superseded", "denied", "approval_expired", "approval_unavailable", "handed_over",
    "hand_off_queued", "budget", "budget_limit", "limit_ticket", "disclosure", "brain_down", "system_down",
    "write_unknown", "ticket_opened", "ticket_queued", "input_refused", "input_closed", "guard_unsupported",
    "guard_withheld", "guard_nearest", "guard_source", "tool_failed", "repeated_question", "ask_afresh", "state_it",
    "stopped", "switched_off", "knowledge_down", "faq_known", "person_asked", "waiting", "waiting_for", "mailed_later",
    "mail_subject",
    "prove_address", "prove_code", "prove_nobody", "prove_refused", "code_wrong", "code_over", "code_used",
    "code_sender", "code_alone",
    "mail_lead", "mail_goes_on", "mail_card", "mail_left", "letter_goes_on", "letter_card",
    "slack_yes", "slack_no", "slack_until", "slack_decided_yes", "slack_decided_no", "slack_decided_expired",
    "slack_decided", "slack_not_yours", "slack_approval", "slack_elsewhere", "slack_person", "slack_staff",
    "slack_sign_in", "slack_linked_customer", "slack_linked_staff", "slack_code_unknown", "slack_code_public",
    "slack_not_staff",
    "weekdays", "person_back", "person_today", "person_busy", "person_late", "person_address", "person_mailed",
    "mail_person_left",
    "danger_emergency", "danger_gas", "danger_poison", "danger_self_harm",
})  # fmt: skip


def load_phrases() -> PhraseBook:
    """The phrase book that ships with the service. Raises ValueError when a phrase is missing."""
    raw = _read("phrases")
    texts = _texts(raw)
    missing = REQUIRED - texts.keys()
    if missing:
        raise ValueError(f"policy/phrases.yaml lacks: {', '.join(sorted(missing))}")
    others = {language: _texts(_read(f"languages/{language}")) for language in TRANSLATED}
    return PhraseBook(texts, str(raw["version"]), others)


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        resources.files("orchestrator.policy").joinpath(f"{name}.yaml").read_text("utf-8")
    )
    return content


def _texts(raw: dict[str, Any]) -> dict[str, str]:
    return {key: str(text).strip() for key, text in raw["phrases"].items()}
