"""A bare loop on httpx."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from turnbench.task import Ask, Target
from turnbench.wire import Reply, Talk


@asynccontextmanager
async def rival(target: Target) -> AsyncIterator[Ask]:
    """One client for the model and the tool."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=256)
    async with httpx.AsyncClient(limits=limits, timeout=60.0) as client:

        async def model(talk: Talk) -> Reply:
            reply = Reply()
            async with client.stream("POST", target.chat_url, content=talk.body(), headers=target.headers) as answer:
                answer.raise_for_status()
                async for chunk in answer.aiter_bytes():
                    reply.feed(chunk)
            return reply

        async def tool(arguments: str) -> str:
            headers = {"content-type": "application/json"}
            answer = await client.post(target.tool_url, content=arguments, headers=headers)
            return answer.raise_for_status().text

        async def ask(text: str) -> str:
            talk = Talk.begin(text)
            while (reply := await model(talk)).calls:
                for call in reply.calls.values():
                    talk.called(call, await tool(call["arguments"]))
            return "".join(reply.text)

        yield ask
