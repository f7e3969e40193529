"""The narrow client for servers that speak OpenAI's wire format: the request is ours, and nothing else is imported."""

import re
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

import orjson
from pydantic import SecretStr

from orchestrator.brain.llm.port import Delta, LlmRequest
from orchestrator.brain.llm.wire import WireCall, wire_headers, wire_stream
from orchestrator.brain.settings import OPENAI_PREFIX
from servicekit.http.client import HttpPort

OPENAI_URL = "https://api.openai.com/v1"
ModelPrice = Callable[[str, int, int], int]
"""Micro-dollars for a model's tokens in and out."""

#: These models take no temperature.
_REASONING = re.compile(r"(o\d|gpt-5)")


class OpenAiWire:
    """`LlmPort` over `POST {base_url}/chat/completions`, streamed."""

    def __init__(self, http: HttpPort, *, base_url: str, api_key: SecretStr | None, price: ModelPrice) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._is_openai = base_url.rstrip("/") == OPENAI_URL
        self._price = price
        self._headers = wire_headers(None if api_key is None else api_key.get_secret_value())

    def stream(self, request: LlmRequest) -> AsyncGenerator[Delta, None]:
        """See `LlmPort.stream`."""
        model = request.model.removeprefix(OPENAI_PREFIX)
        call = WireCall(self._url, self._headers, self._body(request, model), partial(self._price, model))
        return wire_stream(self._http, call, request)

    def _body(self, request: LlmRequest, model: str) -> bytes:
        """What never changes stands first, so that a provider's prompt cache finds the same prefix again."""
        body: dict[str, Any] = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
        if not (self._is_openai and _REASONING.match(model)):
            body["temperature"] = request.temperature
        body["max_completion_tokens" if self._is_openai else "max_tokens"] = request.max_tokens
        if request.tools:
            body["tools"] = request.tools
        if request.schema is not None:
            schema = {"name": "reply", "schema": request.schema, "strict": False}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        body["messages"] = request.messages
        return orjson.dumps(body)
