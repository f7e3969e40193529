"""A bare loop on litellm's SDK."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from turnbench.rivals.tool import order_tool
from turnbench.task import MODEL, TOOLS, Ask, Target
from turnbench.wire import Talk


@asynccontextmanager
async def rival(target: Target) -> AsyncIterator[Ask]:
    """litellm with its telemetry and its remote price list off, as our own client of it."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # read at import
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    fixed: dict[str, Any] = {
        "model": f"openai/{MODEL}", "api_base": target.llm_url, "api_key": target.llm_key, "tools": TOOLS,
        "stream": True, "stream_options": {"include_usage": True}, "num_retries": 0, "max_retries": 0,
    }  # fmt: skip
    async with order_tool(target) as look_up:

        async def model(talk: Talk) -> tuple[str, dict[int, dict[str, str]]]:
            text: list[str] = []
            calls: dict[int, dict[str, str]] = {}
            async for chunk in await litellm.acompletion(messages=talk.messages, **fixed):
                for choice in chunk.choices:
                    text.append(choice.delta.content or "")
                    for piece in choice.delta.tool_calls or ():
                        call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                        call["id"] += piece.id or ""
                        call["name"] += piece.function.name or ""
                        call["arguments"] += piece.function.arguments or ""
            return "".join(text), calls

        async def ask(text: str) -> str:
            talk = Talk.begin(text)
            while True:
                answer, calls = await model(talk)
                if not calls:
                    return answer
                for call in calls.values():
                    order = orjson.loads(call["arguments"])["order_id"]
                    talk.called(call, await look_up(order))

        yield ask
