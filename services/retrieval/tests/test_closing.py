"""A service that was closed leaves nothing behind in its process."""

import gc
import weakref

from retrieval.app import build
from servicekit.testing.tool_client import tool_service


async def test_a_service_that_is_closed_is_released_with_its_index(settings, clock, embedder):
    async with tool_service(lambda kit: build(settings, kit_factory=kit, embedder=embedder), clock) as client:
        held = [weakref.ref(client.app), weakref.ref(client.app.state.knowledge_base.index)]
    del client
    gc.collect()
    assert [one() for one in held] == [None, None]
