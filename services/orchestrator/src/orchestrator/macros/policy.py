"""The rules of macros, from `policy/macros.yaml`."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class MacroPolicy:
    """See the file."""

    days: int
    most_answers: int
    most_seconds: float
    fewest: int
    same_meaning: float
    same_words: float
    fewest_words: int
    one_question: float
    denying: frozenset[str]
    fits: float
    most_shown: int
    fewest_uses: int
    kept: float
    edited_share: float
    rated_down_share: float


def load_macro_policy() -> MacroPolicy:
    """The policy that ships with the service. Raises KeyError or TypeError when the file is not complete."""
    raw: dict[str, Any] = yaml.safe_load(
        resources.files("orchestrator.policy").joinpath("macros.yaml").read_text("utf-8")
    )
    del raw["version"]
    return MacroPolicy(**{**raw, "denying": frozenset(raw["denying"].split())})
