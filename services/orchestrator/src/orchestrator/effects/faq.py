"""The few questions that are answered while the knowledge base cannot be searched, from `policy/faq.yaml` (TURN-5)."""

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from contracts.turn import Citation

_ENGLISH = "en"
Texts = Mapping[str, str]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Part):
    """A question that many have: by which words it is known, and what its page says. Both by language, English at
    least.
    """

    title: str = Field(min_length=1)
    url: str = Field(pattern=r"^https?://")
    words: Mapping[str, tuple[str, ...]]
    text: Texts

    @field_validator("words", "text")
    @classmethod
    def _has_english(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        if _ENGLISH not in value:
            raise ValueError("an entry needs its English")
        return value

    def matches(self, question: str, language: str) -> int:
        """How many of its words the question has, in the customer's language or in English."""
        words = {*self.words.get(language, ()), *self.words[_ENGLISH]}
        return sum(re.search(rf"\b{re.escape(one.casefold())}", question) is not None for one in words)


class Faq(_Part):
    """The entries by name, those that come first in case of doubt first."""

    version: str = ""
    entries: Mapping[str, Entry] = {}

    def find(self, question: str, language: str) -> tuple[str, Entry] | None:
        """The entry that a question is about, with its name; None when it is about none of them."""
        plain = " ".join(question.casefold().split())
        best = max(self.entries.items(), key=lambda named: named[1].matches(plain, language), default=None)
        return best if best is not None and best[1].matches(plain, language) else None


def told(name: str, entry: Entry, language: str) -> tuple[str, Citation]:
    """What is said of an entry, in the language if there are words for it, and its source: the English, verbatim."""
    source = Citation(chunk_id=f"faq_{name}", title=entry.title, url=entry.url, quote=entry.text[_ENGLISH])
    return entry.text.get(language, entry.text[_ENGLISH]), source


def load_faq(path: Path | None = None) -> Faq:
    """The file in `path`, else the one that ships with the service. Raises ValueError for a file of another shape."""
    file = path or resources.files("orchestrator.policy").joinpath("faq.yaml")
    return Faq.model_validate(yaml.safe_load(file.read_text("utf-8")))
