"""LangGraph's agent loop (`create_agent`) with langchain-openai, its messages streamed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langchain.agents import create_agent
from langchain.agents.middleware.types import InputAgentState
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from turnbench.rivals.tool import order_tool
from turnbench.task import DESCRIPTION, MODEL, SYSTEM, TOOL, Ask, Target


@asynccontextmanager
async def rival(target: Target) -> AsyncIterator[Ask]:
    """One agent for all turns; no checkpointer, no tracing."""
    model = ChatOpenAI(
        model=MODEL, base_url=target.llm_url, api_key=SecretStr(target.llm_key), max_retries=0, streaming=True,
        stream_usage=True,
    )  # fmt: skip
    async with order_tool(target) as look_up:

        @tool(TOOL, description=DESCRIPTION)
        async def get_order_status(order_id: str) -> str:
            return await look_up(order_id)

        agent = create_agent(model, [get_order_status], system_prompt=SYSTEM)

        async def ask(text: str) -> str:
            question: InputAgentState = {"messages": [HumanMessage(text)]}
            pieces = [
                str(message.content)
                async for message, _ in agent.astream(question, stream_mode="messages")
                if isinstance(message, AIMessageChunk) and message.content
            ]
            return "".join(pieces)

        yield ask
