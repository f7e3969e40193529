"""The scripted model for tests: what it says, how it misbehaves, and what it was asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from scripted_llm.model import Model
from scripted_llm.running import RunningLlm, running_llm
from scripted_llm.settings import Behaviour, Rule


@dataclass(frozen=True, slots=True)
class Llm:
    """A running scripted model."""

    server: RunningLlm

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["Llm"]:
        """One on a free port until the block ends."""
        async with running_llm() as server:
            yield cls(server)

    @property
    def model(self) -> Model:
        """Its state."""
        return self.server.model

    @property
    def prompts(self) -> list[str]:
        """The bodies of all requests that it got."""
        return [one.body.decode(errors="replace") for one in self.model.received]

    def reset(self) -> None:
        """No script, no fault, no memory."""
        self.model.follow(())
        self.model.behave(Behaviour())
        self.model.received.clear()

    def behave(self, **behaviour: Any) -> None:
        """How fast and how badly it answers from now on."""
        self.model.behave(Behaviour(**behaviour))

    def say(self, match: str, *steps: Mapping[str, Any], advance: str = "calls", offers: str = "") -> None:
        """What it says to questions that match, where a tool with that argument is on offer; steps as in a script."""
        told = {"match": match, "steps": list(steps), "advance": advance, "offers": offers}
        self.model.follow((*self.model.rules, Rule.model_validate(told)))


def scripted_orchestrator(llm: Llm, **more: str) -> dict[str, str]:
    """The settings that make the orchestrator ask this model; it gives up soon, so that tests need not wait."""
    return {
        "AIGUY_LLM_MODEL": "openai/scripted-small", "AIGUY_LLM_WRITER_MODEL": "openai/scripted-large",
        "AIGUY_LLM_FALLBACK_MODEL": "openai/scripted-fallback", "AIGUY_LLM_API_KEY": llm.server.api_key,
        "AIGUY_LLM_BASE_URL": llm.server.base_url, "AIGUY_LLM_IDLE_TIMEOUT_S": "1", "AIGUY_LLM_TIMEOUT_S": "4",
        "AIGUY_LLM_FALLBACK_TIMEOUT_S": "4", **more,
    }  # fmt: skip
