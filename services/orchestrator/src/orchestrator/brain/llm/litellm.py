"""The client for every provider that litellm knows. It costs tens of milliseconds of CPU and 2 s of import.

litellm is imported here, when a client is made and not before, so an installation without it does not pay for it.
"""

import os
from collections.abc import AsyncGenerator, Iterator
from types import ModuleType
from typing import Any

import httpx
from pydantic import SecretStr

from orchestrator.brain.llm.port import (
    Delta,
    Finish,
    FinishReason,
    LlmFailure,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from orchestrator.brain.settings import OPENAI_PREFIX

_FINISH: dict[str, FinishReason] = {"tool_calls": "tool_calls", "length": "length", "content_filter": "refused"}


def imported() -> ModuleType:
    """litellm, silenced. Takes about two seconds the first time."""
    # Read once at import: without it litellm fetches its price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm  # noqa: PLC0415 - 2.4 s and 130 MB that only its users should pay

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    litellm.num_retries = 0
    module: ModuleType = litellm
    return module


def litellm_name(model: str, base_url: str | None) -> str:
    """A server of one's own speaks OpenAI's format, whatever its model is called."""
    return f"{OPENAI_PREFIX}{model}" if base_url is not None and "/" not in model else model


def litellm_cost(litellm: ModuleType, model: str, tokens_in: int, tokens_out: int) -> int:
    """Micro-dollars by litellm's own price map, looked up by hand: its function raises bare exceptions."""
    prices: dict[str, dict[str, Any]] = litellm.model_cost
    price = prices.get(model) or prices.get(model.split("/", 1)[-1]) or {}
    dollars: float = tokens_in * (price.get("input_cost_per_token") or 0.0) + tokens_out * (
        price.get("output_cost_per_token") or 0.0
    )
    return round(dollars * 1_000_000)


class LiteLlm:
    """`LlmPort` over `litellm.acompletion`, whatever the provider speaks. `litellm` is what `imported` gave."""

    def __init__(self, litellm: ModuleType, *, base_url: str | None, api_key: SecretStr | None) -> None:
        self._litellm = litellm
        # Every exception of litellm is also one of OpenAI's SDK, which it is built on; it has no root of its own.
        self._any_error: type[Exception] = litellm.exceptions.openai.OpenAIError
        self._base_url = base_url
        self._api_key = api_key

    async def stream(self, request: LlmRequest) -> AsyncGenerator[Delta, None]:
        """See `LlmPort.stream`."""
        model = litellm_name(request.model, self._base_url)
        answer: Any = None
        try:
            answer = await self._litellm.acompletion(**self._arguments(request, model))
            async for chunk in answer:
                for delta in self._read(chunk, model):
                    yield delta
            if answer.received_finish_reason is None:
                # litellm makes up a "stop" when the connection was cut; this attribute tells what really came.
                raise LlmFailure("unavailable")
        except self._any_error as error:
            raise self._failure(error) from error
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
            # litellm lets the exceptions of its parts through when a provider sends nonsense or breaks off.
            raise LlmFailure("unavailable") from error
        finally:
            if answer is not None:
                await answer.aclose()

    def _arguments(self, request: LlmRequest, model: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": model, "messages": list(request.messages), "temperature": request.temperature,
            "max_tokens": request.max_tokens, "stream": True, "stream_options": {"include_usage": True},
            "timeout": request.timeout_s, "num_retries": 0, "max_retries": 0,
        }  # fmt: skip
        if request.tools:
            arguments["tools"] = list(request.tools)
        if request.schema is not None:
            schema = {"name": "reply", "schema": request.schema, "strict": False}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self._base_url is not None:
            arguments["api_base"] = self._base_url
        if self._api_key is not None:
            arguments["api_key"] = self._api_key.get_secret_value()
        return arguments

    def _read(self, chunk: Any, model: str) -> Iterator[Delta]:
        if chunk.choices:
            choice = chunk.choices[0]
            if choice.delta.content:
                yield TextDelta(choice.delta.content)
            for call in choice.delta.tool_calls or ():
                yield ToolCallDelta(call.index or 0, call.function.name or "", call.function.arguments or "")
            if choice.finish_reason:
                yield Finish(_FINISH.get(choice.finish_reason, "stop"))
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            used = usage.prompt_tokens, usage.completion_tokens
            yield UsageDelta(*used, litellm_cost(self._litellm, model, *used))

    def _failure(self, error: Exception) -> LlmFailure:
        errors = self._litellm.exceptions
        if isinstance(error, errors.Timeout):
            return LlmFailure("timeout")
        if isinstance(error, errors.RateLimitError):
            return LlmFailure("rate_limited", retry_after_s=_retry_after(error))
        if isinstance(error, errors.ContentPolicyViolationError):
            return LlmFailure("refused", same_again=False)
        permanent = (
            errors.AuthenticationError,
            errors.BadRequestError,
            errors.NotFoundError,
            errors.PermissionDeniedError,
        )
        return LlmFailure("unavailable", same_again=not isinstance(error, permanent))


def _retry_after(error: Exception) -> float | None:
    headers = getattr(error, "litellm_response_headers", None) or {}
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
