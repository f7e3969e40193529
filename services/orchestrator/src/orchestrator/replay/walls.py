"""What stands in a sandbox where a running turn has a door to the world."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NoReturn

from contracts.manifest import MANIFEST_PATH, ServiceManifest, entry_from_contract
from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.switches.board import AllOn
from orchestrator.switches.deciding import Switchable, Why
from servicekit.http.client import HttpFailure, HttpResponse, HttpStream

_SCHEME = "contracts:"
#: Where the catalogue of a sandbox finds each family.
FAMILIES: Mapping[str, str] = {family.value: f"{_SCHEME}{family.value}" for family in Family}


class Wall:
    """A collaborator that no fork may come to. Whoever does has a defect, and is told so."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, asked: str) -> NoReturn:
        raise AssertionError(f"a fork has no {self._name}, and was asked for its {asked}")


class Contracts:
    """Serves the manifests of the contracts in this very process; there is no wire."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        timeout_s: float, max_bytes: int | None = None,
    ) -> HttpResponse:  # fmt: skip
        """The manifest of a family; HttpFailure for all else."""
        name = url.removeprefix(_SCHEME).removesuffix(MANIFEST_PATH)
        if method != "GET" or name not in FAMILIES or url != FAMILIES[name] + MANIFEST_PATH:
            raise HttpFailure("connect")
        tools = tuple(map(entry_from_contract, contracts_of(Family(name))))
        manifest = ServiceManifest(service=name, version="contracts", tools=tools)
        return HttpResponse(200, {}, manifest.model_dump_json().encode())

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        timeout_s: float, idle_timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[HttpStream]:  # fmt: skip
        """There is none."""
        raise HttpFailure("connect")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class SomeOff(AllOn):
    """Switches of which some tools are off, in every channel."""

    names: Collection[str]

    def why_not(self, called: Switchable, channel: str) -> Why | None:
        """Why a call may not run; None when it may."""
        return Why.TOOL if called.name in self.names else None
