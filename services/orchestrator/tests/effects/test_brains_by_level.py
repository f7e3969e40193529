"""Which Brain a turn asks, and what it is offered, by the level that it began at."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from contracts.tool import RiskTier
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import BrainContext, BrainError, OnText, Plan, ToolSpec
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.effects.call_planner import call_planner
from orchestrator.effects.scope import Collaborators, TurnView
from orchestrator.guard.ours import standing
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.guard.vault import Vault
from orchestrator.memory.short_term import NOTHING_YET, Remembered
from orchestrator.switches.deciding import Why
from orchestrator.turn.budgets import Budgets, Level
from orchestrator.turn.effects import CallPlanner
from orchestrator.turn.inputs import PlanFailed
from orchestrator.turn.state import TurnState
from servicekit.clock import SystemClock
from servicekit.privacy import Finder

TOOLS = {
    "search_kb": ("retrieval", False), "get_order_status": ("orders", False), "create_ticket": ("tickets", True),
    "handoff_human": ("tickets", True), "forget_kb": ("retrieval", True),
}  # fmt: skip


@dataclass
class Asked:
    """A Brain that only notes what it was offered."""

    name: str
    offers: list[tuple[str, ...]] = field(default_factory=list)
    off: list[tuple[str, ...]] = field(default_factory=list)

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        self.offers.append(tuple(one.name for one in context.tools))
        self.off.append(tuple(one.name for one in context.off))
        raise BrainError("unavailable")


class Tools:
    """The catalogue of a stack."""

    def specs(self, *, customer: bool, may_write: bool = True, may_prove: bool = False) -> tuple[ToolSpec, ...]:
        return tuple(ToolSpec(name, "", {}, write) for name, (_, write) in TOOLS.items())

    def entry(self, name: str) -> Any:
        family, write = TOOLS[name]
        return type("Entry", (), {"name": name, "family": family, "write": write, "risk": RiskTier.LOW})


@dataclass
class Silent:
    """A gateway and a detector of languages that have nothing to say, but for what is switched `off`."""

    off: dict[str, Why] = field(default_factory=dict)

    def notes(self) -> tuple[str, ...]:
        return ()

    def detect(self, _text: str) -> None:
        return None

    def why_not(self, tool: str, _channel: str) -> Why | None:
        return self.off.get(tool)


@dataclass
class Scope:
    """As much of a turn's scope as planning looks at."""

    world: Any
    may_prove: bool = False

    async def language(self, _state: TurnState) -> str:
        return "en"

    async def remembered(self) -> Remembered:
        return NOTHING_YET

    def view(self, state: TurnState) -> TurnView:
        return TurnView(Vault(b"k" * 32, Finder.load()), lambda text: text, state.text, ())

    async def brain_context(
        self, state: TurnState, view: TurnView, *, tools: tuple[ToolSpec, ...], off: tuple[ToolSpec, ...]
    ) -> Any:
        return type("Context", (), {"tools": tools, "off": off, "repair": (), "notes": ()})


async def offered(
    level: Level, *, degraded: bool = False, switched: dict[str, Why] | None = None, shadow: bool = False
) -> tuple[str, tuple[str, ...]]:
    strong, small, offline = Asked("strong"), Asked("small"), Asked("offline")
    quiet = cast(Any, type("Counter", (), {"labels": lambda *_: type("C", (), {"inc": lambda _: None})()})())
    metrics = cast(Any, type("Metrics", (), {"failed": quiet, "repairs": quiet}))
    unused = cast(Any, None)
    world = Collaborators(
        brain=cast(Any, strong), offline=cast(Any, offline), catalog=cast(Any, Tools()),
        gateway=cast(Any, Silent(switched or {})),
        memory=unused, publisher=unused, vaults=unused, escalation=load_escalation_policy(),
        output=load_output_policy(Finder.load()), database=unused, scheduler=unused, phrases=unused,
        standing=standing(read_policy("business"), ()), languages=cast(Any, Silent()), topics={}, metrics=metrics,
        clock=SystemClock(), confirmation_ttl_s=1, approval_ttl_s=1, small=cast(Any, small),
    )  # fmt: skip
    state = TurnState(text="Hello", customer=True, budgets=Budgets(level=level), shadow=shadow)
    failed = await call_planner(CallPlanner(degraded=degraded), state, cast(Any, Scope(world)), unused)
    assert isinstance(failed, PlanFailed)
    (found,) = [(brain.name, brain.offers[0]) for brain in (strong, small, offline) if brain.offers]
    (asked,) = (brain for brain in (strong, small, offline) if brain.offers)
    assert set(asked.off[0]).isdisjoint(found[1])
    return found


@pytest.mark.parametrize(("level", "brain"), [(Level.STRONG, "strong"), (Level.SMALL, "small")])
async def test_the_models_are_offered_everything(level: Level, brain: str) -> None:
    assert await offered(level) == (brain, tuple(TOOLS))


async def test_the_help_pages_and_a_person_are_all_that_is_left_at_the_end() -> None:
    assert await offered(Level.KNOWLEDGE) == ("offline", ("search_kb", "handoff_human"))


async def test_a_model_that_failed_is_not_asked_again_at_any_level() -> None:
    assert (await offered(Level.SMALL, degraded=True))[0] == "offline"


async def test_what_is_switched_off_is_not_offered() -> None:
    switched = {"get_order_status": Why.PHASE, "create_ticket": Why.TOOL}
    assert (await offered(Level.STRONG, switched=switched))[1] == ("search_kb", "handoff_human", "forget_kb")


@pytest.mark.parametrize("shadow", [True, False])
async def test_a_change_may_be_proposed_in_shadow_mode_by_turns_that_began_in_it_alone(shadow: bool) -> None:
    switched = {"create_ticket": Why.SHADOW, "forget_kb": Why.SHADOW}
    names = (await offered(Level.STRONG, switched=switched, shadow=shadow))[1]
    assert ("create_ticket" in names) == shadow
