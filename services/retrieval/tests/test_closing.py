"""A service that was closed leaves nothing behind in its process."""

from retrieval.app import build
from servicekit.testing import TestIssuer
from servicekit.testing.closing import left_of
from servicekit.testing.tool_client import kit_with


async def test_a_service_that_is_closed_is_released_with_its_index(settings, clock, embedder):
    kit = kit_with(TestIssuer.create(clock=clock), clock)
    left = await left_of(
        lambda: build(settings, kit_factory=kit, embedder=embedder), lambda app: app.state.knowledge_base.index
    )
    assert left == []
