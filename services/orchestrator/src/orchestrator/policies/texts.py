"""The texts of the policies that this process works by, as files say them and settings change them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import yaml

from contracts.refund_rules import RefundRules
from orchestrator.brain.profiles import FULL, PromptProfile
from orchestrator.limits.policy import LimitsPolicy

REFUNDS = "refunds"
_OURS = ("escalation", "output", "input", "input_terms", "abuse", "promises", "phrases", "gaps", "macros")
_BRAIN = ("business", "intents", "prices")
_VERSION = re.compile(r"^version:\s*[\"']?([^\"'\s#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy: its name, the version that it says of itself ("" for none), and its text."""

    name: str
    version: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return sha256(self.text.encode()).hexdigest()


def texts_in_force(limits: LimitsPolicy, faq_file: Path | None, profile: PromptProfile = FULL) -> list[PolicyText]:
    """Everything but what other services decide. `limits` are told as they are with what settings changed in them, the
    prompts are those of `profile`.
    """
    dumped = yaml.safe_dump(limits.model_dump(mode="json", exclude_none=True), sort_keys=False, width=120)
    return [*_shipped(profile), _text("faq", _faq(faq_file)), _text("limits", dumped)]


def refunds_text(rules: RefundRules) -> PolicyText:
    """The policy that billing decides by."""
    return PolicyText(REFUNDS, rules.version, rules.text)


def _shipped(profile: PromptProfile) -> Iterator[PolicyText]:
    for name in _OURS:
        yield _text(name, files("orchestrator.policy").joinpath(f"{name}.yaml").read_text("utf-8"))
    brain = files("orchestrator.brain")
    for name in _BRAIN:
        yield _text(name, brain.joinpath(f"policy/{name}.yaml").read_text("utf-8"))
    yield _text("offline_phrases", brain.joinpath("policy/phrases.yaml").read_text("utf-8"))
    for name, file in (("planner", profile.planner), ("writer", profile.writer)):
        yield PolicyText(f"prompt_{name}", "", brain.joinpath(f"prompts/{file}.md").read_text("utf-8"))


def _faq(file: Path | None) -> str:
    return file.read_text("utf-8") if file else files("orchestrator.policy").joinpath("faq.yaml").read_text("utf-8")


def _text(name: str, text: str) -> PolicyText:
    found = _VERSION.search(text)
    return PolicyText(name, found[1] if found else "", text)
