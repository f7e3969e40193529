"""The Brain of a fork. A model is asked only where its key is configured here; all else stays in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr, ValidationError

from billing.refunds.policy import RefundPolicy, load_policy
from contracts.registry import CONTRACTS
from onebox.fork_options import OFFLINE, Forks
from orchestrator.brain.factory import build_brains
from orchestrator.brain.profiles import PROFILES
from orchestrator.brain.prompting import PromptHead
from orchestrator.brain.settings import LlmSettings
from orchestrator.replay.anew import Anew
from orchestrator.replay.refusing import ForkCode, ForkRefused
from orchestrator.replay.sandbox import Parts, open_sandbox
from servicekit.embedding import Embedder
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder
from servicekit.settings import ServiceSettings


class ForkSettings(ServiceSettings, LlmSettings):
    """What the environment says of the Brain, of links in answers, of the tools, and of refunds."""

    service: str = "replay"
    database_url: str = ""
    answer_link_hosts: tuple[str, ...] = ()
    tool_allowlist: tuple[str, ...] = tuple(contract.name for contract in CONTRACTS)
    refund_policy_file: Path | None = None
    refund_auto_up_to_minor: int | None = None


def brain_settings(forks: Forks, settings: LlmSettings) -> LlmSettings:
    """Which Brain thinks in this fork. Raises ForkRefused for a model without a key, and a prompt that nobody reads."""
    if not forks.asks_a_brain or forks.brain == OFFLINE:
        return LlmSettings()
    chosen = settings
    if forks.brain is not None:
        chosen = settings.model_copy(
            update={"llm_model": forks.brain, "llm_writer_model": None, "llm_fallback_model": None}
        )
    if not chosen.llm_model:
        text = "No model is configured (AIGUY_LLM_MODEL), and the offline Brain reads no prompt."
        raise ForkRefused(ForkCode.PROMPT_UNREAD, text)
    if settings.llm_base_url is None and forks.brain is not None and "/" not in forks.brain:
        text = f"brain={forks.brain}: it is {OFFLINE}, or a model as provider/model."
        raise ForkRefused(ForkCode.MODEL_UNKNOWN, text)
    if chosen.llm_base_url is None and not _secret(chosen.llm_api_key):
        text = f"{chosen.llm_model} is asked with a key: AIGUY_LLM_API_KEY, or AIGUY_LLM_BASE_URL of a server of yours."
        raise ForkRefused(ForkCode.MODEL_KEY_MISSING, text)
    return chosen


def read_settings() -> ForkSettings:
    """From the environment. Raises ForkRefused."""
    try:
        return ForkSettings()
    except (ValidationError, OSError) as error:
        raise ForkRefused(ForkCode.MODEL_UNKNOWN, f"The settings of the model cannot be read: {error}") from error


def refund_policy(settings: ForkSettings) -> RefundPolicy:
    """The one that billing is told to have. Raises ForkRefused."""
    try:
        return load_policy(settings.refund_policy_file, auto_up_to_minor=settings.refund_auto_up_to_minor)
    except (OSError, ValueError) as error:
        text = f"{settings.refund_policy_file} (AIGUY_REFUND_POLICY_FILE) is no policy of refunds: {error}"
        raise ForkRefused(ForkCode.NOT_A_POLICY, text) from error


@asynccontextmanager
async def thinking(forks: Forks, settings: ForkSettings) -> AsyncIterator[Anew]:
    """What thinks these forks; loading it takes a second or two. Raises as `brain_settings` does."""
    chosen = brain_settings(forks, settings)
    profile = PROFILES[chosen.llm_prompts]
    head = PromptHead(planner=forks.prompts.get("planner"), writer=forks.prompts.get("writer"), profile=profile)
    async with AsyncExitStack() as open_ones:
        embedder = await asyncio.to_thread(Embedder.load)
        open_ones.callback(embedder.close)
        http = AiohttpClient()
        open_ones.push_async_callback(http.close)
        brains = build_brains(chosen, http, embedder, head)
        parts = Parts(
            await asyncio.to_thread(Finder.load), await asyncio.to_thread(LanguageDetector.load),
            settings.answer_link_hosts, settings.tool_allowlist,
        )  # fmt: skip
        sandbox = await asyncio.to_thread(open_sandbox, brains, parts, head)
        yield Anew(sandbox, forks.asks_a_brain, forks.off, forks.told)


def _secret(key: SecretStr | None) -> str:
    return "" if key is None else key.get_secret_value()
