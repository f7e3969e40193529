"""The fitted numbers of ranking and evidence: `weights.yaml`, which says how they were fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Self

import yaml


@dataclass(frozen=True, slots=True)
class Weights:
    """`ranking`: what each feature of a candidate weighs, none below 0. `evidence`: the same for the evidence, before
    the logistic function, with its `intercept`. A deep cosine that is not there yet is taken to be
    `deep_offset + deep_slope * quick cosine`.
    """

    version: int
    ranking: Mapping[str, float]
    evidence: Mapping[str, float]
    intercept: float
    deep_offset: float
    deep_slope: float

    @classmethod
    def load(cls) -> Self:
        """The ones that come with the service."""
        return cls.parse(yaml.safe_load((files("retrieval") / "weights.yaml").read_text(encoding="utf-8")))

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """From the shape of `weights.yaml`. Raises ValueError for a negative weight of the ranking."""
        if any(weight < 0 for weight in data["ranking"].values()):
            raise ValueError("a weight of the ranking is negative")
        evidence = dict(data["evidence"])
        intercept = float(evidence.pop("intercept"))
        deep = data["deep_from_quick"]
        return cls(
            int(data["version"]), data["ranking"], evidence, intercept, float(deep["offset"]), float(deep["slope"])
        )
