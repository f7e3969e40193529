"""docker-compose.yml as Compose reads it: anchors merged, `${NAME:-usual}` filled in."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
#: The innermost first: what stands after `:-` may hold another.
_PLACE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<usual>[^${}]*))?\}")


def fill(text: str, told: Mapping[str, str]) -> str:
    """`text` with its placeholders filled in. Raises KeyError for one that has no value and no usual one."""
    while place := _PLACE.search(text):
        value = told.get(place["name"]) or place["usual"]
        if value is None:
            raise KeyError(place["name"])
        text = text[: place.start()] + value + text[place.end() :]
    return text.replace("$$", "$")


def compose(told: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file; `told` is the environment that Compose is started in."""
    filled: dict[str, Any] = _each(yaml.safe_load(FILE.read_text("utf-8")), told or {})
    return filled


def environment(service: Mapping[str, Any], told: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a service is told; a name without a value is passed on from `told`, if it is there."""
    given = service.get("environment", {})
    passed = {name: (told or {})[name] for name, value in given.items() if value is None and name in (told or {})}
    return {name: str(value) for name, value in given.items() if value is not None} | passed


def mounted_secrets(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a container sees a secret, and the secret's name."""
    for one in service.get("secrets", []):
        source = one if isinstance(one, str) else one["source"]
        target = source if isinstance(one, str) else one["target"]
        yield (target if target.startswith("/") else f"/run/secrets/{target}"), source


def _each(value: Any, told: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, told)
    if isinstance(value, dict):
        return {name: _each(one, told) for name, one in value.items()}
    return [_each(one, told) for one in value] if isinstance(value, list) else value
