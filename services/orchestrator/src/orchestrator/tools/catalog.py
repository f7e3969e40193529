"""Which tools there are right now: read from the services' own manifests, never assumed.

A tool is offered once its service's manifest was read, and the last good one is kept for the life of the process,
so a service that restarts loses nothing. A refresh swaps the whole picture at once; turns never wait for it.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product

from contracts.deprecation import offered_schema
from orchestrator.brain.port import ToolSpec
from orchestrator.switches.deciding import Switchable
from orchestrator.tools.authorise import may_be_offered
from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.manifests import FamilyTools, ManifestUnread, read_family
from orchestrator.tools.metrics import ToolMetrics
from servicekit.http.client import HttpPort
from servicekit.logging import get_logger

__all__ = ["Catalog", "ToolEntry"]

REFRESH_S = 30.0
#: While a family is missing it is looked for more often.
SEEK_S = 1.0
#: Of at most 2 s each; a service that is down says so at once.
FIRST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class _Picture:
    """One consistent state of the catalogue; `troubles` says by family what is not as it should be, `unread` what keeps
    its manifest from being read.
    """

    families: Mapping[str, FamilyTools] = field(default_factory=dict)
    entries: Mapping[str, ToolEntry] = field(default_factory=dict)
    by_any_name: Mapping[str, ToolEntry] = field(default_factory=dict)
    offers: Mapping[tuple[bool, bool, bool], tuple[ToolSpec, ...]] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    switchable: Mapping[str, Switchable] = field(default_factory=dict)


class Catalog:
    """The tools of all configured services. `urls` maps families to base URLs; `allowlist` None allows every tool."""

    def __init__(
        self,
        urls: Mapping[str, str],
        http: HttpPort,
        metrics: ToolMetrics,
        *,
        allowlist: Collection[str] | None = None,
        client: str = "orchestrator",
    ) -> None:
        self._urls = {family: url.rstrip("/") for family, url in urls.items()}
        self._http = http
        self._metrics = metrics
        self._allowlist = None if allowlist is None else frozenset(allowlist)
        self._client = client
        unread = dict.fromkeys(self._urls, "its manifest was not read yet")
        self._picture = _Picture(troubles=unread, unread=unread)
        self._log = get_logger()
        self._wanted = asyncio.Event()

    def take(self, families: Mapping[str, FamilyTools]) -> None:
        """These tools, without asking any service."""
        self._picture = self._compose(families, {}, {})

    async def refresh(self) -> None:
        """Reads every manifest, all at once; never raises for a service that is down."""
        before = self._picture
        read = await asyncio.gather(*(self._read(family, before.families.get(family)) for family in self._urls))
        families, troubles, unread = dict(before.families), {}, {}
        for family, (tools, trouble) in zip(self._urls, read, strict=True):
            if tools is not None:
                families[family] = tools
            if trouble:
                troubles[family] = trouble
            if tools is None:
                unread[family] = trouble
        self._picture = self._compose(families, troubles, unread)
        self._report(before.troubles)

    async def first_look(self) -> None:
        """Reads every manifest before the first turn; what is missing is asked for again, `FIRST_LOOKS` times in all.

        A first answer that is late is no outage, and nobody should be told of one.
        """
        for _ in range(FIRST_LOOKS):
            await self.refresh()
            if not self.missing_families():
                break

    async def run(self) -> None:
        """Refreshes for ever: on a clock, sooner while a family is missing, and when `want_refresh` asks for it."""
        while True:
            missing = any(family not in self._picture.families for family in self._urls)
            with suppress(TimeoutError):  # the clock asks when nobody else does
                async with asyncio.timeout(SEEK_S if missing else REFRESH_S):
                    await self._wanted.wait()
            self._wanted.clear()
            await self.refresh()
            # However often it is wanted: at most one refresh a second.
            await asyncio.sleep(SEEK_S)

    def want_refresh(self) -> None:
        """Asks for a refresh soon; returns at once."""
        self._wanted.set()

    def specs(self, *, customer: bool, may_write: bool = True, may_prove: bool = False) -> tuple[ToolSpec, ...]:
        """What a Brain may propose, sorted by name so that prompts stay byte-stable; guests see guest tools only, and
        where they `may_prove` a mail address those that it opens.

        Without `may_write` no write is among them but the hand-over.
        """
        return self._picture.offers.get((customer, may_write, may_prove), ())

    def entry(self, name: str) -> ToolEntry | None:
        """The tool with that name or alias, when it is allowed and its manifest was read."""
        return self._picture.by_any_name.get(name)

    def entries(self) -> Mapping[str, ToolEntry]:
        """All callable tools by name."""
        return self._picture.entries

    def switchable(self, entry: ToolEntry) -> Switchable:
        """The tool as the switches see it."""
        return self._picture.switchable.get(entry.name) or _switchable(entry, {})

    def families(self) -> tuple[str, ...]:
        """The configured families."""
        return tuple(self._urls)

    def missing_families(self) -> tuple[str, ...]:
        """Families whose manifest was never read: none of their tools can be called."""
        return tuple(family for family in self._urls if family not in self._picture.families)

    def troubles(self) -> Mapping[str, str]:
        """By family, what keeps it from being whole: readiness shows it as degraded, not as down."""
        return self._picture.troubles

    def trouble_of(self, tool: str, family: str) -> str:
        """Why one tool of a family is not offered, or why its manifest is not read; "" when nothing is wrong."""
        read = self._picture.families.get(family)
        own = "" if read is None else read.left_out.get(tool, "")
        return own or self._picture.unread.get(family, "")

    async def check(self) -> None:
        """Readiness: a missing tool degrades the answers and never stops the service, so this always passes."""

    async def _read(self, family: str, previous: FamilyTools | None) -> tuple[FamilyTools | None, str]:
        try:
            tools = await read_family(self._http, family, self._urls[family], self._client, previous)
        except ManifestUnread as reason:
            self._metrics.manifests.labels(family, "failed").inc()
            return None, f"{reason}{'' if previous is None else '; its last manifest is in use'}"
        self._metrics.manifests.labels(family, "read").inc()
        self._metrics.incompatible.labels(family).set(len(tools.left_out))
        return tools, "; ".join(f"{name} is not offered: {why}" for name, why in tools.left_out.items())

    def _compose(
        self, families: Mapping[str, FamilyTools], troubles: dict[str, str], unread: dict[str, str]
    ) -> _Picture:
        entries: dict[str, ToolEntry] = {}
        by_any_name: dict[str, ToolEntry] = {}
        offered = [
            (family, entry) for family in self._urls if family in families for entry in families[family].tools.values()
        ]
        for family, entry in offered:
            if self._allowlist is not None and entry.name not in self._allowlist:
                continue
            if entry.name in by_any_name:
                troubles[family] = (
                    f"{entry.name} is not offered: {by_any_name[entry.name].family} has a tool of that name"
                )
                continue
            entries[entry.name] = by_any_name[entry.name] = entry
        for entry in entries.values():
            for alias in entry.aliases:
                by_any_name.setdefault(alias, entry)
        ordered = dict(sorted(entries.items()))
        offers = {
            (customer, may_write, may_prove): _specs(
                ordered, customer=customer, may_write=may_write, may_prove=may_prove
            )
            for customer, may_write, may_prove in product((True, False), repeat=3)
        }
        switchable = {name: _switchable(one, ordered) for name, one in ordered.items()}
        return _Picture(families, ordered, by_any_name, offers, troubles, unread, switchable)

    def _report(self, before: Mapping[str, str]) -> None:
        for family, trouble in self._picture.troubles.items():
            if before.get(family) != trouble:
                self._log.warning("tool_family_degraded", family=family, reason=trouble)
        for family in before.keys() - self._picture.troubles.keys():
            self._log.info("tool_family_whole", family=family)


def _switchable(entry: ToolEntry, entries: Mapping[str, ToolEntry]) -> Switchable:
    carried_out = tuple(name for name, one in entries.items() if one.approved_by == entry.name)
    return Switchable(entry.name, entry.write, may_be_offered(entry, customer=True), carried_out)


def _specs(
    entries: Mapping[str, ToolEntry], *, customer: bool, may_write: bool, may_prove: bool
) -> tuple[ToolSpec, ...]:
    return tuple(
        ToolSpec(
            name=one.name,
            description=one.description,
            parameters=offered_schema(one.input_schema),
            write=one.write,
            aliases=one.aliases,
        )
        for one in entries.values()
        if may_be_offered(one, customer=customer, may_write=may_write, may_prove=may_prove)
    )
