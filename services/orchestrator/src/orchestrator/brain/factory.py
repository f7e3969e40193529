"""Builds the Brain of an installation: a model when one is named, and always the offline one to fall back on."""

from dataclasses import dataclass
from typing import assert_never

from orchestrator.brain.llm.litellm import LiteLlm, imported
from orchestrator.brain.llm.litellm_wire import LiteLlmWire
from orchestrator.brain.llm.openai_wire import OPENAI_URL, OpenAiWire
from orchestrator.brain.llm.port import LlmPort
from orchestrator.brain.llm_brain import LlmBrain, Models
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.intents import EmbedWithWords
from orchestrator.brain.port import Brain
from orchestrator.brain.pricing import PriceList
from orchestrator.brain.profiles import PROFILES
from orchestrator.brain.prompting import PromptHead
from orchestrator.brain.settings import LlmSettings
from servicekit.http.client import HttpPort


@dataclass(frozen=True, slots=True)
class Brains:
    """`main` answers; `small` is its planner's model alone, for those who have used up most of what they may; `offline`
    is the last step before a person. Without a model they are the same.
    """

    main: Brain
    offline: OfflineBrain
    small: Brain


def build_brains(
    settings: LlmSettings, http: HttpPort, embed: EmbedWithWords, head: PromptHead | None = None
) -> Brains:
    """The Brains that the settings ask for, with the prompts of `head` (None: those that ship, in the size that the
    settings name). Importing litellm, where it is used, takes about two seconds.
    """
    offline = OfflineBrain(embed)
    if not settings.llm_model:
        return Brains(offline, offline, offline)
    llm, head = build_llm(settings, http), head or PromptHead(profile=PROFILES[settings.llm_prompts])
    main = _llm_brain(settings, llm, head, settings.llm_writer_model or settings.llm_model)
    return Brains(main, offline, _llm_brain(settings, llm, head, settings.llm_model))


def build_llm_brain(settings: LlmSettings, http: HttpPort) -> LlmBrain | None:
    """The Brain over the models that the settings name; None when they name none."""
    if not settings.llm_model:
        return None
    writer = settings.llm_writer_model or settings.llm_model
    return _llm_brain(settings, build_llm(settings, http), PromptHead(profile=PROFILES[settings.llm_prompts]), writer)


def _llm_brain(settings: LlmSettings, llm: LlmPort, head: PromptHead, writer: str) -> LlmBrain:
    models = Models(
        planner=settings.llm_model or "", writer=writer, fallback=settings.llm_fallback_model or writer,
        timeout_s=settings.llm_timeout_s, fallback_timeout_s=settings.llm_fallback_timeout_s,
        idle_timeout_s=settings.llm_idle_timeout_s,
    )  # fmt: skip
    return LlmBrain(llm, models, head, settings.llm_tool_mode)


def build_llm(settings: LlmSettings, http: HttpPort) -> LlmPort:
    """The client that the settings choose."""
    base_url, api_key = settings.llm_base_url, settings.llm_api_key
    match settings.llm_client_used:
        case "litellm":
            return LiteLlm(imported(), base_url=base_url, api_key=api_key)
        case "litellm_wire":
            return LiteLlmWire(imported(), http, base_url=base_url, api_key=api_key)
        case "openai_wire":
            price = PriceList.load().cost_micros
            return OpenAiWire(http, base_url=base_url or OPENAI_URL, api_key=api_key, price=price)
        case other:
            assert_never(other)
