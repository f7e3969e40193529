"""From which value on a number needs somebody: `alarms.yaml`, the same as in the alerts of Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Alarm:
    """`above` is in the number's own unit; of fewer than `least` things nothing is said; `among`: values of a label."""

    alert: str
    runbook: str
    above: float
    least: int = 0
    among: tuple[str, ...] = ()

    def rings(self, value: float | None, things: float | None = None) -> bool:
        """Whether somebody should look; None is a number that nobody has given yet."""
        return value is not None and value > self.above and (things is None or things >= self.least)


def load_alarms() -> Mapping[str, Alarm]:
    """All of them by name."""
    text = resources.files("onebox").joinpath("alarms.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Alarm]).validate_python(yaml.safe_load(text))
