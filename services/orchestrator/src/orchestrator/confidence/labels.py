"""Labelled turns, one JSON object a line: `tier`, `wrong` (null: nobody has said), and `score` or `signals`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import Field, ValidationError

from contracts.base import OpenModel
from contracts.tool import RiskTier
from orchestrator.confidence.judging import score_of
from orchestrator.confidence.policy import EscalationPolicy


class BadRow(Exception):
    """A line cannot be read; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer: its score, and whether it was wrong."""

    tier: RiskTier
    score: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """All that were read; `unlabelled` were left out."""

    rows: tuple[Labelled, ...]
    unlabelled: int = 0


class _Row(OpenModel):
    tier: RiskTier
    wrong: bool | None
    score: float | None = Field(default=None, ge=0, le=1)
    signals: Mapping[str, float] | None = None


def read_labels(lines: Iterable[str], policy: EscalationPolicy) -> Labels:
    """The labelled rows. Signals win over a score: they are weighed by the policy as it is. Raises BadRow."""
    rows, unlabelled = [], 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate_json(line)
            if row.wrong is None:
                unlabelled += 1
                continue
            rows.append(Labelled(row.tier, _score(row, policy), row.wrong))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise BadRow(f"line {number}: {'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}") from error
        except (KeyError, ValueError) as error:
            raise BadRow(f"line {number}: {error}") from error
    return Labels(tuple(rows), unlabelled)


def _score(row: _Row, policy: EscalationPolicy) -> float:
    if row.signals is None:
        if row.score is None:
            raise ValueError("a row needs a score or its signals")
        return row.score
    weights = policy.tiers[row.tier].weights
    if unknown := sorted(row.signals.keys() - weights.keys()):
        raise ValueError(f"unknown signals: {', '.join(unknown)}")
    if not all(0 <= value <= 1 for value in row.signals.values()):
        raise ValueError("the value of a signal is between 0 and 1")
    return score_of(row.signals, weights)
