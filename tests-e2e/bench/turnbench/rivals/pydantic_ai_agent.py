"""Pydantic AI's agent loop, its text streamed as it comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic_ai import Agent, Tool
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from turnbench.rivals.tool import order_tool
from turnbench.task import DESCRIPTION, MODEL, SYSTEM, TOOL, Ask, Target


@asynccontextmanager
async def rival(target: Target) -> AsyncIterator[Ask]:
    """One agent for all turns; no instrumentation."""
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=target.llm_url, api_key=target.llm_key))
    async with order_tool(target) as look_up:

        async def get_order_status(order_id: str) -> str:
            return await look_up(order_id)

        agent = Agent(
            model, instructions=SYSTEM, tools=[Tool(get_order_status, name=TOOL, description=DESCRIPTION)], retries=0
        )

        async def ask(text: str) -> str:
            async with agent.run_stream(text) as answer:
                return "".join([piece async for piece in answer.stream_text(delta=True, debounce_by=None)])

        yield ask
