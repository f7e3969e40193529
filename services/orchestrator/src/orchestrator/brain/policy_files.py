"""The policy and prompt files of this package, read once by whoever is built with them."""

from importlib.resources import files
from typing import Any

import yaml

_PACKAGE = "orchestrator.brain"


def read_policy(name: str) -> dict[str, Any]:
    """The mapping in `policy/<name>.yaml`. Raises `ValueError` when it is not a mapping with a `version`."""
    content = yaml.safe_load(_read(f"policy/{name}.yaml"))
    if not isinstance(content, dict) or "version" not in content:
        raise ValueError(f"policy/{name}.yaml must be a mapping with a version")
    return content


def read_policy_text(name: str) -> str:
    """The text of `policy/<name>.yaml` as it stands, for a prompt."""
    return _read(f"policy/{name}.yaml")


def read_prompt(name: str) -> str:
    """The text of `prompts/<name>.md`."""
    return _read(f"prompts/{name}.md")


def read_examples(name: str) -> list[dict[str, Any]]:
    """The examples in `prompts/<name>.yaml`. Raises `KeyError` when it has none."""
    examples: list[dict[str, Any]] = yaml.safe_load(_read(f"prompts/{name}.yaml"))["examples"]
    return examples


def _read(path: str) -> str:
    return files(_PACKAGE).joinpath(path).read_text(encoding="utf-8")
