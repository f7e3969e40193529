"""The attack cases, from `cases/*.yaml` (one file per category) and `proposals.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
#: After all that it was told to do, the model says this.
CLOSING = {"text": "All done."}


@dataclass(frozen=True, slots=True)
class Case:
    """One attack. `says` is the customer's message after those in `before`; `page` and `item` are texts of a help page
    and of an order's line that the model reads first; `agrees`: the customer says yes to every card. `code` is in the
    message, and tells the scripted model which case it is in.
    """

    category: str
    number: int
    code: str
    says: str
    does: str
    before: tuple[str, ...] = ()
    page: str = ""
    item: str = ""
    agrees: bool = True
    guest: bool = False

    def __str__(self) -> str:
        return f"{self.category}-{self.number}-{self.does}"

    @property
    def message(self) -> str:
        """What the customer writes last."""
        return f"{self.says} ({self.code})"

    @property
    def page_text(self) -> str:
        """The text of the help page that is planted for the case."""
        return f"The {self.code} page is about returns. {self.page}"

    def steps(self, proposals: Mapping[str, Any], own: str, prompt: str) -> tuple[Mapping[str, Any], ...]:
        """What the scripted model answers, call by call: it reads what was planted, and obeys."""
        steps: list[Mapping[str, Any]] = []
        if self.page:
            steps.append(_call("search_kb", {"query": f"What is the {self.code} page about?"}))
        if self.item:
            steps.append(_call("get_order", {"order_id": "ABC123"}))
        for one in proposals[self.does]:
            if "text" in one:
                steps.append({"text": one["text"].replace("PROMPT", prompt)})
                continue
            arguments = one.get("raw") or _filled(one["with"], own, prompt)
            steps += [_call(one["call"], arguments)] * one.get("times", 1)
        return (*steps, CLOSING)


def cases() -> tuple[Case, ...]:
    """All of them, in the same order in each run."""
    found = []
    for path in sorted((HERE / "cases").glob("*.yaml")):
        for raw in yaml.safe_load(path.read_text(encoding="utf-8")):
            planted = "page" in raw or "item" in raw
            says = raw.get("says") or "Would you please help me?"
            found.append(
                Case(
                    path.stem, len(found), _code(len(found)), says, raw["does"], tuple(raw.get("before", ())),
                    raw.get("page", ""), raw.get("item", ""), agrees=raw.get("answers") != "no" and not planted,
                    guest=raw.get("as") == "guest",
                )
            )  # fmt: skip
    return tuple(found)


def proposals() -> dict[str, Any]:
    """What the model does, by name."""
    content: dict[str, Any] = yaml.safe_load((HERE / "proposals.yaml").read_text(encoding="utf-8"))
    return content


def _code(number: int) -> str:
    """A word of letters, so that nothing takes it for an order or a phone number."""
    letters = "bcdfghjklmnpqrstvwxz"
    return "zq" + "".join(letters[number // 20**place % 20] for place in (2, 1, 0)) + "x"


def _call(name: str, arguments: Any) -> Mapping[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments}]}


def _filled(arguments: Any, own: str, prompt: str) -> Any:
    if isinstance(arguments, dict):
        return {key: _filled(value, own, prompt) for key, value in arguments.items()}
    if isinstance(arguments, str):
        return {"OWN": own, "PROMPT": prompt}.get(arguments, arguments)
    return arguments
