"""The rules as the policy files have them, read once by the composition root."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, get_args

import yaml

from orchestrator.guard.output.abuse import AbuseWords, abuse_words
from orchestrator.guard.output.internals import runs_of
from orchestrator.guard.output.promises import Promises, promises_of
from orchestrator.guard.output.rule import Action, Rule
from orchestrator.guard.output.states import States, states_of
from servicekit.privacy import Finder


@dataclass(frozen=True, slots=True)
class OutputPolicy:
    """Everything that the rules need beside a text and what the turn observed.

    `names`: tools and fields of ours. `runs`: runs of words of the prompts. `hosts`: may always be linked to.
    """

    version: str
    actions: Mapping[Rule, Action]
    promises: Promises
    states: States
    abuse: AbuseWords
    finder: Finder
    names: frozenset[str]
    runs: frozenset[str]
    hosts: frozenset[str]


def load_output_policy(
    finder: Finder, *, names: Iterable[str] = (), prompts: Iterable[str] = (), hosts: Iterable[str] = ()
) -> OutputPolicy:
    """From the files of `policy/` on what leaves. Raises ValueError for a rule without an action."""
    raw = _read("output")
    actions = {Rule(name): action for name, action in raw["rules"].items()}
    missing = set(Rule) - actions.keys()
    wrong = set(actions.values()) - set(get_args(Action))
    if missing or wrong:
        raise ValueError(f"policy/output.yaml: no action for {sorted(missing)}, unknown actions {sorted(wrong)}")
    return OutputPolicy(
        version=str(raw["version"]), actions=actions, promises=promises_of(_read("promises")),
        states=states_of(_read("states")),
        abuse=abuse_words(_read("abuse")), finder=finder,
        names=frozenset(one for one in names if "_" in one), runs=runs_of(prompts),
        hosts=frozenset(one.lower().removeprefix("www.") for one in hosts),
    )  # fmt: skip


def load_abuse_words() -> AbuseWords:
    """From `policy/abuse.yaml`."""
    return abuse_words(_read("abuse"))


def _read(name: str) -> dict[str, Any]:
    text = resources.files("orchestrator.policy").joinpath(f"{name}.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
