"""What stands in a sandbox where a running turn has a door to the world."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from contracts.manifest import entry_from_contract
from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.switches.board import AllOn
from orchestrator.switches.deciding import Switchable, Why
from orchestrator.tools.entry import make_entry
from orchestrator.tools.manifests import FamilyTools


class Wall:
    """A collaborator that no fork may come to. Whoever does has a defect, and is told so."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, asked: str) -> NoReturn:
        raise AssertionError(f"a fork has no {self._name}, and was asked for its {asked}")


def families_of_contracts() -> dict[str, FamilyTools]:
    """Every tool as its contract has it: no service was asked what it serves now."""
    return {
        family.value: FamilyTools({one.name: make_entry(entry_from_contract(one), "") for one in contracts_of(family)})
        for family in Family
    }


@dataclass(frozen=True, slots=True)
class SomeOff(AllOn):
    """Switches of which some tools are off, in every channel."""

    names: Collection[str]

    def why_not(self, called: Switchable, channel: str) -> Why | None:
        """Why a call may not run; None when it may."""
        return Why.TOOL if called.name in self.names else None
