"""The rules of grouping, from `policy/gaps.yaml`, and what of a question is compared."""

import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from orchestrator.brain.policy_files import read_policy

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_TOKEN = re.compile(r"<[a-z_]{2,20}>")


@dataclass(frozen=True, slots=True)
class GapPolicy:
    """See the file. `chatter` are the examples of small talk themselves."""

    same_topic: float
    chatter_likeness: float
    chatter: tuple[str, ...]
    fewest_words: int
    near_page: float
    common_words: frozenset[str]

    def words(self, text: str) -> tuple[str, ...]:
        """The words of a text that say what it is about, in their order, each once; masked data is none."""
        found = _WORD.findall(_TOKEN.sub(" ", text).casefold())
        return tuple(dict.fromkeys(word for word in found if word not in self.common_words))

    def says_something(self, text: str) -> bool:
        """Whether a text has enough words, and one that is not common."""
        return len(_WORD.findall(_TOKEN.sub(" ", text))) >= self.fewest_words and bool(self.words(text))

    def key(self, text: str) -> str:
        """What of a question is compared: its content words, or all of it when it has none."""
        return " ".join(self.words(text)) or " ".join(text.casefold().split())


def load_gap_policy() -> GapPolicy:
    """The policy that ships with the service. Raises KeyError or ValueError when the file is not complete."""
    raw: dict[str, Any] = yaml.safe_load(
        resources.files("orchestrator.policy").joinpath("gaps.yaml").read_text("utf-8")
    )
    examples = read_policy("intents")["intents"]
    return GapPolicy(
        same_topic=float(raw["same_topic"]), chatter_likeness=float(raw["chatter_likeness"]),
        chatter=tuple(text for label in raw["chatter"] for text in examples[label]),
        fewest_words=int(raw["fewest_words"]), near_page=float(raw["near_page"]),
        common_words=frozenset(raw["common_words"].split()),
    )  # fmt: skip
