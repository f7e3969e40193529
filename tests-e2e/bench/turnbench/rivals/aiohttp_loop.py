"""A bare loop on aiohttp: about the least that the HTTP work itself costs in Python."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from turnbench.task import Ask, Target
from turnbench.wire import Reply, Talk


@asynccontextmanager
async def rival(target: Target) -> AsyncIterator[Ask]:
    """One session for the model and the tool."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def model(talk: Talk) -> Reply:
            reply = Reply()
            async with session.post(target.chat_url, data=talk.body(), headers=target.headers) as answer:
                answer.raise_for_status()
                async for chunk in answer.content.iter_any():
                    reply.feed(chunk)
            return reply

        async def tool(arguments: str) -> str:
            headers = {"content-type": "application/json"}
            async with session.post(target.tool_url, data=arguments, headers=headers) as answer:
                answer.raise_for_status()
                return await answer.text()

        async def ask(text: str) -> str:
            talk = Talk.begin(text)
            while (reply := await model(talk)).calls:
                for call in reply.calls.values():
                    talk.called(call, await tool(call["arguments"]))
            return "".join(reply.text)

        yield ask
