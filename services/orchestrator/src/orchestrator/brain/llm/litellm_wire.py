"""litellm as the provider layer, without its wrapper around the stream, where the provider speaks OpenAI's wire format.

litellm says where the provider is, which parameters its model takes and what it costs; the call itself goes over our
own wire. Its wrapper makes some twenty objects for a token, which is most of what a turn through it costs.
"""

from collections.abc import AsyncGenerator
from functools import partial
from types import ModuleType
from typing import Any

import orjson
from pydantic import SecretStr

from orchestrator.brain.llm.litellm import LiteLlm, litellm_cost, litellm_name
from orchestrator.brain.llm.openai_wire import OPENAI_URL
from orchestrator.brain.llm.port import Delta, LlmRequest
from orchestrator.brain.llm.wire import WireCall, wire_headers, wire_stream
from servicekit.http.client import HttpPort

#: Their streams are OpenAI's to the letter, the usage at the end included. Others go through litellm whole.
_PLAIN = frozenset({"openai", "groq", "deepseek", "xai", "together_ai", "hosted_vllm"})
#: With one of these litellm asks for something else than it was asked, and makes the answer fit afterwards.
_DISGUISED = frozenset({"json_mode", "fake_stream"})


class LiteLlmWire:
    """`LlmPort` for every provider of litellm: over our wire where it applies, else through litellm whole."""

    def __init__(self, litellm: ModuleType, http: HttpPort, *, base_url: str | None, api_key: SecretStr | None) -> None:
        self._litellm = litellm
        self._http = http
        self._base_url = base_url
        self._api_key = api_key
        self._whole = LiteLlm(litellm, base_url=base_url, api_key=api_key)

    def stream(self, request: LlmRequest) -> AsyncGenerator[Delta, None]:
        """See `LlmPort.stream`."""
        call = self.wire_call(request)
        return self._whole.stream(request) if call is None else wire_stream(self._http, call, request)

    def wire_call(self, request: LlmRequest) -> WireCall | None:
        """The call as it goes over the wire; None where the provider, or this request, needs litellm whole."""
        told = None if self._api_key is None else self._api_key.get_secret_value()
        name = litellm_name(request.model, self._base_url)
        try:
            model, provider, found, url = self._litellm.get_llm_provider(name, api_base=self._base_url, api_key=told)
            url = self._base_url or url or (OPENAI_URL if provider == "openai" else None)
            key = told or found
            if provider not in _PLAIN or url is None or key is None:
                return None
            body = self._body(request, model, provider)
        except self._litellm.exceptions.openai.OpenAIError:
            # litellm does not know the model, or refuses a parameter: asked as a whole it says which.
            return None
        if not _DISGUISED.isdisjoint(body):
            return None
        price = partial(litellm_cost, self._litellm, name)
        return WireCall(f"{url.rstrip('/')}/chat/completions", wire_headers(key), orjson.dumps(body), price)

    def _body(self, request: LlmRequest, model: str, provider: str) -> dict[str, Any]:
        """The request in the shape that litellm gives it for this model."""
        utils = self._litellm.utils
        wanted: dict[str, Any] = {
            "temperature": request.temperature, "max_tokens": request.max_tokens, "stream": True,
            "stream_options": {"include_usage": True},
        }  # fmt: skip
        if request.tools:
            wanted["tools"] = list(request.tools)
        if request.schema is not None:
            schema = {"name": "reply", "schema": request.schema, "strict": False}
            wanted["response_format"] = {"type": "json_schema", "json_schema": schema}
        taken = utils.get_optional_params(model=model, custom_llm_provider=provider, drop_params=True, **wanted)
        config = utils.ProviderConfigManager.get_provider_chat_config(model, self._litellm.LlmProviders(provider))
        body: dict[str, Any] = config.transform_request(model, list(request.messages), taken, {}, {})
        extra = body.pop("extra_body", None)
        return body | (extra or {})
