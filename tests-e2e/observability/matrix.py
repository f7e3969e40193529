"""The signal matrix as tests read it: what each service must tell, and what it may."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "k8s" / "observability"
#: What a histogram's and a counter's samples are called besides the metric itself.
SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created")


@dataclass(frozen=True, slots=True)
class Metric:
    """`at_need`: it is there only after something rare has happened."""

    name: str
    labels: frozenset[str]
    at_need: bool


def load() -> dict[str, Any]:
    """The file as it is."""
    read: dict[str, Any] = yaml.safe_load((HERE / "signals.yaml").read_text())
    return read


def metrics_of(service: str) -> dict[str, Metric]:
    """The metrics of a service by name, with those that every service has."""
    everything = load()["metrics"]
    return {
        name: Metric(name, frozenset(told.get("labels", ())), bool(told.get("at_need")))
        for part in ("every_service", service)
        for name, told in everything.get(part, {}).items()
    }


def all_metrics() -> set[str]:
    """Every name of a series that a rule or a panel may ask for."""
    matrix = load()
    names = {name for part in matrix["metrics"].values() for name in part} | set(matrix["outside"])
    histograms = {f"{name}{suffix}" for name in names if name.endswith("_seconds") for suffix in SUFFIXES[:3]}
    return names | histograms
