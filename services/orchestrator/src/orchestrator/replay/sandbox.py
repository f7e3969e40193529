"""Where a fork thinks: the engine's own planning, guards and phrases, with a Brain and nothing else behind them.

Every door that a turn has to the world (tools, database, memory, stream, jobs) is a wall here. The tools are those of
the contracts that this release was built with.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.brain.factory import Brains
from orchestrator.brain.offline.phrasing import TRANSLATED
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.prompting import PromptHead
from orchestrator.brain.translating import Vocabulary
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.guard.ours import standing
from orchestrator.guard.output.names import own_names
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.journal.vaulting import Vaults
from orchestrator.replay.earlier import Earlier
from orchestrator.replay.thinking import Thinking, TurnClock
from orchestrator.replay.walls import SomeOff, Wall, families_of_contracts
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.circuit import Circuits
from orchestrator.tools.gateway import ToolGateway
from orchestrator.tools.masking import masked_output
from orchestrator.tools.metrics import ToolMetrics
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """What takes a while to load, and what an installation says of its answers and its tools."""

    finder: Finder
    languages: LanguageDetector
    hosts: tuple[str, ...] = ()
    allowlist: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The collaborators of a turn that meets nobody."""

    world: Collaborators
    counted: ToolMetrics

    def without(self, off: Collection[str]) -> "Sandbox":
        """The same with these tools switched off."""
        return replace(self, world=replace(self.world, gateway=_gateway(self.world.catalog, self.counted, off)))

    def mind(self, earlier: Earlier, turn_id: str, *, plans: bool) -> Thinking:
        """For one fork of one turn."""
        clock = TurnClock()
        vault = self.world.vaults.of(earlier.conversation, earlier.held)
        scope = TurnScope(
            earlier.conversation, turn_id, "", run=0, first=False, world=replace(self.world, clock=clock), known=vault,
            recalled=earlier.remembered,
        )  # fmt: skip
        return Thinking(scope, clock, plans)

    def masked(self, earlier: Earlier, tool: str, output: Mapping[str, Any]) -> dict[str, Any]:
        """What a tool gave, as the journal of this conversation has it."""
        vault = self.world.vaults.of(earlier.conversation, earlier.held)
        return masked_output(self.world.catalog.entry(tool), output, vault)


def open_sandbox(brains: Brains, parts: Parts, head: PromptHead | None = None) -> Sandbox:
    """With these Brains, who read the prompts of `head` (None: those of the release); it takes tenths of a second."""
    clock, metrics, prompts = TurnClock(), Metrics(), head or PromptHead()
    counted, families = ToolMetrics(metrics), families_of_contracts()
    catalog = Catalog(dict.fromkeys(families, ""), _wall("wire"), counted, allowlist=parts.allowlist)
    catalog.take(families)
    phrases = load_phrases()
    walls = {name: _wall(name) for name in ("memory", "publisher", "database", "scheduler")}
    world = Collaborators(
        brain=brains.main, small=brains.small, offline=brains.offline, catalog=catalog,
        gateway=_gateway(catalog, counted, ()),
        vaults=Vaults(parts.finder), phrases=phrases,
        standing=standing(read_policy("business"), (*phrases.all_texts(), *brains.offline.phrases())),
        escalation=load_escalation_policy(),
        output=load_output_policy(
            parts.finder, names=own_names(), prompts=(prompts.planner_text, prompts.writer_text), hosts=parts.hosts
        ),
        languages=parts.languages, topics={one: Vocabulary.load(one) for one in TRANSLATED},
        metrics=TurnMetrics(metrics), clock=clock, confirmation_ttl_s=1, approval_ttl_s=1, **walls,
    )  # fmt: skip
    return Sandbox(world, counted)


def _gateway(catalog: Catalog, counted: ToolMetrics, off: Collection[str]) -> ToolGateway:
    clock, way = TurnClock(), _wall("way to a tool")
    return ToolGateway(catalog, way, Circuits(clock, counted), counted, clock, switches=SomeOff(off))


def _wall(name: str) -> Any:
    return Wall(name)
