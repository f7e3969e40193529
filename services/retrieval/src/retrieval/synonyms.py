"""Words that mean the same, and abbreviations: the data of `synonyms.yaml`, by stems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from retrieval.words import Words


@dataclass(frozen=True, slots=True)
class Synonyms:
    """`alike`: for a stem the other stems of its groups. `short`: what an abbreviation stands for, both lower-case.

    `said`: stems of what several words together mean, by those words. `regions`: of a country or a town, lower-case.
    """

    alike: Mapping[str, frozenset[str]]
    short: Mapping[str, str]
    said: Mapping[tuple[str, ...], str]
    regions: Mapping[str, str]

    @classmethod
    def load(cls, words: Words) -> "Synonyms":
        """The ones that come with the service. Blocking, some milliseconds."""
        text = (files("retrieval") / "synonyms.yaml").read_text(encoding="utf-8")
        return cls.parse(yaml.safe_load(text), words)

    @classmethod
    def parse(cls, data: Mapping[str, Any], words: Words) -> "Synonyms":
        """From the shape of `synonyms.yaml`."""
        alike: dict[str, set[str]] = {}
        for group in data["groups"]:
            stems = {words.stem(str(word)) for word in group}
            for stem in stems:
                alike.setdefault(stem, set()).update(stems - {stem})
        return cls(
            {stem: frozenset(others) for stem, others in alike.items()},
            {str(short): str(long) for short, long in data["short"].items()},
            {tuple(words.split(str(several))): words.stem(str(word)) for several, word in data["said"].items()},
            {str(place): str(region) for region, places in data["places"].items() for place in places},
        )

    def also_said(self, spoken: Sequence[str]) -> frozenset[str]:
        """Stems of what the word sequences in `spoken` (lower-case words in order) mean."""
        several = (tuple(spoken[at : at + size]) for size in (2, 3, 4, 5) for at in range(len(spoken) - size + 1))
        return frozenset(self.said[one] for one in several if one in self.said)
