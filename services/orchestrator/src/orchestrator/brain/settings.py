"""What an installation says about its model. The orchestrator's settings inherit these fields (`AIGUY_LLM_*`)."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

LlmClient = Literal["auto", "litellm", "litellm_wire", "openai_wire"]
ToolMode = Literal["native", "json_schema"]
PromptSize = Literal["full", "short"]
OPENAI_PREFIX = "openai/"


class LlmSettings(BaseModel):
    """Which models think and write. Without `llm_model` the offline Brain answers. Times are seconds.

    `llm_client` auto takes the narrow OpenAI-wire client when a base URL is set or all models start with `openai/`,
    else litellm_wire: litellm knows the provider, and its stream is read by us where it is OpenAI's. `litellm` leaves
    all to litellm. `llm_idle_timeout_s` is the longest silence within one answer. A call and its fallback each have
    their own time, and both together stay below the 30 s of a turn; with 0 s for the fallback nobody is asked a second
    time. `llm_prompts` short is for small models that read slowly, best with `llm_tool_mode` json_schema.
    """

    llm_model: str | None = None
    llm_api_key: SecretStr | None = None
    llm_base_url: str | None = None
    llm_writer_model: str | None = None
    llm_fallback_model: str | None = None
    llm_client: LlmClient = "auto"
    llm_tool_mode: ToolMode = "native"
    llm_prompts: PromptSize = "full"
    llm_timeout_s: float = Field(default=15.0, gt=0, le=20)
    llm_fallback_timeout_s: float = Field(default=10.0, ge=0, le=20)
    llm_idle_timeout_s: float = Field(default=5.0, gt=0, le=20)

    @property
    def llm_client_used(self) -> Literal["litellm", "litellm_wire", "openai_wire"]:
        """The client that `llm_client` stands for with these models."""
        if self.llm_client != "auto":
            return self.llm_client
        named = [one for one in (self.llm_model, self.llm_writer_model, self.llm_fallback_model) if one is not None]
        narrow = self.llm_base_url is not None or all(one.startswith(OPENAI_PREFIX) for one in named)
        return "openai_wire" if narrow else "litellm_wire"
