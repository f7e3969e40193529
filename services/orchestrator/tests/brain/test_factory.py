"""Which Brain an installation gets."""

import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from orchestrator.brain.factory import build_brains
from orchestrator.brain.llm_brain import LlmBrain
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.pricing import PriceList
from orchestrator.brain.prompting import PromptHead
from orchestrator.brain.settings import LlmSettings
from servicekit.embedding import Embedder
from servicekit.http.aiohttp_client import AiohttpClient


def test_without_a_model_the_offline_brain_answers(embedder: Embedder) -> None:
    brains = build_brains(LlmSettings(), AiohttpClient(), embedder)
    assert brains.main is brains.offline
    assert brains.main.name == "offline"


def test_the_small_brain_writes_with_the_planners_model_and_never_falls_back_on_the_stronger_one(
    embedder: Embedder,
) -> None:
    settings = LlmSettings(llm_model="openai/small", llm_writer_model="openai/large")
    small = build_brains(settings, AiohttpClient(), embedder).small
    assert isinstance(small, LlmBrain)
    assert (small.models.planner, small.models.writer, small.models.fallback) == ("openai/small",) * 3


def test_with_a_model_the_offline_brain_is_still_there(embedder: Embedder) -> None:
    settings = LlmSettings(llm_model="openai/gpt-4o-mini", llm_api_key=SecretStr("k"))
    brains = build_brains(settings, AiohttpClient(), embedder)
    assert brains.main.name == "openai/gpt-4o-mini"
    assert isinstance(brains.offline, OfflineBrain)


@pytest.mark.parametrize(
    ("settings", "client"),
    [(LlmSettings(llm_model="openai/gpt-4o-mini"), "openai_wire"),
     (LlmSettings(llm_model="groq/llama"), "litellm_wire"),
     (LlmSettings(llm_model="local", llm_base_url="http://127.0.0.1:1/v1"), "openai_wire"),
     (LlmSettings(llm_model="openai/x", llm_fallback_model="anthropic/y"), "litellm_wire"),
     (LlmSettings(llm_model="openai/x", llm_writer_model="groq/y"), "litellm_wire"),
     (LlmSettings(llm_model="openai/x", llm_client="litellm"), "litellm"),
     (LlmSettings(llm_model="x", llm_client="openai_wire"), "openai_wire")],
)  # fmt: skip
def test_the_narrow_client_is_used_where_it_fits_all_models(settings: LlmSettings, client: str) -> None:
    assert settings.llm_client_used == client


def test_a_call_can_never_be_given_more_than_twenty_seconds() -> None:
    with pytest.raises(ValidationError):
        LlmSettings(llm_timeout_s=21)


def test_the_key_is_not_in_what_settings_print() -> None:
    assert "sk-secret" not in repr(LlmSettings(llm_api_key=SecretStr("sk-secret")))


def test_litellm_is_not_imported_by_those_who_do_not_use_it() -> None:
    code = "import sys, orchestrator.brain.factory; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_policy_file_has_a_version_and_the_prompt_names_its_own() -> None:
    assert all(read_policy(name)["version"] for name in ("business", "intents", "phrases", "prices"))
    assert PromptHead().version == PromptHead().version


def test_a_known_model_has_its_price_and_an_unknown_one_costs_nothing() -> None:
    prices = PriceList.load()
    assert prices.cost_micros("gpt-4o-mini", 1_000_000, 1_000_000) == 750_000
    assert prices.cost_micros("gpt-4o-mini", 1, 0) == 1
    assert prices.cost_micros("own", 1_000, 1_000) == 0
